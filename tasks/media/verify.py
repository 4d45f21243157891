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
from tasks.media.joins import Joins
from tasks.media.packets import FrameClock, only_picture, only_sound, opened, require_shape, sample_place, shape_of
from tasks.media.proof import ChunkProof, Join, PacketDigest, PictureShape, SoundProof, digest
from tasks.media.soft import SoftTrack, TrackCheck

FILM = "the film"


class Measurements(Value):
    """What was measured on the finished film; times in seconds."""

    frames: int
    rate: Exact
    duration: Exact = Field(description="Length of the picture.")
    shape: PictureShape
    sound_samples: int | None = Field(None, description="Samples per channel by the sound track's own length.")
    sound_duration: Exact | None = None
    sample_rate: int | None = None
    channels: int | None = None
    peak: float | None = Field(None, description="Highest sample, in dB below full scale; none for silence.")
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
    subtitles: Sequence[SoftTrack] = (),
) -> Verified:
    """Compare a film with the proofs of its parts and decode the joins that are not proven yet.

    Args:
        proofs: of the chunks, in order.
        rate: frames a second.
        subtitles: its tracks of text.
        proven: joins known to decode, as pairs of the chunks' `ChunkProof.sha256`.
    Raises:  KinofarmError VERIFY-001 unreadable, VERIFY-002 another frame count, VERIFY-003 other stream parameters, VERIFY-004
        a frame at the wrong time, VERIFY-007 another sound length, VERIFY-008 mixed chunks, VERIFY-010 other packets than
        the parts', VERIFY-011 decoding times that do not rise, VERIFY-012 a join that does not decode, VERIFY-013 picture and
        sound apart.
    """
    require_one_encoder(proofs)
    with opened(film, FILM) as container:
        stream = only_picture(container, FILM)
        require_shape(shape_of(stream), proofs[0].shape, FILM)
        if digest(stream.codec_context.extradata) != proofs[0].extradata:
            raise KinofarmError("VERIFY-010", reason="its parameter sets are not the chunks'")
        track = _sound_track(container, sound)
        context = stream.codec_context
        joins = Joins(context.name, context.extradata, proofs, proven)
        checks: dict[int, _Check] = {stream.index: _PictureCheck(stream, proofs, rate, joins)}
        heard = _SoundCheck(sound)
        if track is not None:
            checks[track.index] = heard
        read = _text_checks(container, subtitles, rate)
        checks |= read
        for packet in container.demux(
            [stream, *([] if track is None else [track]), *(container.streams[n] for n in read)]
        ):
            if packet.size:
                checks[packet.stream_index].add(packet)
        for check in checks.values():
            check.finish()
        if track is None:
            heard.finish()
        lengths = _lengths(stream, track, sum(proof.frames for proof in proofs), rate)
    measured = Measurements(
        rate=rate, shape=proofs[0].shape, joins=len(proofs) - 1, joins_decoded=len(joins.decoded), **lengths
    )
    measured = measured.model_copy(update={"subtitles": tuple(track.code for track in subtitles)})
    if sound is not None:
        found = {"sample_rate": sound.sample_rate, "channels": sound.channels, "peak": sound.peak}
        measured = measured.model_copy(update=found)
    return Verified(measured, frozenset(joins.decoded))


class _Check(Protocol):
    """Compares a stream's packets with what was written."""

    def add(self, packet: Any) -> None: ...

    def finish(self) -> None: ...


def _text_checks(container: Any, subtitles: Sequence[SoftTrack], rate: Fraction) -> dict[int, _Check]:
    streams = container.streams.subtitles
    if len(streams) != len(subtitles):
        wanted = len(subtitles)
        raise KinofarmError(
            "VERIFY-003", what=FILM, property="number of text streams", found=len(streams), wanted=wanted
        )
    return {stream.index: TrackCheck(stream, track, rate) for stream, track in zip(streams, subtitles, strict=True)}


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


class _PictureCheck:
    """Takes the film's picture packets in decoding order and compares them with the proofs."""

    def __init__(self, stream: Any, proofs: Sequence[ChunkProof], rate: Fraction, joins: Joins) -> None:
        self._proofs, self._joins = proofs, joins
        self._clock = FrameClock(stream.time_base, rate, FILM)
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
        if packet.dts is None or (self._last_dts is not None and packet.dts <= self._last_dts):
            raise KinofarmError("VERIFY-011", packet=self._packets)
        self._last_dts = packet.dts
        if self._packets == self._wanted:
            raise KinofarmError("VERIFY-002", what=FILM, found=f"more than {self._packets}", wanted=self._wanted)
        proof = self._proofs[self._chunk]
        place = self._clock.frame(packet.pts) - self._start
        if not 0 <= place < proof.frames or place in self._seen or packet.dts > packet.pts:
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
    """Takes the film's sound packets in order and compares them with the proof; None: there is no sound."""

    def __init__(self, proof: SoundProof | None) -> None:
        self._proof = proof
        self._digest = PacketDigest()
        self._start: int | None = None
        self._end = 0

    def add(self, packet: Any) -> None:
        """Take in the next packet."""
        start, length = sample_place(packet, FILM)
        if self._start is None:
            self._start = self._end = start
        if start != self._end:
            raise KinofarmError("VERIFY-010", reason=f"its sound has a gap at sample {self._end}")
        self._end = start + length
        self._digest.sound(length, packet)

    def finish(self) -> None:
        """Check the whole."""
        if self._proof is None:
            return
        if self._end != self._proof.samples:
            raise KinofarmError("VERIFY-007", what="the film's sound", found=self._end, wanted=self._proof.samples)
        if self._digest.hexdigest() != self._proof.packets or -(self._start or 0) != self._proof.priming:
            raise KinofarmError("VERIFY-010", reason="its sound packets are not those that were verified")
