"""A store of artefacts in an S3 bucket, for machines that share nothing else.

    PREFIX<key>/<sha256>     an artefact: under the key of its work, named by its own bytes

An object never changes, since its name says what is in it. So a writer that comes late, after its chunk was given to
another, puts its bytes beside the others' and not over them; whoever reads asks for the bytes that were proven. No lock is
kept in the bucket: with conditional writes some servers let several writers win.

Source:  Amazon S3 API reference (PutObject, ListObjectsV2, multipart uploads); boto3's TransferConfig.
"""

from __future__ import annotations

import contextlib
import hashlib
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import botocore.config
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from infra.cache.store import Key, Stored, Usage, valid
from infra.errors import KinofarmError

PART = 16 * 1024 * 1024
"""Bytes of one part: files above it travel in several at once, each with its own checksum."""
ASKED_AT_ONCE = 16
"""Requests for the presence of keys that run side by side."""
RETRIES = 4
CONNECT_SECONDS = 5
READ_SECONDS = 30

_REFUSED = ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "403", "401")
_GONE = ("NoSuchKey", "404")


def connect(
    endpoint: str | None, region: str | None, access_key: str | None = None, secret_key: str | None = None
) -> Any:
    """Return an S3 client; nothing connects yet.

    Args:    endpoint: URL of a server of one's own; None: Amazon's. access_key, secret_key: None: what boto3 finds
             (its environment variables, ~/.aws, a machine's role).
    Raises:  KinofarmError CACHE-006 for an endpoint that is no URL.
    """
    settings = botocore.config.Config(
        s3={"addressing_style": "path" if endpoint else "auto"},
        retries={"mode": "standard", "max_attempts": RETRIES},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        max_pool_connections=2 * ASKED_AT_ONCE,
        tcp_keepalive=True,
    )
    try:
        return boto3.session.Session().client(
            "s3",
            endpoint_url=endpoint,
            region_name=region,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=settings,
        )
    except (ValueError, BotoCoreError) as error:
        raise KinofarmError("CACHE-006", bucket="", reason=str(error)) from None


def transfer() -> TransferConfig:
    """Return how files travel: what is large in several parts at once."""
    return TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=4)


