"""The one pass over a file: each packet is read once, each stream has one decoder, and what comes out is numbered and timed.

Damage in the middle is counted and survived: decoders go on at the next packet that they understand.

Units: seconds from the file's start. Source: libavformat and libavcodec through PyAV.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av.error

from infra.errors import KinofarmError
from tasks.media.analysis.numbering import FrameNumbers
from tasks.media.analysis.ranges import START, Place
from tasks.media.analysis.samples import SampleReader, SoundBlock
from tasks.media.analysis.shot import Shot, Shrinker
from tasks.media.analysis.watch import Watch
from tasks.media.facts import MediaFacts, PictureFacts, SoundFacts
from tasks.media.numbered import medium_at
from tasks.media.packets import words
from tasks.media.probe import MAX_PIXELS
from tasks.media.timing import Timing
from tasks.media.untrusted import opened

MOST_THREADS = 16
MOST_WAITING = 2**30
"""Bytes of decoded pictures that threads may hold at once: each works on one of its own."""

MOST_PACKETS = 20_000_000
"""Of the picture; 92 hours at 60 frames a second."""


@dataclass(frozen=True)
class Openers:
    """How a pass opens what it reads: whoever wants to count passes others.

    Args:
        container: of a medium by its path and its facts: `tasks.media.untrusted.opened`, or what calls it.
        decoder: gives a stream's decoder; asked once for each stream that is decoded.
    """

    container: Callable[[Path, MediaFacts], Any] = opened
    decoder: Callable[[Any], Any] = lambda stream: stream.codec_context


@dataclass
class Outcome:
    """What is known after the pass; the places are those after the last frame and sample."""

    timing: Timing
    picture: Place = START
    sound: Fraction = Fraction(0)
    frames: int = 0
    blocks: int = 0
    damaged: int = 0
    cut_short: bool = False

    @classmethod
    def nothing(cls) -> Outcome:
        """Return what is known where nothing had to be read."""
        return cls(Timing(Fraction(1)))


class Reading:
    """One pass over a file that has been probed.

    Args:
        facts: what `probe` returned of it.
        picture, sound: the streams that are wanted.
        look, hear: take what is decoded; None: the stream is not decoded (a picture's packets are read all the same).
    """

    def __init__(
        self,
        path: Path,
        facts: MediaFacts,
        picture: PictureFacts | None,
        sound: SoundFacts | None,
        *,
        look: Callable[[Shot], None] | None,
        hear: Callable[[SoundBlock], None] | None,
        watch: Watch,
        openers: Openers,
        threads: int,
        most_damaged: int,
    ) -> None:
        self._path, self._facts = path, facts
        self._picture, self._sound = picture, sound if hear is not None else None
        self._look, self._hear = look, hear
        self._watch, self._openers = watch, openers
        self._threads, self._most_damaged = threads, most_damaged
        self._reached = Fraction(0)

    def run(self) -> Outcome:
        """Read the file to its end.

        Raises:  KinofarmError SECURITY-00x, MEDIA-00x as `probe`, MEDIA-031 too damaged, MEDIA-032 a format that can't be
            looked at, FFMPEG-001 stopped. What the callbacks of `watch` raise passes through.
        """
        with _translated(self._path, self._watch):
            self._require_unchanged()
            with self._openers.container(self._path, self._facts) as container:
                outcome = self._read(container)
            self._require_unchanged()
        return outcome

    def _read(self, container: Any) -> Outcome:
        streams = self._streams(container)
        outcome = Outcome(Timing(self._picture.time_base if self._picture is not None else Fraction(1)))
        frames = self._frame_side(streams, outcome)
        samples = self._sound_side(streams, outcome)
        sides = [side for side in (frames, samples) if side is not None]
        for packet in self._packets(container, list(streams.values()), outcome):
            if self._picture is not None and packet.stream_index == self._picture.index:
                self._time(packet, outcome)
            for side in sides:
                if packet.stream_index == side.index:
                    self._decode(side, packet, outcome)
            self._watch.at(self._reached)
        for side in sides:
            self._decode(side, None, outcome)
            side.finish()
        return outcome

    def _streams(self, container: Any) -> dict[int, Any]:
        """Return the wanted streams by index.

        Raises:  KinofarmError MEDIA-008 where there is another or none in the place of one.
        """
        wanted = ((self._picture, "video"), (self._sound, "audio"))
        found = {}
        for one, kind in wanted:
            if one is None:
                continue
            stream = container.streams[one.index] if one.index < len(container.streams) else None
            if stream is None or stream.type != kind or stream.codec_context is None:
                raise KinofarmError("MEDIA-008", file=self._path.name)
            found[one.index] = stream
        return found

    def _packets(self, container: Any, streams: list[Any], outcome: Outcome) -> Iterator[Any]:
        """Yield the packets that hold something, until the end or where reading breaks off."""
        read = 0
        try:
            for packet in container.demux(streams):
                if packet.size == 0 and packet.pts is None and packet.dts is None:
                    continue  # PyAV's flush marker at the end; its stream index means nothing
                read += 1
                outcome.damaged += packet.is_corrupt
                yield packet
        except (av.error.FFmpegError, ValueError):
            if not read:
                raise
            outcome.cut_short = True

    def _time(self, packet: Any, outcome: Outcome) -> None:
        outcome.timing.add(packet)
        if outcome.timing.packets > MOST_PACKETS:
            raise KinofarmError(
                "MEDIA-005", file=self._path.name, reason=f"its picture has more than {MOST_PACKETS} packets"
            )
        if self._look is None and packet.pts is not None:
            self._reached = packet.pts * outcome.timing.time_base - self._facts.start

    def _decode(self, side: _Side, packet: Any, outcome: Outcome) -> None:
        try:
            decoded = side.decoder.decode(packet)
        except av.error.EOFError:  # flushed twice
            return
        except (av.error.FFmpegError, ValueError):
            outcome.damaged += 1
            decoded = []
        for frame in decoded:
            outcome.damaged += frame.is_corrupt
            self._reached = side.take(frame)
            self._watch.at(self._reached)
        if outcome.damaged > self._most_damaged:
            raise KinofarmError("MEDIA-031", file=self._path.name, damaged=outcome.damaged)

    def _frame_side(self, streams: dict[int, Any], outcome: Outcome) -> _Side | None:
        picture, look = self._picture, self._look
        if picture is None or look is None:
            return None
        decoder = self._openers.decoder(streams[picture.index])
        decoder.thread_type = "AUTO"
        decoder.thread_count = _threads(self._threads, picture)
        decoder.options = {"max_pixels": str(MAX_PIXELS)}
        clock, shrinker = FrameNumbers(self._facts.start, picture), Shrinker(picture.width, picture.height)

        def take(frame: Any) -> Fraction:
            place = clock.place(frame)
            outcome.frames += 1
            look(Shot(frame, place, shrinker))
            return place.time

        def finish() -> None:
            outcome.picture = clock.end()

        return _Side(picture.index, decoder, take, finish)

    def _sound_side(self, streams: dict[int, Any], outcome: Outcome) -> _Side | None:
        sound, hear = self._sound, self._hear
        if sound is None or hear is None:
            return None
        decoder = self._openers.decoder(streams[sound.index])
        reader = SampleReader(self._facts.start, sound.time_base)

        def pass_on(blocks: Iterator[SoundBlock]) -> None:
            for block in blocks:
                outcome.blocks += 1
                outcome.sound = block.end
                hear(block)

        def take(frame: Any) -> Fraction:
            pass_on(reader.take(frame))
            return outcome.sound

        return _Side(sound.index, decoder, take, lambda: pass_on(reader.finish()))

    def _require_unchanged(self) -> None:
        if medium_at(self._path).state.size != self._facts.size:
            raise KinofarmError("MEDIA-008", file=self._path.name)


@dataclass(frozen=True)
class _Side:
    """A stream that is decoded."""

    index: int
    decoder: Any
    take: Callable[[Any], Fraction]
    finish: Callable[[], None]


def _threads(wanted: int, picture: PictureFacts) -> int:
    a_frame = max(1, picture.width * picture.height * 4)
    usual = (os.cpu_count() or 1) + 1  # libavcodec's own choice: one waits while the others work
    return max(1, min(wanted or usual, MOST_THREADS, MOST_WAITING // a_frame))


@contextmanager
def _translated(path: Path, watch: Watch) -> Iterator[None]:
    """Turn what libavformat and the system raise into KinofarmErrors."""
    try:
        yield
    except (av.error.FFmpegError, OSError, ValueError, RuntimeError, ArithmeticError, MemoryError) as error:
        if error is watch.raised:
            raise
        raise _told(error, path) from None


def _told(error: Exception, path: Path) -> KinofarmError:
    if isinstance(error, av.error.FFmpegError):
        return KinofarmError("MEDIA-006", file=path.name, reason=words(error))
    if isinstance(error, OSError):
        return KinofarmError("MEDIA-009", file=path.name, reason=error.strerror or "an input error")
    return KinofarmError("MEDIA-006", file=path.name, reason=f"its numbers make no sense ({type(error).__name__})")
