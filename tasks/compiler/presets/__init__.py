"""Export presets: one TOML file each in this folder; its name is the preset's.

A preset is a whole `Export`: what it leaves out has the model's default, and a project's own export settings are
replaced by it, so that the same preset makes the same kind of file from every project. Only what is about this film and
not about its kind stays: its tags, chapters and poster. A preset for a platform holds that platform's published limits.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from pydantic import Field

from infra.errors import KinofarmError
from infra.values import Value
from tasks.compiler.limits import Limits
from tasks.compiler.model import Export, Timeline


class Preset(Value):
    """A named way to export."""

    summary: str = Field(description="What it is good for, in a few words.")
    export: Export
    limits: Limits | None = Field(None, description="What the platform that it is for takes.")


@cache
def presets() -> Mapping[str, Preset]:
    """Return every preset by its name."""
    files = (file for file in resources.files(__name__).iterdir() if file.name.endswith(".toml"))
    found = {file.name.removesuffix(".toml"): file.read_text(encoding="utf-8") for file in files}
    return {name: Preset.model_validate(tomllib.loads(text)) for name, text in sorted(found.items())}


def apply_preset(timeline: Timeline, name: str) -> Timeline:
    """Return the timeline with the preset's export settings in place of its own.

    Raises:  CLI-004 when there is no such preset.
    """
    own = timeline.export
    kept = {name: getattr(own, name) for name in ("tags", "chapters", "poster", "subtitles", "subtitle_files")}
    return timeline.model_copy(update={"export": preset_named(name).export.model_copy(update=kept)})


def preset_named(name: str) -> Preset:
    """Return a preset.

    Raises:  CLI-004 when there is none of that name.
    """
    preset = presets().get(name)
    if preset is None:
        raise KinofarmError("CLI-004", name=name, names=", ".join(presets()))
    return preset
