"""Exports: hold what a project wants to come out against the tables of containers and encoders, before anything starts.

`where` in an error is the place in the model: export.video.codec.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from infra.errors import KinofarmError
from tasks.compiler.effects import EFFECTS
from tasks.compiler.encoders import ENCODERS, SOUND_ENCODERS, encoder
from tasks.compiler.encoders.row import EncoderRow
from tasks.compiler.model import Effect, Export, Size, Timeline, Transition
from tasks.compiler.notice import Notice, notice
from tasks.compiler.transitions import TRANSITIONS
from tasks.compiler.transitions.row import TransitionRow
from tasks.media.containers import CONTAINERS, Chapter, Container, Muxing
from tasks.security.arguments import safe_arguments
from tasks.subtitles.soft import soft_tracks

WITH_ALPHA = {"prores": ("mov", "mkv"), "vp9": ("webm", "mkv"), "png": ("mov", "png")}
"""Codecs with alpha, and the containers that keep it."""


def check_export(timeline: Timeline) -> Iterator[Notice]:
    """Check that the tables can make what the export asks for; yields what its author should know.

    Raises:  KinofarmError CHECK-060 to CHECK-072, SECURITY-0xx.
    """
    export, container = timeline.export, container_of(timeline.export)
    safe_arguments(export.ffmpeg_args, "picture")
    if export.subtitles != "burn" and timeline.subtitles and not container.soft:
        known = ", ".join(other.name for other in CONTAINERS.values() if other.soft)
        raise _error("CHECK-076", "subtitles", container=container.name, known=known)
    if export.subtitle_form is not None and export.subtitle_form not in container.soft:
        form, known = export.subtitle_form, _words(container.soft)
        raise _error("CHECK-084", "subtitle_form", container=container.name, form=form, known=known)
    if container.pictures:
        _check_picture(export, container, film_size(timeline))
        if container.fastest is not None and timeline.rate > container.fastest:
            raise _error("CHECK-068", "container", container=container.name, rate=timeline.rate, most=container.fastest)
    elif timeline.export.poster is not None:
        raise _error("CHECK-070", "poster", container=container.name)
    if container.sounds:
        _check_sound(export, container, sample_rate(timeline))
    if export.poster is not None and export.poster.frame >= timeline.duration:
        raise _error("CHECK-071", "poster.frame", frame=export.poster.frame, frames=timeline.duration)
    if export.video.hdr is not None:
        _check_hdr(timeline)
    yield from _notices(timeline, container)


def container_of(export: Export) -> Container:
    """Return the container's row of the table."""
    return CONTAINERS[export.container]


def chunk_form(export: Export) -> str:
    """Return the form in which chunks travel: a muxer that holds what packets of the codec need.

    VP9's alpha lies beside its packets, for which only Matroska has a place; H.264 is packed otherwise in AVI.
    """
    if export.container == "avi" and export.video.codec == "h264":
        return "avi"
    if export.video.alpha and export.video.codec == "vp9":
        return "matroska"
    return encoder(export).form


def film_size(timeline: Timeline) -> Size:
    """Return the size of the film that comes out."""
    return timeline.export.size or timeline.size


def sample_rate(timeline: Timeline) -> int:
    """Return the sample rate of the film's sound: the timeline's, or the best one that the codec takes."""
    rates = SOUND_ENCODERS[timeline.export.sound.codec].rates
    return timeline.sample_rate if not rates or timeline.sample_rate in rates else rates[0]


def muxing(timeline: Timeline, start: int, end: int) -> Muxing:
    """Return what goes into the film's file beside pictures and sound, of the frames [start, end)."""
    export, container = timeline.export, container_of(timeline.export)
    tags: tuple[tuple[str, str], ...] = ()
    if container.tags:
        named = (("title", export.tags.title), ("artist", export.tags.author), ("comment", export.tags.comment))
        tags = tuple((name, text) for name, text in named if text)
    return Muxing(
        container=container.name,
        tags=tags,
        language=export.tags.language if container.tags else None,
        chapters=tuple(_chapters(timeline, start, end)) if export.chapters and container.chapters else (),
        subtitles=soft_tracks(timeline.subtitles, start, end) if export.subtitles != "burn" and container.soft else (),
        text=export.subtitle_form,
    )


