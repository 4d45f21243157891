"""Batches carried out: each file an analysis, known ones not looked at again, stopped and gone on with; and what a looker does with one."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy

from flows import batching, look
from flows.batching import carried_out
from flows.library import Library
from flows.look import NotLookedThrough, look_through
from flows.looking import Looker
from flows.wishes import MediaWish, RecognitionWish, Wish, enter, share
from infra import services
from infra.cache.index import CacheIndex
from infra.errors import KinofarmError
from infra.jobs.engine import transaction
from infra.library.analyses import AnalysisEntry, AnalysisStore
from infra.library.batches import Batch, BatchStore
from infra.library.vision import VisionModels
from infra.sections import CacheSettings
from infra.services import Services
from infra.settings import Settings
from tasks.media.analysis.table import ANALYSES
from tasks.recognition.model import look_at
from tasks.recognition.pipeline import RecogniseOptions
from tests.media_factory import MediaFactory
from tests.models.shapes.drawn import write_film
from tests.tasks.recognition.conftest import DETECTOR, FRAMES, MOVERS, RATE, frames_of_shapes


@pytest.fixture(autouse=True)
def _no_prefect(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is none here that would start lookers; to find that out takes seconds each time."""
    monkeypatch.setattr(batching, "lookers_soon", lambda services: None)


@pytest.fixture(scope="module")
def shapes(media_factory: MediaFactory) -> Path:
    """The film of shapes, 150 frames."""
    place = media_factory.folder / "batched-shapes.mp4"
    write_film(str(place), frames_of_shapes(), 23, RATE)
    return place


def _add_model(container: Services) -> str:
    facts = look_at(DETECTOR).model_dump(mode="json")
    return container.get(VisionModels).add("shapes", DETECTOR.read_bytes(), facts, "anna").name


@contextmanager
def _looking(container: Services) -> Iterator[None]:
    """A looker that works beside, as it would in a pool."""
    stop, looker = threading.Event(), Looker(container, "cpu", lambda: False)

    def work() -> None:
        while not stop.is_set():
            row = container.get(AnalysisStore).claim("cpu", "here")
            if row is not None:
                looker.look_through(row, _unheard)
            stop.wait(0.05)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _unheard(share: float) -> None:
    pass


def _batch(container: Services, folder: Path, wish: Wish, model: str | None) -> Batch:
    store = container.get(BatchStore)
    row = store.add(uuid4(), str(folder), model, wish.model_dump(mode="json"), "anna")
    started = store.start(row.id)
    assert started is not None
    return started


def test_a_folder_is_looked_through_file_by_file_and_again_without_a_look(
    container: Services, tmp_path: Path, shapes: Path, media_factory: MediaFactory
) -> None:
    folder, model = tmp_path / "footage", _add_model(container)
    (folder / "day 2").mkdir(parents=True)
    shutil.copy(shapes, folder / "a.mp4")
    shutil.copy(shapes, folder / "day 2" / "the same.mp4")
    shutil.copy(media_factory.video(30), folder / "b.mp4")
    shutil.copy(media_factory.sound(1), folder / "c.wav")
    (folder / "d.mov").write_bytes(b"\0\0\0\x18ftypqt  broken")
    told: list[Batch] = []
    with _looking(container):
        done = carried_out(container, _batch(container, folder, RecognitionWish(), model), told.append)
        again = carried_out(container, _batch(container, folder, RecognitionWish(), model), _unheard_batch)
    assert (done.state, done.found, done.entered) == ("done", 5, 5)
    assert done.known <= 1, "the same film a second time may be known by then"
    assert (done.done, done.skipped, done.failed, done.progress) == (3, 1, 1, 1.0)
    assert told, "it says how far it is"
    (failure,) = container.get(BatchStore).failures(done.id, 9)
    assert failure.path == str(folder / "d.mov")
    assert failure.error["code"].startswith("MEDIA-")
    analyses = container.get(AnalysisStore).newest(9)
    assert len(analyses) == 2, "the same content is one analysis"
    frames = [row.result["frames"] for row in analyses if row.result]
    assert sorted(frames) == [30, FRAMES]
    assert (again.state, again.known, again.done) == ("done", 3, 3)
    assert all(row.starts == 1 for row in container.get(AnalysisStore).newest(9)), "nothing was looked at again"


