"""What webhooks were told, and what is still to be told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from apps.ui.frame import say
from apps.ui.house import Visit
from apps.ui.parts.tags import button, cell, empty, link, panel, table, tag
from apps.ui.parts.when import When
from apps.ui.refreshed import refreshed
from infra.errors import KinofarmError
from infra.jobs.commands import Deliveries
from infra.jobs.deliveries import Delivery

EACH_SECONDS = 4.0
STATES = {"waiting": ("accepted", "Waiting"), "delivered": ("done", "Delivered"), "given up": ("failed", "Given up")}


async def show(visit: Visit) -> None:
    """Draw them, and look again every few seconds."""
    with tag("header", "", "page-head"):
        tag("h1", "Webhooks")

    async def read() -> Deliveries:
        return await visit.look(Deliveries, "webhook.list", limit=100)

    def telling(one: Delivery) -> Callable[[], Awaitable[None]]:
        async def tell() -> None:
            try:
                await visit.ask(Delivery, "webhook.redeliver", delivery=str(one.id))
            except KinofarmError as error:
                say(f"{error.code}: {error.message}", "wrong")
                return
            say(f"{one.webhook} is told once more")
            await again()

        return tell

    def draw(found: Deliveries) -> None:
        with panel("Deliveries"):
            if not found.deliveries:
                empty(
                    "No webhook was told anything yet", "Webhooks stand in the setting notify.webhooks.", "deliveries"
                )
                return
            with table("Deliveries of webhooks", ("Webhook", "What", "Job", "State", "Answer", "Tries", "When", "")):
                for one in found.deliveries:
                    _row(one, telling(one) if visit.may("operate") else None)

    again = await refreshed(visit, read, draw, EACH_SECONDS)


def _row(one: Delivery, tell: Callable[[], Awaitable[None]] | None) -> None:
    kind, words = STATES[one.state]
    with tag("tr"):
        cell(one.webhook, "strong")
        cell(one.event, label="What")
        with cell(label="Job"):
            link(str(one.job_id)[:8], f"/jobs/{one.job_id}")
        with cell():
            tag("span", words, f"badge {kind}")
        with cell(label="Answer"):
            tag("span", str(one.status or "–"))
            if one.error:
                tag("span", one.error, "sub wrong")
        cell(str(one.attempts), "number", "Tries")
        with cell(label="When"):
            When(one.created_at)
        with cell("", "end"):
            if tell is not None:
                button("Tell again", tell, "small")
