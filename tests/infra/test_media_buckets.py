"""Media in buckets: fetched once while they stay as they are, only from where it is allowed, with a clear word otherwise."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from infra.cache.copies import Copies
from infra.cache.folder import FolderStore
from infra.cache.index import CacheIndex, Limits
from infra.cache.s3 import S3Store, connect
from infra.errors import KinofarmError
from infra.media_at_hand import MediaAtHand
from infra.media_buckets import MediaBuckets
from infra.swift import REGION, EmbeddedS3
from tasks.filesystem.roots import MediaRoots
from tasks.media.probe import probe
from tasks.media.remembered import remembering

LIMIT = 1000


class Counting:
    """An S3 client that counts what is downloaded, and lets something happen after it."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.downloads = 0
        self.then: Any = None

    def download_file(self, *args: Any, **more: Any) -> None:
        self.downloads += 1
        self.client.download_file(*args, **more)
        if self.then:
            self.then()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)


@pytest.fixture
def client(s3_server: EmbeddedS3) -> Counting:
    return Counting(connect(s3_server.endpoint, REGION, s3_server.access_key, s3_server.secret_key))


@pytest.fixture
def bucket(client: Counting) -> str:
    name = f"b{uuid.uuid4().hex}"
    S3Store(client.client, name).ensure()
    return name


@pytest.fixture
def copies(engine: Engine, tmp_path: Path) -> Copies:
    near = FolderStore(tmp_path / "near")
    return Copies(near, CacheIndex(engine, near, Limits(bytes=LIMIT), "here"))


@pytest.fixture
def buckets(client: Counting, bucket: str, copies: Copies) -> MediaBuckets:
    return MediaBuckets(lambda: client, "server", [f"{bucket}/rushes/"], copies, 0)


def at_hand(buckets: MediaBuckets, folder: Path) -> MediaAtHand:
    folder.mkdir()
    return MediaAtHand(lambda: buckets, lambda: pytest.fail("no upload is meant"), lambda: folder)


def upload(client: Counting, bucket: str, key: str, content: bytes) -> str:
    client.put_object(Bucket=bucket, Key=key, Body=content)
    return f"s3://{bucket}/{key}"


def refused(media: MediaAtHand, address: str) -> str:
    with pytest.raises(KinofarmError) as caught:
        media.file(address, "tracks[0]")
    assert caught.value.where == "tracks[0]"
    assert caught.value.hint
    return caught.value.code


def test_an_object_is_fetched_once_and_laid_under_its_own_name(
    buckets: MediaBuckets, client: Counting, bucket: str, tmp_path: Path
) -> None:
    address = upload(client, bucket, "rushes/day 1/take é %d.mp4", b"one")
    first, other = at_hand(buckets, tmp_path / "first"), at_hand(buckets, tmp_path / "other")
    file = first.file(address, "")
    assert file.name == "take é %d.mp4"
    assert file.read_bytes() == b"one"
    assert first.file(address, "") == file
    again = other.file(address, "")
    assert again != file
    assert again.samefile(file)
    assert client.downloads == 1


def test_an_object_that_was_replaced_is_fetched_anew(
    buckets: MediaBuckets, client: Counting, bucket: str, tmp_path: Path
) -> None:
    address = upload(client, bucket, "rushes/a.mp4", b"one")
    before = at_hand(buckets, tmp_path / "before")
    assert before.file(address, "").read_bytes() == b"one"
    upload(client, bucket, "rushes/a.mp4", b"two")
    assert at_hand(buckets, tmp_path / "after").file(address, "").read_bytes() == b"two"
    assert before.file(address, "").read_bytes() == b"one", "a job reads on what it began with"


