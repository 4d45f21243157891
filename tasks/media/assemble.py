"""Join chunks and sound into one film by copying packets; nothing is encoded, every time is rebuilt in whole frames.

Frame k of a chunk that starts at frame s shows at (s + k)/rate. The n-th packet of the film is decoded at (n - d)/rate,
where d is the largest reordering delay of any chunk, so that decoding times rise by exactly one frame from end to
end and never come after the time of showing. The sound keeps its own packets and lengths; an edit list hides the encoder's
priming, so that both tracks start at 0. Containers without edit lists (Matroska, WebM) get the priming before 0; AVI keeps an
order and no times. The same parts give the same bytes.

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
from tasks.media.containers import PLAIN_MP4, Chapter, Muxing
from tasks.media.packets import clock_of, only_picture, only_sound, opened, words
from tasks.media.proof import ChunkProof, SoundProof, digest
from tasks.media.soft import add_track, track_packets, written_code

_FINEST = 10_000
"""A track's ticks per second are at least this, as other muxers have it; players expect no coarse clocks."""

_MOST = 2**31 - 1

_CHAPTER_TICKS = 1000
"""Ticks a second of chapters."""


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
    muxing: Muxing = PLAIN_MP4,
) -> None:
    """Write the film: the chunks' pictures in order, the sound beside them, the index in front where it can stand there.

    Args:
        out: the file to write, a temporary one of the caller's; on an error the caller removes it.
        chunks: at least one, in order of time.
        sound: None for a film without sound.
        on_frames: told after each chunk how many frames are in.
        muxing: the container and what else goes into it; a folder of pictures and a GIF are joined as a MOV first.
    Raises:  KinofarmError VERIFY-008 chunks of different parameters, VERIFY-009 a chunk is not the one that was proven,
        VERIFY-001 a part cannot be read, VERIFY-014 a rate that MP4 cannot hold, PUBLISH-005 disk full, PUBLISH-006 write error.
    """
    require_one_encoder([chunk.proof for chunk in chunks])
    muxer = joined_form(muxing)
    ticks_per_second = timescale(rate)
    with (
        _writing(out),
        av.open(f"file:{out}", "w", format=muxer, options=_options(muxer, ticks_per_second, sound)) as film,
    ):
        _describe(film, muxing)
        with opened(chunks[0].path, "chunk 0") as first:
            source = only_picture(first, "chunk 0")
            picture = film.add_stream_from_template(source, opaque=not _encodable(source))
            if muxer in ("mp4", "mov"):  # hvc1, not hev1: the parameter sets lie in the header, as in the chunks
                picture.codec_context.codec_tag = source.codec_context.codec_tag
            picture.time_base = base = 1 / rate if muxer == "avi" else Fraction(1, ticks_per_second)
            _name_language(picture, muxing)
            if "alpha_mode" in source.metadata:  # without it no player looks for the alpha beside the packets
                picture.metadata["alpha_mode"] = source.metadata["alpha_mode"]
        with _sound_track(film, sound, muxing) as sounds:
            tracks = [(track, add_track(film, track, rate, muxing.text_form)) for track in muxing.subtitles]
            texts = [_Waiting(track_packets(track, stream, rate, muxing.text_form)) for track, stream in tracks]
            beside = [sounds, *texts]
            delay = 0 if muxer == "avi" else max(chunk.proof.delay for chunk in chunks)
            frames = 0
            for number, chunk in enumerate(chunks):
                for packet in _chunk_packets(chunk, number, rate, frames, delay, picture, base):
                    for others in beside:
                        for earlier in others.until(packet.dts * base):
                            film.mux_one(earlier)
                    film.mux_one(packet)
                frames += chunk.proof.frames
                if on_frames:
                    on_frames(frames)
            for others in beside:
                for later in others.until(None):
                    film.mux_one(later)


def joined_form(muxing: Muxing) -> str:
    """Return the muxer that joins a film's chunks: its container's own, or MOV for what is made of the joined film."""
    return muxing.row.muxer if muxing.row.kind == "film" else "mov"


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


