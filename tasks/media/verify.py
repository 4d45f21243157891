"""Verify an assembled film against the proofs of its parts, in one pass over its packets.

Each chunk was decoded whole when it was made. So what is left to show is that the film holds exactly those packets, each at
its own frame, once, in an order that decodes, and that the decoder gets across each join: the last group of pictures
before it and the first one after it are decoded together, unless these two chunks were already proven side by side.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from pydantic import Field

from infra.errors import KinofarmError
from infra.values import Exact, Value
from tasks.media.assemble import require_one_encoder
from tasks.media.containers import PLAIN_MP4, Muxing, Stamps
from tasks.media.joins import Joins
from tasks.media.loudness import Loudness
from tasks.media.packets import (
    FrameClock,
    clock_of,
    decoder_of,
    only_picture,
    only_sound,
    opened,
    require_shape,
    sample_place,
    shape_of,
)
from tasks.media.proof import ChunkProof, Join, PacketDigest, PictureShape, SoundProof, digest
from tasks.media.soft import TrackCheck

FILM = "the film"

_LAST_PACKET = Fraction(1152 + 1536, 32_000)
"""Seconds by which the longest packet of sound may outlast what plays of it, its priming included."""

_MILLISECOND = Fraction(1, 1000)


class Measurements(Value):
    """What was measured on the finished film; times in seconds."""

    frames: int = Field(description="Frames of the picture; 0 for a film of sound alone.")
    rate: Exact | None = Field(None, description="Frames a second; none for a film of sound alone.")
    duration: Exact = Field(description="Length of the picture, or of the sound where there is no picture.")
    shape: PictureShape | None = None
    sound_samples: int | None = Field(None, description="Samples per channel by the sound track's own length.")
    sound_duration: Exact | None = None
    sample_rate: int | None = None
    channels: int | None = None
    peak: float | None = Field(None, description="Highest sample, in dB below full scale; none for silence.")
    loudness_wanted: Loudness | None = Field(None, description="What the sound was brought to; none: to nothing.")
    loudness: float | None = Field(
        None, description="Measured where one was wanted: integrated loudness in LUFS; none for silence."
    )
    true_peak: float | None = Field(None, description="The same: true peak in dBTP; none for silence.")
    offset_start: Exact | None = Field(None, description="How much later the sound starts than the picture.")
    offset_end: Exact | None = Field(None, description="How much later the sound ends than the picture.")
    subtitles: tuple[str, ...] = Field((), description="Languages of the tracks of text, ISO 639-2.")
    joins: int = Field(description="Joins between chunks in the film.")
    joins_decoded: int = Field(description="Different joins that were decoded now; the others had been before.")


class Verified(NamedTuple):
    """Measurements of a film, and the joins that are proven by having been decoded now."""

    measurements: Measurements
    proven: frozenset[Join]


def verify_film(
    film: Path,
    proofs: Sequence[ChunkProof],
    *,
    rate: Fraction,
    sound: SoundProof | None = None,
    proven: Set[Join] = frozenset(),
    muxing: Muxing = PLAIN_MP4,
) -> Verified:
    """Compare a film with the proofs of its parts and decode the joins that are not proven yet.

    Args:
        proofs: of the chunks, in order.
        rate: frames a second.
        proven: joins known to decode, as pairs of the chunks' `ChunkProof.sha256`.
        muxing: the container and what else should be in it.
    Raises:  KinofarmError VERIFY-001 unreadable, VERIFY-002 another frame count, VERIFY-003 other stream parameters, VERIFY-004
        a frame at the wrong time, VERIFY-007 another sound length, VERIFY-008 mixed chunks, VERIFY-010 other packets than
        the parts', VERIFY-011 decoding times that do not rise, VERIFY-012 a join that does not decode, VERIFY-013 picture and
        sound apart, VERIFY-030 chapters that are not those asked for.
    """
    require_one_encoder(proofs)
    stamps: Stamps = muxing.row.stamps if muxing.row.kind == "film" else "exact"
    with opened(film, FILM) as container:
        _require_chapters(container, muxing)
        stream = only_picture(container, FILM)
        require_shape(_kept(shape_of(stream), proofs[0].shape, stamps), proofs[0].shape, FILM)
        if stamps == "exact" and digest(stream.codec_context.extradata) != proofs[0].extradata:
            raise KinofarmError("VERIFY-010", reason="its parameter sets are not the chunks'")
        track = _sound_track(container, sound)
        context = stream.codec_context
        joins = Joins(decoder_of(stream).name, context.extradata, proofs, proven)
        clock = clock_of(container, stream, rate, FILM)
        picture = _PictureCheck(clock, proofs, joins, stored_order=stamps != "rounded")
        heard = _SoundCheck(sound, sample_exact=stamps == "exact")
        checks: dict[int, _Check] = {stream.index: picture}
        if track is not None:
            checks[track.index] = heard
        checks |= _text_checks(container, muxing, rate)
        for packet in container.demux([container.streams[index] for index in checks]):
            if packet.size:
                checks[packet.stream_index].add(packet)
        for check in (*checks.values(), *([heard] if track is None else [])):
            check.finish()
        frames = sum(proof.frames for proof in proofs)
        if stamps == "exact":
            lengths = _lengths(stream, track, frames, rate)
            if sound is not None and lengths["sound_samples"] != sound.samples:
                found = lengths["sound_samples"]
                raise KinofarmError("VERIFY-007", what="the film's sound", found=found, wanted=sound.samples)
        else:
            lengths = _rounded_lengths(container, heard, frames, rate)
    measured = Measurements(
        rate=rate, shape=proofs[0].shape, joins=len(proofs) - 1, joins_decoded=len(joins.decoded), **lengths
    )
    measured = measured.model_copy(update={"subtitles": tuple(track.code for track in muxing.subtitles)})
    if sound is not None:
        found = {
            "sample_rate": sound.sample_rate,
            "channels": sound.channels,
            "peak": sound.peak,
            "loudness_wanted": sound.wanted,
            "loudness": sound.loudness,
            "true_peak": sound.true_peak,
        }
        measured = measured.model_copy(update=found)
    return Verified(measured, frozenset(joins.decoded))


class _Check(Protocol):
    """Compares a stream's packets with what was written."""

    def add(self, packet: Any) -> None: ...

    def finish(self) -> None: ...


