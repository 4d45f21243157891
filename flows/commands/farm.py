"""Commands about the farm itself: how it is, what it is made of, its settings; renders at set times."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

from pydantic import Field

from flows import schedules as kept
from flows.commands.projects import PartNamed, opened, place_of
from infra import farm, machine, services
from infra.commands import Call, Command, Name, Nothing, Text
from infra.farm import FarmConnection
from infra.jobs.ledger import Ledger
from infra.jobs.listing import JobCounts, JobList
from infra.jobs.records import CPU_POOL, GPU_POOL
from infra.jobs.workers import WorkerStore
from infra.services import Ffmpeg
from infra.settings import Settings
from infra.values import Value
from tasks.compiler.order import check_targets

SCHEDULED = "scheduled"
"""Folder below that of the films for those that are rendered at set times."""
PARTS = ("kinofarm", "prefect", "fastapi", "nicegui", "sqlalchemy", "av", "ffmpeg-python", "pysubs2")


class ServiceHealth(Value):
    """How a service is. error: empty when it is well."""

    service: str
    ok: bool
    seconds: float
    error: str
    hint: str


class PoolLoad(Value):
    """What a pool does."""

    slots: int = Field(description="Chunks at once, on all machines that take work.")
    rendering: int
    waiting: int


class FarmStatus(Value):
    """How the farm is, and what it does."""

    ok: bool
    services: tuple[ServiceHealth, ...]
    jobs: JobCounts | None = Field(description="null while the database is away.")
    pools: Mapping[str, PoolLoad]
    machines: int = Field(description="That take work now.")
    prefect: str = Field(description="URL of the Prefect server's API.")
    since: datetime | None = Field(description="When the farm was started.")


class FarmInfo(Value):
    """What this farm is made of."""

    version: str
    versions: Mapping[str, str] = Field(description="Of the packages that it stands on.")
    python: str
    ffmpeg: str
    ffmpeg_path: str
    system: str
    cores: int
    memory: int = Field(description="Bytes.")
    home: str
    disk_free: int = Field(description="Bytes on the home's disk.")
    time: datetime


class SettingsShown(Value):
    """The settings in force; secrets are hidden."""

    settings: Mapping[str, Any]


class Schedules(Value):
    """Renders at set times."""

    schedules: tuple[kept.Schedule, ...]


class ScheduleWanted(PartNamed):
    """A render at set times."""

    output: Text | None = Field(
        None, description="The film's name, as of a render; the one of the time before is replaced."
    )
    name: Name = Field(description="What it is called; what was scheduled under that name is replaced.")
    cron: Text = Field(description='When: "0 2 * * *" is each night at two.')
    timezone: Text = Field("UTC", description="Of these times, such as Europe/Berlin.")


class ScheduleNamed(Value):
    """A schedule."""

    name: Name


class Removed(Value):
    """What is there no more."""

    removed: str


def status(call: Call, given: Nothing) -> FarmStatus:
    """Show how each service is, and how much there is to do."""
    settings = call.services.get(Settings)
    health = services.check(settings)
    well = {one.service: one.ok for one in health}
    connection = farm.connect(settings) or call.services.get(FarmConnection)
    jobs, pools, machines = None, {}, 0
    if well.get("database"):
        jobs = call.services.get(JobList).counts()
        ledger, workers = call.services.get(Ledger), call.services.get(WorkerStore)
        machines = sum(worker.works for worker in workers.workers())
        pools = {
            pool: PoolLoad(slots=workers.slots(pool), rendering=ledger.leased(pool), waiting=ledger.waiting(pool))
            for pool in (CPU_POOL, GPU_POOL)
        }
    return FarmStatus(
        ok=all(well.values()),
        services=tuple(ServiceHealth(ok=one.ok, **one.model_dump()) for one in health),
        jobs=jobs,
        pools=pools,
        machines=machines,
        prefect=connection.api_url,
        since=connection.state.started_at if connection.state else None,
    )


def info(call: Call, given: Nothing) -> FarmInfo:
    """Show what this farm is made of: versions, ffmpeg, the machine that serves it."""
    settings, ffmpeg = call.services.get(Settings), call.services.get(Ffmpeg)
    return FarmInfo(
        version=metadata.version("kinofarm"),
        versions={name: metadata.version(name) for name in PARTS},
        python=platform.python_version(),
        ffmpeg=ffmpeg.version,
        ffmpeg_path=str(ffmpeg.path),
        system=f"{platform.system()} {platform.machine()}",
        cores=os.cpu_count() or 1,
        memory=machine.memory(),
        home=str(settings.home.absolute()),
        disk_free=shutil.disk_usage(settings.home.absolute()).free,
        time=datetime.now(UTC),
    )


def show_settings(call: Call, given: Nothing) -> SettingsShown:
    """Show the settings in force; secrets are hidden."""
    return SettingsShown(settings=call.services.get(Settings).model_dump(mode="json"))


def list_schedules(call: Call, given: Nothing) -> Schedules:
    """List what is rendered at set times, and when next."""
    return Schedules(schedules=kept.schedules(call.services))


def add_schedule(call: Call, given: ScheduleWanted) -> Schedules:
    """Render a project at set times; it is checked now, and read anew at each render. Returns all schedules of that name."""
    with opened(call, given) as found:
        target = place_of(call, SCHEDULED, given.output, found)
        target.parent.mkdir(parents=True, exist_ok=True)
        media = [media.path for media in found.checked.media.values()]
        (place,) = check_targets(found.read, [target], media)
        kept.add(call.services, given.name, found.order, place, given.cron, given.timezone, call.name)
    mine = tuple(each for each in kept.schedules(call.services) if each.name == given.name)
    return Schedules(schedules=mine)


def remove_schedule(call: Call, given: ScheduleNamed) -> Removed:
    """Render a project no longer at set times; renders that have begun go on."""
    kept.remove(call.services, given.name)
    return Removed(removed=given.name)


COMMANDS: tuple[Command, ...] = (
    Command("farm.status", status, "GET /farm", scope="read"),
    Command("farm.info", info, "GET /farm/info", scope="read"),
    Command("farm.settings", show_settings, "GET /farm/settings", scope="operate"),
    Command("schedule.list", list_schedules, "GET /schedules", scope="read"),
    Command(
        "schedule.add",
        add_schedule,
        "PUT /schedules/{name}",
        scope="operate",
        example={"name": "nightly", "project": "example.kinofarm.json", "output": "nightly.mp4", "cron": "0 2 * * *"},
    ),
    Command(
        "schedule.remove", remove_schedule, "DELETE /schedules/{name}", scope="operate", example={"name": "weekly"}
    ),
)
"""Of this module."""
