"""docs/events.md: every event that the farm emits, with what it carries."""

from __future__ import annotations

import inspect

from infra import events
from infra.events import Event, JobEvent

_HEARD = """\
They are heard at the Prefect server, or at the farm's API: `GET /api/v1/events` (Server-Sent Events) and the WebSocket
`/api/v1/events/ws`, which also tell `job.changed` (a job or a chunk of it has changed in the database), `chunk.changed` (a chunk is in another state), `connection` (whether
the Prefect server's events and the database are heard now) and `reset` (something was missed, read a snapshot). Each message is
JSON: `id`, `name`, `at`, and `event` with the fields below."""


def page() -> str:
    """Return the page, in Markdown."""
    parts = ["# Events", inspect.cleandoc(events.__doc__ or "").partition("\n\n")[2], _HEARD]
    for kind in kinds():
        lines = [f"## {kind.name}", ""]
        own = kind.__doc__ if kind.__doc__ != JobEvent.__doc__ else ""
        if own:
            lines += [inspect.cleandoc(own), ""]
        lines += [f"* `{name}: {_type(field.annotation)}`" for name, field in kind.model_fields.items()]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def kinds() -> list[type[Event]]:
    """Return the event types that have a name, in the order of the module."""
    return [
        value
        for value in vars(events).values()
        if isinstance(value, type) and issubclass(value, Event) and getattr(value, "name", None)
    ]


def _type(annotation: object) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")
