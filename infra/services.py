"""The services of the farm: one factory each, with its health check and its close.

    with opened(settings) as services:
        store = services.get(JobStore)

A service is made when it is first asked for and closed with the container. `doctor` and `status` ask each one how it is.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy

from infra import farm, ffmpeg, machine
from infra.access.audit import AuditLog
from infra.access.sessions import SessionStore
from infra.access.tokens import TokenStore
from infra.apart import Apart
from infra.cache.copies import Copies
from infra.cache.folder import FolderStore
from infra.cache.index import CacheIndex, Limits
from infra.cache.store import ChunkStore
from infra.container import Container, Registry, ServicePing
from infra.errors import KinofarmError
from infra.farm import FarmConnection
from infra.jobs import engine as database
from infra.jobs.admission import Admissions
from infra.jobs.arrivals import ArrivalStore
from infra.jobs.deliveries import DeliveryStore
from infra.jobs.joins import JoinProofs
from infra.jobs.ledger import Ledger
from infra.jobs.listing import JobList
from infra.jobs.records import CPU_POOL, GPU_POOL
from infra.jobs.store import JobStore
from infra.jobs.waiting import Waiting
from infra.jobs.workers import WorkerStore
from infra.library.analyses import AnalysisStore
from infra.library.batches import BatchStore
from infra.library.facts import FactsStore
from infra.library.findings import FindingStore
from infra.library.scans import ScanStore
from infra.library.vision import FOLDER as MODELS, VisionModels
from infra.media_buckets import MediaBuckets
from infra.prefect_api import PrefectApi
from infra.settings import Settings
from infra.uploads.library import FOLDER as UPLOADS, Uploads
from infra.values import Value

if TYPE_CHECKING:
    from infra.cache.s3 import S3Store

T = TypeVar("T")

GIGABYTE = 10**9

Services = Container
NAMES = {"Ffmpeg": "ffmpeg", "ChunkStore": "cache", "Engine": "database", "PrefectApi": "prefect"}
"""What health checks call the services."""
KEPT_IN_DATABASE: tuple[Any, ...] = (
    *(JobStore, JobList, Admissions, JoinProofs, WorkerStore, ArrivalStore, DeliveryStore, ScanStore),
    *(TokenStore, SessionStore, AuditLog, AnalysisStore, BatchStore, FindingStore),
)
"""Services that need nothing but the database."""


class Ffmpeg(Value):
    """The renderer: where it is, and its version line."""

    path: Path
    version: str


class Health(Value):
    """How one service is: `error` is empty when it is well."""

    service: str
    seconds: float
    error: str = ""
    hint: str = ""

    @property
    def ok(self) -> bool:
        return not self.error


def registry(settings: Settings) -> Registry:
    """Return the table of factories for these settings; nothing is made yet.

    Asking for what needs a farm raises KinofarmError FARM-043 where none runs.
    """
    table = Registry()
    table.register_value(Settings, settings)
    table.register_factory(Ffmpeg, lambda: _ffmpeg(settings), ping=lambda found: ffmpeg.version(found.path))
    table.register_factory(ChunkStore, _store, ping=lambda store: store.has("0" * 64))
    table.register_factory(FarmConnection, lambda: _connection(settings))
    table.register_factory(sqlalchemy.Engine, _engine, ping=_ask_database)
    table.register_factory(CacheIndex, _index)
    table.register_factory(Copies, _copies)
    table.register_factory(MediaBuckets, _media_buckets)
    table.register_factory(Uploads, _uploads)
    for kept_in_database in KEPT_IN_DATABASE:
        table.register_factory(kept_in_database, _on_engine(kept_in_database))
    table.register_factory(FactsStore, _facts)
    table.register_factory(VisionModels, _models)
    table.register_factory(Apart, _apart)
    table.register_factory(Ledger, _ledger)
    table.register_factory(Waiting, _waiting)
    table.register_factory(PrefectApi, _prefect, ping=lambda api: api.version())
    return table


@contextlib.contextmanager
def opened(settings: Settings) -> Iterator[Services]:
    """Yield a container of services, and close what was made in it."""
    with registry(settings) as table, Container(table) as container:
        yield container


def check(settings: Settings) -> tuple[Health, ...]:
    """Make each service that has a health check, and ask it; no failure stops the others."""
    with opened(settings) as container:
        return tuple(_health(ping) for ping in container.get_pings())


def cache_folder(settings: Settings) -> Path:
    """Return the folder of the chunk cache."""
    return settings.cache.folder or settings.home.absolute() / "cache"


def uploads_folder(settings: Settings) -> Path:
    """Return the folder of the files that were uploaded."""
    return settings.home.absolute() / UPLOADS


def _ffmpeg(settings: Settings) -> Ffmpeg:
    path = ffmpeg.binary(settings.ffmpeg.binary)
    return Ffmpeg(path=path, version=ffmpeg.version(path))


def _store(svcs_container: Services) -> ChunkStore:
    settings = svcs_container.get(Settings)
    far = _bucket(settings)
    if far is None:
        return FolderStore(cache_folder(settings))
    from infra.cache.layered import LayeredStore

    return LayeredStore(far, svcs_container.get(Copies))


def _copies(svcs_container: Services) -> Copies:
    settings = svcs_container.get(Settings)
    folder = FolderStore(cache_folder(settings))
    if settings.cache.s3.bucket is None:  # the farm's cache is a folder: copies lie in it, among what may be evicted
        return Copies(folder, svcs_container.get(CacheIndex))
    most = limits(settings).model_copy(
        update={"bytes": int(settings.cache.copies_gigabytes * GIGABYTE), "entries": None}
    )
    return Copies(folder, CacheIndex(svcs_container.get(sqlalchemy.Engine), folder, most, machine.name(settings)))


def _media_buckets(svcs_container: Services) -> MediaBuckets:
    settings = svcs_container.get(Settings)
    copies = None if farm.connect(settings) is None else svcs_container.get(Copies)
    server = settings.cache.s3.endpoint or "Amazon"
    free = int(settings.cache.min_free_gigabytes * GIGABYTE)
    return MediaBuckets(lambda: _client(settings), server, settings.media_buckets, copies, free)


def _uploads(svcs_container: Services) -> Uploads:
    settings = svcs_container.get(Settings)
    most = int(settings.api.upload_gigabytes * GIGABYTE)
    free = int(settings.cache.min_free_gigabytes * GIGABYTE)
    return Uploads(svcs_container.get(sqlalchemy.Engine), uploads_folder(settings), most=most, free=free)


def _bucket(settings: Settings) -> S3Store | None:
    s3 = settings.cache.s3
    if s3.bucket is None:
        return None
    from infra.cache.s3 import S3Store

    return S3Store(_client(settings), s3.bucket, s3.prefix)


def _client(settings: Settings) -> Any:
    from infra.cache.s3 import connect  # costs half a second to import, and only buckets need it

    s3 = settings.cache.s3
    secret = s3.secret_key.get_secret_value() if s3.secret_key else None
    return connect(s3.endpoint, s3.region, s3.access_key, secret)


def ensure_bucket(settings: Settings) -> None:
    """Make the bucket that the settings name, unless it is there.

    Raises:  KinofarmError CACHE-005, CACHE-006.
    """
    bucket = _bucket(settings)
    if bucket is not None:
        bucket.ensure()


def _index(svcs_container: Services) -> CacheIndex:
    settings = svcs_container.get(Settings)
    return CacheIndex(svcs_container.get(sqlalchemy.Engine), svcs_container.get(ChunkStore), limits(settings))


def limits(settings: Settings) -> Limits:
    """Return what the farm's cache may hold."""
    cache = settings.cache
    return Limits(
        bytes=int(cache.max_gigabytes * GIGABYTE),
        entries=cache.max_entries,
        idle=None if cache.max_idle_days is None else cache.max_idle_days * 86_400,
        free=int(cache.min_free_gigabytes * GIGABYTE),
        policy=cache.policy,
    )


