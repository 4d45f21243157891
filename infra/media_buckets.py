"""Media in S3 buckets: what a project names as s3://bucket/folder/file becomes a file on this machine.

An object is fetched once for as long as it stays as it is: its entity tag and its size name the copy that this machine keeps
of it, within the limits of its copies. A job reads a hard link of its own (infra/media_at_hand.py), so that a copy may be evicted
under it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from infra.cache.store import Stored
from infra.errors import KinofarmError
from infra.values import Value

if TYPE_CHECKING:
    from infra.cache.copies import Copies

SCHEME = "s3://"


class S3Object(Value):
    """An object as it is now. address: as the project writes it."""

    address: str
    bucket: str
    key: str
    size: int
    tag: str


class MediaBuckets:
    """The buckets from which media may be read.

    Args:
        connect: returns the S3 client; it is called when the first object is asked for.
        server: what tells this S3 server from others.
        allowed: buckets, or parts of them as bucket/folder.
        copies: what this machine keeps; None: nothing is kept.
        free: bytes that a disk must keep free.
    """

    def __init__(
        self, connect: Callable[[], Any], server: str, allowed: Sequence[str], copies: Copies | None, free: int
    ) -> None:
        self.server = server
        self.copies = copies
        self.free = free
        self._connect = connect
        self._allowed = [PurePosixPath(each.strip("/")) for each in allowed]

    def look(self, address: str) -> S3Object:
        """Look an object up.

        Raises:  KinofarmError PATH-005, PATH-006 for what is no address of an object, PATH-010 when it is not allowed,
                 PATH-011 when it is not there; CACHE-005, CACHE-006.
        """
        from infra.cache.s3 import translated

        bucket, slash, key = address.removeprefix(SCHEME).partition("/")
        if not (bucket and slash and key) or {".", "..", ""} & {*key.rstrip("/").split("/")}:
            raise KinofarmError("PATH-005", reason="an address in S3 is s3://bucket/folder/file")
        if not any(PurePosixPath(bucket, key).is_relative_to(each) for each in self._allowed):
            raise KinofarmError("PATH-010", path=address)
        if key.endswith("/"):
            raise KinofarmError("PATH-006", path=address)
        try:
            with translated(bucket, key):
                head = self._client.head_object(Bucket=bucket, Key=key)
        except KinofarmError as error:
            if error.code == "CACHE-002":
                raise KinofarmError("PATH-011", path=address, clips="") from None
            raise
        return S3Object(address=address, bucket=bucket, key=key, size=head["ContentLength"], tag=head["ETag"])

    def lay(self, wanted: S3Object, into: Path) -> Path:
        """Lay an object at `into`, from this machine's copy or from its bucket.

        Raises:  KinofarmError PATH-012 when it has changed meanwhile; CACHE-004, CACHE-005, CACHE-006, CACHE-007, DB-00x.
        """
        named = json.dumps([self.server, wanted.bucket, wanted.key, wanted.tag, wanted.size])
        stored = Stored(key=hashlib.sha256(named.encode()).hexdigest(), size=wanted.size, sha256="")

        def fetch(place: Path) -> Path:
            return self._fetched(wanted, place)

        if self.copies is not None:
            laid = self.copies.held(stored.key, into, wanted.size) or self.copies.made(stored, into, fetch)
            if laid is not None:
                return laid
        if shutil.disk_usage(into.parent).free < wanted.size + self.free:
            raise KinofarmError("CACHE-007", wanted=wanted.size, limit=f"a disk that keeps {self.free} bytes free")
        return fetch(into)

    def _fetched(self, wanted: S3Object, place: Path) -> Path:
        from infra.cache.s3 import transfer, translated

        with translated(wanted.bucket, wanted.key, place.parent):
            self._client.download_file(wanted.bucket, wanted.key, str(place), Config=transfer())
        if self.look(wanted.address) != wanted or place.stat().st_size != wanted.size:
            place.unlink()
            raise KinofarmError("PATH-012", path=wanted.address)
        return place

    @cached_property
    def _client(self) -> Any:
        return self._connect()