def test_one_that_is_replaced_while_it_is_copied_is_refused_and_leaves_nothing(
    buckets: MediaBuckets, client: Counting, bucket: str, copies: Copies, tmp_path: Path
) -> None:
    address = upload(client, bucket, "rushes/a.mp4", b"one")
    client.then = lambda: upload(client, bucket, "rushes/a.mp4", b"two")
    media = at_hand(buckets, tmp_path / "work")
    assert refused(media, address) == "PATH-012"
    assert [path for path in (*copies.folder.root.rglob("*"), *(tmp_path / "work").rglob("*")) if path.is_file()] == []
    client.then = None
    assert media.file(address, "").read_bytes() == b"two"


def test_what_does_not_fit_among_the_copies_goes_straight_to_the_work(
    buckets: MediaBuckets, client: Counting, bucket: str, copies: Copies, tmp_path: Path
) -> None:
    address = upload(client, bucket, "rushes/large.mp4", b"x" * (LIMIT + 1))
    assert at_hand(buckets, tmp_path / "work").file(address, "").stat().st_size == LIMIT + 1
    assert copies.folder.usage().bytes == copies.index.usage().bytes == 0
    careful = MediaBuckets(lambda: client, "server", [bucket], None, 2**62)
    assert refused(at_hand(careful, tmp_path / "full"), address) == "CACHE-007"


def test_a_copy_may_be_evicted_under_the_work_that_reads_it(
    buckets: MediaBuckets, client: Counting, bucket: str, copies: Copies, tmp_path: Path
) -> None:
    media = at_hand(buckets, tmp_path / "work")
    files = [media.file(upload(client, bucket, f"rushes/{name}.mp4", name.encode() * 400), "") for name in "abcdef"]
    assert copies.folder.usage().bytes <= LIMIT
    assert [file.read_bytes()[:1] for file in files] == [b"a", b"b", b"c", b"d", b"e", b"f"]


def test_only_what_the_settings_allow_is_read(
    buckets: MediaBuckets, client: Counting, bucket: str, tmp_path: Path
) -> None:
    media = at_hand(buckets, tmp_path / "work")
    for key in ("other/a.mp4", "rushes2/a.mp4", "rushes.mp4"):
        assert refused(media, upload(client, bucket, key, b"x")) == "PATH-010"
    assert refused(media, "s3://elsewhere/rushes/a.mp4") == "PATH-010"
    assert refused(media, f"s3://{bucket}/rushes/none.mp4") == "PATH-011"
    assert refused(media, f"s3://{bucket}/rushes/") == "PATH-006"
    for address in ("s3://", "s3://bucket", "s3:///a.mp4", f"s3://{bucket}/rushes/../other/a.mp4", f"s3://{bucket}//a"):
        assert refused(media, address) == "PATH-005"
    gone = MediaBuckets(lambda: client, "server", ["no-such-bucket-here"], None, 0)
    assert refused(at_hand(gone, tmp_path / "gone"), "s3://no-such-bucket-here/a.mp4") == "PATH-011"


def test_a_project_s_path_leads_there_and_facts_are_remembered_by_the_address(
    buckets: MediaBuckets, client: Counting, bucket: str, tmp_path: Path, clip: Path
) -> None:
    address = upload(client, bucket, "rushes/clip.mp4", clip.read_bytes()[:LIMIT])
    known: dict[Path, Any] = {}

    class Memory:
        def get(self, path: Path, stat: Any) -> Any:
            return known.get(path)

        def put(self, path: Path, stat: Any, facts: Any) -> None:
            known[path] = facts

    with pytest.raises(KinofarmError, match="PATH-004"):
        MediaRoots(tmp_path).resolve(address)
    media = at_hand(buckets, tmp_path / "work")
    file = MediaRoots(tmp_path, (), media).resolve(address)
    assert file.read_bytes() == clip.read_bytes()[:LIMIT]
    looked = {file: probe(clip)}
    remembering(Memory(), looked, media.known_as)(file)
    assert list(known) == [Path(address)]
    with pytest.raises(KinofarmError, match="PATH-005"):
        MediaRoots(tmp_path, (), media).resolve("s3://b/\n.mp4")


@pytest.fixture
def clip(media_factory: Any) -> Path:
    return Path(media_factory.video(10))
