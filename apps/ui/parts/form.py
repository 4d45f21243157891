"""A form: named fields, a button that sends them, and a place for what came of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from nicegui import context

from apps.ui.parts.tags import error_box, set_attribute, tag
from infra.errors import KinofarmError


class Form:
    """A form and its answer. The browser checks the fields by their attributes before it sends them.

    Args:    name: begins the ids of its fields. words: of the button.
             send: gets what was typed, by the fields' names, without what was left empty; a KinofarmError that it raises
             is shown below the form, and what was typed stays.
    """

    def __init__(self, name: str, words: str, send: Callable[[dict[str, str]], Awaitable[None]]) -> None:
        self._name = name
        self._words = words
        self._send = send

    @contextmanager
    def fields(self) -> Iterator[None]:
        """Draw the form; its fields are made within."""
        with tag("form", "", "form") as self._form:
            yield
            with tag("button", "", "button primary", type="submit"):
                tag("span", self._words)
        self._form.on(
            "submit.prevent", self._sent, js_handler="(e) => emit(Object.fromEntries(new FormData(e.target)))"
        )
        self.result = tag("div", "", "form-result", aria_live="polite")

    def text(self, name: str, words: str, classes: str = "", **attributes: Any) -> None:
        """A field in which a line is typed. words: its label."""
        with tag("div", "", f"field {classes}".strip()):
            tag("label", words, for_=f"{self._name}-{name}")
            made = tag("input", "", "", **{"name": name, "autocomplete": "off", **attributes})
        set_attribute(made, "id", f"{self._name}-{name}")

    def choice(self, name: str, words: str, choices: Mapping[str, str], classes: str = "") -> None:
        """A field in which one of these is chosen: what is sent, and what is shown."""
        with tag("div", "", f"field {classes}".strip()):
            tag("label", words, for_=f"{self._name}-{name}")
            with tag("select", "", "", name=name) as made:
                for value, shown in choices.items():
                    tag("option", shown, "", value=value)
        set_attribute(made, "id", f"{self._name}-{name}")

    def clear(self) -> None:
        """Empty the fields."""
        context.client.run_javascript(f"document.getElementById('c{self._form.id}').reset()")

    async def _sent(self, event: Any) -> None:
        given = event.args if isinstance(event.args, dict) else {}
        self.result.clear()
        with self.result:
            try:
                await self._send({str(name): str(value) for name, value in given.items() if value != ""})
            except KinofarmError as error:
                error_box(error)
