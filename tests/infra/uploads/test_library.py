"""The library of uploads: what arrived stays, what is whole is kept once for each content, what nobody goes on with goes."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text

from infra.errors import KinofarmError
from infra.jobs.engine import transaction
from infra.jobs.records import WantedChunk
from infra.jobs.store import JobStore
from infra.uploads import appending
from infra.uploads.appending import Checksum
from infra.uploads.library import Uploads
from infra.uploads.records import Upload

BYTES = bytes(range(256)) * 40
SHA256 = hashlib.sha256(BYTES).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "uploads"


@pytest.fixture
def uploads(engine: Engine, folder: Path) -> Uploads:
    return Uploads(engine, folder, most=10**6, free=0)


def sent(uploads: Uploads, upload: UUID, content: bytes, at: int = 0) -> Upload:
    with uploads.appending(upload, at) as appended:
        appended.write(content)
        return appended.keep()


def whole(uploads: Uploads, content: bytes = BYTES, name: str = "clip.mp4") -> Upload:
    return sent(uploads, uploads.begin(name, len(content), "anna").id, content)


def refused(code: str) -> pytest.RaisesExc[KinofarmError]:
    return pytest.RaisesExc(KinofarmError, check=lambda error: error.code == code and bool(error.hint))


def objects(folder: Path) -> list[Path]:
    return sorted((folder / "objects").glob("*/*"))


def test_an_upload_is_whole_with_its_last_byte_and_seen_by_its_name(uploads: Uploads, folder: Path) -> None:
    begun = uploads.begin("clip.mp4", len(BYTES), "anna")
    assert (begun.received, begun.whole, begun.sha256, begun.submitted_by) == (0, False, None, "anna")
    half = sent(uploads, begun.id, BYTES[:100])
    assert (half.received, half.whole) == (100, False)
    with pytest.raises(KinofarmError) as caught:
        uploads.file(begun.id)
    assert caught.value.code == "PATH-014"
    ended = sent(uploads, begun.id, BYTES[100:], 100)
    assert (ended.received, ended.whole, ended.sha256) == (len(BYTES), True, SHA256)
    file = uploads.file(begun.id)
    assert file == folder / "files" / str(begun.id) / "clip.mp4"
    assert file.read_bytes() == BYTES
    assert objects(folder) == [folder / "objects" / SHA256[:2] / SHA256]
    assert file.samefile(objects(folder)[0])
    assert stat.S_IMODE(file.stat().st_mode) == 0o444
    assert list((folder / "incoming").iterdir()) == []


def test_an_upload_of_no_bytes_is_whole_at_once(uploads: Uploads) -> None:
    begun = uploads.begin("empty.txt", 0, "anna")
    assert (begun.whole, begun.sha256) == (True, hashlib.sha256().hexdigest())
    assert uploads.file(begun.id).read_bytes() == b""


def test_eight_uploads_of_one_content_that_end_at_once_share_one_object(uploads: Uploads, folder: Path) -> None:
    begun = [uploads.begin(f"{number}.mp4", len(BYTES), "anna").id for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        ended = list(pool.map(lambda upload: sent(uploads, upload, BYTES), begun))
    assert {upload.sha256 for upload in ended} == {SHA256}
    (shared,) = objects(folder)
    assert shared.stat().st_nlink == 9
    assert all(uploads.file(upload).samefile(shared) for upload in begun)


def test_while_uploads_of_one_content_come_and_go_what_is_there_is_whole(uploads: Uploads, folder: Path) -> None:
    def come_and_go(number: int) -> None:
        for _ in range(6):
            upload = whole(uploads).id
            assert uploads.file(upload).read_bytes() == BYTES
            uploads.delete(upload)

    stays = whole(uploads)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(come_and_go, range(4)))
    assert uploads.file(stays.id).samefile(objects(folder)[0])
    uploads.delete(stays.id)
    assert objects(folder) == []


def test_a_deleted_upload_takes_its_content_along_only_when_it_was_the_last(uploads: Uploads, folder: Path) -> None:
    first, other = whole(uploads), whole(uploads, name="other.mp4")
    uploads.delete(first.id)
    assert uploads.file(other.id).read_bytes() == BYTES
    with refused("UPLOAD-001"):
        uploads.get(first.id)
    with refused("PATH-013"):
        uploads.file(first.id)
    uploads.delete(other.id)
    assert objects(folder) == []
    assert list((folder / "files").iterdir()) == []


def test_one_at_a_time_appends_to_an_upload_or_deletes_it(uploads: Uploads) -> None:
    upload = uploads.begin("clip.mp4", len(BYTES), "anna").id
    with uploads.appending(upload, 0) as first:
        with refused("UPLOAD-003"):
            uploads.open(upload, 0)
        with refused("UPLOAD-003"):
            uploads.delete(upload)
        first.write(BYTES[:7])
        first.keep()
    with refused("UPLOAD-002"):
        uploads.open(upload, 0)
    assert sent(uploads, upload, BYTES[7:], 7).sha256 == SHA256


def test_an_upload_goes_on_where_its_row_and_its_file_agree(uploads: Uploads, folder: Path) -> None:
    upload = uploads.begin("clip.mp4", len(BYTES), "anna").id
    with uploads.appending(upload, 0) as appended:
        appended.write(BYTES[:50])
        appended.keep()
        appended.write(b"x" * 30)  # and then its process dies
    place = folder / "incoming" / str(upload)
    assert place.stat().st_size == 80
    assert uploads.get(upload).received == 50
    assert sent(uploads, upload, BYTES[50:60], 50).received == 60
    os.truncate(place, 20)  # a disk that lost what was written last
    assert uploads.get(upload).received == 20
    place.unlink()
    assert uploads.get(upload).received == 0
    assert sent(uploads, upload, BYTES).sha256 == SHA256


@pytest.mark.parametrize("died", ["before it was hashed", "after it was linked"])
def test_an_upload_whose_server_died_at_its_last_byte_becomes_whole_when_it_is_asked_for(
    uploads: Uploads, engine: Engine, folder: Path, died: str
) -> None:
    upload = uploads.begin("clip.mp4", len(BYTES), "anna").id
    if died == "after it was linked":
        with uploads.appending(upload, 0) as appended:
            appended.write(BYTES)
            (folder / "keep").hardlink_to(folder / "incoming" / str(upload))
            appended.keep()
        (folder / "keep").rename(folder / "incoming" / str(upload))
    else:
        (folder / "incoming" / str(upload)).write_bytes(BYTES)
    with transaction(engine) as connection:
        row = {"id": upload, "size": len(BYTES)}
        connection.execute(text("UPDATE uploads SET sha256 = NULL, received = :size WHERE id = :id"), row)
    found = uploads.get(upload)
    assert (found.whole, found.sha256) == (True, SHA256)
    assert uploads.file(upload).samefile(objects(folder)[0])


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_bytes_with_another_checksum_than_was_announced_do_not_count(uploads: Uploads, algorithm: str) -> None:
    upload = uploads.begin("clip.mp4", len(BYTES), "anna").id
    sent(uploads, upload, BYTES[:10])
    with uploads.appending(upload, 10) as appended:
        appended.expect(Checksum(algorithm, hashlib.new(algorithm, BYTES[10:]).digest()))
        appended.write(BYTES[10:-1] + b"?")
        with refused("UPLOAD-005"):
            appended.keep()
    assert uploads.get(upload).received == 10
    with uploads.appending(upload, 10) as appended:
        appended.expect(Checksum(algorithm, hashlib.new(algorithm, BYTES[10:]).digest()))
        appended.write(BYTES[10:])
        assert appended.keep().sha256 == SHA256


def test_bytes_of_a_checksum_that_break_off_do_not_count_even_where_they_were_many(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appending, "SAFE_BYTES", 16)
    upload = uploads.begin("clip.mp4", len(BYTES), "anna").id
    with uploads.appending(upload, 0) as appended:
        appended.expect(Checksum("sha1", b"0" * 20))
        appended.write(BYTES[:100])
        appended.break_off()
    assert uploads.get(upload).received == 0


def test_a_process_that_is_killed_loses_no_more_than_what_was_not_safe_yet(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appending, "SAFE_BYTES", 1000)
    upload = uploads.begin("clip.mp4", len(BYTES), "anna").id
    with uploads.appending(upload, 0) as appended:
        for start in range(0, 2500, 500):
            appended.write(BYTES[start : start + 500])
    assert uploads.get(upload).received == 2000


def test_more_bytes_than_were_announced_are_refused_and_those_that_belong_to_it_are_kept(uploads: Uploads) -> None:
    upload = uploads.begin("clip.mp4", 10, "anna").id
    with uploads.appending(upload, 0) as appended:
        with refused("UPLOAD-008"):
            appended.write(BYTES[:11])
        appended.break_off()
    assert uploads.file(upload).read_bytes() == BYTES[:10]


def test_what_is_too_large_or_has_no_room_is_refused_before_it_comes(
    uploads: Uploads, engine: Engine, folder: Path
) -> None:
    with refused("UPLOAD-004"):
        uploads.begin("clip.mp4", 10**6 + 1, "anna")
    careful = Uploads(engine, folder, most=10**6, free=2**60)
    with refused("UPLOAD-006"):
        careful.begin("clip.mp4", 1, "anna")
    begun = uploads.begin("clip.mp4", len(BYTES), "anna")
    sent(uploads, begun.id, BYTES[:9])
    with refused("UPLOAD-006"):
        careful.open(begun.id, 9)
    assert uploads.get(begun.id).received == 9


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a megabyte."""
    import subprocess

    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", place], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def test_a_disk_that_is_full_is_told_and_what_came_before_goes_on_when_there_is_room(
    engine: Engine, small_disk: Path
) -> None:
    uploads = Uploads(engine, small_disk, most=10**9, free=0)
    content = os.urandom(600_000)
    upload = uploads.begin("clip.mp4", len(content), "anna").id
    (small_disk / "others").write_bytes(b"x" * 700_000)
    appended = uploads.open(upload, 0) if uploads.room() >= len(content) else None
    assert appended is None  # it is seen before the first byte
    with refused("UPLOAD-006"):
        uploads.open(upload, 0)
    (small_disk / "others").unlink()
    with uploads.appending(upload, 0) as appended:
        appended.write(content[:100_000])
        (small_disk / "others").write_bytes(b"x" * 700_000)
        with refused("UPLOAD-006"):
            appended.write(content[100_000:])
        appended.break_off()
    kept = uploads.get(upload).received
    assert 100_000 <= kept < len(content)
    (small_disk / "others").unlink()
    assert sent(uploads, upload, content[kept:], kept).sha256 == hashlib.sha256(content).hexdigest()