def check_name(export: Export, target: Path) -> None:
    """Check that a film's file name does not promise another container.

    Raises:  KinofarmError PUBLISH-010.
    """
    container, suffix = container_of(export), target.suffix.lower()
    others = [other.name for other in CONTAINERS.values() if suffix in other.suffixes and other is not container]
    if not others or suffix in container.suffixes:
        return
    wanted = container.suffixes[0] if container.suffixes else "no suffix: it is a folder"
    raise KinofarmError("PUBLISH-010", name=target.name, other=others[0], container=container.name, suffix=wanted)


def _check_picture(export: Export, container: Container, size: Size) -> None:
    video = export.video
    if video.codec not in container.pictures:
        raise _error(
            "CHECK-060", "video.codec", codec=video.codec, container=container.name, known=", ".join(container.pictures)
        )
    if video.encoder not in ("auto", "software") and video.encoder not in ENCODERS:
        raise _error("CHECK-064", "video.encoder", encoder=video.encoder, known=_encoders(video.codec))
    row = encoder(export)
    if video.encoder in ENCODERS and row.name != video.encoder:
        raise _error("CHECK-064", "video.encoder", encoder=video.encoder, known=_encoders(video.codec))
    _check_rate_control(export, row)
    for name, asked, has in (
        ("profile", video.profile, row.profiles),
        ("bits", video.bits, row.bits),
        ("alpha", video.alpha or None, (True,) if row.alpha else ()),
        ("hdr", video.hdr, ("hdr10", "hlg") if row.hdr else ()),
    ):
        if asked is not None and asked not in has:
            raise _error("CHECK-063", f"video.{name}", encoder=row.name, what=f"{name} {asked}", known=_words(has))
    if video.alpha and (container.name not in WITH_ALPHA[video.codec] or (video.bits == 10 and row.codec == "vp9")):
        known = ", ".join(f"{codec} in {' or '.join(names)}" for codec, names in WITH_ALPHA.items())
        raise _error("CHECK-067", "video.alpha", codec=video.codec, container=container.name, known=known)
    if video.alpha and row.codec == "prores" and video.profile not in (None, "4444", "4444xq"):
        raise _error("CHECK-063", "video.profile", encoder=row.name, what="alpha", known="4444, 4444xq")
    if video.bits == 10 and row.pixels(video).canvas.bits != 10:
        raise _error("CHECK-063", "video.bits", encoder=row.name, what=f"10 bits in profile {video.profile}", known="8")
    if (size.width, size.height) < row.smallest or size.height < row.smallest[1]:
        width, height = row.smallest
        raise _error(
            "CHECK-069", "video.codec", codec=video.codec, least=f"{width}x{height}", size=f"{size.width}x{size.height}"
        )
    if row.name != "libx264" and safe_arguments(export.ffmpeg_args, "picture"):
        raise _error("CHECK-066", "ffmpeg_args", encoder=row.name, known="libx264")


def _check_hdr(timeline: Timeline) -> None:
    """Refuse what works on SDR's values only."""
    video, kind = timeline.export.video, timeline.export.video.hdr
    if video.bits == 8 or video.alpha:
        wrong = "bits" if video.bits == 8 else "alpha"
        raise _error("CHECK-085", f"video.{wrong}", hdr=kind, what="8 bits" if wrong == "bits" else "alpha")
    if timeline.export.poster is not None:
        raise _error("CHECK-085", "poster", hdr=kind, what="a poster")
    for number, track in enumerate(timeline.tracks):
        if not track.enabled or track.kind != "video":
            continue
        at = f"tracks[{number}]"
        _refuse(track.effects, f"{at}.effects", kind)
        for place, clip in enumerate(track.clips):
            _refuse(clip.effects, f"{at}.clips[{place}].effects", kind)
            if clip.colour_correction is not None:
                where = f"{at}.clips[{place}].colour_correction"
                raise KinofarmError("CHECK-085", where=where, hdr=kind, what="colour correction")
        for place, join in enumerate(track.transitions):
            row = TRANSITIONS.get(join.kind)
            if row is not None and not _fades(row, join):
                where = f"{at}.transitions[{place}]"
                raise KinofarmError("CHECK-085", where=where, hdr=kind, what=f"the transition {join.kind}")


def _refuse(effects: Sequence[Effect], where: str, kind: str | None) -> None:
    for number, effect in enumerate(effects):
        row = EFFECTS.get(effect.kind)
        if row is not None and row.on == "picture":
            raise KinofarmError("CHECK-085", where=f"{where}[{number}]", hdr=kind, what=f"the effect {effect.kind}")