def _options(muxer: str, ticks: int, sound: SoundFile | None) -> dict[str, str]:
    if muxer in ("mp4", "mov"):
        return {
            "movflags": "+faststart",
            "fflags": "+bitexact",
            "video_track_timescale": str(ticks),
            "movie_timescale": str(_movie_timescale(ticks, sound.proof.sample_rate if sound else 1)),
        }
    return {"fflags": "+bitexact", "avoid_negative_ts": "disabled"}


def _describe(film: Any, muxing: Muxing) -> None:
    """Write what the film's file says of itself."""
    film.metadata.update(dict(muxing.tags))
    if muxing.chapters:
        film.set_chapters([_chapter(number, chapter) for number, chapter in enumerate(muxing.chapters, start=1)])


def _encodable(stream: Any) -> bool:
    """Has the decoder's library an encoder of that name too? PyAV takes its flags from that, where there is one."""
    try:
        av.codec.Codec(stream.codec_context.codec.name, "w")
    except av.codec.codec.UnknownCodecError:
        return False
    return True


def _chapter(number: int, chapter: Chapter) -> Any:
    start, end = round(chapter.start * _CHAPTER_TICKS), round(chapter.end * _CHAPTER_TICKS)
    return {
        "id": number,
        "start": start,
        "end": end,
        "time_base": Fraction(1, _CHAPTER_TICKS),
        "metadata": {"title": chapter.title},
    }


def _name_language(stream: Any, muxing: Muxing) -> None:
    if muxing.language:
        stream.metadata["language"] = written_code(muxing.language, muxing.row.muxer)


def _movie_timescale(ticks: int, sample_rate: int) -> int:
    """Return the clock of the edit lists: one in which both tracks' lengths are whole numbers, else the sound's."""
    both = math.lcm(ticks, sample_rate)
    return both if both <= _MOST else sample_rate


def _chunk_packets(
    chunk: ChunkFile, number: int, rate: Fraction, start: int, delay: int, picture: Any, base: Fraction
) -> Iterator[Any]:
    """Yield a chunk's packets with their times in the film, in ticks of `base` seconds."""
    what = f"chunk {number}"
    ticks = int(1 / rate / base)
    count = 0
    with opened(chunk.path, what) as container:
        stream = only_picture(container, what)
        if digest(stream.codec_context.extradata) != chunk.proof.extradata:
            raise KinofarmError("VERIFY-009", what=what, reason="its parameter sets changed")
        clock = clock_of(container, stream, rate, what)
        for packet in container.demux(stream):
            if not packet.size:
                continue
            packet.pts = (start + clock.packet(packet)) * ticks
            packet.dts = (start + count - delay) * ticks
            packet.duration = ticks
            packet.time_base = base
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
def _sound_track(film: Any, sound: SoundFile | None, muxing: Muxing) -> Iterator[_Waiting]:
    if sound is None:
        yield _Waiting(iter(()))
        return
    what = "the film's sound"
    with opened(sound.path, what) as container:
        source = only_sound(container, what)
        track = film.add_stream_from_template(source)
        track.time_base = Fraction(1, sound.proof.sample_rate)
        _name_language(track, muxing)
        yield _Waiting(_sound_packets(container, source, track, sound.proof.samples))


def _sound_packets(container: Any, source: Any, track: Any, samples: int) -> Iterator[Any]:
    """Yield the sound's packets; the last one, which may be longer than what plays of it, says how much does."""
    base = Fraction(1, source.codec_context.sample_rate)  # the muxer may give the track a clock of its own later
    samples_per_tick = source.time_base / base
    for packet in container.demux(source):
        if packet.size:
            packet.pts = packet.dts = int(packet.pts * samples_per_tick)
            packet.duration = min(int(packet.duration * samples_per_tick), samples - packet.pts)
            packet.time_base = base
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
