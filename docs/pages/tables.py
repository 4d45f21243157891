"""The pages that are tables in the code: effects, transitions, presets, and the two published schemas."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.compiler.effects import EFFECTS
from tasks.compiler.effects.documentation import effects_page
from tasks.compiler.imports import kinofarm
from tasks.compiler.load import IMPORTERS
from tasks.compiler.presets import presets as every_preset
from tasks.compiler.transitions import TRANSITIONS, TransitionRow
from tasks.media import manifest


def effects() -> str:
    """Return docs/effects.md."""
    return effects_page(EFFECTS)


def transitions() -> str:
    """Return docs/transitions.md: the catalogue's names first, then ffmpeg's own."""
    own = [row for name, row in TRANSITIONS.items() if row.seconds is not None]
    bare = [name for name, row in TRANSITIONS.items() if row.seconds is None and not name.startswith("xfade:")]
    prefixed = [row for name, row in TRANSITIONS.items() if name.startswith("xfade:")]
    return "\n\n".join(
        (
            "# Transitions",
            "A transition joins two neighbouring clips of a track. It takes both clips' handles and leaves the film's length "
            "as it is. A name that is not listed here is an error that names the clips.",
            "## The catalogue",
            "Durations are those of the editor's slider; one outside is rendered, with a warning.",
            _rows(own, with_seconds=True),
            "## Every transition of ffmpeg's xfade",
            f"Under its own name with `xfade:` before it, and, where the catalogue has no such name, without "
            f"({len(bare)} of {len(prefixed)}).",
            _rows(prefixed, with_seconds=False),
        )
    )


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


def _rows(rows: list[TransitionRow], *, with_seconds: bool) -> str:
    head = "| name | what one sees | seconds | directions |" if with_seconds else "| name | what one sees |"
    lines = [head, "| --- " * (head.count("|") - 1) + "|"]
    for row in rows:
        more = ""
        if with_seconds and row.seconds is not None:
            more = f" {row.seconds[0]:g} to {row.seconds[1]:g} | {', '.join(row.direction)} |"
        lines.append(f"| `{row.name}` | {row.summary} |{more}")
    return "\n".join(lines)
