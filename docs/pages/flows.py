"""docs/flows.md: every flow with its deployment and parameters."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import Any

import yaml

DEPLOYMENTS = Path(__file__).parents[2] / "prefect.yaml"


def page() -> str:
    """Return the page, in Markdown, one section per deployment."""
    parts = [
        "# Flows",
        "What Prefect runs. Every flow has its deployment in `prefect.yaml`; `kinofarm up` and a render deploy them. A run is "
        "started by the command line, or over Prefect's REST API (`POST /api/deployments/ID/create_flow_run` with an "
        "`idempotency_key`): both end the same way.",
    ]
    return "\n\n".join([*parts, *(_section(deployment) for deployment in deployments())])


def deployments() -> list[dict[str, Any]]:
    """Return the deployments of prefect.yaml."""
    found: list[dict[str, Any]] = yaml.safe_load(DEPLOYMENTS.read_text(encoding="utf-8"))["deployments"]
    return found


def _section(deployment: dict[str, Any]) -> str:
    module, _, name = deployment["entrypoint"].rpartition(".")
    flow = getattr(importlib.import_module(module), name)
    words = inspect.cleandoc(flow.fn.__doc__ or "")
    lines = [
        f"## {flow.name}/{deployment['name']}",
        deployment["description"],
        f"Entrypoint `{deployment['entrypoint']}`, work pool `{deployment['work_pool']['name']}`.",
    ]
    schedules = deployment.get("schedules", ())
    lines += [f"Scheduled: `{schedule['cron']}` ({schedule.get('timezone', 'UTC')})." for schedule in schedules]
    lines.append(f"```text\n{words}\n```")
    parameters = inspect.signature(flow.fn).parameters.values()
    if parameters:
        rows = ["| parameter | default |", "| --- | --- |"]
        rows += [f"| `{item.name}: {_type(item)}` | {_default(item)} |" for item in parameters]
        lines.append("\n".join(rows))
    return "\n\n".join(lines)


def _type(parameter: inspect.Parameter) -> str:
    kind = parameter.annotation
    return (kind if isinstance(kind, str) else getattr(kind, "__name__", str(kind))).replace("|", "\\|")


def _default(parameter: inspect.Parameter) -> str:
    return "required" if parameter.default is inspect.Parameter.empty else f"`{parameter.default!r}`"
