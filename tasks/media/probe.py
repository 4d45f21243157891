"""Probe a media file: what its streams are and when its frames stand, read from packets in one pass.

No picture is decoded but the first of each stream, which shows what only a decoder knows: the display matrix, the
colour tags of the bitstream, and that the stream can be decoded at all. The file is hostile: it is sniffed first, opened
with allow-lists (`tasks/security/formats.py`), and whatever the libraries raise becomes a KinofarmError.

Source: libavformat through PyAV; ISO/IEC 14496-12 for edit lists and the display matrix.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av.error
from av.stream import Disposition

from infra.errors import KinofarmError
from tasks.media import extent, pictures
from tasks.media.facts import MediaFacts, PictureFacts, Sha256, SoundFacts
from tasks.media.orientation import turn_of_still
from tasks.media.picture_facts import Seen, picture_facts
from tasks.media.start_timecode import start_timecode
from tasks.media.timing import Timing
from tasks.media.untrusted import opened_file, translated, words
from tasks.security import formats

MAX_SIDE = 16_384
MAX_PIXELS = 2**27
MAX_CHANNELS = 64
MAX_SAMPLE_RATE = 768_000
MAX_STREAMS = 256
MAX_PACKETS = 50_000_000
"""Beyond these a file is refused (MEDIA-005): a guard against files made to exhaust the machine."""

_EXACT_HEADERS = frozenset({"flac", "wv", "aiff", "caf", "w64"})
"""Demuxers whose header gives the exact length, and whose structure `extent` does not look into."""

_MISSING_TAIL = Fraction(1, 10)
"""Seconds by which a file may end before such a header says."""

_LOOKED_AT = 500
"""Packets of a stream that may fail to decode before its first picture must have come."""


def probe(path: Path, sha256: Sha256 | None = None) -> MediaFacts:
    """Return what is known of a media file.

    Args:
        path: a file inside a media root, as `MediaRoots.resolve` returns it.
        sha256: its content hash where the caller knows it already; else the whole file is read once for it.
    Raises:  KinofarmError SECURITY-001 a playlist, SECURITY-002 a format that is not read, MEDIA-001 not a media file,
        MEDIA-002 cut short, MEDIA-004 no picture and no sound, MEDIA-005 absurd size, MEDIA-006 not decodable, MEDIA-008 the
        file changed meanwhile, MEDIA-009 not readable.
    """
    with translated(path):
        before = path.stat()
        settled = formats.sniff(path)
        if settled in formats.PILLOW:
            seen = pictures.picture_file(path, str(settled), MAX_PIXELS, MAX_SIDE)
        else:
            if lacking := extent.missing(path):
                raise KinofarmError("MEDIA-002", file=path.name, reason=lacking)
            seen = _read(path, settled)
        digest = sha256 or content_hash(path)
        after = path.stat()
        facts = MediaFacts(sha256=digest, size=after.st_size, **seen)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise KinofarmError("MEDIA-008", file=path.name)
    return facts


def content_hash(path: Path) -> Sha256:
    """Return the sha256 of a file's bytes as 64 hex digits.

    Raises:  OSError when the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass
class _Stream:
    """A stream while its packets go by."""

    stream: Any
    timing: Timing
    first: Seen | None = None
    tried: int = 0
    complaint: str = ""
    damaged: bool = field(default=False)


def _read(path: Path, settled: str | None) -> dict[str, Any]:
    with opened_file(path, settled) as container:
        demuxer = formats.demuxer(container.format.name, path)
        still = demuxer in formats.STILL_DEMUXERS
        streams = _streams_of_interest(container, path)
        for one in streams.values():
            _refuse_absurd(one.stream, path)
            one.stream.codec_context.thread_count = 1
            if demuxer == "jpeg_pipe":  # the one still format whose decoder lets damage pass
                one.stream.codec_context.options = {"err_detect": "explode"}
        _demux(container, streams, path)
        clock = _clock(container)
        kept = [one for one in streams.values() if one.timing.packets]
        if not kept:
            raise KinofarmError("MEDIA-004", file=path.name)
        start = _container_start(clock, [one.timing.start for one in kept])
        for one in kept:
            _refuse_lost_tail(one, demuxer, path)
        pictures, sounds = _facts_of(kept, start, still or demuxer == "gif", path)
        duration = max([*(picture.end for picture in pictures), *(sound.end for sound in sounds)])
        return {
            "demuxer": demuxer, "start": start, "duration": duration, "pictures": pictures, "sounds": sounds,
            "timecode": start_timecode(container, pictures),
        }  # fmt: skip


def _streams_of_interest(container: Any, path: Path) -> dict[int, _Stream]:
    """Pick the pictures and sounds that a decoder exists for; cover art is no picture of the film."""
    if len(container.streams) > MAX_STREAMS:
        raise KinofarmError("MEDIA-005", file=path.name, reason=f"it has {len(container.streams)} streams")
    chosen = {}
    for stream in container.streams:
        if stream.type not in ("video", "audio") or stream.codec_context is None:
            continue
        if stream.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails):
            continue
        chosen[stream.index] = _Stream(stream, Timing(stream.time_base))
    if not chosen:
        raise KinofarmError("MEDIA-004", file=path.name)
    return chosen