def _fades(row: TransitionRow, join: Transition) -> bool:
    """Is it a plain fade from one picture to the other, at an even pace?"""
    try:
        parameters = row.parameters.model_validate(dict(join.parameters))
    except ValidationError:
        return True  # told where parameters are checked
    return parameters.easing == "linear" and row.plain(parameters) == "fade"


def _check_rate_control(export: Export, row: EncoderRow) -> None:
    video = export.video
    if not row.modes and (video.mode != "crf" or video.crf is not None):
        raise _error("CHECK-061", "video.mode", encoder=row.name)
    if row.modes and video.mode not in row.modes:
        raise _error("CHECK-062", "video.mode", encoder=row.name, mode=video.mode, known=_words(row.modes))
    if video.crf is not None and video.crf > row.worst:
        raise _error(
            "CHECK-065", "video.crf", encoder=row.name, unit=row.unit, crf=f"{video.crf:g}", worst=f"{row.worst:g}"
        )
    if video.mode != "crf" and video.bitrate is None:
        raise _error("CHECK-072", "video.bitrate", mode=video.mode)
    if video.passes == 2 and (video.mode != "vbr" or row.first_pass is None):
        known = _words(tuple(one.name for one in ENCODERS.values() if one.first_pass is not None))
        raise _error("CHECK-073", "video.passes", encoder=row.name, mode=video.mode, known=known)


def _check_sound(export: Export, container: Container, rate: int) -> None:
    sound = export.sound
    if sound.codec not in container.sounds:
        raise _error(
            "CHECK-060", "sound.codec", codec=sound.codec, container=container.name, known=", ".join(container.sounds)
        )
    row = SOUND_ENCODERS[sound.codec]
    if row.most and sound.bitrate > row.most:
        raise _error("CHECK-074", "sound.bitrate", codec=sound.codec, most=row.most, bitrate=sound.bitrate)
    if sound.bits is not None and sound.bits not in row.bits:
        raise _error("CHECK-063", "sound.bits", encoder=row.name, what=f"{sound.bits} bits", known=_words(row.bits))
    if row.codec != "aac" and safe_arguments(export.ffmpeg_args, "sound"):
        raise _error("CHECK-066", "ffmpeg_args", encoder=row.name, known="aac")


def _notices(timeline: Timeline, container: Container) -> Iterator[Notice]:
    export = timeline.export
    if container.sounds and sample_rate(timeline) != timeline.sample_rate:
        yield notice(
            "CHECK-940",
            "export.sound.codec",
            codec=export.sound.codec,
            rate=timeline.sample_rate,
            instead=sample_rate(timeline),
        )
    if (export.tags.title or export.tags.author or export.tags.comment) and not container.tags:
        yield notice("CHECK-941", "export.tags", what="title, author and comment", container=container.name)
    if any(marker.kind == "chapter" for marker in timeline.markers) and export.chapters and not container.chapters:
        yield notice("CHECK-941", "markers", what="chapters", container=container.name)


def _chapters(timeline: Timeline, start: int, end: int) -> Iterator[Chapter]:
    """Chapters of the frames [start, end): each ends where the next begins; the one that runs at `start` begins there.

    MP4's chapters begin with the film, whatever the first one says: what lies before it is a chapter of its own.
    """
    marks = sorted({marker.time: marker for marker in timeline.markers if marker.kind == "chapter"}.items())
    if marks and start < marks[0][0] < end:
        yield Chapter(title=timeline.name or "Start", start=Fraction(0), end=(marks[0][0] - start) / timeline.rate)
    for number, (time, marker) in enumerate(marks):
        after = marks[number + 1][0] if number + 1 < len(marks) else end
        first, last = max(time, start), min(after, end)
        if first < last:
            title = marker.name or f"Chapter {number + 1}"
            yield Chapter(title=title, start=(first - start) / timeline.rate, end=(last - start) / timeline.rate)


def _encoders(codec: str) -> str:
    return ", ".join(("software", "auto", *(row.name for row in ENCODERS.values() if row.codec == codec)))


def _words(values: tuple[Any, ...]) -> str:
    return ", ".join(str(value) for value in values) or "none"


def _error(code: str, place: str, **params: Any) -> KinofarmError:
    return KinofarmError(code, where=f"export.{place}", **params)
