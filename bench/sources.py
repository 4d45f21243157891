"""The benchmark's source files: six H.264 pictures with sound that move and have detail as a hand-held camera's do.

A textured still larger than the frame is panned, something busy crosses it, fine grain lies over it; a keyframe
every two seconds, as phones and cameras write them. Drawn once, kept by a hash of the recipe.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

from infra.process import run_ffmpeg

RATE = 25
WIDTH, HEIGHT = 1280, 720
SECONDS = 46
COUNT = 6
NAMES = tuple(f"source{number}" for number in range(COUNT))

LOOK = "look.cube"
"""The name of the look-up table that graded films take."""

POINTS = 33

_PALETTES = ("viridis", "magma", "cividis", "turbo", "fiery", "total")
_ENCODING = (
    *("-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-g", str(2 * RATE), "-pix_fmt", "yuv420p"),
    *("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv"),
    *("-c:a", "aac", "-b:a", "128k"),
)


def draw_sources(folder: Path, seconds: int = SECONDS) -> dict[str, Path]:
    """Draw the sources that `folder` lacks and return them all by name.

    Raises:  KinofarmError FFMPEG-00x.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return {name: _drawn(folder, number, name, seconds) for number, name in enumerate(NAMES)}


def fresh_copies(sources: dict[str, Path], folder: Path, nonce: int) -> dict[str, Path]:
    """Copy the sources with an ignored box at the end, so that their content hashes, and all keys made of them, are new.

    This is what makes a farm's round cold: whatever it keeps, it has never seen these files.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    copies = {}
    for name, source in sources.items():
        copies[name] = Path(shutil.copyfile(source, folder / f"{name}.mp4"))
        with copies[name].open("ab") as file:
            file.write((24).to_bytes(4, "big") + b"free" + nonce.to_bytes(16, "big"))
    return copies


def write_look(folder: Path) -> None:
    """Write a mild look of 33 points a side: a lower gamma, a little less colour, warm lights and cold shadows."""
    steps = [point / (POINTS - 1) for point in range(POINTS)]
    rows = [f"LUT_3D_SIZE {POINTS}"]
    for blue in steps:
        for green in steps:
            for red in steps:
                grey = 0.2126 * red + 0.7152 * green + 0.0722 * blue
                shifted = zip((red, green, blue), (0.02, 0.0, -0.02), strict=True)
                found = [0.95 * value**0.9 + 0.05 * grey + shift for value, shift in shifted]
                rows.append(" ".join(f"{min(1.0, max(0.0, value)):.6f}" for value in found))
    (folder / LOOK).write_text("\n".join(rows) + "\n", encoding="ascii")


def _drawn(folder: Path, number: int, name: str, seconds: int) -> Path:
    graph = _graph(number)
    digest = hashlib.sha256(json.dumps([graph, seconds, _ENCODING]).encode()).hexdigest()[:10]
    target = folder / f"{name}-{digest}.mp4"
    if not target.is_file():
        unfinished = target.with_name(f".{os.getpid()}-{target.name}")
        outputs = ("-map", "[picture]", "-map", "[sound]", "-t", str(seconds))
        try:
            run_ffmpeg(("-filter_complex", graph, *outputs, *_ENCODING, str(unfinished)), cwd=folder)
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)
    return target


def _graph(number: int) -> str:
    pan_x, pan_y = f"320+300*sin(2*PI*t/{11 + number})", f"180+170*sin(2*PI*t/{7 + number})"
    path_x, path_y = f"480+420*sin(2*PI*t/{5 + number})", f"200+180*cos(2*PI*t/{6 + number})"
    return (
        f"perlin=s=1920x1080:r={RATE}:octaves=9:persistence=0.55:xscale=5:yscale=5:seed={number + 3},"
        f"trim=end_frame=1,format=gray,normalize,format=gbrp,pseudocolor=preset={_PALETTES[number]},"
        f"unsharp=5:5:0.6,format=yuv420p,loop=-1:1,setpts=N/{RATE}/TB,"
        f"crop={WIDTH}:{HEIGHT}:x='{pan_x}':y='{pan_y}'[ground];"
        f"mandelbrot=s=320x320:r={RATE}:start_scale=0.6:end_scale=0.02:end_pts=1000"
        ":start_x=-0.7436:start_y=-0.1318:maxiter=120,format=yuv420p[thing];"
        f"[ground][thing]overlay=x='{path_x}':y='{path_y}',noise=alls=1:allf=t[picture];"
        f"sine=f={220 + 55 * number}:r=48000,volume=0.2[tone];"
        f"anoisesrc=color=pink:a=0.08:r=48000:seed={number + 1}[noise];"
        "[tone][noise]amix=2:normalize=0:duration=longest,aformat=channel_layouts=stereo[sound]"
    )
