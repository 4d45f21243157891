"""The command that has a part of a film rendered before anybody asks for the film."""

from __future__ import annotations

from pydantic import Field

from flows.commands.projects import EXAMPLE, Accepted, PartNamed, key_of, opened
from flows.dispatch import submit
from infra.commands import Call, Command, Name
from infra.jobs.states import HIGHEST_PRIORITY, LOWEST_PRIORITY, NORMAL_PRIORITY


class PrerenderWanted(PartNamed):
    """What is to be rendered ahead."""

    priority: int = Field(NORMAL_PRIORITY, ge=LOWEST_PRIORITY, le=HIGHEST_PRIORITY, description="Higher goes first.")
    idempotency_key: Name | None = Field(None, description="The same key means the same job, however often it is sent.")


def prerender(call: Call, given: PrerenderWanted) -> Accepted:
    """Have the chunks of a film that touch a range rendered into the cache, without a film: who renders it later waits less.

    The job ends done, with its chunks and no outputs. The sound is rendered, too, where the range is the whole film.

    Raises:  KinofarmError FORMAT-0xx, CHECK-0xx, PATH-0xx, MEDIA-0xx, CLI-002, JOB-004, FARM-023.
    """
    with opened(call, given) as found:
        order = found.order.model_copy(update={"publish": False})
        key = key_of(call, given.idempotency_key)
        parameters = {
            **order.model_dump(mode="json", exclude_none=True),
            "output": "",
            "submitted_by": call.name,
            "priority": given.priority,
            **({} if key is None else {"idempotency_key": key}),
        }
        job = submit(call.services, parameters, order.model_dump(mode="json", exclude={"project"}))
        return Accepted(job=job, warnings=found.warnings)


COMMANDS: tuple[Command, ...] = (
    Command("render.prerender", prerender, "POST /prerenders", scope="submit", example={**EXAMPLE, "range": "f0-f30"}, kind="job"),
)  # fmt: skip
"""Of this module."""