def test_an_upload_that_does_not_go_on_is_forgotten_and_a_whole_one_never(
    uploads: Uploads, engine: Engine, folder: Path
) -> None:
    idle, young, in_work = (uploads.begin("clip.mp4", len(BYTES), "anna").id for _ in range(3))
    for upload in (idle, young, in_work):
        sent(uploads, upload, BYTES[:5])
    kept = whole(uploads)
    with transaction(engine) as connection:
        connection.execute(
            text("UPDATE uploads SET updated_at = now() - interval '1 day' WHERE id <> :young"), {"young": young}
        )
    with uploads.appending(in_work, 5):
        assert uploads.forget(3600) == 1
    with refused("UPLOAD-001"):
        uploads.get(idle)
    assert {upload.id for upload in uploads.newest(10)} == {young, in_work, kept.id}
    assert {each.name for each in (folder / "incoming").iterdir()} == {str(young), str(in_work)}
    assert uploads.file(kept.id).read_bytes() == BYTES


def test_what_killed_processes_left_is_swept_and_nothing_else(uploads: Uploads, folder: Path) -> None:
    kept, begun = whole(uploads), uploads.begin("clip.mp4", len(BYTES), "anna")
    sent(uploads, begun.id, BYTES[:5])
    assert uploads.sweep() == 0
    (folder / "incoming" / str(uuid4())).write_bytes(b"left")
    (folder / "incoming" / str(kept.id)).write_bytes(b"left after it was linked")
    left = folder / "files" / str(uuid4())
    left.mkdir()
    (left / "clip.mp4").write_bytes(b"left")
    unused = folder / "objects" / "ab" / ("ab" * 32)
    unused.parent.mkdir()
    unused.write_bytes(b"left")
    assert uploads.sweep() == 4
    assert not left.exists()
    assert not unused.exists()
    assert uploads.file(kept.id).read_bytes() == BYTES
    assert sent(uploads, begun.id, BYTES[5:], 5).sha256 == SHA256


def test_uploads_are_listed_with_the_newest_first(uploads: Uploads) -> None:
    begun = [uploads.begin(f"{number}.mp4", 5, "anna").id for number in range(3)]
    assert [upload.id for upload in uploads.newest(2)] == [begun[2], begun[1]]


def test_an_upload_that_a_job_reads_is_not_deleted_before_the_job_has_ended(uploads: Uploads, engine: Engine) -> None:
    jobs = JobStore(engine)
    project, clip, other = whole(uploads, name="film.json"), whole(uploads), whole(uploads, name="other.mp4")
    job = jobs.accept(uuid4(), project=str(uploads.file(project.id)), output="film.mp4").id
    work = {"media": [{"path": str(uploads.file(clip.id))}]}
    jobs.plan(job, [WantedChunk(key="a" * 64, kind="picture", index=0, frames=9, work=work)], lambda keys: frozenset())
    for upload in (project, clip):
        with refused("UPLOAD-014"):
            uploads.delete(upload.id)
        assert uploads.file(upload.id).read_bytes() == BYTES
    uploads.delete(other.id)
    jobs.cancel(job)
    jobs.advance(job, "cancelled")
    uploads.delete(project.id)
    uploads.delete(clip.id)
