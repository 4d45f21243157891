"""Small films for the compiler's tests: sources whose luma is their frame's number, and films read back the same way.

A source made by `counted` shows frame n as flat luma 16 + n % 220. `Studio` checks and plans timelines over a folder
of such sources, renders the work with real ffmpeg and reads the numbers (or the pixels, or the samples) back.
"""

from __future__ import annotations

import hashlib
import itertools
import tempfile
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange

from infra.ffmpeg import binary, version
from infra.process import run_ffmpeg
from tasks.compiler.check import CheckedProject, check
from tasks.compiler.execute import Renderer, execute
from tasks.compiler.model import Timeline
from tasks.compiler.plan import Plan, Way, plan, plan_frame
from tasks.compiler.work import Stage, Work
from tasks.filesystem.roots import MediaRoots
from tasks.media.facts import MediaFacts
from tasks.media.probe import probe
from tasks.subtitles.fonts import font_catalogue

SIDE = 64
SHADES = 220
PAL = Fraction(25)
NTSC = Fraction(30000, 1001)

FAST = {"video": {"crf": 1, "preset": "ultrafast"}}
"""An export that keeps a flat luma within one level."""

_numbers = itertools.count(1)


def flat(luma: int, size: tuple[int, int] = (SIDE, SIDE)) -> np.ndarray:
    """A grey picture as planar yuv420p rows, the way PyAV takes them."""
    width, height = size
    picture = np.full((height * 3 // 2, width), 128, np.uint8)
    picture[:height] = luma
    return picture


def counted(
    path: Path,
    frames: int,
    rate: Fraction = PAL,
    *,
    times: Sequence[Fraction] | None = None,
    options: dict[str, str] | None = None,
    size: tuple[int, int] = (SIDE, SIDE),
    container: dict[str, str] | None = None,
    sound: np.ndarray | None = None,
    sound_codec: str = "aac",
) -> Path:
    """Write a video whose frame n is flat luma 16 + n % SHADES, tagged BT.709.

    Args:    times: timestamps in seconds, instead of n / rate. sound: stereo samples at 48 kHz.
    """
    settings = {"preset": "ultrafast", "qp": "0", "g": "12", "bf": "2"} | (options or {})
    with av.open(str(path), "w", options=container or {}) as file:
        stream = file.add_stream("libx264", rate=rate, options=settings)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.colorspace, context.color_primaries, context.color_trc, context.color_range = 1, 1, 1, 1
        ticks = Fraction(1, 90_000)
        context.time_base = stream.time_base = ticks
        beside = file.add_stream(sound_codec, rate=48_000, layout="stereo") if sound is not None else None
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(flat(16 + number % SHADES, size), format="yuv420p")
            frame.color_range = ColorRange.MPEG
            moment = Fraction(number) / rate if times is None else times[number]
            frame.pts, frame.time_base = round(moment / ticks), ticks
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
        if sound is not None:
            _encode_sound(file, beside, sound, 48_000)
    return path


def recorded(path: Path, samples: np.ndarray, rate: int = 48_000, codec: str = "pcm_f32le", layout: str = "") -> Path:
    """Write float samples, shape (channels, n), as a sound file of any container and codec."""
    layout = layout or {1: "mono", 2: "stereo", 6: "5.1"}[samples.shape[0]]
    with av.open(str(path), "w") as file:
        _encode_sound(file, file.add_stream(codec, rate=rate, layout=layout), samples, rate)
    return path


def _encode_sound(file: Any, stream: Any, samples: np.ndarray, rate: int) -> None:
    wanted = stream.codec_context.format.name
    resampler = av.AudioResampler(format=wanted, layout=stream.layout, rate=rate)
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(samples.astype(np.float32)), format="fltp", layout=stream.layout.name
    )
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    fifo = av.AudioFifo()
    for piece in resampler.resample(frame):
        fifo.write(piece)
    size = stream.codec_context.frame_size or 4096
    while (part := fifo.read(size, partial=False)) is not None:
        file.mux(stream.encode(part))
    if (part := fifo.read(partial=True)) is not None:
        file.mux(stream.encode(part))
    file.mux(stream.encode(None))


def clip(name: str, path: str, start: int, end: int, **more: Any) -> dict[str, Any]:
    return {"id": name, "source": {"kind": "media", "path": path}, "start": start, "end": end, **more}


def title(name: str, start: int, end: int, *, colour: str = "#ffffff", **more: Any) -> dict[str, Any]:
    """A title that is a box of one colour, by default over the whole frame."""
    box = {"kind": "shape", "x": 0, "y": 0, "width": 1, "height": 1, "fill": colour} | more.pop("box", {})
    return {"id": name, "source": {"kind": "title", "elements": [box]}, "start": start, "end": end, **more}


def join(first: str, second: str, start: int, end: int, kind: str = "dissolve", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "from_clip": first, "to_clip": second, "start": start, "end": end, **more}


def track(*clips: dict[str, Any], joins: Sequence[dict[str, Any]] = (), kind: str = "video", **more: Any) -> Any:
    return {"id": f"t{next(_numbers)}", "kind": kind, "clips": list(clips), "transitions": list(joins), **more}


def timeline(*tracks: Any, duration: int, rate: Fraction = PAL, side: int = SIDE, **more: Any) -> Timeline:
    fields: dict[str, Any] = {"export": FAST, "size": {"width": side, "height": side}} | more
    return Timeline.model_validate({"rate": rate, "duration": duration, "tracks": list(tracks), **fields})


class Studio:
    """Renders timelines over a folder of sources."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.binary = binary(None)
        self.renderer = Renderer(self.binary, version(self.binary), threads=1, timeout=60)
        self.fonts = font_catalogue()

    def source(self, name: str, make: Callable[[Path], object]) -> str:
        """Make a source once; returns its name for clips."""
        if not (self.folder / name).exists():
            make(self.folder / name)
        return name

    def counted(self, name: str, frames: int = 100, rate: Fraction = PAL, **more: Any) -> str:
        """A source of numbered frames; other arguments make another file of the name."""
        return self.source(_marked(name, frames, rate, **more), lambda path: counted(path, frames, rate, **more))

    def recorded(self, name: str, samples: np.ndarray, rate: int = 48_000, **more: Any) -> str:
        """A source of sound; other samples make another file of the name."""
        own = _marked(name, samples, rate, **more)
        return self.source(own, lambda path: recorded(path, samples, rate, **more))

    def together(self, name: str, *sounds: str) -> str:
        """A file that holds the streams of several, in order."""
        inputs = [part for sound in sounds for part in ("-i", f"file:{self.folder / sound}")]
        maps = [part for number in range(len(sounds)) for part in ("-map", str(number))]
        return self.source(
            name, lambda path: run_ffmpeg([*inputs, *maps, "-c", "copy", f"file:{path}"], cwd=self.folder)
        )

    def probe(self, path: Path) -> MediaFacts:
        return probe(path)

    def way(self, chunk_seconds: float = 10) -> Way:
        return Way(chunk_seconds=chunk_seconds, gop_seconds=2, ffmpeg=self.renderer.version, fonts=self.fonts)

    def check(self, film: Timeline) -> CheckedProject:
        return check(film, MediaRoots(self.folder), probe)

    def plan(self, film: Timeline, chunk_seconds: float = 10, start: int = 0, end: int | None = None) -> Plan:
        return plan(self.check(film), self.way(chunk_seconds), start, end)

    def rendered(self, work: Work) -> Path:
        return execute(work, Path(tempfile.mkdtemp(dir=self.folder)), self.renderer)

    def pictures(self, film: Timeline, **how: Any) -> np.ndarray:
        """Render the film's chunks one by one; returns every frame's planes, (frames, height * 3 / 2, width)."""
        found = []
        for chunk in self.plan(film, **how).chunks:
            seen = planes(self.rendered(chunk.work))
            assert len(seen) == chunk.frames, f"[{chunk.start}, {chunk.end}) has {len(seen)} frames"
            found.append(seen)
        return np.concatenate(found)

    def numbers(self, film: Timeline, **how: Any) -> list[int]:
        """The film as the numbers that its frames' middles show; black is -1 to 1."""
        seen = self.pictures(film, **how)
        height, width = film.size.height, film.size.width
        return [int(luma) - 16 for luma in seen[:, height // 2, width // 2]]

    def still(self, film: Timeline, frame: int) -> np.ndarray:
        """A frame of the film as `kinofarm frame` shows it, (height, width, rgb)."""
        path = self.rendered(plan_frame(self.check(film), self.way(), frame))
        with av.open(str(path)) as file:
            return next(file.decode(video=0)).to_ndarray(format="rgb24")

    def rgb(self, film: Timeline, x: float = 0.5, y: float = 0.5, frame: int = 0) -> tuple[int, int, int]:
        """The colour of a place in a frame."""
        seen = self.still(film, frame)
        red, green, blue = seen[int(y * seen.shape[0]), int(x * seen.shape[1])]
        return int(red), int(green), int(blue)

    @staticmethod
    def from_rgb(picture: np.ndarray) -> np.ndarray:
        """An RGB picture as the film's own yuv420p rows (BT.709, limited)."""
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        return frame.reformat(format="yuv420p", dst_colorspace=1, dst_color_range=1).to_ndarray()

    @staticmethod
    def to_rgb(picture: np.ndarray) -> np.ndarray:
        """A frame of a film as RGB."""
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="yuv420p")
        return frame.reformat(format="rgb24", src_colorspace=1, src_color_range=1, dst_color_range=2).to_ndarray()

    def samples(self, film: Timeline, start: int = 0, end: int | None = None) -> np.ndarray:
        """The film's sound before it is encoded, (n, 2)."""
        return self.heard(self.plan(film, start=start, end=end).sound)

    def heard(self, sound: Work) -> np.ndarray:
        raw = self.rendered(_unencoded(sound))
        samples = np.fromfile(raw, np.float32).reshape(-1, 2)
        assert len(samples) == sound.samples
        return samples


def _marked(name: str, *parts: object, **more: object) -> str:
    """The name with a mark of what its file is made of, so that two tests can't meet in one name."""
    recipe = [part.tobytes() if isinstance(part, np.ndarray) else part for part in (*parts, *more, *more.values())]
    mark = hashlib.sha256(repr(recipe).encode()).hexdigest()[:8]
    return f"{Path(name).stem}-{mark}{Path(name).suffix}"


def planes(path: Path) -> np.ndarray:
    """Every decoded frame of a rendered file, as yuv420p rows."""
    with av.open(str(path)) as file:
        return np.stack([frame.to_ndarray() for frame in file.decode(video=0)])


def near(got: Iterable[int], wanted: Iterable[int], within: int = 1) -> bool:
    pairs = list(itertools.zip_longest(got, wanted, fillvalue=-1000))
    off = [(at, a, b) for at, (a, b) in enumerate(pairs) if abs(a - b) > within]
    assert not off, f"(frame, got, wanted): {off[:12]}, {len(off)} in all"
    return True


def _unencoded(work: Work) -> Work:
    """The same sound work, but its last stage writes raw floats instead of AAC."""
    last = work.stages[-1].argv
    bare = last[: last.index("-c:a")]
    stage = Stage(argv=(*bare, "-c:a", "pcm_f32le", "-f", "f32le", "out"))
    return work.model_copy(update={"stages": (*work.stages[:-1], stage), "suffix": ".raw"})