def _unheard_batch(batch: Batch) -> None:
    pass


def test_a_batch_that_is_stopped_ends_and_goes_on_where_it_was(
    container: Services, tmp_path: Path, media_factory: MediaFactory
) -> None:
    folder = tmp_path / "footage"
    folder.mkdir()
    for number in range(3):
        shutil.copy(media_factory.video(20 + number), folder / f"{number}.mp4")
    wish = MediaWish(kinds=("scenes",))
    row = _batch(container, folder, wish, None)
    worked = threading.Thread(target=carried_out, args=[container, row, _unheard_batch])
    worked.start()
    store, analyses = container.get(BatchStore), container.get(AnalysisStore)
    deadline = time.monotonic() + 60
    while store.get(row.id).entered < 3:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    store.stop(row.id)
    worked.join()
    ended = store.get(row.id)
    assert (ended.state, ended.stopped) == ("stopped", 3)
    assert {one.state for one in analyses.newest(9)} == {"stopped"}
    with _looking(container):
        done = carried_out(container, _batch(container, folder, wish, None), _unheard_batch)
    assert (done.state, done.done, done.known) == ("done", 3, 0)


def test_a_batch_of_a_folder_that_is_not_there_fails_and_of_a_file_has_one(
    container: Services, tmp_path: Path, media_factory: MediaFactory
) -> None:
    path = Path(shutil.copy(media_factory.video(25), tmp_path / "one.mp4"))
    with _looking(container):
        done = carried_out(container, _batch(container, path, MediaWish(kinds=("key_frames",)), None), _unheard_batch)
    assert (done.found, done.done) == (1, 1)
    gone = carried_out(container, _batch(container, tmp_path / "gone.mp4", MediaWish(), None), _unheard_batch)
    assert (gone.state, gone.failed) == ("done", 1)
    with pytest.raises(KinofarmError) as caught:
        carried_out(container, _batch(container, tmp_path, MediaWish(kinds=("nothing",)), None), _unheard_batch)
    assert caught.value.code == "MEDIA-030", "what no file can have is no fault of each"
    assert set(ANALYSES) >= {"key_frames", "scenes"}


def test_a_looker_that_makes_room_hands_back_what_it_has_and_another_goes_on(
    container: Services, tmp_path: Path, shapes: Path
) -> None:
    path, store, model = (
        Path(shutil.copy(shapes, tmp_path / "a.mp4")),
        container.get(AnalysisStore),
        _add_model(container),
    )
    wish = RecognitionWish(look=RecogniseOptions(group=32), device="cpu")
    row = enter(container, path, Library(container).facts(path), wish, model, "anna")
    claimed = store.claim("cpu", "here")
    assert claimed is not None
    handed_back = Looker(container, "cpu", lambda: len(store.groups(row.id)) >= 2).look_through(claimed, _unheard)
    assert (handed_back.state, handed_back.starts) == ("waiting", 0)
    kept = sum(len(group["frames"]) for group in store.groups(row.id))
    assert 64 <= kept < FRAMES
    again = store.claim("cpu", "there")
    assert again is not None
    done = Looker(container, "cpu", lambda: False).look_through(again, _unheard)
    assert done.result is not None
    assert (done.state, done.result["looked_at_now"], done.result["findings"]) == ("done", FRAMES - kept, len(MOVERS))