class S3Store:
    """A `ChunkStore` in a bucket.

    Args:    client: as `connect` gives it. prefix: of every name in the bucket, such as "kinofarm/".
    """

    def __init__(self, client: Any, bucket: str, prefix: str = "") -> None:
        self.bucket = bucket
        self.prefix = prefix
        self._client = client
        self._transfer = transfer()

    def ensure(self) -> None:
        """Make the bucket unless it is there.

        Raises:  KinofarmError CACHE-005, CACHE-006.
        """
        with self._translated():
            try:
                self._client.head_bucket(Bucket=self.bucket)
            except ClientError as error:
                if _code(error) not in ("404", "NoSuchBucket"):
                    raise
                region = self._client.meta.region_name
                elsewhere = region not in (None, "us-east-1", "aws-global")
                place = {"CreateBucketConfiguration": {"LocationConstraint": region}} if elsewhere else {}
                self._client.create_bucket(Bucket=self.bucket, **place)

    def put(self, key: Key, source: Path, *, sha256: str | None = None, consume: bool = False) -> Stored:
        """See `ChunkStore.put`."""
        try:
            size, digest = source.stat().st_size, _digest(source)
        except OSError as error:
            raise KinofarmError("CACHE-004", reason=error.strerror or str(error), folder=str(source.parent)) from None
        if sha256 is not None and digest != sha256:
            raise KinofarmError("CACHE-003", key=key, wanted=sha256, found=digest)
        with self._translated(key):
            held = self._first(key)
            if held is None:
                held = self._uploaded(Stored(key=key, size=size, sha256=digest), source)
        if consume:
            source.unlink(missing_ok=True)
        return held

    def get(
        self,
        key: Key,
        into: Path,
        *,
        size: int | None = None,
        sha256: str | None = None,
        compare: bool = True,
        link: bool = True,
    ) -> Path:
        """See `ChunkStore.get`; what is laid down is the caller's own, and its bytes are compared in any case."""
        if not into.parent.is_dir():
            raise KinofarmError("CACHE-004", reason="the folder to lay it in is not there", folder=str(into.parent))
        draft = into.with_name(f".{into.name}.{uuid.uuid4().hex}")
        with self._translated(key, draft.parent):
            held = self._first(key, sha256)
            if held is None:
                other = None if sha256 is None else self._first(key)
                if other is None:
                    raise KinofarmError("CACHE-002", key=key)
                raise KinofarmError("CACHE-003", key=key, wanted=sha256, found=other.sha256)
            if size is not None and held.size != size:
                raise KinofarmError("CACHE-003", key=key, wanted=f"{size} bytes", found=f"{held.size} bytes")
            try:
                self._client.download_file(self.bucket, self._name(held), str(draft), Config=self._transfer)
                if (found := _digest(draft)) != held.sha256:
                    raise KinofarmError("CACHE-003", key=key, wanted=held.sha256, found=found)
                draft.replace(into)
            finally:
                draft.unlink(missing_ok=True)
        return into

    def has(self, key: Key) -> bool:
        """See `ChunkStore.has`."""
        with self._translated(key):
            return self._first(key) is not None

    def present(self, keys: Iterable[Key]) -> frozenset[Key]:
        """See `ChunkStore.present`."""
        asked = list(dict.fromkeys(keys))
        with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
            return frozenset(key for key, found in zip(asked, pool.map(self.has, asked), strict=True) if found)

    def size(self, key: Key) -> int:
        """See `ChunkStore.size`."""
        with self._translated(key):
            held = self._first(key)
        if held is None:
            raise KinofarmError("CACHE-002", key=key)
        return held.size

    def delete(self, key: Key) -> bool:
        """See `ChunkStore.delete`."""
        with self._translated(key):
            found = self._held(key)
            for each in found:
                self._client.delete_object(Bucket=self.bucket, Key=self._name(each))
        return bool(found)

    def free(self) -> int | None:
        """See `ChunkStore.free`: nobody knows."""
        return None

    def usage(self) -> Usage:
        """See `ChunkStore.usage`."""
        keys, total = set(), 0
        with self._translated():
            for each in self._listed(self.prefix):
                keys.add(each.key)
                total += each.size
        return Usage(entries=len(keys), bytes=total)

    def sweep(self, older: float = 86_400) -> int:
        """See `ChunkStore.sweep`: here it is uploads in parts that were never completed."""
        before, swept = datetime.now(UTC) - timedelta(seconds=older), 0
        with self._translated():
            pages = self._client.get_paginator("list_multipart_uploads").paginate(
                Bucket=self.bucket, Prefix=self.prefix
            )
            for upload in [each for page in pages for each in page.get("Uploads", ())]:
                if upload["Initiated"] < before:
                    with contextlib.suppress(self._client.exceptions.NoSuchUpload):
                        self._client.abort_multipart_upload(
                            Bucket=self.bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                        )
                        swept += 1
        return swept

    def holds(self, key: Key, sha256: str) -> bool:
        """Whether these very bytes are there.

        Raises:  KinofarmError CACHE-001, CACHE-005, CACHE-006.
        """
        with self._translated(key):
            return any(each.sha256 == sha256 for each in self._held(key))

    def address(self, key: Key, sha256: str, seconds: int, shown: str, media_type: str) -> str:
        """Return a URL from which anyone may download these bytes for so many seconds.

        Args:    shown: the header Content-Disposition of the answer. media_type: its Content-Type.
        Raises:  KinofarmError CACHE-001, CACHE-006.
        """
        given = {
            "Bucket": self.bucket,
            "Key": self._name(Stored(key=valid(key), size=0, sha256=sha256)),
            "ResponseContentDisposition": shown,
            "ResponseContentType": media_type,
        }
        with self._translated(key):
            return str(self._client.generate_presigned_url("get_object", Params=given, ExpiresIn=seconds))

    def _uploaded(self, ours: Stored, source: Path) -> Stored:
        """Upload it; where another writer was first meanwhile, take ours away again and return theirs.

        Both see the same order, so that never both are taken away; that both stay, seldom, does no harm.
        """
        self._client.upload_file(str(source), self.bucket, self._name(ours), Config=self._transfer)
        first = self._first(ours.key) or ours
        if first.sha256 != ours.sha256:
            self._client.delete_object(Bucket=self.bucket, Key=self._name(ours))
        return first

    def _name(self, stored: Stored) -> str:
        return f"{self.prefix}{stored.key}/{stored.sha256}"

    def _first(self, key: Key, sha256: str | None = None) -> Stored | None:
        """The artefact of a key: the bytes that are wanted, else those that came first."""
        found = self._held(key)
        return next((each for each in found if sha256 in (None, each.sha256)), None)

    def _held(self, key: Key) -> list[Stored]:
        return list(self._listed(f"{self.prefix}{valid(key)}/"))

    def _listed(self, prefix: str) -> Iterator[Stored]:
        """Yield what lies below a prefix: of one key the oldest first."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        objects = [each for page in pages for each in page.get("Contents", ())]
        for each in sorted(objects, key=lambda one: (one["LastModified"], one["Key"])):
            key, slash, sha256 = each["Key"].removeprefix(self.prefix).partition("/")
            if slash and len(key) == len(sha256) == 64:  # what else lies in the bucket is not ours
                yield Stored(key=key, size=each["Size"], sha256=sha256)

    def _translated(self, key: Key | None = None, folder: Path | None = None) -> AbstractContextManager[None]:
        return translated(self.bucket, key, folder)


@contextlib.contextmanager
def translated(bucket: str, key: Key | None = None, folder: Path | None = None) -> Iterator[None]:
    """Raise what boto3 and the disk raise within this block as errors of ours.

    Raises:  KinofarmError CACHE-002 (no such object, of a `key`), CACHE-004 (the disk), CACHE-005 (the server), CACHE-006
             (the settings).
    """
    try:
        yield
    except (ClientError, BotoCoreError, Boto3Error) as error:
        cause = error
        while isinstance(cause, Boto3Error) and cause.__context__ is not None:
            cause = cause.__context__  # boto3 wraps what S3 answered into text
        raise _translation(cause, key, bucket) from None
    except OSError as error:
        raise KinofarmError("CACHE-004", reason=error.strerror or str(error), folder=str(folder)) from None


def _translation(error: BaseException, key: Key | None, bucket: str) -> KinofarmError:
    code = _code(error) if isinstance(error, ClientError) else ""
    if code in _GONE and key is not None:
        return KinofarmError("CACHE-002", key=key)
    if code == "NoSuchBucket" or code in _GONE:
        return KinofarmError("CACHE-006", bucket=bucket, reason="there is no such bucket")
    if code in _REFUSED:
        return KinofarmError("CACHE-006", bucket=bucket, reason=f"the server refuses us ({code})")
    if isinstance(error, (NoCredentialsError, PartialCredentialsError)):
        return KinofarmError("CACHE-006", bucket=bucket, reason="no credentials are set")
    return KinofarmError("CACHE-005", bucket=bucket, reason=code or type(error).__name__)


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
