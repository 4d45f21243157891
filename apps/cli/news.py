"""Commands about webhooks: deliveries, redeliver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.cli import console
from apps.cli.options import AsJson

if TYPE_CHECKING:
    from infra.jobs.deliveries import Delivery


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    for command in (deliveries, redeliver):
        app.command()(command)


def deliveries(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many, the newest first.")] = 20,
    webhook: Annotated[
        str | None, typer.Option("--webhook", metavar="NAME", help="Of this one only.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List what webhooks were told, and what is still to be told."""
    from infra import services
    from infra.jobs.deliveries import DeliveryStore
    from infra.settings import in_force

    with services.opened(in_force()) as container:
        found = container.get(DeliveryStore).recent(limit, webhook)
    if as_json:
        console.show_json([delivery_document(each) for each in found])
        return
    for each in found:
        job, tries = str(each.job_id)[:8], f"{each.attempts} tries" if each.attempts != 1 else "1 try"
        console.show(
            f"{str(each.id)[:8]}  {each.created_at:%Y-%m-%d %H:%M:%S}  {each.webhook:<12} {each.event:<13} job {job}"
            f"  {each.state}, {tries}"
        )
        if each.error:
            console.show(f"    {each.error}")
    if not found:
        console.say("no webhook was told of anything")


def redeliver(
    delivery: Annotated[str, typer.Argument(metavar="ID", help="Its id, or the first letters.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Tell a webhook once more, whatever became of it before."""
    from infra import services
    from infra.jobs.deliveries import DeliveryStore
    from infra.settings import in_force

    with services.opened(in_force()) as container:
        found = container.get(DeliveryStore).again(delivery)
    if as_json:
        console.show_json(delivery_document(found))
    else:
        console.say(f"{found.webhook} is told again")


def delivery_document(found: Delivery) -> dict[str, Any]:
    """Return a delivery as JSON values."""
    return found.model_dump(mode="json")
