"""What ends something by its name, and asks first: a model, a schedule, a token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from apps.ui.frame import say
from apps.ui.house import Visit
from apps.ui.parts.confirm import Confirm
from infra.errors import KinofarmError
from infra.values import Value


class Question(NamedTuple):
    """What is asked: its title, what follows from it, and the words of the button that says yes."""

    title: str
    text: str
    yes: str


def asked_first(
    visit: Visit,
    confirm: Confirm,
    question: Question,
    command: str,
    answer: type[Value],
    name: str,
    said: str,
    then: Callable[[], Awaitable[None]],
) -> Callable[[], Awaitable[None]]:
    """Return what a button does that ends something: it asks, carries the command out, and tells how that went.

    Args:    command: takes the name alone. answer: its kind. said: once it is done. then: after that.
    """

    async def end() -> None:
        try:
            await visit.ask(answer, command, name=name)
        except KinofarmError as error:
            say(f"{error.code}: {error.message}", "wrong")
            return
        say(said)
        await then()

    async def ask() -> None:
        confirm.ask(*question, end)

    return ask