def shares_sources(settings: Settings) -> bool:
    """Whether media and fonts are put into the cache for other machines."""
    wanted = settings.cache.share_sources
    buckets = settings.cache.s3.bucket is not None or settings.media_buckets
    return wanted == "always" or (wanted == "auto" and bool(buckets))


def _connection(settings: Settings) -> FarmConnection:
    found = farm.connect(settings)
    if found is None:
        raise KinofarmError("FARM-043", home=str(settings.home))
    return found


def _engine(svcs_container: Services) -> Iterator[sqlalchemy.Engine]:
    url = svcs_container.get(FarmConnection).database_url.get_secret_value()
    engine = database.create(url)
    yield engine
    engine.dispose()


def _ask_database(engine: sqlalchemy.Engine) -> None:
    with database.transaction(engine) as connection:
        connection.execute(sqlalchemy.text("SELECT 1"))


def _on_engine(service: Callable[[sqlalchemy.Engine], T]) -> Callable[[Services], T]:
    def make(svcs_container: Services) -> T:
        return service(svcs_container.get(sqlalchemy.Engine))

    return make


def _facts(svcs_container: Services) -> FactsStore:
    return FactsStore(svcs_container.get(sqlalchemy.Engine), svcs_container.get(Settings).media.remembered_days)


def _models(svcs_container: Services) -> VisionModels:
    home = svcs_container.get(Settings).home.absolute()
    return VisionModels(svcs_container.get(sqlalchemy.Engine), home / MODELS)


def _apart(svcs_container: Services) -> Iterator[Apart]:
    settings = svcs_container.get(Settings).media
    apart = Apart(settings.readers, settings.reader_megabytes)
    yield apart
    apart.close()


def _ledger(svcs_container: Services) -> Ledger:
    settings = svcs_container.get(Settings)
    return Ledger(
        svcs_container.get(sqlalchemy.Engine),
        attempts=settings.worker.attempts,
        point_seconds=settings.fairness.point_seconds,
        most_of_submitter=settings.fairness.chunks_per_submitter,
        most_of_pool=pool_limits(settings),
    )


def _waiting(svcs_container: Services) -> Waiting:
    settings = svcs_container.get(Settings)
    most = settings.fairness.chunks_per_submitter
    engine = svcs_container.get(sqlalchemy.Engine)
    return Waiting(engine, most_of_submitter=most, most_of_pool=pool_limits(settings))


def pool_limits(settings: Settings) -> dict[str, int]:
    """Return how many chunks of each pool may be in work at once; 0: any number."""
    return {CPU_POOL: settings.fairness.cpu_chunks, GPU_POOL: settings.fairness.gpu_chunks}


def _prefect(svcs_container: Services) -> Iterator[PrefectApi]:
    connection = svcs_container.get(FarmConnection)
    auth = connection.api_auth.get_secret_value() if connection.api_auth else None
    api = PrefectApi(connection.api_url, auth)
    yield api
    api.close()


def looked_at(name: str, look: Callable[[], object]) -> Health:
    """Call `look` and say how long it took, or what was wrong."""
    began = time.monotonic()
    error, hint = "", ""
    try:
        look()
    except KinofarmError as refused:
        error, hint = str(refused), refused.hint
    return Health(service=name, seconds=round(time.monotonic() - began, 3), error=error, hint=hint)


def _health(ping: ServicePing) -> Health:
    name = ping.name.rpartition(".")[2]
    return looked_at(NAMES.get(name, name), ping.ping)
