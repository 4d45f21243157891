"""The pages that are tables in the code: effects, transitions, presets, and the two published schemas."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.compiler.effects import EFFECTS
from tasks.compiler.effects.documentation import effects_page
from tasks.compiler.imports import kinofarm
from tasks.compiler.load import IMPORTERS
from tasks.compiler.presets import presets as every_preset
from tasks.compiler.transitions import CATALOGUE, TRANSITIONS
from tasks.compiler.transitions.documentation import transitions_page
from tasks.media import manifest


def effects() -> str:
    """Return docs/effects.md."""
    return effects_page(EFFECTS)


def transitions() -> str:
    """Return docs/transitions.md."""
    return transitions_page(CATALOGUE, TRANSITIONS)


def presets() -> str:
    """Return docs/presets.md."""
    rows = ["| preset | for | picture | sound |", "| --- | --- | --- | --- |"]
    for name, preset in every_preset().items():
        video, sound = preset.export.video, preset.export.sound
        rate = f"CRF {video.crf:g}" if video.mode == "crf" else f"{video.mode.upper()} {video.bitrate} kbit/s"
        rows.append(
            f"| `{name}` | {preset.summary} | {video.codec}, {rate}, x264 {video.preset} | {sound.codec}, {sound.bitrate} kbit/s |"
        )
    return "\n\n".join(
        (
            "# Export presets",
            "`kinofarm render PROJECT -o OUT --preset NAME` replaces the project's own export settings. A preset is one "
            "TOML file in `tasks/compiler/presets/`.",
            "\n".join(rows),
        )
    )


def formats() -> str:
    """Return docs/formats.md."""
    rows = ["| format | suffix | comes from | told by | written |", "| --- | --- | --- | --- | --- |"]
    for importer in IMPORTERS.values():
        suffixes = ", ".join(f"`{suffix}`" for suffix in importer.suffixes)
        told = "what stands in it" if importer.recognises else "its suffix"
        written = "`kinofarm export`" if importer.written else ""
        rows.append(f"| {importer.name} | {suffixes} | {importer.comes_from} | {told} | {written} |")
    return "\n\n".join(
        (
            "# Formats of projects",
            "Every command that takes a project reads all of these. [format.md](format.md) says what each field means.",
            "\n".join(rows),
        )
    )


def timeline_schema() -> Mapping[str, object]:
    """Return the JSON Schema of our own project format, as `kinofarm schema` prints it."""
    return kinofarm.schema()


def manifest_schema() -> Mapping[str, object]:
    """Return the JSON Schema of the manifest that lies beside every film."""
    return manifest.schema()