def test_a_machine_that_does_not_see_the_folder_reads_file_and_model_from_the_cache(
    settings: Settings, tmp_path: Path, shapes: Path
) -> None:
    path = Path(shutil.copy(shapes, tmp_path / "a.mp4"))
    cache = CacheSettings(folder=tmp_path / "cache", share_sources="always")
    with services.opened(settings.model_copy(update={"cache": cache})) as farm:
        model, store = _add_model(farm), farm.get(AnalysisStore)
        facts = Library(farm).facts(path)
        row = enter(farm, path, facts, RecognitionWish(), model, "anna", ready=False)
        assert store.claim("cpu", "there") is None, "its file is on this machine alone"
        share(farm, row)
        path.rename(tmp_path / "not there.mp4")
        elsewhere = settings.model_copy(update={"cache": cache, "home": tmp_path / "another machine"})
        with services.opened(elsewhere) as other:
            claimed = store.claim("cpu", "there")
            assert claimed is not None
            done = Looker(other, "cpu", lambda: False).look_through(claimed, _unheard)
            assert (done.state, done.result and done.result["findings"]) == ("done", len(MOVERS))
            lost = enter(farm, path, facts, RecognitionWish(look=RecogniseOptions(least=0.3)), model, "anna")
            farm.get(CacheIndex).discard(facts.sha256)
            again = store.claim("cpu", "there")
            assert again is not None
            with pytest.raises(KinofarmError) as caught:
                Looker(other, "cpu", lambda: False).look_through(again, _unheard)
            assert (again.id, caught.value.code) == (lost.id, "ANALYSIS-012")


def test_a_file_that_can_not_be_put_where_machines_read_it_fails_and_does_not_wait_for_ever(
    settings: Settings, tmp_path: Path, media_factory: MediaFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(shutil.copy(media_factory.video(25), tmp_path / "a.mp4"))
    cache = CacheSettings(folder=tmp_path / "cache", share_sources="always")

    def refused(services: Services, row: AnalysisEntry) -> None:
        raise KinofarmError("CACHE-004", folder="cache", reason="the disk is full")

    monkeypatch.setattr(batching, "share", refused)
    with services.opened(settings.model_copy(update={"cache": cache})) as farm:
        done = carried_out(farm, _batch(farm, path, MediaWish(kinds=("key_frames",)), None), _unheard_batch)
        assert (done.state, done.failed) == ("done", 1)
        (row,) = farm.get(AnalysisStore).newest(9)
        assert (row.state, row.error and row.error["code"]) == ("failed", "CACHE-004")


def _claimed(container: Services) -> AnalysisEntry:
    container.get(AnalysisStore).begin("a" * 64, "1" * 64, "/a.mov", None, {}, "")
    row = container.get(AnalysisStore).claim("cpu", "here")
    assert row is not None
    return row


def test_a_work_that_tells_nothing_for_long_is_not_taken_for_lost(
    container: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look, "BEAT_SECONDS", 0.1)
    monkeypatch.setattr(look, "LOOK_SECONDS", 0.1)
    store, row, end = container.get(AnalysisStore), _claimed(container), threading.Event()
    _make_silent(container)

    def work(row: AnalysisEntry, heard: object) -> AnalysisEntry:
        end.wait(30)
        store.finish(row.id, {}, [])
        return store.get(row.id)

    async def both() -> AnalysisEntry:
        working = asyncio.create_task(look_through.fn("a", row, store, work))
        deadline = time.monotonic() + 20
        while store.claim("cpu", "there") is None and _is_silent(container):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        end.set()
        return await working

    assert asyncio.run(both()).state == "done"
    assert store.get(row.id).starts == 1, "nobody took it up meanwhile"


def _make_silent(container: Services) -> None:
    """As if it had told nothing for nearly as long as would make it lost."""
    with transaction(container.get(sqlalchemy.Engine)) as connection:
        connection.execute(sqlalchemy.text("UPDATE analyses SET beat_at = now() - interval '18 seconds'"))


def _is_silent(container: Services) -> bool:
    asked = sqlalchemy.text("SELECT beat_at < now() - interval '10 seconds' FROM analyses")
    with transaction(container.get(sqlalchemy.Engine)) as connection:
        return bool(connection.execute(asked).scalar_one())


@pytest.mark.parametrize(("code", "state"), [("DB-001", "running"), ("MEDIA-006", "failed")])
def test_a_database_that_was_away_is_no_fault_of_the_files(container: Services, code: str, state: str) -> None:
    store, row = container.get(AnalysisStore), _claimed(container)

    def work(row: AnalysisEntry, heard: object) -> AnalysisEntry:
        raise KinofarmError(code, file="a.mov", reason="away")

    with pytest.raises(KinofarmError if code == "DB-001" else NotLookedThrough):
        asyncio.run(look_through.fn("a", row, store, work))
    assert store.get(row.id).state == state