def _text_checks(container: Any, muxing: Muxing, rate: Fraction) -> dict[int, _Check]:
    streams, subtitles = container.streams.subtitles, muxing.subtitles
    if len(streams) != len(subtitles):
        wanted = len(subtitles)
        raise KinofarmError(
            "VERIFY-003", what=FILM, property="number of text streams", found=len(streams), wanted=wanted
        )
    pairs = zip(streams, subtitles, strict=True)
    return {stream.index: TrackCheck(stream, track, rate, muxing.text_form) for stream, track in pairs}


def _sound_track(container: Any, sound: SoundProof | None) -> Any:
    if sound is None:
        if container.streams.audio:
            raise KinofarmError("VERIFY-003", what=FILM, property="number of sound streams", found=1, wanted=0)
        return None
    track = only_sound(container, FILM)
    context = track.codec_context
    for name, found, wanted in (
        ("sound codec", context.codec.canonical_name, sound.codec),
        ("sample rate", context.sample_rate, sound.sample_rate),
        ("number of channels", context.channels, sound.channels),
    ):
        if found != wanted:
            raise KinofarmError("VERIFY-003", what=FILM, property=name, found=found, wanted=wanted)
    return track


def _lengths(stream: Any, track: Any, frames: int, rate: Fraction) -> dict[str, Any]:
    """Compare what the headers say, which is what players show, with what the packets added up to."""
    duration = frames / rate
    start, length = ((ticks or 0) * stream.time_base for ticks in (stream.start_time, stream.duration))
    if start != 0 or length != duration:
        raise KinofarmError("VERIFY-002", what=FILM, found=f"{float((start + length) * rate):g}", wanted=frames)
    found: dict[str, Any] = {"frames": frames, "duration": duration}
    if track is None:
        return found
    start, length = ((ticks or 0) * track.time_base for ticks in (track.start_time, track.duration))
    for end, offset in (("start", start), ("end", start + length - duration)):
        if abs(offset) > 1 / rate:
            limit = f"{float(1 / rate):.4f}"
            raise KinofarmError("VERIFY-013", offset=f"{float(offset):+.4f}", end=end, limit=limit)
        found[f"offset_{end}"] = offset
    return found | {"sound_duration": length, "sound_samples": int(length * track.codec_context.sample_rate)}


def _rounded_lengths(container: Any, heard: _SoundCheck, frames: int, rate: Fraction) -> dict[str, Any]:
    """The same for containers whose headers are in milliseconds: the packets' own times tell."""
    duration = frames / rate
    length = Fraction(container.duration or 0, 1_000_000)
    proof = heard.proof
    longest = duration if proof is None else max(duration, Fraction(proof.samples, proof.sample_rate))
    if abs(length - longest) > 1 / rate + _LAST_PACKET:
        raise KinofarmError("VERIFY-002", what=FILM, found=f"{float(length * rate):g}", wanted=frames)
    found: dict[str, Any] = {"frames": frames, "duration": duration}
    if proof is None:
        return found
    start = heard.begins + Fraction(proof.priming, proof.sample_rate)
    if abs(start) > 1 / rate:
        raise KinofarmError("VERIFY-013", offset=f"{float(start):+.4f}", end="start", limit=f"{float(1 / rate):.4f}")
    sound = Fraction(proof.samples, proof.sample_rate)
    return found | {
        "sound_duration": sound,
        "sound_samples": proof.samples,
        "offset_start": start,
        "offset_end": start + sound - duration,
    }


def _kept(found: PictureShape, wanted: PictureShape, stamps: Stamps) -> PictureShape:
    """The shape with what its container has no place for taken as it was in the chunks.

    AVI keeps no colour tags; Matroska no four letters, by which ffmpeg's decoder of ProRes 4444 knows its 12 bits.
    """
    if found.codec == "prores" and stamps == "rounded":
        return found.model_copy(update={"pixel_format": wanted.pixel_format})
    if stamps != "order":
        return found
    return found.model_copy(update=wanted.model_dump(include={"matrix", "primaries", "transfer", "range"}))


