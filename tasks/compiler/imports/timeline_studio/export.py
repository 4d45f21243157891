"""The project's settings: how the film is encoded, and what overrides the timeline.

`settings.output` wins over `settings.export`. Rate control: rate_control_mode decides; absent, `crf`, else `quality` mapped
by each encoder to its own scale; the video_bitrate is then only the cap.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from infra.errors import KinofarmError
from tasks.compiler.encoders import ENCODERS, encoder, sound_encoder
from tasks.compiler.encoders.row import EncoderRow
from tasks.compiler.imports.imported import Warnings
from tasks.compiler.imports.places import problem
from tasks.compiler.imports.timeline_studio.fields import Id, Ratio, Read, Real, Seconds, one_of, shaped, squash
from tasks.compiler.model import Export, SoundExport, VideoExport
from tasks.media.containers import CONTAINERS
from tasks.media.loudness import Loudness
from tasks.media.soft import TextForm

DEFAULT_QUALITY = 85.0
PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")
_PROFILES = ("baseline", "main", "high")

CONTAINERS_OF = {suffix.lstrip("."): row.name for row in CONTAINERS.values() for suffix in row.suffixes}
"""Formats by their file's suffix, and the container of each. Their codecs are the containers' usual ones."""

DEVICES = {"nvenc": "nvenc", "quicksync": "qsv", "vaapi": "vaapi", "videotoolbox": "videotoolbox", "amf": "amf"}
"""The editor's words for devices, and how ffmpeg's encoders on them end."""

Preset = Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"]
Profile = Literal["baseline", "main", "high"]
Kilobits = Annotated[int, Field(ge=10, le=1_000_000)]


def _format(value: Any) -> str:
    """Read an output format: a name, or {"Custom": "ext"}."""
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    if not isinstance(value, str) or len(value) > 20:
        raise problem("FORMAT-020", problem="it should be Mp4, Avi, Mov, Mkv, WebM, Gif or Custom")
    return value.lstrip(".").casefold()


Format = Annotated[str, shaped(_format)]


class ExportObject(Read):
    """`settings.export`."""

    format: Format = "mp4"
    quality: Annotated[Real, Field(ge=1, le=100)] = DEFAULT_QUALITY
    video_bitrate: Kilobits | None = None
    audio_bitrate: Annotated[int, Field(ge=16, le=1024)] = 192
    hardware_acceleration: bool = False
    preferred_gpu_encoder: Any = None
    encoding_profile: Id | None = None
    rate_control_mode: Annotated[Literal["vbr", "cbr", "crf", "cqp"], one_of("vbr", "cbr", "crf", "cqp")] | None = None
    keyframe_interval: Annotated[int, Field(ge=1, le=10_000)] | None = None
    b_frames: Annotated[int, Field(ge=0, le=16)] | None = None
    multi_pass: bool | None = None
    preset: Id | None = None
    max_bitrate: Kilobits | None = None
    min_bitrate: Kilobits | None = None
    crf: Annotated[Real, Field(ge=0, le=51)] | None = None
    optimize_for_speed: bool | None = None
    optimize_for_network: bool | None = None
    normalize_audio: bool | None = None
    audio_target: Real | None = None
    audio_peak: Real | None = None
    subtitles: Annotated[Literal["burn", "soft", "both"], one_of("burn", "soft", "both")] = "burn"
    subtitle_form: Annotated[TextForm, one_of("mov_text", "srt", "ass")] | None = None
    subtitle_files: Annotated[
        list[Annotated[Literal["srt", "vtt", "ass"], one_of("srt", "vtt", "ass", also={"webvtt": "vtt"})]],
        Field(max_length=3),
    ] = Field(default_factory=list)
    ffmpeg_args: Annotated[list[Annotated[str, Field(max_length=1000)]], Field(max_length=100)] = Field(
        default_factory=list
    )


class OutputObject(Read):
    """`settings.output`: what it sets wins over `settings.export`. Its duration is informative."""

    format: Format | None = None
    quality: Annotated[Real, Field(ge=1, le=100)] | None = None
    video_bitrate: Kilobits | None = None
    audio_bitrate: Annotated[int, Field(ge=16, le=1024)] | None = None
    duration: Seconds | None = None


class ResolutionObject(Read):
    """`settings.resolution`: the film's size, where it is not the timeline's."""

    width: int
    height: int


class SettingsObject(Read):
    """`settings`."""

    export: ExportObject = ExportObject()
    preview: Any = None
    output: OutputObject = OutputObject()
    resolution: ResolutionObject | None = None
    frame_rate: Ratio | None = None
    custom: Any = None


def to_export(settings: SettingsObject, warnings: Warnings) -> Export:
    """Return how the film is encoded.

    Raises:  FORMAT-040 for a container, profile or preset that is not built, FORMAT-047 for VBR or
             CBR without a bitrate, FORMAT-060 for a loudness that no film is brought to.
    """
    output = settings.output.model_dump(
        include={"format", "quality", "video_bitrate", "audio_bitrate"}, exclude_none=True
    )
    place = "settings.output" if "format" in output else "settings.export"
    export = settings.export.model_copy(update=output)
    container = CONTAINERS_OF.get(export.format)
    if container is None:
        raise KinofarmError(
            "FORMAT-040",
            where=f"{place}.format",
            what=f'the format "{export.format}"',
            instead="set the format to one of " + ", ".join(dict.fromkeys(CONTAINERS_OF.values())),
        )
    usual = Export.model_validate({"container": container})
    row, sound = encoder(usual), sound_encoder(usual)
    bitrate = min(export.audio_bitrate, sound.most) if sound.most else export.audio_bitrate
    return usual.model_copy(
        update={
            "video": _video(export, row, warnings),
            "sound": SoundExport(codec=usual.sound.codec, bitrate=bitrate, loudness=_loudness(export, warnings)),
            "subtitles": export.subtitles,
            "subtitle_form": export.subtitle_form,
            "subtitle_files": tuple(dict.fromkeys(export.subtitle_files)),
            "ffmpeg_args": tuple(export.ffmpeg_args),
        }
    )


def _video(export: ExportObject, row: EncoderRow, warnings: Warnings) -> VideoExport:
    """The picture's settings, as far as the encoder of the container's usual codec has them."""
    mode = export.rate_control_mode or "crf"
    if mode == "cqp":
        warnings.add(
            "FORMAT-103",
            where="settings.export.rate_control_mode",
            what="rate control by a constant quantiser (cqp)",
            instead="constant quality (crf) is used",
        )
        mode = "crf"
    if not row.modes:
        return VideoExport.model_validate({"codec": row.codec})
    found: dict[str, Any] = {
        "codec": row.codec,
        "encoder": _encoder(export, row, warnings),
        "mode": mode,
        "preset": _preset(export),
        "profile": _profile(export) if row.codec == "h264" else None,
        "gop": export.keyframe_interval,
        "b_frames": export.b_frames,
        "min_bitrate": export.min_bitrate,
        "max_bitrate": export.max_bitrate,
    }
    if mode == "crf":
        found |= {"crf": export.crf} if export.crf is not None else {"quality": float(export.quality)}
        found["max_bitrate"] = export.max_bitrate or export.video_bitrate
    elif export.video_bitrate is None:
        raise KinofarmError("FORMAT-047", where="settings.export.video_bitrate", mode=mode)
    else:
        found["bitrate"] = export.video_bitrate
    return VideoExport.model_validate(found | {"passes": _passes(export, mode, row, warnings)})


def _encoder(export: ExportObject, row: EncoderRow, warnings: Warnings) -> str:
    """The encoder on the device that the project prefers, "auto" where it only wants one."""
    if not export.hardware_acceleration:
        return "software"
    wanted = export.preferred_gpu_encoder
    if wanted is None:
        return "auto"
    device = DEVICES.get(squash(wanted)) if isinstance(wanted, str) else None
    name = f"{row.codec}_{device}"
    if device is None or name not in ENCODERS:
        warnings.add(
            "FORMAT-103",
            where="settings.export.preferred_gpu_encoder",
            what="the choice of this hardware encoder",
            instead="the farm takes one that works, if there is one",
        )
        return "auto"
    return name


def _passes(export: ExportObject, mode: str, row: EncoderRow, warnings: Warnings) -> int:
    if not export.multi_pass:
        return 1
    if mode == "vbr" and row.first_pass is not None:
        return 2
    warnings.add(
        "FORMAT-103",
        where="settings.export.multi_pass",
        what="encoding in several passes without a bitrate to aim at (vbr)",
        instead="each chunk is encoded in one pass",
    )
    return 1


def _loudness(export: ExportObject, warnings: Warnings) -> Loudness | None:
    """What the film's sound is brought to; a target and a peak count only where normalize_audio asks for it."""
    if not export.normalize_audio:
        return None
    given = {}
    for name, value in (("target", export.audio_target), ("peak", export.audio_peak)):
        where, field = f"settings.export.audio_{name}", f"audio_{name}"
        default = Loudness.model_fields[name].default
        if value is None:
            warnings.add("FORMAT-101", where=where, field=field, value=f"{default:g}")
        given[name] = float(default if value is None else value)
        try:
            Loudness(**{name: given[name]})
        except ValidationError as error:
            why = error.errors(include_url=False)[0]["msg"]
            raise KinofarmError("FORMAT-060", where=where, field=field, value=f"{given[name]:g}", why=why) from None
    return Loudness(**given)


def _preset(export: ExportObject) -> Preset:
    if export.preset is None:
        return "veryfast" if export.optimize_for_speed else "medium"
    for name in PRESETS:
        if squash(export.preset) == name:
            found: Preset = name  # type: ignore[assignment]
            return found
    raise KinofarmError(
        "FORMAT-040",
        where="settings.export.preset",
        what=f'the encoder preset "{export.preset}"',
        instead="take one of x264's: " + ", ".join(PRESETS),
    )


def _profile(export: ExportObject) -> Profile | None:
    if export.encoding_profile is None:
        return None
    for name in _PROFILES:
        if squash(export.encoding_profile) == name:
            found: Profile = name  # type: ignore[assignment]
            return found
    raise KinofarmError(
        "FORMAT-040",
        where="settings.export.encoding_profile",
        what=f'the encoding profile "{export.encoding_profile}"',
        instead="take one of " + ", ".join(_PROFILES),
    )
