"""The question before what can't be taken back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from apps.ui.parts.tags import button, set_attribute, tag


class Confirm:
    """A dialog that asks. The browser keeps the focus in it, and Escape closes it."""

    def __init__(self) -> None:
        self._then: Callable[[], Awaitable[None]] | None = None
        with tag("dialog", "", "dialog", aria_labelledby="confirm-title") as self._dialog:
            self._title = tag("h2", "")
            set_attribute(self._title, "id", "confirm-title")
            self._text = tag("p", "", "note")
            with tag("div", "", "dialog-foot"):
                button("Keep as it is", self._close, "quiet")
                with tag("button", "", "button danger", type="button") as self._yes:
                    self._words = tag("span", "")
                self._yes.on("click", self._confirmed, args=[])

    def ask(self, title: str, text: str, words: str, then: Callable[[], Awaitable[None]]) -> None:
        """Ask, and do `then` when the answer is yes. words: of the button that says so."""
        self._then = then
        self._title.set_text(title)
        self._text.set_text(text)
        self._words.set_text(words)
        self._dialog.run_method("showModal")

    def _close(self) -> None:
        self._then = None
        self._dialog.run_method("close")

    async def _confirmed(self) -> None:
        then = self._then
        self._close()
        if then is not None:
            await then()
