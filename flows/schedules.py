"""A user's own schedules: "render this project each night".

Each is a deployment of the render flow with its parameters and a cron, so that Prefect's page shows it, runs it at once and
pauses it. They are not in prefect.yaml, and a new deployment of the farm leaves them alone (of a deployment that is deployed
again Prefect deletes the schedules).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flows.dispatch import RENDER
from infra.errors import KinofarmError
from infra.prefect_api import PrefectApi
from infra.services import Services
from infra.values import Value
from tasks.compiler.order import Order

TAG = "kinofarm:schedule"
"""Marks the deployments that are a user's schedules."""


class Schedule(Value):
    """A render at set times. paused: in Prefect. next: of the runs that Prefect has planned."""

    name: str
    cron: str
    timezone: str
    project: str
    output: str
    preset: str | None
    paused: bool
    next: datetime | None


def add(services: Services, name: str, order: Order, output: Path, cron: str, timezone: str, submitter: str) -> None:
    """Render a project at set times, in place of what was scheduled under that name.

    Raises:  KinofarmError CLI-023 no time that can be read, CLI-024 an unknown time zone, CLI-025 a name that is taken,
             FARM-02x.
    """
    if name == RENDER.partition("/")[2] or "/" in name or not name.strip():
        raise KinofarmError("CLI-025", name=name)
    try:
        ZoneInfo(timezone)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        raise KinofarmError("CLI-024", timezone=timezone) from None
    parameters = {**order.model_dump(mode="json", exclude_none=True), "output": str(output), "submitted_by": submitter}
    api = services.get(PrefectApi)
    try:
        api.put_deployment(
            RENDER,
            name,
            parameters=parameters,
            tags=[TAG],
            schedules=[{"active": True, "schedule": {"cron": cron, "timezone": timezone}}],
            description=f"Renders {order.project} into {output}; made by kinofarm schedule.",
        )
    except KinofarmError as refused:
        if refused.code == "FARM-022" and "cron" in str(refused.params.get("reason", "")).lower():
            raise KinofarmError("CLI-023", cron=cron) from None
        raise


def schedules(services: Services) -> tuple[Schedule, ...]:
    """Return the users' schedules, by name.

    Raises:  KinofarmError FARM-02x.
    """
    api = services.get(PrefectApi)
    found = [_schedule(each, api) for each in api.deployments_tagged(TAG)]
    return tuple(sorted(found, key=lambda each: each.name))


def remove(services: Services, name: str) -> None:
    """Remove a schedule; renders that have begun go on.

    Raises:  KinofarmError CLI-026 when there is none of that name, FARM-02x.
    """
    api = services.get(PrefectApi)
    for each in api.deployments_tagged(TAG):
        if each["name"] == name:
            api.delete_deployment(each["id"])
            return
    raise KinofarmError("CLI-026", name=name)


def _schedule(found: dict[str, Any], api: PrefectApi) -> Schedule:
    when: dict[str, Any] = found["schedules"][0] if found["schedules"] else {"schedule": {}, "active": False}
    parameters = found["parameters"]
    return Schedule(
        name=found["name"],
        cron=when["schedule"].get("cron", ""),
        timezone=when["schedule"].get("timezone") or "UTC",
        project=parameters.get("project", ""),
        output=parameters.get("output", ""),
        preset=parameters.get("preset"),
        paused=bool(found.get("paused")) or not when["active"],
        next=api.next_run(found["id"]),
    )
