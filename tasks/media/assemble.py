"""Join chunks and sound into one film by copying packets; nothing is encoded, every time is rebuilt in whole frames.

Frame k of a chunk that starts at frame s shows at (s + k)/rate. The n-th packet of the film is decoded at (n - d)/rate,
where d is the largest reordering delay of any chunk, so that decoding times rise by exactly one frame from end to
end and never come after the time of showing. The sound keeps its own packets and lengths; an edit list hides the encoder's
priming, so that both tracks start at 0. The same parts give the same bytes.

Source: ISO/IEC 14496-12 (edit lists), ffmpeg-formats(1), mov muxer.
"""

from __future__ import annotations

import errno
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import av.error

from infra.errors import KinofarmError
from tasks.media.packets import FrameClock, only_picture, only_sound, opened, words
from tasks.media.proof import ChunkProof, SoundProof, digest
from tasks.media.soft import SoftTrack, add_track, track_packets

_FINEST = 10_000
"""A track's ticks per second are at least this, as other muxers have it; players expect no coarse clocks."""

_MOST = 2**31 - 1


class ChunkFile(NamedTuple):
    """A verified chunk and where its file lies."""

    path: Path
    proof: ChunkProof


class SoundFile(NamedTuple):
    """The verified sound of the film and where its file lies."""

    path: Path
    proof: SoundProof


def assemble(
    out: Path,
    chunks: Sequence[ChunkFile],
    sound: SoundFile | None,
    rate: Fraction,
    on_frames: Callable[[int], None] | None = None,
    subtitles: Sequence[SoftTrack] = (),
) -> None:
    """Write the film: the chunks' pictures in order, the sound beside them, the index in front.

    Args:
        out: the file to write, a temporary one of the caller's; on an error the caller removes it.
        chunks: at least one, in order of time.
        sound: None for a film without sound.
        on_frames: told after each chunk how many frames are in.
        subtitles: tracks of text, one for each language.
    Raises:  KinofarmError VERIFY-008 chunks of different parameters, VERIFY-009 a chunk is not the one that was proven,
        VERIFY-001 a part cannot be read, VERIFY-014 a rate that MP4 cannot hold, PUBLISH-005 disk full, PUBLISH-006 write error.
    """
    require_one_encoder([chunk.proof for chunk in chunks])
    ticks_per_second = timescale(rate)
    options = {
        "movflags": "+faststart",
        "fflags": "+bitexact",
        "video_track_timescale": str(ticks_per_second),
        "movie_timescale": str(_movie_timescale(ticks_per_second, sound.proof.sample_rate if sound else 1)),
    }
    with _writing(out), av.open(f"file:{out}", "w", format="mp4", options=options) as film:
        with opened(chunks[0].path, "chunk 0") as first:
            picture = film.add_stream_from_template(only_picture(first, "chunk 0"))
            picture.time_base = Fraction(1, ticks_per_second)
        with _sound_track(film, sound) as sounds:
            texts = [_Waiting(track_packets(track, add_track(film, track, rate), rate)) for track in subtitles]
            beside = [sounds, *texts]
            delay = max(chunk.proof.delay for chunk in chunks)
            frames = 0
            for number, chunk in enumerate(chunks):
                for packet in _chunk_packets(chunk, number, rate, frames, delay, picture):
                    for others in beside:
                        for earlier in others.until(packet.dts * packet.time_base):
                            film.mux_one(earlier)
                    film.mux_one(packet)
                frames += chunk.proof.frames
                if on_frames:
                    on_frames(frames)
            for others in beside:
                for later in others.until(None):
                    film.mux_one(later)


def require_one_encoder(proofs: Sequence[ChunkProof]) -> None:
    """Check that the chunks share their stream's shape and the codec's parameter sets.

    Raises:  KinofarmError VERIFY-008; ValueError when there is no chunk at all.
    """
    if not proofs:
        raise ValueError("a film needs at least one chunk")
    for number, proof in enumerate(proofs):
        if proof.shape != proofs[0].shape:
            raise KinofarmError("VERIFY-008", chunk=number, property="size, format or colours")
        if proof.extradata != proofs[0].extradata:
            raise KinofarmError("VERIFY-008", chunk=number, property="parameter sets (extradata)")


def timescale(rate: Fraction) -> int:
    """Return the ticks per second of a film's picture track: a multiple of the rate's numerator.

    Raises:  KinofarmError VERIFY-014 when no such number fits.
    """
    ticks = rate.numerator
    while ticks < _FINEST:
        ticks *= 2
    if ticks > _MOST:
        raise KinofarmError("VERIFY-014", rate=str(rate))
    return ticks


def _movie_timescale(ticks: int, sample_rate: int) -> int:
    """Return the clock of the edit lists: one in which both tracks' lengths are whole numbers, else the sound's."""
    both = math.lcm(ticks, sample_rate)
    return both if both <= _MOST else sample_rate


def _chunk_packets(
    chunk: ChunkFile, number: int, rate: Fraction, start: int, delay: int, picture: Any
) -> Iterator[Any]:
    """Yield a chunk's packets with their times in the film."""
    what = f"chunk {number}"
    ticks = rate.denominator * (picture.time_base.denominator // rate.numerator)
    count = 0
    with opened(chunk.path, what) as container:
        stream = only_picture(container, what)
        if digest(stream.codec_context.extradata) != chunk.proof.extradata:
            raise KinofarmError("VERIFY-009", what=what, reason="its parameter sets changed")
        clock = FrameClock(stream.time_base, rate, what)
        for packet in container.demux(stream):
            if not packet.size:
                continue
            packet.pts = (start + clock.frame(packet.pts)) * ticks
            packet.dts = (start + count - delay) * ticks
            packet.duration = ticks
            packet.time_base = picture.time_base
            packet.stream = picture
            count += 1
            yield packet
    if count != chunk.proof.frames:
        raise KinofarmError("VERIFY-009", what=what, reason=f"it has {count} packets instead of {chunk.proof.frames}")


class _Waiting:
    """A track's packets in order, handed out up to a time."""

    def __init__(self, packets: Iterator[Any]) -> None:
        self._packets = packets
        self._held = next(packets, None)

    def until(self, seconds: Fraction | None) -> Iterator[Any]:
        """Yield what starts at or before a time; None: all that is left."""
        while self._held is not None and (seconds is None or self._held.pts * self._held.time_base <= seconds):
            yield self._held
            self._held = next(self._packets, None)


@contextmanager
def _sound_track(film: Any, sound: SoundFile | None) -> Iterator[_Waiting]:
    if sound is None:
        yield _Waiting(iter(()))
        return
    what = "the film's sound"
    with opened(sound.path, what) as container:
        source = only_sound(container, what)
        track = film.add_stream_from_template(source)
        track.time_base = Fraction(1, sound.proof.sample_rate)
        yield _Waiting(_sound_packets(container, source, track))


def _sound_packets(container: Any, source: Any, track: Any) -> Iterator[Any]:
    samples_per_tick = source.time_base / track.time_base
    for packet in container.demux(source):
        if packet.size:
            packet.pts = packet.dts = int(packet.pts * samples_per_tick)
            packet.duration = int(packet.duration * samples_per_tick)
            packet.time_base = track.time_base
            packet.stream = track
            yield packet


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    """Translate what goes wrong while the film is written; what goes wrong with a part is translated where it is read."""
    try:
        yield
    except (av.error.FFmpegError, OSError) as error:
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            raise KinofarmError("PUBLISH-005", path=str(out.parent)) from None
        raise KinofarmError("PUBLISH-006", path=str(out), reason=words(error)) from None
