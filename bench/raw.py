"""The other side of the comparison: one ffmpeg process with a graph that was written by hand; two where it measures first."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import font_roboto

from bench.sources import LOOK, write_look
from infra.process import run_ffmpeg

_GRAPHS = Path(__file__).with_name("graphs")
_PICTURE = ("-pix_fmt", "yuv420p", "-g", "50")
_TAGS = ("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv")


SOUND = ("-c:a", "aac", "-b:a", "192k", "-ar", "48000", "-movflags", "+faststart")
"""The sound's encoder and its settings, the same that the farm's project asks for."""


def encoding(preset: str) -> tuple[str, ...]:
    """Return the settings of picture and sound; a keyframe at most every two seconds."""
    return ("-c:v", "libx264", "-preset", preset, "-crf", "20", *_PICTURE, *_TAGS, *SOUND)


LOSSLESS = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "0", *_PICTURE, *_TAGS, "-c:a", "aac")
"""What the reference is made with: the same graph, no loss in the picture."""


def render(
    graph: str,
    sources: Mapping[str, Path],
    encode: tuple[str, ...],
    out: Path,
    scratch: Path,
    loudness: float | None = None,
) -> float:
    """Render `bench/graphs/GRAPH.args` to `out` and return the seconds that it took, by the clock.

    Args:    loudness: LUFS; `GRAPH-first.args` measures the sound into `first.log` beforehand, within the same seconds.
    Raises:  KinofarmError FFMPEG-00x.
    """
    lay_out(scratch)
    seconds, gain = 0.0, ""
    if loudness is not None:
        seconds = run_ffmpeg(arguments(f"{graph}-first", sources, encode, out), cwd=scratch).seconds
        measured = re.findall(r"r128\.I=(\S+)", (scratch / "first.log").read_text(encoding="ascii"))[-1]
        gain = f"{loudness - float(measured):.3f}"
    return seconds + run_ffmpeg(arguments(graph, sources, encode, out, gain), cwd=scratch).seconds


def arguments(
    graph: str, sources: Mapping[str, Path], encode: tuple[str, ...], out: Path, gain: str = ""
) -> tuple[str, ...]:
    """Return the graph's argv: `{sourceN}`, `{encode}`, `{out}` and, inside a word, `{gain}` are filled in."""
    written = shlex.split((_GRAPHS / f"{graph}.args").read_text(encoding="utf-8"), comments=True)
    argv: list[str] = []
    for word in written:
        if word == "{encode}":
            argv += encode
        elif word == "{out}":
            argv.append(str(out))
        else:
            argv.append(str(sources[word[1:-1]]) if word[1:-1] in sources else word.replace("{gain}", gain))
    return tuple(argv)


def lay_out(scratch: Path) -> None:
    """Put what the graphs name by a plain name into the folder that ffmpeg runs in: titles, fonts, a look-up table."""
    scratch.mkdir(parents=True, exist_ok=True)
    if not (scratch / LOOK).is_file():
        write_look(scratch)
    for script in _GRAPHS.glob("*.ass"):
        shutil.copyfile(script, scratch / script.name)
    fonts = scratch / "fonts"
    if not fonts.is_dir():
        fonts.mkdir()
        with resources.as_file(resources.files(font_roboto) / "files" / "Roboto-Regular.ttf") as regular:
            shutil.copyfile(regular, fonts / regular.name)
