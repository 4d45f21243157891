"""The library: facts and views are found out once, apart, and kept; a folder that is scanned again is not read."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy
from pydantic import SecretStr
from sqlalchemy import text

from flows import wishes
from flows.commands.media import MediaWanted, list_media
from flows.commands.places import folder_of
from flows.ingest import scanned
from flows.library import Library
from flows.looking import Looker
from flows.wishes import MediaWish, enter
from infra import services
from infra.cache.index import CacheIndex
from infra.cache.store import ChunkStore
from infra.commands import Call
from infra.errors import KinofarmError
from infra.jobs.engine import transaction
from infra.jobs.store import JobStore
from infra.library.analyses import AnalysisStore
from infra.library.facts import FactsStore
from infra.library.scans import Scan, ScanStore
from infra.sections import DatabaseSettings, MediaSettings, PrefectSettings
from infra.services import Services
from infra.settings import Settings
from tasks.media.analysis.findings import MediaAnalysis
from tasks.media.facts import MediaFacts
from tasks.media.numbered import Medium, medium_at
from tasks.media.scan import Progress, media_of
from tasks.media.views.table import VIEWS
from tests.media_factory import MediaFactory, pictures


@pytest.fixture
def folder(media_root: Path, media_factory: MediaFactory) -> Path:
    (media_root / "day 2").mkdir()
    shutil.copy(media_factory.video(60, pattern="smptebars"), media_root / "film.mp4")
    shutil.copy(media_factory.video(60, pattern="smptebars"), media_root / "day 2" / "the same film.mp4")
    shutil.copy(media_factory.sound(48_000), media_root / "sound.m4a")
    (media_root / "broken.mov").write_bytes(b"\x00\x00\x00\x18ftypqt  " + bytes(300))
    return media_root


def _scan(container: Services, folder: Path, *views: str, **options: bool) -> Scan:
    store = container.get(ScanStore)
    scanned(container, store.add(uuid4(), str(folder), {"views": list(views), **options}, ""), lambda progress: None)
    return store.newest(1)[0]


def _overwrite(paths: Iterable[Path]) -> None:
    """Whoever reads one of these files now finds something else, as large and as old."""
    for path in paths:
        stat = path.stat()
        with path.open("r+b") as file:
            file.write(b"\xff" * 64)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_a_folder_is_scanned_and_scanned_again_without_reading_it(container: Services, folder: Path) -> None:
    first = _scan(container, folder, "thumbnail", "peaks")
    assert (first.state, first.found, first.done, first.known, first.broken) == ("done", 4, 4, 0, 1)
    assert container.get(CacheIndex).usage().entries == 3, "two files of one content share their views"
    _overwrite(folder.rglob("*.*"))
    again = _scan(container, folder, "thumbnail", "peaks")
    assert (again.done, again.known, again.broken) == (4, 4, 1)
    more = _scan(container, folder, "storyboard")
    assert (more.known, more.broken) == (2, 3), (
        "a view that is missing is made, of what was known: the film is damaged now"
    )


def test_a_damaged_file_whose_boxes_have_odd_names_ends_no_scan(container: Services, folder: Path) -> None:
    whole = (folder / "film.mp4").read_bytes()
    (folder / "odd.mp4").write_bytes(whole + b"\x7f\xff\xff\xff\0\0\0\0")
    (folder / "odd.webp").write_bytes(b"RIFF\x24\0\0\0WEBP\0\xff\0\n\xff\xff\0\0")
    (folder / "odd.png").write_bytes(b"\x89PNG\r\n\x1a\n\x7f\xff\xff\xff\0\xff\0\0")
    first = _scan(container, folder)
    assert (first.state, first.done, first.broken) == ("done", 7, 4)
    assert _scan(container, folder).known == 7
    known = container.get(FactsStore).below(folder)[str(folder / "odd.mp4")]
    assert known.error is not None
    assert known.error["detail"].startswith(r"its box \x00\x00\x00\x00 ends at byte ")


def test_a_file_of_any_time_is_scanned_and_listed(container: Services, folder: Path) -> None:
    for file, seconds in ((folder / "film.mp4", 10_500_000_000), (folder / "sound.m4a", -12_000_000_000)):
        os.utime(file, (seconds, seconds))
    first = _scan(container, folder)
    assert (first.state, first.done, first.broken) == ("done", 4, 1)
    assert _scan(container, folder).known == 4
    items = list_media(Call(container, "anna", "read"), MediaWanted(folder=".")).items
    kinds = {item.name: item.kind for item in items}
    assert (kinds["film.mp4"], kinds["sound.m4a"]) == ("film", "sound")
    assert all(abs(item.modified.timestamp() - (folder / item.name).stat().st_mtime) < 1e-3 for item in items)


def test_a_film_whose_streams_count_in_large_primes_is_scanned(
    container: Services, folder: Path, media_factory: MediaFactory
) -> None:
    film = bytearray(media_factory.make(
        "late.mov", "-itsoffset", "0.7", "-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=2", "-itsoffset", "0.3", "-f", "lavfi", "-i",
        "sine=440:d=2", "-c:v", "libx264", "-c:a", "aac", "-copyts",
    ).read_bytes())  # fmt: skip
    at = 0
    for prime in (2147483647, 2147483629):
        at = film.index(b"mdhd", at + 1)
        film[at + 16 : at + 20] = prime.to_bytes(4, "big")
    (folder / "odd.mov").write_bytes(film)
    first = _scan(container, folder)
    assert (first.state, first.done, first.broken) == ("done", 5, 1)
    facts = Library(container).facts(folder / "odd.mov")
    assert facts.pictures[0].frames == 50
    assert abs(facts.pictures[0].start - Fraction(2043991249733765602, 4611685975477714963)) < Fraction(1, 10**15)
    assert Library(container).found_out(folder / "odd.mov").meant() == facts


def test_one_film_that_can_have_no_proxy_keeps_no_other_from_its_own(
    container: Services, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def proxy_of(call: Call, file: Path, facts: MediaFacts) -> None:
        asked.append(file.name)
        if file.name == "film.mp4":
            raise ZeroDivisionError

    monkeypatch.setattr("flows.commands.proxies.proxy_of", proxy_of)
    assert _scan(container, folder, proxies=True).state == "done"
    assert sorted(asked) == ["film.mp4", "the same film.mp4"]


@pytest.mark.parametrize("name", ["f%04d.png", "f%04d.png:1-12"])
def test_a_link_that_is_called_like_a_sequence_leads_nowhere(
    container: Services, folder: Path, tmp_path: Path, media_factory: MediaFactory, name: str
) -> None:
    secret = Path(shutil.copy(media_factory.video(30), tmp_path / "secret.mp4"))
    shot = pictures(folder / "shot", "f%04d.png", 12)
    if ":" in name:
        for number in range(200, 212):
            shutil.copy(shot.with_name("f0001.png"), shot.with_name(f"f{number:04}.png"))
    (shot.parent / name).symlink_to(secret)
    _scan(container, folder / "shot", "thumbnail")
    known = container.get(FactsStore).below(folder / "shot")
    assert str(shot.parent / name) not in known
    assert not any(one.facts and one.facts["demuxer"] == "mov" for one in known.values())
    assert len(known) == (12 if ":" not in name else 13), "its pictures stand by themselves"
    listed = list_media(Call(container, "anna", "read"), MediaWanted(folder="shot")).items
    assert {item.path for item in listed} == known.keys()


def test_a_link_that_took_a_files_place_since_it_was_found_is_not_followed(
    container: Services, folder: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    shutil.copytree(folder, outside)
    film, below = folder / "film.mp4", folder / "day 2" / "the same film.mp4"
    library = Library(container)
    library.require_in_place(film, folder)
    library.require_in_place(film, film)
    library.require_in_place(below, folder)
    film.unlink()
    film.symlink_to(outside / "film.mp4")
    (folder / "day 2").rename(folder / "day 3")
    (folder / "day 2").symlink_to(folder / "day 3")
    for path, found_in in ((film, folder), (film, film), (below, folder)):
        for look in (library.facts, library.found_out):
            with pytest.raises(KinofarmError) as caught:
                look(path, found_in=found_in)
            assert caught.value.code == "PATH-003"
    store = container.get(ScanStore)
    row = store.add(uuid4(), str(folder / "day 3"), {"views": ["thumbnail"]}, "")
    swap = media_of

    def swapped(*given: Any) -> list[Medium]:
        media = list(swap(*given))
        shutil.rmtree(folder / "day 3")
        (folder / "day 3").symlink_to(outside / "day 2")
        return media

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flows.ingest.media_of", swapped)
        scanned(container, row, lambda progress: None)
    assert (store.get(row.id).done, store.get(row.id).broken) == (1, 1)
    assert not container.get(FactsStore).below(folder), "nothing is said of what lies elsewhere"


def test_a_folder_is_entered_by_where_it_really_lies(container: Services, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(folder / "film.mp4", tmp_path / "elsewhere")
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    here = Call(container, "anna", "admin", remote=False)
    assert folder_of(here, str(folder / "linked"), "folder") == tmp_path / "elsewhere"
    assert _scan(container, tmp_path / "elsewhere").broken == 0, "outside every media root, from the command line"
    assert _scan(container, folder / "linked").broken == 1, "a media root's, and a link that leads out"


def test_a_thousand_numbered_pictures_are_one_medium_and_the_second_time_none_is_read(
    container: Services, tmp_path: Path
) -> None:
    folder = tmp_path / "media"
    path = pictures(folder / "shot 1", "frame_%04d.png", 1000, source="testsrc2=s=64x48:r=25", first=1001)
    pictures(folder / "shot 2", "frame_%04d.png", 12)
    for number in range(9):
        shutil.copy(path.with_name("frame_1001.png"), folder / f"still {number}.png")
    first = _scan(container, folder, "thumbnail", "storyboard")
    assert (first.found, first.done, first.known, first.broken) == (11, 11, 0, 0)
    facts = Library(container).facts(path)
    assert facts.numbered is not None
    assert (facts.numbered.first, facts.numbered.last, facts.pictures[0].frames) == (1001, 2000, 1000)
    _overwrite(path.parent.iterdir())
    again = _scan(container, folder, "thumbnail", "storyboard")
    assert (again.found, again.known, again.broken) == (11, 11, 0)
    assert Library(container).facts(path) == facts
    path.with_name("frame_1500.png").unlink()
    changed = _scan(container, folder)
    assert (changed.known, changed.broken) == (10, 1), "one went: the others are read, and are damaged now"
    assert _scan(container, folder / "shot 2", sequences=False).found == 12


def test_the_error_of_a_sequence_is_remembered_as_well(container: Services, tmp_path: Path) -> None:
    folder = tmp_path / "media"
    path = pictures(folder, "frame_%04d.png", 12)
    path.with_name("frame_0007.png").write_bytes(b"words and no picture\n")
    assert _scan(container, folder).broken == 1
    known = container.get(FactsStore).known(path, medium_at(path).state)
    assert known is not None
    assert known.error is not None
    assert (known.error["code"], known.error["message"].count("frame_0007.png")) == ("MEDIA-001", 1)
    assert _scan(container, folder).known == 1
    with pytest.raises(KinofarmError) as caught:
        Library(container).facts(folder / "none_%04d.png")
    assert caught.value.code == "MEDIA-009"


def test_an_analysis_of_a_sequence_is_kept_by_its_content(
    container: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wishes, "shares_sources", lambda settings: True)
    path = pictures(tmp_path / "media", "frame_%04d.png", 30)
    facts = Library(container).facts(path)
    store = container.get(AnalysisStore)
    enter(container, path, facts, MediaWish(), None, "anna")
    claimed = store.claim("cpu", "here")
    assert claimed is not None, "pictures are in no cache: they are read where they lie"
    done = Looker(container, "cpu", lambda: False).look_through(claimed, lambda share: None)
    assert (done.state, done.content) == ("done", facts.sha256)
    assert MediaAnalysis.model_validate(done.result).frames == 30


def test_facts_and_errors_are_found_out_once(container: Services, folder: Path) -> None:
    library, store = Library(container), container.get(FactsStore)
    assert library.facts(folder / "film.mp4").pictures[0].frames == 60
    with pytest.raises(KinofarmError) as caught:
        library.facts(folder / "broken.mov")
    known = store.known(folder / "broken.mov", medium_at(folder / "broken.mov").state)
    assert known is not None
    assert known.error == caught.value.as_dict()
    with pytest.raises(KinofarmError) as caught:
        library.facts(folder / "none.mov")
    assert caught.value.code == "MEDIA-009"


def test_a_view_that_went_from_the_cache_is_made_again(container: Services, folder: Path, tmp_path: Path) -> None:
    library, row = Library(container), VIEWS["thumbnail"]
    facts = library.facts(folder / "film.mp4")
    first = library.view(folder / "film.mp4", facts, "thumbnail", row.options())
    assert library.view(folder / "film.mp4", facts, "thumbnail", row.options()) == first
    assert (first.facts["width"], library.file(first, tmp_path / "one").stat().st_size) == (320, first.size)
    container.get(ChunkStore).delete(first.key)
    assert library.view(folder / "film.mp4", facts, "thumbnail", row.options()) == first
    assert library.file(first, tmp_path / "two").read_bytes() == (tmp_path / "one").read_bytes()
    with pytest.raises(KinofarmError) as caught:
        library.view(folder / "sound.m4a", library.facts(folder / "sound.m4a"), "thumbnail", row.options())
    assert caught.value.code == "MEDIA-014"


def test_a_scan_that_is_asked_to_stop_ends_stopped(container: Services, folder: Path) -> None:
    store = container.get(ScanStore)
    row = store.add(uuid4(), str(folder), {"views": []}, "")
    store.tell(row.id, 0, 0, 0, 0)
    store.stop(row.id)
    done = scanned(container, row, lambda progress: None)
    assert store.get(row.id).state == "stopped"
    assert done.done == 0


def test_a_scan_stops_in_the_middle_of_a_file_that_takes_hours_to_hash(
    container: Services, folder: Path, media_factory: MediaFactory
) -> None:
    huge, size = folder / "huge.mp4", 2**42
    with huge.open("wb") as file:
        file.write(media_factory.video(5, sound=False).read_bytes())
        file.write(b"\0\0\0\x01free" + (size - file.tell()).to_bytes(8, "big"))
        file.truncate(size)
    store = container.get(ScanStore)
    row = store.add(uuid4(), str(folder), {"views": []}, "")
    worked = threading.Thread(target=scanned, args=[container, row, lambda progress: None], daemon=True)
    worked.start()
    deadline = time.monotonic() + 60
    while store.get(row.id).done < 4:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    store.stop(row.id)
    worked.join(10)
    assert not worked.is_alive()
    ended = store.get(row.id)
    assert (ended.state, ended.found, ended.done, ended.broken) == ("stopped", 5, 4, 1)
    assert str(huge) not in container.get(FactsStore).below(folder), "nobody said that it is broken"


def test_a_scan_tells_how_many_films_have_no_proxy_and_why(
    container: Services, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = container.get(ScanStore)
    row = store.add(uuid4(), str(folder), {"views": [], "proxies": True}, "anna")

    def heard(progress: Progress) -> None:
        if progress.done == progress.found:
            (folder / "film.mp4").unlink(missing_ok=True)

    scanned(container, row, heard)
    ended = store.get(row.id)
    assert (ended.state, ended.found, ended.broken) == ("done", 4, 1)
    assert ended.error is not None
    assert ended.error["code"] == "LIBRARY-004"
    assert "of 2 films that were to have a proxy 1 have none" in ended.error["message"]
    assert '"film.mp4": FORMAT-001' in ended.error["message"]
    assert "film.mp4 has no proxy" in caplog.text
    assert len(container.get(JobStore).jobs()) == 1


def test_films_outside_the_media_roots_have_proxies_where_the_scan_was_begun_on_the_farm_s_machine(
    container: Services, tmp_path: Path, media_factory: MediaFactory
) -> None:
    away = tmp_path / "away"
    (away / "below").mkdir(parents=True)
    shutil.copy(media_factory.video(60, pattern="smptebars"), away / "below" / "film.mp4")
    ended = _scan(container, away, proxies=True)
    assert (ended.state, ended.error) == ("done", None)
    (job,) = container.get(JobStore).jobs()
    assert job.options["media_roots"] == [str(away / "below")]


def test_a_folder_that_is_not_there_is_an_error(container: Services, folder: Path) -> None:
    row = container.get(ScanStore).add(uuid4(), str(folder / "none"), {"views": []}, "")
    with pytest.raises(KinofarmError) as caught:
        scanned(container, row, lambda progress: None)
    assert caught.value.code == "LIBRARY-003"


@pytest.mark.long
def test_a_thousand_small_files_are_scanned_side_by_side_and_the_second_time_in_less_than_a_second(
    database: str, tmp_path: Path, media_factory: MediaFactory
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    clip = media_factory.video(5, size=(64, 64), sound=False).read_bytes()
    for number in range(1000):
        (folder / f"{number:04}.mp4").write_bytes(clip + number.to_bytes(2, "big"))
    took = {}
    for at_once in (1, 2, 4):
        settings = Settings(
            home=tmp_path / f"home-{at_once}",
            database=DatabaseSettings(url=SecretStr(database)),
            prefect=PrefectSettings(api_url="http://127.0.0.1:9/api", auth=SecretStr("u:p")),
            media=MediaSettings(readers=at_once),
        )
        with services.opened(settings) as container:
            with transaction(container.get(sqlalchemy.Engine)) as connection:
                connection.execute(text("DELETE FROM media_facts"))
            begun = time.monotonic()
            assert _scan(container, folder).known == 0
            took[at_once] = time.monotonic() - begun
            begun = time.monotonic()
            assert _scan(container, folder).known == 1000
            again = time.monotonic() - begun
            assert again < 1
    print(f"1,000 files: {took[1]:.1f} s one at a time, {took[2]:.1f} s two at once, {took[4]:.1f} s four at once; again {again:.2f} s")  # fmt: skip
    if (os.cpu_count() or 1) > 4:  # four that look, and one that hands out and writes down
        assert took[1] / took[4] >= 3.2
