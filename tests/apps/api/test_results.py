"""Published files over HTTP: the file that was published or none, wherever it lies now."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from apps.api.results import MEDIA_TYPES
from infra.cache.store import ChunkStore
from infra.jobs.records import Job, Output
from infra.jobs.store import JobStore
from infra.sections import CacheSettings, S3Settings
from infra.swift import REGION, EmbeddedS3
from tasks.media.containers import CONTAINERS
from tasks.media.manifest import to_json
from tests.apps.api.served import Api, served
from tests.infra.cache.stores import bucket_on
from tests.infra.jobs.farm import accepted, key_of
from tests.manifests import example_manifest

FILM = os.urandom(3000)


@pytest.fixture
def api(database: str, tmp_path: Path) -> Iterator[Api]:
    with served(database, tmp_path / "home") as up:
        yield up


def done(store: JobStore, film: Path, kinds: dict[str, Path] | None = None, content: bytes = FILM) -> Job:
    """A job that published a film, and what else is given; only what is there is written."""
    job = accepted(store, output=str(film))
    store.plan(job.id, [], lambda keys: set(keys), film_key=key_of(film))
    store.advance(job.id, "publishing")
    for kind, place in {"film": film, **(kinds or {})}.items():
        found = place.read_bytes() if place.is_file() else content
        digest = hashlib.sha256(found).hexdigest()
        store.record_output(job.id, Output(kind=kind, location=str(place), size=len(found), sha256=digest))
    return store.advance(job.id, "done")


def written(path: Path, content: bytes = FILM) -> Path:
    path.write_bytes(content)
    return path


def get(api: Api, job: Job, kind: str = "film", query: str = "", method: str = "GET", **headers: str) -> httpx.Response:
    with api.client() as client:
        return client.request(method, f"/jobs/{job.id}/outputs/{kind}{query}", headers=headers)


def test_a_film_is_served_with_ranges_and_its_name(api: Api, tmp_path: Path) -> None:
    job = done(api.services.get(JobStore), written(tmp_path / "Übung 1.mp4"))
    whole = get(api, job)
    assert (whole.status_code, whole.content, whole.headers["content-type"]) == (200, FILM, "video/mp4")
    assert whole.headers["etag"] == f'"{hashlib.sha256(FILM).hexdigest()}"'
    assert (
        whole.headers["content-disposition"] == "inline; filename=\"_bung 1.mp4\"; filename*=UTF-8''%C3%9Cbung%201.mp4"
    )
    assert get(api, job, query="?download=1").headers["content-disposition"].startswith("attachment;")
    part = get(api, job, Range="bytes=100-199")
    assert (part.status_code, part.content) == (206, FILM[100:200])
    head = get(api, job, method="HEAD")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "3000")
    beyond = get(api, job, Range="bytes=3000-")
    assert (beyond.status_code, beyond.json()["code"], beyond.headers["content-range"]) == (
        416,
        "RESULT-006",
        "bytes */3000",
    )
    assert get(api, job, **{"If-None-Match": whole.headers["etag"]}).status_code == 304
    assert httpx.get(str(whole.url)).status_code == 401


def test_each_output_is_served_by_its_kind(api: Api, tmp_path: Path) -> None:
    more = {
        "manifest": written(tmp_path / "film.manifest.json", b"{}"),
        "poster": written(tmp_path / "film.poster.jpg", b"jpeg"),
        "film:square": written(tmp_path / "square.webm", b"webm"),
    }
    job = done(api.services.get(JobStore), written(tmp_path / "film.mp4"), more)
    for kind, media_type in (("manifest", "application/json"), ("poster", "image/jpeg"), ("film:square", "video/webm")):
        answer = get(api, job, kind)
        assert (answer.status_code, answer.content) == (200, more[kind].read_bytes())
        assert answer.headers["content-type"] == media_type
    missing = get(api, job, "film:round")
    assert (missing.status_code, missing.json()["code"]) == (404, "RESULT-002")
    assert "film:square" in missing.json()["detail"]


def test_every_file_that_a_container_makes_has_a_media_type() -> None:
    assert {suffix for row in CONTAINERS.values() for suffix in row.suffixes} <= set(MEDIA_TYPES)


def test_a_job_that_is_not_done_has_no_film_yet(api: Api) -> None:
    answer = get(api, accepted(api.services.get(JobStore)))
    assert (answer.status_code, answer.json()["code"]) == (404, "RESULT-001")


def test_what_is_not_the_file_that_was_published_is_not_served(api: Api, tmp_path: Path) -> None:
    film = written(tmp_path / "film.mp4")
    job = done(api.services.get(JobStore), film)

    def refused() -> tuple[int, str]:
        answer = get(api, job)
        return answer.status_code, answer.json()["code"]

    film.write_bytes(FILM + b"more")
    assert refused() == (410, "RESULT-004")
    secret = written(tmp_path / "secret", os.urandom(len(FILM)))
    film.unlink()
    assert refused() == (410, "RESULT-003")
    film.symlink_to(secret)
    assert refused() == (410, "RESULT-003")
    film.unlink()
    os.mkfifo(film)
    assert refused() == (410, "RESULT-004")
    film.unlink()
    film.mkdir()
    assert refused() == (409, "RESULT-005")


def test_a_film_that_is_gone_is_served_from_the_cache(api: Api, tmp_path: Path) -> None:
    film = written(tmp_path / "film.mp4")
    job = done(api.services.get(JobStore), film)
    api.services.get(ChunkStore).put(key_of(film), film)
    film.unlink()
    answer = get(api, job, Range="bytes=5-14")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (206, FILM[5:15], "video/mp4")
    assert list((tmp_path / "home" / "scratch").iterdir()) == []


def test_a_film_in_a_bucket_is_served_from_there(database: str, tmp_path: Path, s3_server: EmbeddedS3) -> None:
    far = bucket_on(s3_server)
    keys: dict[str, Any] = {"access_key": s3_server.access_key, "secret_key": SecretStr(s3_server.secret_key)}
    s3 = S3Settings(bucket=far.bucket, prefix=far.prefix, endpoint=s3_server.endpoint, region=REGION, **keys)
    with served(database, tmp_path / "home", cache=CacheSettings(s3=s3)) as api:
        film = written(tmp_path / "film.mp4")
        job = done(api.services.get(JobStore), film)
        far.put(key_of(film), film)
        assert get(api, job).content == FILM
        film.unlink()
        sent = get(api, job, query="?download=1")
        assert sent.status_code == 307
        address = sent.headers["location"]
        assert address.startswith(s3_server.endpoint)
        assert 0 < int(parse_qs(urlsplit(address).query)["Expires"][0]) - time.time() <= 900
        found = httpx.get(address, headers={"Range": "bytes=10-19"})
        assert (found.status_code, found.content, found.headers["content-type"]) == (206, FILM[10:20], "video/mp4")
        assert found.headers["content-disposition"] == 'attachment; filename="film.mp4"'
        head = get(api, job, method="HEAD")
        assert (head.status_code, head.headers["content-length"]) == (200, "3000")
        other = done(api.services.get(JobStore), tmp_path / "other.mp4")
        assert (get(api, other).status_code, get(api, other).json()["code"]) == (410, "RESULT-003")


def test_the_manifest_of_a_film_is_read_while_it_is_the_one_that_was_published(api: Api, tmp_path: Path) -> None:
    document = to_json(example_manifest())
    mine, further = written(tmp_path / "film.manifest.json", document), tmp_path / "square.manifest.json"
    written(further, document.replace(b"film.mp4", b"square.mp4"))
    other = written(tmp_path / "other.manifest.json", b'{"format": "kinofarm-manifest/9"}')
    kinds = {"manifest": mine, "manifest:square": further, "manifest:other": other}
    job = done(api.services.get(JobStore), written(tmp_path / "film.mp4"), kinds)
    with api.client() as client:
        assert client.get(f"/jobs/{job.id}/manifest").json() == json.loads(document)
        assert client.get(f"/jobs/{job.id}/manifest", params={"film": "square"}).json()["film"] == "square.mp4"
        refused = client.get(f"/jobs/{job.id}/manifest", params={"film": "other"})
        assert (refused.status_code, refused.json()["code"]) == (409, "RESULT-012")
        refused = client.get(f"/jobs/{job.id}/manifest", params={"film": "round"})
        assert (refused.status_code, refused.json()["code"]) == (404, "RESULT-002")
        mine.write_bytes(document.replace(b"9.0", b"9.1"))
        refused = client.get(f"/jobs/{job.id}/manifest")
        assert (refused.status_code, refused.json()["code"]) == (410, "RESULT-004")