def _require_chapters(container: Any, muxing: Muxing) -> None:
    """Compare the film's chapters with those asked for: their names in order, their starts to the millisecond."""
    found = [
        (str(chapter["metadata"].get("title", "")), chapter["start"] * chapter["time_base"])
        for chapter in container.chapters()
    ]
    wanted = [(chapter.title, chapter.start) for chapter in muxing.chapters]
    apart = any(
        name != title or abs(start - begins) > _MILLISECOND
        for (name, start), (title, begins) in zip(found, wanted, strict=False)
    )
    if len(found) != len(wanted) or apart:
        raise KinofarmError("VERIFY-030", found=len(found), wanted=len(wanted))


class _PictureCheck:
    """Takes the film's picture packets in decoding order and compares them with the proofs.

    stored_order: the container keeps decoding times; where it doesn't, those that a reader makes up are not looked at.
    """

    def __init__(self, clock: FrameClock, proofs: Sequence[ChunkProof], joins: Joins, *, stored_order: bool) -> None:
        self._proofs, self._joins = proofs, joins
        self._clock, self._stored_order = clock, stored_order
        self._wanted = sum(proof.frames for proof in proofs)
        self._packets = 0
        self._last_dts: int | None = None
        self._chunk = -1
        self._open_chunk(0)

    def _open_chunk(self, start: int) -> None:
        self._chunk += 1
        self._start, self._inside = start, 0
        self._seen: set[int] = set()
        self._digest = PacketDigest()

    def add(self, packet: Any) -> None:
        """Take in the next packet."""
        if self._stored_order:
            if packet.dts is None or (self._last_dts is not None and packet.dts <= self._last_dts):
                raise KinofarmError("VERIFY-011", packet=self._packets)
            self._last_dts = packet.dts
        if self._packets == self._wanted:
            raise KinofarmError("VERIFY-002", what=FILM, found=f"more than {self._packets}", wanted=self._wanted)
        proof = self._proofs[self._chunk]
        place = self._clock.packet(packet) - self._start
        late = self._stored_order and packet.dts > packet.pts
        if not 0 <= place < proof.frames or place in self._seen or late:
            reason = f"packet {self._packets} is out of place in chunk {self._chunk}"
            raise KinofarmError("VERIFY-010", reason=reason)
        self._seen.add(place)
        self._digest.picture(place, packet.is_keyframe, packet)
        self._joins.add(self._chunk, self._inside, packet)
        self._packets += 1
        self._inside += 1
        if self._inside == proof.frames:
            if self._digest.hexdigest() != proof.packets:
                reason = f"the packets of chunk {self._chunk} are not those that were verified"
                raise KinofarmError("VERIFY-010", reason=reason)
            self._open_chunk(self._start + proof.frames)

    def finish(self) -> None:
        """Check that nothing is missing at the end."""
        if self._packets != self._wanted:
            raise KinofarmError("VERIFY-002", what=FILM, found=self._packets, wanted=self._wanted)


class _SoundCheck:
    """Takes the film's sound packets in order and compares them with the proof; None: there is no sound.

    sample_exact: the container keeps times to the sample; where it doesn't, the order and the first time are looked at.
    begins: the first packet's time in seconds, the priming included.
    """

    def __init__(self, proof: SoundProof | None, *, sample_exact: bool) -> None:
        self.proof = proof
        self.begins = Fraction(0)
        self._exact = sample_exact
        self._digest = PacketDigest()
        self._start: int | None = None
        self._end = self._begun = 0
        self._last = Fraction(-1000)

    def add(self, packet: Any) -> None:
        """Take in the next packet."""
        self._digest.sound(packet)
        if not self._exact:
            self._add_rounded(packet)
            return
        start, length = sample_place(packet, FILM)
        if self._start is None:
            self._start = self._end = start
        if start != self._end:
            raise KinofarmError("VERIFY-010", reason=f"its sound has a gap at sample {self._end}")
        self._end, self._begun = start + length, start

    def _add_rounded(self, packet: Any) -> None:
        at = (packet.pts if packet.pts is not None else packet.dts or 0) * packet.time_base
        if self._start is None:
            self._start, self.begins = 0, Fraction(packet.stream.start_time or 0) * packet.time_base
        if at < self._last:
            raise KinofarmError("VERIFY-010", reason=f"its sound goes back at {float(at):.3f} s")
        self._last = at

    def finish(self) -> None:
        """Check the whole."""
        if self.proof is None:
            return
        # The last packet may be a whole one: the track's header says how much of it plays.
        if self._exact and not self._begun < self.proof.samples <= self._end:
            raise KinofarmError("VERIFY-007", what="the film's sound", found=self._end, wanted=self.proof.samples)
        moved = self._exact and -(self._start or 0) != self.proof.priming
        if self._digest.hexdigest() != self.proof.packets or moved:
            raise KinofarmError("VERIFY-010", reason="its sound packets are not those that were verified")
