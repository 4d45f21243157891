"""The pages that are tables in the code: effects, transitions, presets, and the two published schemas."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.compiler.effects import EFFECTS
from tasks.compiler.effects.documentation import effects_page
from tasks.compiler.encoders import ENCODERS, SOUND_ENCODERS, encoder, sound_encoder
from tasks.compiler.encoders.row import on_scale, own_number
from tasks.compiler.imports import kinofarm
from tasks.compiler.limits import Limits
from tasks.compiler.load import IMPORTERS
from tasks.compiler.model import Export
from tasks.compiler.presets import presets as every_preset
from tasks.compiler.transitions import CATALOGUE, TRANSITIONS
from tasks.compiler.transitions.documentation import transitions_page
from tasks.media import manifest
from tasks.media.containers import CONTAINERS


def effects() -> str:
    """Return docs/effects.md."""
    return effects_page(EFFECTS)


def transitions() -> str:
    """Return docs/transitions.md."""
    return transitions_page(CATALOGUE, TRANSITIONS)


def presets() -> str:
    """Return docs/presets.md."""
    rows = ["| preset | for | file | picture | sound |", "| --- | --- | --- | --- | --- |"]
    limits = ["| preset | what the platform takes | written down on | its page |", "| --- | --- | --- | --- |"]
    for name, preset in every_preset().items():
        export = preset.export
        size = f", {export.size.width}x{export.size.height} ({export.reframe})" if export.size else ""
        sound = export.sound.codec + (f", {export.sound.bitrate} kbit/s" if sound_encoder(export).most else "")
        rows.append(f"| `{name}` | {preset.summary} | {export.container}{size} | {_rate_of(export)} | {sound} |")
        if preset.limits is not None:
            limits.append(f"| `{name}` | {_taken(preset.limits)} | {preset.limits.as_of} | {preset.limits.source} |")
    return "\n\n".join(
        (
            "# Export presets",
            "`kinofarm render PROJECT -o OUT --preset NAME` replaces the project's own export settings. A preset is one "
            "TOML file in `tasks/compiler/presets/`. Tags, chapters, poster and subtitles stay the project's own.",
            "\n".join(rows),
            "## What platforms take",
            "`kinofarm check PROJECT --preset NAME` warns of what a platform would not take. The numbers were written down from what "
            "was known of each page, and not read off it on that day: look there before you rely on one. Some ask for files without edit lists; the farm's MP4 files "
            "have one, which hides the sound encoder's priming.",
            "\n".join(limits),
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


def exports() -> str:
    """Return docs/exports.md: containers, encoders of pictures, encoders of sound."""
    containers = ["| container | for | file | pictures | sounds | chapters | tags |", "|" + " --- |" * 7]
    for box in CONTAINERS.values():
        file = ", ".join(f"`{suffix}`" for suffix in box.suffixes) or "a folder"
        has = " | ".join("yes" if held else "" for held in (box.chapters, box.tags))
        codecs = f"{', '.join(box.pictures)} | {', '.join(box.sounds)}"
        containers.append(f"| `{box.name}` | {box.summary} | {file} | {codecs} | {has} |")
    encoders = [
        "| encoder | codec | needs | quality 100, 85, 50, 1 | rate control | bits | alpha | HDR | profiles |",
        "|" + " --- |" * 9,
    ]
    for row in ENCODERS.values():
        numbers = ", ".join(f"{on_scale(quality, row.scale):g}" for quality in (100, 85, 50, 1)) if row.scale else ""
        scale = f"{row.unit} {numbers}" if numbers else "by its profile, or without loss"
        modes = ", ".join((*row.modes, *(("two passes",) if row.first_pass else ())))
        bits = ", ".join(str(one) for one in row.bits)
        more = f"{bits} | {'yes' if row.alpha else ''} | {'yes' if row.hdr else ''} | {', '.join(row.profiles)}"
        encoders.append(f"| `{row.name}` | {row.codec} | {row.hardware} | {scale} | {modes} | {more} |")
    sounds = ["| codec | encoder | highest bitrate | sample rates |", "|" + " --- |" * 4]
    for one in SOUND_ENCODERS.values():
        rates = ", ".join(str(rate) for rate in one.rates) or "any"
        most = f"{one.most} kbit/s" if one.most else "without loss"
        sounds.append(f"| {one.codec} | `{one.name}` | {most} | {rates} |")
    return "\n\n".join(
        (
            "# Exports",
            "What a film may come out as. A codec in a container that does not take it is an error before anything starts. "
            "Codecs that an export does not name are the first of its container's.",
            "## Containers",
            "\n".join(containers),
            "A film's name must not promise another container (`PUBLISH-010`); one without a suffix may hold any.",
            "## Encoders of pictures",
            "Those that need a device are tried by encoding before they are believed; `kinofarm doctor` shows the result. "
            "Between the four numbers the scale is linear. Two passes look at each chunk for itself.",
            "\n".join(encoders),
            "## Encoders of sound",
            "Where a codec does not take the timeline's sample rate the sound is made at the first of its own, with a warning.",
            "\n".join(sounds),
        )
    )


def _rate_of(export: Export) -> str:
    video, row = export.video, encoder(export)
    profile = f" {video.profile}" if video.profile else ""
    if not row.modes:
        return f"{video.codec}{profile}"
    number = f"{row.unit} {own_number(video, row):g}"
    rate = number if video.mode == "crf" else f"{video.mode.upper()} {video.bitrate} kbit/s"
    cap = f", at most {video.max_bitrate} kbit/s" if video.max_bitrate else ""
    return f"{video.codec}{profile}, {rate}{cap}, {video.preset}"


def _taken(limits: Limits) -> str:
    said = limits.model_dump(mode="json", exclude={"source", "as_of"}, exclude_none=True)
    return "; ".join(
        f"{name.replace('_', ' ')} {', '.join(value) if isinstance(value, list) else value}"
        for name, value in said.items()
        if value != []
    )


def timeline_schema() -> Mapping[str, object]:
    """Return the JSON Schema of our own project format, as `kinofarm schema` prints it."""
    return kinofarm.schema()


def manifest_schema() -> Mapping[str, object]:
    """Return the JSON Schema of the manifest that lies beside every film."""
    return manifest.schema()
