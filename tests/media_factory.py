"""Small media for tests, made with ffmpeg's generators once a session."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

from infra.process import run_ffmpeg
from tasks.media.proof import PictureShape

BT709 = "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv"
SIZE = 320, 180
SHAPE = PictureShape(
    codec="h264", width=320, height=180, pixel_format="yuv420p",
    matrix="bt709", primaries="bt709", transfer="bt709", range="tv",
)  # fmt: skip
"""What `MediaFactory.chunk` makes."""


class MediaFactory:
    """Makes media in one folder; the same name by the same arguments is not made again, by others it is another file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self, name: str, *argv: str) -> Path:
        """Run ffmpeg with these arguments before the output's name, e.g. make("a.mp4", "-f", "lavfi", "-i", "testsrc2=d=1").

        Returns: the file; a mark of the arguments stands in its name before the suffix.
        """
        recipe = hashlib.sha256("\0".join(argv).encode()).hexdigest()[:12]
        place = self.folder / f"{Path(name).stem}-{recipe}{Path(name).suffix}"
        if not place.exists():
            # Made under a name of its own: what ffmpeg broke off is never taken for the file.
            run_ffmpeg([*argv, f"unfinished-{place.name}"], cwd=self.folder)
            (self.folder / f"unfinished-{place.name}").replace(place)
        return place

    def video(
        self,
        frames: int = 50,
        rate: Fraction = Fraction(25),
        size: tuple[int, int] = SIZE,
        pattern: str = "testsrc2",
        sound: bool = True,
        filters: str = "null",
        suffix: str = ".mp4",
        codec: str = "libx264",
    ) -> Path:
        """A clip of a generator's moving pattern, with a tone beside it."""
        tone = ("-f", "lavfi", "-i", f"sine=440:r=48000:d={float(frames / rate)}", "-c:a", "aac") if sound else ()
        return self.make(
            f"{pattern}-{frames}{suffix}",
            *("-f", "lavfi", "-i", f"{pattern}=s={size[0]}x{size[1]}:r={rate}", *tone),
            *("-vf", f"{filters},format=yuv420p,{BT709}", "-frames:v", str(frames)),
            *("-c:v", codec, *(("-preset", "ultrafast") if codec == "libx264" else ())),
        )

    def chunk(self, frames: int, rate: Fraction = Fraction(25), gop: int = 10, extra: tuple[str, ...] = ()) -> Path:
        """A chunk as the farm renders one: closed GOPs, B-frames, parameter sets that depend on nothing seen."""
        return self.make(
            f"chunk-{frames}.mp4",
            *("-f", "lavfi", "-i", f"testsrc2=s={SIZE[0]}x{SIZE[1]}:r={rate}"),
            *("-vf", f"format=yuv420p,{BT709}", "-frames:v", str(frames)),
            *("-c:v", "libx264", "-preset", "veryfast", "-threads", "1", "-g", str(gop), "-flags", "+cgop"),
            *("-x264-params", "stitchable=1", *extra),
        )

    def sound(self, samples: int, sample_rate: int = 48_000, amplitude: float = 0.5) -> Path:
        """A stereo tone as AAC in M4A, cut to the sample."""
        tone = f"{amplitude}*sin(2*PI*1000*t)"
        return self.make(
            f"sound-{samples}.m4a",
            *("-f", "lavfi", "-i", f"aevalsrc={tone}|{tone}:s={sample_rate}:d={samples / sample_rate + 1}"),
            *("-af", f"atrim=end_sample={samples}", "-c:a", "aac", "-b:a", "128k"),
        )


STEPS = "color=black:s=64x48:r=25,format=rgb24,geq=r='2*N':g='2*N':b='2*N'"
"""Frames that get brighter: of frame N each pixel is 2N."""


def pictures(folder: Path, pattern: str, count: int, source: str = STEPS, first: int = 1, extra: tuple[str, ...] = ()) -> Path:  # fmt: skip
    """Write frames of one of ffmpeg's generators as numbered pictures, and return the name of their sequence.

    Args:    pattern: of their names, as ffmpeg writes them. first: number. extra: arguments of the encoder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    argv = ("-f", "lavfi", "-i", source, "-frames:v", str(count), *extra, "-start_number", str(first), "-f", "image2")
    run_ffmpeg([*argv, pattern], cwd=folder)
    return folder / pattern