def _refuse_absurd(stream: Any, path: Path) -> None:
    if stream.type == "video":
        width, height = stream.width, stream.height
        if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
            raise KinofarmError("MEDIA-005", file=path.name, reason=f"its picture is {width}x{height}")
    else:
        rate, channels = stream.codec_context.sample_rate, stream.codec_context.channels
        if rate > MAX_SAMPLE_RATE or channels > MAX_CHANNELS:
            raise KinofarmError("MEDIA-005", file=path.name, reason=f"its sound has {channels} channels at {rate} Hz")


def _demux(container: Any, streams: dict[int, _Stream], path: Path) -> None:
    wanted = [one.stream for one in streams.values()]
    total = 0
    try:
        for packet in container.demux(wanted):
            if packet.size == 0 and packet.pts is None and packet.dts is None:
                continue  # PyAV's flush marker at the end; its stream index means nothing
            one = streams[packet.stream_index]
            total += 1
            if total > MAX_PACKETS:
                raise KinofarmError("MEDIA-005", file=path.name, reason=f"it has more than {MAX_PACKETS} packets")
            one.damaged = one.damaged or packet.is_corrupt
            one.timing.add(packet)
            if one.first is None and one.stream.type == "video" and one.tried < _LOOKED_AT:
                _try_to_decode(one, packet)
    except (av.error.FFmpegError, ValueError) as error:
        if total == 0:
            raise
        raise KinofarmError(
            "MEDIA-002", file=path.name, reason=f"reading stops after {total} packets: {words(error)}"
        ) from None
    for one in streams.values():
        if one.first is None and one.stream.type == "video" and one.timing.packets:
            _try_to_decode(one, None)
        if one.damaged:
            raise KinofarmError(
                "MEDIA-002", file=path.name, reason=f"stream {one.stream.index} has packets that are not whole"
            )


def _try_to_decode(one: _Stream, packet: Any) -> None:
    one.tried += 1
    try:
        frames = one.stream.codec_context.decode(packet)
    except (av.error.FFmpegError, ValueError) as error:
        one.complaint = words(error)
        return
    if frames:
        one.first = Seen.of(frames[0])


def _clock(container: Any) -> Fraction | None:
    return None if container.start_time is None else Fraction(container.start_time, 1_000_000)


def _container_start(clock: Fraction | None, starts: Sequence[Fraction]) -> Fraction:
    """Return the container's first timestamp exactly: libavformat rounds it to a microsecond, a stream's own is not."""
    if clock is None:
        return min(starts)
    near = [start for start in starts if abs(start - clock) <= Fraction(1, 1_000_000)]
    return near[0] if near else clock


def _refuse_lost_tail(one: _Stream, demuxer: str, path: Path) -> None:
    """Compare the length that a stream's header gives, where it is no estimate, with where its packets end."""
    # An mp3 whose first packet is trimmed has a Xing header, which counts its frames.
    exact = demuxer in _EXACT_HEADERS or (demuxer == "mp3" and one.timing.start > 0)
    declared = one.stream.duration
    if not exact or not declared or declared < 0:
        return
    lost = one.timing.start + declared * one.stream.time_base - one.timing.end
    if lost > _MISSING_TAIL:
        reason = f"stream {one.stream.index} ends {float(lost):.2f} s before its header says"
        raise KinofarmError("MEDIA-002", file=path.name, reason=reason)


def _facts_of(
    kept: Sequence[_Stream], start: Fraction, may_be_still: bool, path: Path
) -> tuple[tuple[PictureFacts, ...], tuple[SoundFacts, ...]]:
    pictures, sounds = [], []
    for one in kept:
        if one.stream.type == "audio":
            sounds.append(_sound_facts(one, start))
            continue
        if one.first is None:
            reason = one.complaint or "no picture comes out of it"
            raise KinofarmError("MEDIA-006", file=path.name, reason=f"stream {one.stream.index}: {reason}")
        still = may_be_still and one.timing.packets == 1
        seen = one.first
        if still and (turn := turn_of_still(path)):
            seen = seen._replace(turn=turn)
        pictures.append(picture_facts(one.stream, one.timing, seen, start, still))
    return tuple(pictures), tuple(sounds)


def _sound_facts(one: _Stream, start: Fraction) -> SoundFacts:
    stream, context = one.stream, one.stream.codec_context
    first = one.timing.start if stream.start_time is None else stream.start_time * stream.time_base
    return SoundFacts(
        index=stream.index,
        codec=context.codec.canonical_name,
        sample_rate=context.sample_rate,
        channels=context.channels,
        layout=_layout(context),
        time_base=stream.time_base,
        start=first - start,
        end=max(one.timing.end, first) - start,
        default=bool(stream.disposition & Disposition.default),
    )


def _layout(context: Any) -> str:
    name: str = context.layout.name
    if not name.endswith(" channels") and name:
        return name
    usual = {1: "mono", 2: "stereo", 3: "2.1", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
    return usual.get(context.channels, name)
