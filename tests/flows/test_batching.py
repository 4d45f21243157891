"""Batches carried out: each file an analysis, known ones not looked at again, stopped and gone on with; and what a looker does with one."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy

from flows import batching, look
from flows.batching import carried_out
from flows.library import Library
from flows.look import NotLookedThrough, look_through
from flows.looking import Looker
from flows.wishes import MediaWish, RecognitionWish, Wish, begin, enter, share
from infra import machine, services
from infra.cache.index import CacheIndex
from infra.errors import KinofarmError
from infra.jobs.engine import transaction
from infra.jobs.workers import WorkerStore
from infra.library.analyses import AnalysisEntry, AnalysisStore, OpenAnalyses
from infra.library.batches import Batch, BatchStore
from infra.library.vision import VisionModels
from infra.prefect_api import PrefectApi
from infra.sections import CacheSettings
from infra.services import Services
from infra.settings import Settings
from tasks.media.analysis.table import ANALYSES
from tasks.recognition.model import look_at
from tasks.recognition.pipeline import RecogniseOptions
from tests.fakes.prefect_server import FakePrefect
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
        farm.get(WorkerStore).register("there", uuid4(), {"cpu": 1})
        row = enter(farm, path, facts, RecognitionWish(), model, "anna")
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
            store.make_ready(lost.id)
            again = store.claim("cpu", "there")
            assert again is not None
            left = Looker(other, "cpu", lambda: False).look_through(again, _unheard)
            assert (again.id, left.state, left.error and left.error["code"]) == (lost.id, "waiting", "ANALYSIS-012")
            assert store.claim("cpu", "there") is None, "it waits until its file is shared again"
            (tmp_path / "not there.mp4").rename(path)
            share(farm, lost)
            path.rename(tmp_path / "not there.mp4")
            again = store.claim("cpu", "there")
            assert again is not None
            assert Looker(other, "cpu", lambda: False).look_through(again, _unheard).state == "done"


def test_a_file_that_can_not_be_put_where_machines_read_it_fails_and_does_not_wait_for_ever(
    settings: Settings, tmp_path: Path, media_factory: MediaFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(shutil.copy(media_factory.video(25), tmp_path / "a.mp4"))
    cache = CacheSettings(folder=tmp_path / "cache", share_sources="always")

    def refused(services: Services, row: AnalysisEntry) -> None:
        raise KinofarmError("CACHE-004", folder="cache", reason="the disk is full")

    monkeypatch.setattr(batching, "share", refused)
    monkeypatch.setattr(batching, "PASSES_SECONDS", 0.0)
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
        store.finish(row, {}, [])
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


@pytest.mark.parametrize(
    ("error", "state", "code"),
    [
        (KinofarmError("DB-001", reason="away"), "running", None),
        (KinofarmError("MEDIA-006", file="a.mov", reason="broken"), "failed", "MEDIA-006"),
        (KinofarmError("PUBLISH-005", path="/tmp", free=0, needed=1, reason="full"), "waiting", "PUBLISH-005"),
        (KinofarmError("ANALYSIS-012", file="a.mov", machine="here"), "waiting", "ANALYSIS-012"),
        (OSError(28, "No space left on device"), "waiting", "ANALYSIS-017"),
        (ValueError("no container format 'heif'"), "failed", "ANALYSIS-016"),
    ],
)
def test_what_is_no_fault_of_the_files_does_not_end_its_analysis(
    container: Services, monkeypatch: pytest.MonkeyPatch, error: Exception, state: str, code: str | None
) -> None:
    workers, instance = container.get(WorkerStore), uuid4()
    here = machine.name(container.get(Settings))
    workers.register(here, instance, {"cpu": 1})
    store, row = container.get(AnalysisStore), _claimed(container)

    def fails(self: Looker, row: AnalysisEntry, heard: object) -> bool:
        raise error

    monkeypatch.setattr(Looker, "_carried_out", fails)
    looker = Looker(container, "cpu", lambda: False)
    with pytest.raises(KinofarmError if state == "running" else NotLookedThrough):
        asyncio.run(look_through.fn("a", row, store, looker.look_through))
    now = store.get(row.id)
    assert (now.state, now.error and now.error["code"]) == (state, code)
    (worker,) = workers.workers()
    assert worker.failures == (code in ("PUBLISH-005", "ANALYSIS-017"))


def test_an_analysis_that_another_has_by_now_is_not_told_to_have_ended(
    container: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, row = container.get(AnalysisStore), _claimed(container)

    def late(self: Looker, row: AnalysisEntry, heard: object) -> bool:
        with transaction(container.get(sqlalchemy.Engine)) as connection:
            connection.execute(sqlalchemy.text("UPDATE analyses SET beat_at = now() - interval '1 minute'"))
        other = store.claim("cpu", "there")
        assert other is not None
        return store.finish(row, {}, [])

    monkeypatch.setattr(Looker, "_carried_out", late)
    with pytest.raises(NotLookedThrough):
        asyncio.run(look_through.fn("a", row, store, Looker(container, "cpu", lambda: False).look_through))
    assert (store.get(row.id).state, store.get(row.id).machine) == ("running", "there")


def test_a_model_that_was_replaced_does_not_answer_for_the_one_that_was_asked(
    container: Services, tmp_path: Path, shapes: Path
) -> None:
    path, store, model = Path(shutil.copy(shapes, tmp_path / "a.mp4")), container.get(AnalysisStore), _add_model(container)  # fmt: skip
    facts = Library(container).facts(path)
    first = enter(container, path, facts, RecognitionWish(), model, "anna")
    named = look_at(DETECTOR).model_dump(mode="json")
    named["classes"] = list(reversed(named["classes"]))
    container.get(VisionModels).add("shapes", DETECTOR.read_bytes(), named, "anna")
    claimed = store.claim("cpu", "here")
    assert claimed is not None
    ended = Looker(container, "cpu", lambda: False).look_through(claimed, _unheard)
    assert (ended.state, ended.error and ended.error["code"]) == ("failed", "ANALYSIS-015")
    anew = enter(container, path, facts, RecognitionWish(), model, "anna")
    assert anew.id != first.id, "with other names it finds other things"
    claimed = store.claim("cpu", "here")
    assert claimed is not None
    assert Looker(container, "cpu", lambda: False).look_through(claimed, _unheard).state == "done"


def test_a_batch_shares_no_more_than_its_farm_looks_through_soon_and_waits_for_room(
    settings: Settings, tmp_path: Path, media_factory: MediaFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "LATER_SECONDS", 0.2)
    folder = tmp_path / "footage"
    folder.mkdir()
    for number in range(6):
        shutil.copy(media_factory.video(20 + number, size=(640, 360)), folder / f"{number}.mp4")
    largest = max(file.stat().st_size for file in folder.iterdir())
    cache = CacheSettings(folder=tmp_path / "cache", share_sources="always", max_gigabytes=2.2 * largest / 1e9)
    most_ready = 0
    with services.opened(settings.model_copy(update={"cache": cache})) as farm:
        store = farm.get(AnalysisStore)
        farm.get(WorkerStore).register("there", uuid4(), {"cpu": 2})

        def heard(batch: Batch) -> None:
            nonlocal most_ready
            ready = store.open().get("cpu", OpenAnalyses()).free
            most_ready = max(most_ready, ready)
            claimed = store.claim("cpu", "there") if batch.entered == 6 else None
            if claimed is not None:
                assert farm.get(CacheIndex).entries([claimed.content]), "it lies there until it is looked through"
                store.finish(claimed, {}, [])

        done = carried_out(farm, _batch(farm, folder, MediaWish(kinds=("key_frames",)), None), heard)
    assert (done.state, done.done, done.failed) == ("done", 6, 0)
    assert 1 <= most_ready <= 4


def test_one_file_of_a_batch_that_was_stopped_stays_stopped(
    settings: Settings, tmp_path: Path, media_factory: MediaFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(shutil.copy(media_factory.video(25), tmp_path / "a.mp4"))
    cache = CacheSettings(folder=tmp_path / "cache", share_sources="always")
    with services.opened(settings.model_copy(update={"cache": cache})) as farm:
        prefect, store = FakePrefect(), farm.get(AnalysisStore)
        monkeypatch.setattr(PrefectApi, "create_run", lambda self, *given, **more: prefect.create_run(*given, **more))
        row = begin(farm, path, Library(farm).facts(path), MediaWish(kinds=("key_frames",)), None, "anna")
        (batch,) = farm.get(BatchStore).newest(9)
        assert (row.state, batch.entered) == ("waiting", 1)
        store.stop(row.id)
        started = farm.get(BatchStore).start(batch.id)
        assert started is not None
        assert carried_out(farm, started, _unheard_batch).state == "done"
        assert store.get(row.id).state == "stopped"


def test_a_file_that_two_batches_want_is_not_stopped_with_one_of_them(
    container: Services, tmp_path: Path, media_factory: MediaFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, wish = Path(shutil.copy(media_factory.video(25), tmp_path / "a.mp4")), MediaWish(kinds=("key_frames",))
    batches, one = container.get(BatchStore), _batch(container, path, wish, None)
    row = enter(container, path, Library(container).facts(path), wish, None, "anna")
    batches.enter(one.id, str(path), row.id)
    entered = batches.enter

    def stopped_meanwhile(batch: UUID, *given: object, **more: object) -> None:
        batches.stop(one.id)
        entered(batch, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(batches, "enter", stopped_meanwhile)
    with _looking(container):
        done = carried_out(container, _batch(container, path, wish, None), _unheard_batch)
    assert (done.state, done.done) == ("done", 1)


def test_a_file_that_became_a_link_out_of_its_folder_is_not_looked_through(
    container: Services, tmp_path: Path, media_factory: MediaFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, secret = tmp_path / "footage", Path(shutil.copy(media_factory.video(25), tmp_path / "secret.mp4"))
    folder.mkdir()
    shutil.copy(media_factory.video(26), folder / "a.mp4")
    listed = batching.media_of

    def swapped(*given: object, **more: object) -> object:
        yield from list(listed(*given, **more))  # type: ignore[arg-type]
        (folder / "a.mp4").unlink()
        (folder / "a.mp4").symlink_to(secret)

    monkeypatch.setattr(batching, "media_of", swapped)
    done = carried_out(container, _batch(container, folder, MediaWish(kinds=("key_frames",)), None), _unheard_batch)
    (failure,) = container.get(BatchStore).failures(done.id, 9)
    assert (done.failed, failure.error["code"]) == (1, "PATH-003")
    assert container.get(AnalysisStore).newest(9) == ()
