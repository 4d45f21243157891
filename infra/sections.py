"""The sections of the settings: what an operator can set of each part of the farm."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DatabaseSettings(Section):
    url: SecretStr | None = Field(
        None,
        description="SQLAlchemy URL (postgresql+psycopg://...) of a PostgreSQL of yours; unset: the farm runs its own.",
    )


class PrefectSettings(Section):
    api_url: str | None = Field(
        None,
        description="API URL of a Prefect server of yours, such as http://127.0.0.1:4200/api; unset: the farm runs its own.",
    )
    auth: SecretStr | None = Field(None, description="Auth string (user:password) of that server.")


class FfmpegSettings(Section):
    binary: Path | None = Field(
        None, description="The ffmpeg to use; unset: the one that the imageio-ffmpeg package ships."
    )
    threads: int = Field(
        0, ge=0, description="Threads per ffmpeg; 0: the machine's cores divided by the worker's slots, at least 1."
    )
    timeout: float = Field(3600, gt=0, description="Seconds that one ffmpeg process may take.")
    hang: float = Field(
        60,
        gt=0,
        description="Seconds with neither a new frame nor processor time after which ffmpeg is stopped as hung.",
    )


class WorkerSettings(Section):
    name: str | None = Field(
        None, description="Name of this machine in the farm, different from every other's; unset: its host name."
    )
    pool: Literal["auto", "cpu", "gpu", "none"] = Field(
        "auto",
        description="What this machine renders: chunks for processors (cpu), for devices that encode (gpu), both as far as it can (auto), or none.",
    )
    slots: int = Field(
        0,
        ge=0,
        description="Chunks that this machine renders at once; 0: half its cores, at least 1 and, with 2 cores or more, at least 2.",
    )
    gpu_slots: int = Field(
        0, ge=0, description="Chunks that this machine's devices encode at once; 0: as many as a trial shows."
    )
    reprobe_minutes: float = Field(60, gt=0, description="Minutes between two trials of what this machine can do.")
    breaker: int = Field(
        3, ge=1, description="Chunks in a row that fail by this machine's own fault after which it takes no more."
    )
    drain_seconds: float = Field(
        30,
        ge=0,
        description="Seconds that chunks in work have to end when a worker is told to stop; then they are handed back.",
    )
    lease: float = Field(
        15, gt=0, description="Seconds that a claimed chunk stays with a shard that no longer answers."
    )
    heartbeat: float = Field(4, gt=0, description="Seconds between two renewals of a chunk's lease.")
    idle: float = Field(10, ge=0, description="Seconds without work after which a shard ends.")
    attempts: int = Field(3, ge=1, description="Attempts at one chunk before its job fails.")


class FairnessSettings(Section):
    point_seconds: float = Field(
        30,
        gt=0,
        description="A job rises by a point of priority each time that it was not served for so many seconds: none starves.",
    )
    chunks_per_submitter: int = Field(
        0, ge=0, description="Chunks of one submitter that are in work at once, on all machines; 0: any number."
    )
    cpu_chunks: int = Field(
        0,
        ge=0,
        description="Chunks for processors that are in work at once, on all machines; 0: as many as they have slots.",
    )
    gpu_chunks: int = Field(
        0,
        ge=0,
        description="Chunks for devices that are in work at once, such as by a licence; 0: as many as there are slots.",
    )


class RenderSettings(Section):
    at_once: int = Field(
        0,
        ge=0,
        description="Renders that plan, wait and assemble at once, 100 MB each; 0: twice this machine's slots, at least 8. The others are queued.",
    )
    chunk_seconds: float = Field(10, gt=0, le=600, description="Wanted length of a chunk, in seconds of film.")
    gop_seconds: float = Field(
        2, gt=0, le=60, description="Longest distance between two keyframes, in seconds, where the project names none."
    )


class S3Settings(Section):
    bucket: str | None = Field(
        None, description="Bucket in which the farm keeps its cache, for machines that share no folder; unset: none."
    )
    prefix: str = Field("", description="Beginning of every name in the bucket, such as kinofarm/.")
    endpoint: str | None = Field(
        None, description="URL of an S3 server of yours, such as https://s3.example.org; unset: Amazon's."
    )
    region: str | None = Field(None, description="The bucket's region, such as eu-central-1.")
    access_key: str | None = Field(
        None, description="Access key; unset: what boto3 finds (AWS_ACCESS_KEY_ID, ~/.aws, the machine's role)."
    )
    secret_key: SecretStr | None = Field(None, description="Secret key that belongs to the access key.")


class CacheSettings(Section):
    folder: Path | None = Field(
        None,
        description="Where finished chunks are kept, or with S3 this machine's copies of them; unset: the folder cache in the farm's home.",
    )
    s3: S3Settings = Field(default_factory=S3Settings, description="A bucket in place of the folder.")
    policy: Literal["lru", "lfu", "fifo"] = Field(
        "lru",
        description="What goes first when there is too much: what was used last the longest time ago (lru), what was used least (lfu), what came first (fifo).",
    )
    max_gigabytes: float = Field(50, gt=0, description="Size that the cache never exceeds.")
    max_entries: int | None = Field(
        None, ge=1, description="Number of entries that the cache never exceeds; unset: any."
    )
    max_idle_days: float | None = Field(
        None, gt=0, description="Days without use after which an entry goes in any case; unset: never."
    )
    min_free_gigabytes: float = Field(1, ge=0, description="What the cache and uploads leave free on their disks.")
    copies_gigabytes: float = Field(20, gt=0, description="With S3: size that this machine's copies never exceed.")
    share_sources: Literal["auto", "always", "never"] = Field(
        "auto",
        description="Whether media and fonts are put into the cache for workers that do not see the project's folders; auto: with S3.",
    )


class WatchedFolder(Section):
    folder: Path = Field(description="Where projects and media files are dropped.")
    output: Path = Field(description="Where the films go; folders below the watched one are kept.")
    preset: str | None = Field(
        None, description="Export preset; unset: as the project says, and for a media file H.264 in MP4."
    )
    names: tuple[str, ...] = Field(
        (), description='Which files, such as ["*.otio"]; unset: whatever ends like a project or a media file.'
    )
    recursive: bool = Field(True, description="Look into the folders below, too.")
    priority: int = Field(50, ge=0, le=100, description="Of the jobs; higher is rendered first.")
    submitter: str = Field("watch", description="In whose name the jobs are; fair share is between submitters.")
    polls: int = Field(3, ge=1, description="Looks in a row at which size and time of a file must be the same.")
    poll_seconds: float = Field(2, gt=0, description="Between two looks; on a local disk a change is noticed at once.")
    give_up_minutes: float = Field(
        10, ge=0, description="Minutes for which a file that can't be read, or whose media are missing, is tried again."
    )
    move: bool = Field(
        False, description="Move a file into done/ or failed/ below the watched folder, with a report beside it."
    )
    start: Literal["run", "event"] = Field(
        "run",
        description="Who starts the render: the watcher itself, or the trigger of the deployment that waits for its event.",
    )


class Webhook(Section):
    name: str = Field(description="What the log of deliveries calls it.", min_length=1, max_length=100)
    url: SecretStr = Field(description="Where it is told; kept secret, since many carry a token.")
    secret: SecretStr | None = Field(
        None, description="With what its requests are signed (Standard Webhooks); unset: they are not signed."
    )
    events: tuple[Literal["job.accepted", "job.done", "job.failed", "job.cancelled"], ...] = Field(
        ("job.done", "job.failed", "job.cancelled"), description="What it is told of."
    )


class NotifySettings(Section):
    webhooks: tuple[Webhook, ...] = Field((), description="Programs that are told of jobs by a request of ours.")
    blocks: tuple[str, ...] = Field(
        (),
        description='Notification blocks of the Prefect server, such as "slack-webhook/ops" or "email-server/ops", that are told of failed jobs.',
    )

    @field_validator("webhooks")
    @classmethod
    def _each_name_once(cls, webhooks: tuple[Webhook, ...]) -> tuple[Webhook, ...]:
        if len({hook.name for hook in webhooks}) < len(webhooks):
            raise ValueError("each webhook needs a name of its own")
        return webhooks


class ApiSettings(Section):
    enabled: bool = Field(True, description="Whether the farm that is up serves its REST API and status page.")
    host: str = Field(
        "127.0.0.1",
        description="Address to listen on; one that other machines reach needs TLS, or api.behind_proxy.",
    )
    port: int | None = Field(
        None, ge=1, le=65535, description="Port to listen on; unset: 4280, or the next one that is free."
    )
    tls_certificate: Path | None = Field(None, description="Certificate chain (PEM) to serve TLS with.")
    tls_key: Path | None = Field(None, description="Its private key (PEM).")
    behind_proxy: bool = Field(
        False,
        description="A proxy of yours in front adds TLS: its X-Forwarded-For and -Proto headers are believed, and any address may be listened on.",
    )
    url: str | None = Field(
        None, description="Address under which people reach it, such as https://farm.example.org; for links to it."
    )
    films: Path | None = Field(
        None, description="Where the films of jobs go that name no folder, as over REST; unset: HOME/films."
    )
    requests_per_minute: int = Field(1200, ge=1, description="Requests of one token, or of one address without one.")
    body_megabytes: float = Field(16, gt=0, description="Largest body of a request, but for the parts of an upload.")
    upload_gigabytes: float = Field(200, gt=0, description="Largest file that is taken as an upload.")
    backup_gigabytes: float = Field(50, gt=0, description="Largest backup of a project that is made over the network.")
    session_hours: float = Field(168, gt=0, description="Hours after which the status page asks for a token again.")


class MediaSettings(Section):
    readers: int = Field(
        4, ge=1, le=64, description="Media files that are looked into at once, each in a process of its own."
    )
    reader_seconds: float = Field(
        120,
        gt=0,
        description="Seconds that one look into a media file may take; hashing a file takes its time besides.",
    )
    reader_megabytes: int = Field(
        3072, ge=512, description="Address space that a process may take that looks into media files."
    )
    remembered_days: float = Field(
        30, gt=0, description="Days after which a media file is looked into again, even if it seems unchanged."
    )


class HousekeepingSettings(Section):
    job_days: int = Field(90, ge=1, description="Days for which an ended job is remembered; its film stays.")
    log_days: int = Field(30, ge=1, description="Days for which the log of webhooks goes back.")
    worker_days: int = Field(7, ge=1, description="Days after which a machine that was not heard of is forgotten.")
    audit_days: int = Field(365, ge=1, description="Days for which the audit log goes back.")
    backup_days: float = Field(30, gt=0, description="Days for which the backup of a project is kept.")
    upload_hours: float = Field(24, gt=0, description="Hours after which an upload that does not go on is forgotten.")


class WatchSettings(Section):
    folders: tuple[WatchedFolder, ...] = Field((), description="Folders in which a file that is dropped becomes a job.")

    @field_validator("folders")
    @classmethod
    def _each_folder_once(cls, folders: tuple[WatchedFolder, ...]) -> tuple[WatchedFolder, ...]:
        if len({each.folder.absolute() for each in folders}) < len(folders):
            raise ValueError("a folder is watched once")
        return folders
