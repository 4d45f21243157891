"""A store in a bucket, beside what every store promises: late writers, parts, addresses, refusals."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import httpx
import pytest

from infra.cache.s3 import PART, S3Store, connect
from infra.cache.store import Usage
from infra.errors import KinofarmError
from infra.swift import REGION, EmbeddedS3
from tests.infra.cache.stores import bucket_on

KEY, OTHER = "ab" * 32, "cd" * 32


@pytest.fixture
def store(s3_server: EmbeddedS3) -> S3Store:
    return bucket_on(s3_server)


def written(folder: Path, content: bytes, name: str = "chunk.mp4") -> Path:
    file = folder / name
    file.write_bytes(content)
    return file


def test_a_large_file_travels_in_parts_and_comes_back_whole(store: S3Store, tmp_path: Path) -> None:
    content = os.urandom(1024) * (3 * PART // 1024) + b"the end"
    digest = hashlib.sha256(content).hexdigest()
    stored = store.put(KEY, written(tmp_path, content), sha256=digest)
    assert (stored.size, stored.sha256) == (len(content), digest)
    found = store.get(KEY, tmp_path / "out", size=len(content), sha256=digest)
    assert hashlib.sha256(found.read_bytes()).hexdigest() == digest
    assert store.sweep(older=0) == 0


def test_bytes_that_came_late_stand_beside_the_first_and_are_found_by_their_hash(
    store: S3Store, tmp_path: Path
) -> None:
    first = store.put(KEY, written(tmp_path, b"first"))
    late = hashlib.sha256(b"late").hexdigest()
    store._client.put_object(
        Bucket=store.bucket, Key=f"{store.prefix}{KEY}/{late}", Body=b"late"
    )  # both uploaded at once
    assert store.get(KEY, tmp_path / "out", sha256=first.sha256).read_bytes() == b"first"
    assert store.get(KEY, tmp_path / "out", sha256=late).read_bytes() == b"late"
    assert store.put(KEY, written(tmp_path, b"third")).sha256 in (first.sha256, late)
    assert store.usage() == Usage(entries=1, bytes=9)
    assert store.delete(KEY)
    assert store.usage() == Usage(entries=0, bytes=0)


def test_an_object_whose_bytes_are_not_those_of_its_name_is_not_handed_out(store: S3Store, tmp_path: Path) -> None:
    store._client.put_object(Bucket=store.bucket, Key=f"{store.prefix}{KEY}/{'0' * 64}", Body=b"other")
    with pytest.raises(KinofarmError, match="CACHE-003"):
        store.get(KEY, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_what_else_lies_in_the_bucket_is_not_ours(store: S3Store, tmp_path: Path) -> None:
    for name in ("readme.txt", f"{store.prefix}notes", f"{store.prefix}{KEY}/notes"):
        store._client.put_object(Bucket=store.bucket, Key=name, Body=b"mine")
    assert not store.has(KEY)
    assert store.usage() == Usage(entries=0, bytes=0)
    assert not store.delete(KEY)


def test_uploads_that_were_never_completed_are_swept(store: S3Store) -> None:
    name = f"{store.prefix}{KEY}/{'0' * 64}"
    upload = store._client.create_multipart_upload(Bucket=store.bucket, Key=name)["UploadId"]
    store._client.upload_part(Bucket=store.bucket, Key=name, UploadId=upload, PartNumber=1, Body=b"x" * 1000)
    assert not store.has(KEY)
    assert store.sweep(older=3600) == 0
    assert store.sweep(older=-60) == 1
    assert store.sweep(older=-60) == 0


def test_an_address_gives_the_file_to_whoever_has_it_and_nothing_else(store: S3Store, tmp_path: Path) -> None:
    stored = store.put(KEY, written(tmp_path, b"a film"))
    address = store.address(KEY, stored.sha256, 60, 'inline; filename="film.mp4"', "video/mp4")
    assert store.holds(KEY, stored.sha256)
    assert not store.holds(KEY, "0" * 64)
    answer = httpx.get(address)
    assert (answer.headers["content-type"], answer.headers["content-disposition"]) == (
        "video/mp4",
        'inline; filename="film.mp4"',
    )
    assert (answer.status_code, answer.content) == (200, b"a film")
    assert httpx.get(address.replace(KEY, OTHER)).status_code == 403
    assert httpx.get(address.partition("?")[0]).status_code in (400, 401, 403)


def test_a_wrong_secret_is_refused_at_once_and_does_not_show(s3_server: EmbeddedS3, tmp_path: Path) -> None:
    secret = "not-the-secret-at-all"
    store = S3Store(connect(s3_server.endpoint, REGION, s3_server.access_key, secret), "bucket")
    with pytest.raises(KinofarmError, match="CACHE-006") as refused:
        store.put(KEY, written(tmp_path, b"frames"))
    assert secret not in repr(refused.value.as_dict())
    assert not refused.value.retry


def test_a_bucket_that_is_not_there_is_said_so(s3_server: EmbeddedS3, tmp_path: Path) -> None:
    store = S3Store(connect(s3_server.endpoint, REGION, s3_server.access_key, s3_server.secret_key), "no-such-bucket")
    for ask in (lambda: store.put(KEY, written(tmp_path, b"frames")), store.usage, lambda: store.has(KEY)):
        with pytest.raises(KinofarmError, match="CACHE-006"):
            ask()


def test_a_server_that_is_away_is_worth_another_try(tmp_path: Path) -> None:
    store = S3Store(connect("http://127.0.0.1:9", REGION, "a", "b"), "bucket")
    with pytest.raises(KinofarmError, match="CACHE-005") as away:
        store.has(KEY)
    assert away.value.retry


def test_an_endpoint_that_is_no_address_is_refused() -> None:
    with pytest.raises(KinofarmError, match="CACHE-006"):
        connect("not an address", REGION)
