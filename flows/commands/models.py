"""Commands about the models that recognise things in pictures."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import Field

from flows.commands.media import MediaNamed
from flows.commands.places import file_of
from infra.apart import Apart
from infra.commands import Call, Command, Name, Nothing, Text
from infra.errors import KinofarmError
from infra.library.vision import VisionModel, VisionModels
from infra.settings import Settings
from infra.values import Value
from tasks.recognition.model import ModelFacts, model_bytes
from tasks.recognition.reading import LOOKED_AT


class ModelNamed(Value):
    """A model of the farm's."""

    name: Name


class ModelFile(MediaNamed):
    """A model's file (ONNX), on the farm's machine or uploaded."""

    classes: Text | None = Field(
        None, description="A file of class names, one on a line or JSON; none: the model's own metadata has them."
    )
    layout: Name | None = Field(None, description="How its head is laid out, where it could be several.")


class ModelWanted(ModelFile):
    """A model that is added."""

    name: Name = Field(description="What it is called; what had that name is replaced.")


class Models(Value):
    """The models of the farm, by name."""

    models: tuple[VisionModel, ...]


class ModelRemoved(Value):
    """What is there no more."""

    removed: str


def check_model(call: Call, given: ModelFile) -> ModelFacts:
    """Look into a model's file: its input, its head's layout, its classes. It is run on nothing only, in a process of its own.

    Raises:  KinofarmError PATH-0xx, MODEL-0xx.
    """
    return _looked_at(call, given)[1]


def add_model(call: Call, given: ModelWanted) -> VisionModel:
    """Add a model that recognises things, under a name; it is looked into first.

    Raises:  KinofarmError PATH-0xx, MODEL-0xx, ANALYSIS-004.
    """
    file, facts = _looked_at(call, given)
    data = model_bytes(file)
    if hashlib.sha256(data).hexdigest() != facts.sha256:
        raise KinofarmError("MODEL-019", file=file.name)
    return call.services.get(VisionModels).add(given.name, data, facts.model_dump(mode="json"), call.name)


def list_models(call: Call, given: Nothing) -> Models:
    """List the models that recognise things: what they find, and in pictures of what size."""
    return Models(models=call.services.get(VisionModels).all())


def remove_model(call: Call, given: ModelNamed) -> ModelRemoved:
    """Remove a model; what it found stays.

    Raises:  KinofarmError ANALYSIS-002.
    """
    call.services.get(VisionModels).remove(given.name)
    return ModelRemoved(removed=given.name)


def _looked_at(call: Call, given: ModelFile) -> tuple[Path, ModelFacts]:
    """The file, and what is known of it."""
    file = file_of(call, given.path, given.upload, "path")
    classes = None if given.classes is None else str(file_of(call, given.classes, None, "classes"))
    asked = {"path": str(file), "classes": classes, "layout": given.layout}
    seconds = call.services.get(Settings).media.reader_seconds
    found = call.services.get(Apart).call(LOOKED_AT, asked, file=file.name, seconds=seconds)
    return file, ModelFacts.model_validate(found)


COMMANDS: tuple[Command, ...] = (
    Command("model.list", list_models, "GET /models", scope="read"),
    Command("model.check", check_model, "POST /models/check", scope="submit", example={"path": "shapes.onnx"}),
    Command("model.add", add_model, "PUT /models/{name}", scope="operate", example={"name": "shapes", "path": "shapes.onnx"}),
    Command("model.remove", remove_model, "DELETE /models/{name}", scope="operate", example={"name": "old"}),
)  # fmt: skip
"""Of this module."""
