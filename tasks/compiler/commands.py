"""Commands that list what a project may say: effects, transitions, presets, formats, containers, encoders; the schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from infra.commands import Call, Command, Nothing
from infra.values import Value
from tasks.compiler.effects import EFFECTS
from tasks.compiler.encoders import ENCODERS, SOUND_ENCODERS
from tasks.compiler.imports.kinofarm import schema as timeline_schema
from tasks.compiler.load import IMPORTERS
from tasks.compiler.presets import Preset, presets
from tasks.compiler.transitions import TRANSITIONS
from tasks.media.containers import CONTAINERS
from tasks.media.manifest import schema as manifest_schema


class EffectShown(Value):
    """An effect. parameters: their JSON Schema, with defaults, bounds and meanings."""

    name: str
    summary: str
    on: Literal["picture", "sound"]
    category: str | None
    parameters: Mapping[str, Any]


class Effects(Value):
    """Every effect, by name."""

    effects: tuple[EffectShown, ...]


class TransitionShown(Value):
    """A transition. parameters: their JSON Schema."""

    name: str
    summary: str
    parameters: Mapping[str, Any]


class Transitions(Value):
    """Every transition, by name."""

    transitions: tuple[TransitionShown, ...]


class Presets(Value):
    """Every export preset, by name."""

    presets: Mapping[str, Preset]


class FormatShown(Value):
    """A format of projects."""

    name: str
    suffixes: tuple[str, ...]
    comes_from: str
    written: bool = Field(description="Projects can be exported to it.")


class ContainerShown(Value):
    """A container that films come in. suffixes: of file names; none: a folder of pictures."""

    name: str
    summary: str
    suffixes: tuple[str, ...]
    pictures: tuple[str, ...] = Field(description="Codecs of pictures that it takes.")
    sounds: tuple[str, ...] = Field(description="Codecs of sound that it takes.")
    chapters: bool
    tags: bool


class EncoderShown(Value):
    """An encoder of pictures. hardware: the family of devices that it needs; empty: none."""

    name: str
    codec: str
    hardware: str
    modes: tuple[str, ...]
    two_passes: bool
    bits: tuple[int, ...]
    alpha: bool
    hdr: bool
    profiles: tuple[str, ...]


class Formats(Value):
    """What goes in, and what films may come out as."""

    projects: tuple[FormatShown, ...]
    containers: tuple[ContainerShown, ...]
    encoders: tuple[EncoderShown, ...]
    sounds: tuple[str, ...] = Field(description="Codecs of sound.")


class SchemaWanted(Value):
    """Which published document."""

    document: Literal["timeline", "manifest"] = "timeline"


class Schema(Value):
    """A JSON Schema."""

    json_schema: Mapping[str, Any]


def list_effects(call: Call, given: Nothing) -> Effects:
    """List the effects on picture and sound, with their parameters."""
    return Effects(
        effects=tuple(
            EffectShown(
                name=row.name,
                summary=row.summary,
                on=row.on,
                category=row.category,
                parameters=row.parameters.model_json_schema(),
            )
            for row in EFFECTS.values()
        )
    )


def list_transitions(call: Call, given: Nothing) -> Transitions:
    """List the transitions, with their parameters."""
    return Transitions(
        transitions=tuple(
            TransitionShown(name=row.name, summary=row.summary, parameters=row.parameters.model_json_schema())
            for row in TRANSITIONS.values()
        )
    )


def list_presets(call: Call, given: Nothing) -> Presets:
    """List the export presets, with what the platforms take that they are for."""
    return Presets(presets=presets())


def list_formats(call: Call, given: Nothing) -> Formats:
    """List the formats of projects, the containers and the encoders."""
    return Formats(
        projects=tuple(
            FormatShown(name=one.name, suffixes=one.suffixes, comes_from=one.comes_from, written=one.written)
            for one in IMPORTERS.values()
        ),
        containers=tuple(
            ContainerShown(
                name=box.name,
                summary=box.summary,
                suffixes=box.suffixes,
                pictures=box.pictures,
                sounds=box.sounds,
                chapters=box.chapters,
                tags=box.tags,
            )
            for box in CONTAINERS.values()
        ),
        encoders=tuple(
            EncoderShown(
                name=row.name,
                codec=row.codec,
                hardware=row.hardware,
                modes=row.modes,
                two_passes=row.first_pass is not None,
                bits=row.bits,
                alpha=row.alpha,
                hdr=row.hdr,
                profiles=row.profiles,
            )
            for row in ENCODERS.values()
        ),
        sounds=tuple(SOUND_ENCODERS),
    )


def show_schema(call: Call, given: SchemaWanted) -> Schema:
    """Show the JSON Schema of our project format, or of the manifest."""
    found: Mapping[str, Any] = timeline_schema() if given.document == "timeline" else manifest_schema()
    return Schema(json_schema=found)


COMMANDS: tuple[Command, ...] = (
    Command("catalogue.effects", list_effects, "GET /catalogue/effects", scope="read"),
    Command("catalogue.transitions", list_transitions, "GET /catalogue/transitions", scope="read"),
    Command("catalogue.presets", list_presets, "GET /catalogue/presets", scope="read"),
    Command("catalogue.formats", list_formats, "GET /catalogue/formats", scope="read"),
    Command("catalogue.schema", show_schema, "GET /catalogue/schemas/{document}", scope="read", example={"document": "manifest"}),
)  # fmt: skip
"""Of this module."""
