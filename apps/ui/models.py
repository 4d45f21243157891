"""The models that recognise things: which there are, and what they know; another is looked into, added, removed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import ValidationError

from apps.ui.asked_first import Question, asked_first
from apps.ui.frame import say
from apps.ui.house import Visit
from apps.ui.parts.confirm import Confirm
from apps.ui.parts.form import Form
from apps.ui.parts.tags import button, cell, empty, facts, panel, table, tag
from apps.ui.parts.when import When
from apps.ui.parts.words import several, size
from apps.ui.refreshed import refreshed
from flows.commands.models import ModelRemoved, Models
from infra.errors import KinofarmError
from infra.library.vision import VisionModel
from infra.uploads.commands import UploadList
from infra.uploads.records import Upload
from tasks.recognition.model import ModelFacts

EACH_SECONDS = 10.0
NAMED = 12
"""Classes whose names are shown; the others stand behind them, folded."""
SUFFIX = ".onnx"


async def show(visit: Visit) -> None:
    """Draw them, and look again every few seconds.

    Raises:  KinofarmError when the uploads can't be listed.
    """
    confirm = Confirm()
    with tag("header", "", "page-head"):
        tag("h1", "Models")
    forms = _Forms(visit, confirm)
    if visit.may("submit"):
        await forms.draw()

    async def read() -> Models:
        return await visit.look(Models, "model.list")

    def removing(name: str) -> Callable[[], Awaitable[None]]:
        asked = Question(
            f"Remove {name}?", "What it found stays; nothing more is looked for with it.", "Remove the model"
        )
        return asked_first(
            visit, confirm, asked, "model.remove", ModelRemoved, name, f"{name} is removed", lambda: again()
        )

    def draw(found: Models) -> None:
        with panel():
            if not found.models:
                empty("There is no model", "Add one of your own (ONNX): here, or with kinofarm models add NAME FILE", "search")  # fmt: skip
                return
            with table("Models", ("Name", "Knows", "Pictures", "Added", "")):
                for one in found.models:
                    _row(one, removing(one.name) if visit.may("operate") else None)

    again = await refreshed(visit, read, draw, EACH_SECONDS)
    forms.then = again


def _row(one: VisionModel, remove: Callable[[], Awaitable[None]] | None) -> None:
    known = _facts_of(one)
    with tag("tr"):
        with cell():
            tag("span", one.name, "strong")
            tag("span", f"{known.task}, {known.head.layout}" if known else "unknown", "sub")
        with cell(label="Knows"):
            _classes(known.classes if known else ())
        with cell(label="Pictures"), tag("span"):
            tag("span", _pictures(known) if known else "–")
            tag("span", size(one.size), "sub")
        with cell(label="Added"), tag("span"):
            When(one.added_at)
            tag("span", f"by {one.added_by}" if one.added_by else "", "sub")
        with cell("", "end"):
            if remove is not None:
                button("Remove", remove, "small", aria_label=f"Remove {one.name}")


def _classes(names: tuple[str, ...]) -> None:
    with tag("span"):
        tag("span", ", ".join(names[:NAMED]) or "–")
        if len(names) > NAMED:
            with tag("details", "", "fold"):
                tag("summary", f"and {several(len(names) - NAMED, 'other')}")
                tag("span", ", ".join(names[NAMED:]), "sub")


def _facts_of(one: VisionModel) -> ModelFacts | None:
    try:
        return ModelFacts.model_validate(one.facts)
    except ValidationError:  # written by another version
        return None


def _pictures(known: ModelFacts) -> str:
    return f"{known.width} × {known.height}" + ("" if known.fixed else " or another size")


class _Forms:
    """The form for a model's file, which is looked into, or added under a name."""

    def __init__(self, visit: Visit, confirm: Confirm) -> None:
        self.visit = visit
        self.confirm = confirm
        self.then: Callable[[], Awaitable[None]] | None = None
        self.adding = Form("model", "Add the model", self._asked)
        self.checking = Form("check", "Look into it", self._check)

    async def draw(self) -> None:
        """Draw what the visitor may use.

        Raises:  KinofarmError when the uploads can't be listed.
        """
        found = (await self.visit.look(UploadList, "upload.list", limit=100)).uploads
        uploads = [one for one in found if one.whole and one.name.lower().endswith(SUFFIX)]
        if self.visit.may("operate"):
            note = "An ONNX file: YOLO v5, v8, v9, v10 or v11. It is looked into first."
            with panel("Add a model", note=note), self.adding.fields():
                self.adding.text("name", "Name", required=True, maxlength=100, placeholder="pets")
                _file(self.adding, uploads)
        with tag("details", "", "panel"):
            tag("summary", "Look into a model’s file without adding it")
            with self.checking.fields():
                _file(self.checking, uploads)

    async def _check(self, given: dict[str, str]) -> None:
        known = await self.visit.ask(ModelFacts, "model.check", **_fields(given))
        rows = [("Finds", f"{known.task}, {known.head.layout}"), ("Pictures", _pictures(known)), ("Size", size(known.size))]  # fmt: skip
        facts([*rows, ("Classes", ", ".join(known.classes))], "stacked")
        facts([("sha256", known.sha256)], "stacked hashes")

    async def _asked(self, given: dict[str, str]) -> None:
        """Add it; in place of one of that name only when somebody said so."""
        found = await self.visit.ask(Models, "model.list")
        name = given.get("name", "")
        if not any(one.name == name for one in found.models):
            await self._add(given)
            return

        async def replace() -> None:
            try:
                await self._add(given)
            except KinofarmError as error:
                say(f"{error.code}: {error.message}", "wrong")

        self.confirm.ask(f"Replace {name}?", "There is a model of that name. What it found stays.", "Replace the model", replace)  # fmt: skip

    async def _add(self, given: dict[str, str]) -> None:
        added = await self.visit.ask(VisionModel, "model.add", **_fields(given))
        say(f"{added.name} is added")
        self.adding.clear()
        if self.then is not None:
            await self.then()


def _file(form: Form, uploads: list[Upload]) -> None:
    form.text("path", "File", "wide", maxlength=4096, placeholder="On the farm’s machine, in a media root")
    if uploads:
        form.choice("upload", "or an upload", {"": "none", **{str(one.id): one.name for one in uploads}})
    form.text(
        "classes", "Names of its classes", maxlength=4096, placeholder="The model’s own; or a file, one on a line"
    )
    form.text("layout", "Layout", maxlength=100, placeholder="Found out")


def _fields(given: dict[str, str]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value}
