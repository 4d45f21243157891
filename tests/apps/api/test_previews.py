"""Previews of a job that is being rendered: they show what is finished, and are made once for all who ask."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import av
import httpx
import numpy as np
import pytest
from PIL import Image

from apps.api import previews
from infra.cache.index import CacheIndex
from infra.cache.store import ChunkStore
from infra.jobs.joins import JoinProofs
from infra.jobs.ledger import Ledger
from infra.jobs.records import Job, WantedChunk
from infra.jobs.store import JobStore
from tasks.media.count import count_frames
from tasks.media.shelf import Shelf
from tests.apps.api.served import Api, served
from tests.infra.jobs.farm import accepted, key_of, nothing, sound
from tests.media_factory import SHAPE, MediaFactory

RATE = Fraction(30000, 1001)
LENGTHS = (25, 30, 7, 40)


@pytest.fixture
def api(database: str, tmp_path: Path) -> Iterator[Api]:
    with served(database, tmp_path / "home") as up:
        yield up


class Rendering:
    """A job whose chunks are finished one by one, with files as the farm's shards make them."""

    def __init__(self, api: Api, media: MediaFactory, tmp_path: Path, films: int = 1) -> None:
        self.api, self.media, self.tmp_path = api, media, tmp_path
        self.store = api.services.get(JobStore)
        job = accepted(self.store)
        wanted = []
        for film in range(films):
            start = 0
            for length in LENGTHS:
                key = key_of((str(tmp_path), film, length))
                wanted.append(WantedChunk(key=key, kind="picture", index=len(wanted), first_frame=start, frames=length, work={}))  # fmt: skip
                start += length
        self.store.plan(job.id, [*wanted, sound(job.id)], nothing)
        self.wanted = wanted
        self.job: Job = self.store.job(job.id)

    def finish(self, *indices: int) -> None:
        """Have these chunks finished."""
        get = self.api.services.get
        shelf, ledger = Shelf(get(ChunkStore), get(CacheIndex), get(JoinProofs)), get(Ledger)
        wanted = {self.wanted[index].key: self.wanted[index] for index in indices}
        claims = []
        while claim := ledger.claim("shard"):
            if claim.key not in wanted:
                claims.append(claim)
                continue
            made = self.media.chunk(claim.frames, RATE)
            proof = count_frames(made, frames=claim.frames, rate=RATE, shape=SHAPE)
            copy = self.tmp_path / claim.key
            copy.write_bytes(made.read_bytes())
            shelf.keep(claim.key, copy, "picture", sha256=proof.sha256)
            ledger.finish(claim.key, claim.token, proof.model_dump(mode="json"))
        for claim in claims:
            ledger.release(claim.key, claim.token)

    def get(self, path: str, **headers: str) -> httpx.Response:
        with self.api.client() as client:
            return client.get(f"/jobs/{self.job.id}{path}", headers=headers, follow_redirects=True)


@pytest.fixture
def rendering(api: Api, media_factory: MediaFactory, tmp_path: Path) -> Rendering:
    return Rendering(api, media_factory, tmp_path)


def decoded(film: bytes) -> list[np.ndarray]:
    with av.open(io.BytesIO(film)) as container:
        assert not container.streams.audio
        assert container.streams.video[0].average_rate == RATE
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


def test_a_finished_chunk_shows_its_first_picture(rendering: Rendering, media_factory: MediaFactory) -> None:
    waiting = rendering.get("/chunks/1/frame")
    assert (waiting.status_code, waiting.json()["code"]) == (404, "RESULT-007")
    assert rendering.get("/chunks/9/frame").json()["code"] == "RESULT-010"
    assert rendering.get("/chunks/-1/frame").status_code == 422
    rendering.finish(1)
    shown = rendering.get("/chunks/1/frame")
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    picture = Image.open(io.BytesIO(shown.content))
    assert picture.size == (320, 180)
    with av.open(str(media_factory.chunk(LENGTHS[1], RATE))) as container:
        wanted = next(container.decode(video=0)).to_image()
    assert np.abs(np.asarray(picture, float) - np.asarray(wanted, float)).mean() < 4
    assert rendering.get("/chunks/1/frame", **{"If-None-Match": shown.headers["etag"]}).status_code == 304
    assert not list((rendering.tmp_path / "home" / "scratch").iterdir())


def test_a_wide_picture_is_made_smaller(media_factory: MediaFactory) -> None:
    film = media_factory.video(3, size=(1920, 802), sound=False)
    picture = Image.open(io.BytesIO(previews.first_picture(film, previews.WIDTH)))
    assert picture.size == (640, 267)


def test_what_is_finished_from_the_beginning_on_is_a_film_that_grows(
    rendering: Rendering, media_factory: MediaFactory
) -> None:
    for finished, frames in (((), 0), ((1,), 0), ((0,), 55), ((3,), 55), ((2,), 102)):
        rendering.finish(*finished)
        film = rendering.get("/partial")
        if not frames:
            assert (film.status_code, film.json()["code"]) == (404, "RESULT-008")
            continue
        assert (film.status_code, film.headers["content-type"]) == (200, "video/mp4")
        shown = decoded(film.content)
        assert len(shown) == frames
        wanted = [frame for length in LENGTHS for frame in decoded(media_factory.chunk(length, RATE).read_bytes())]
        assert all(np.array_equal(one, other) for one, other in zip(shown, wanted, strict=False))
    earlier = rendering.get("/partial?chunks=2")
    assert len(decoded(earlier.content)) == 55
    assert rendering.get("/partial?chunks=5").json()["code"] == "RESULT-008"


def test_a_player_reads_a_partial_film_in_ranges_while_it_grows(rendering: Rendering) -> None:
    rendering.finish(0)
    whole = rendering.get("/partial")
    address = f"/partial?{whole.url.query.decode()}"
    assert address == "/partial?chunks=1"
    rendering.finish(1)
    half = len(whole.content) // 2
    first, second = (rendering.get(address, Range=each) for each in (f"bytes=0-{half - 1}", f"bytes={half}-"))
    assert (first.status_code, second.status_code) == (206, 206)
    assert first.content + second.content == whole.content
    assert first.headers["etag"] == whole.headers["etag"] != rendering.get("/partial").headers["etag"]


def test_a_further_film_of_the_job_does_not_belong_to_it(api: Api, media_factory: MediaFactory, tmp_path: Path) -> None:
    rendering = Rendering(api, media_factory, tmp_path, films=2)
    rendering.finish(*range(8))
    assert len(decoded(rendering.get("/partial").content)) == sum(LENGTHS)


def test_fifty_who_ask_at_once_are_answered_by_one_work(rendering: Rendering, monkeypatch: pytest.MonkeyPatch) -> None:
    rendering.finish(0, 1)
    works: list[str] = []

    def counted(name: str, work: object) -> object:
        def run(*arguments: object) -> object:
            works.append(name)
            time.sleep(0.5)
            assert callable(work)
            return work(*arguments)

        return run

    for name in ("first_picture", "write_beginning"):
        monkeypatch.setattr(previews, name, counted(name, getattr(previews, name)))
    gate = threading.Barrier(50)

    def ask(number: int) -> bytes:
        gate.wait(60)
        answer = rendering.get(("/chunks/0/frame", "/partial")[number % 2])
        assert answer.status_code == 200
        return answer.content

    with ThreadPoolExecutor(50) as pool:
        answers: Sequence[bytes] = list(pool.map(ask, range(50)))
    assert len(set(answers[::2])) == len(set(answers[1::2])) == 1
    assert sorted(works) == ["first_picture", "write_beginning"]


def test_what_takes_too_long_is_said_so_and_is_at_hand_later(
    rendering: Rendering, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendering.finish(0)
    take = previews.first_picture

    def slow(chunk: Path, width: int) -> bytes:
        time.sleep(1.5)
        return take(chunk, width)

    monkeypatch.setattr(previews, "first_picture", slow)
    monkeypatch.setattr(previews, "SECONDS", 0.3)
    busy = rendering.get("/chunks/0/frame")
    assert (busy.status_code, busy.json()["code"]) == (503, "RESULT-009")
    time.sleep(1.8)
    assert rendering.get("/chunks/0/frame").status_code == 200


def test_kept_films_have_a_bound_and_those_that_go_are_deleted(
    rendering: Rendering, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendering.finish(0, 1, 2, 3)
    sizes = {count: len(rendering.get(f"/partial?chunks={count}").content) for count in (1, 2, 3)}
    folder = rendering.tmp_path / "home" / "run" / "tmp" / "previews"
    assert len(list(folder.iterdir())) == 3
    monkeypatch.setattr(previews, "FILM_BYTES", sizes[2] + sizes[3])
    again = previews.Previews(rendering.api.services)
    again.empty()
    assert not folder.exists()
    rendering.api.server.config.app.state.previews = again  # type: ignore[union-attr]
    for count in (1, 2, 3):
        assert len(rendering.get(f"/partial?chunks={count}").content) == sizes[count]
    assert sorted(file.stat().st_size for file in folder.iterdir()) == sorted([sizes[2], sizes[3]])
    for file in folder.iterdir():
        file.unlink()  # somebody tidies up
    assert rendering.get("/partial?chunks=3").json()["code"] == "RESULT-009"
    assert len(rendering.get("/partial?chunks=3").content) == sizes[3]


def test_a_film_too_long_to_join_is_shown_in_part(rendering: Rendering, monkeypatch: pytest.MonkeyPatch) -> None:
    rendering.finish(0, 1, 2, 3)
    monkeypatch.setattr(previews, "LONGEST_BYTES", 1)
    assert len(decoded(rendering.get("/partial").content)) == LENGTHS[0]


def test_a_chunk_that_is_not_in_the_cache_any_more_is_said_so(rendering: Rendering) -> None:
    rendering.finish(0)
    rendering.api.services.get(ChunkStore).delete(rendering.wanted[0].key)
    for path in ("/chunks/0/frame", "/partial"):
        answer = rendering.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "RESULT-011")
