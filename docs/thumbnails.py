"""Draw the thumbnails of the effects page: `python -m docs.thumbnails [NAME …]`.

A small scene of our own, panned slowly, goes through the farm itself, once for each effect, and one frame of it becomes
docs/pictures/effects/NAME.jpg. The pictures are committed: JPEG is not the same to the last bit on every machine, so that the
pages' check looks only whether they are there.
"""

from __future__ import annotations

import math
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from infra.ffmpeg import binary, version
from tasks.compiler.check import check
from tasks.compiler.effects import EFFECTS
from tasks.compiler.effects.documentation import EXAMPLES, UNSEEN
from tasks.compiler.execute import Renderer, execute
from tasks.compiler.model import Timeline
from tasks.compiler.plan import Way, plan_frame
from tasks.filesystem.roots import MediaRoots
from tasks.media.probe import probe
from tasks.subtitles.fonts import font_catalogue

FOLDER = Path(__file__).parent / "pictures" / "effects"
SIZE = (240, 136)
FRAME = 10
RATE = Fraction(25)
SCENE, TABLE = "scene.mp4", "example.cube"


def main(names: list[str]) -> int:
    """Draw the thumbnails of the named effects, or of all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = names or [
        "original",
        *(name for name, row in EFFECTS.items() if row.on == "picture" and name not in UNSEEN),
    ]
    ffmpeg = binary(None)
    renderer = Renderer(ffmpeg, version(ffmpeg), threads=2)
    way = Way(chunk_seconds=10, gop_seconds=2, ffmpeg=renderer.version, fonts=font_catalogue())
    with tempfile.TemporaryDirectory(prefix="kinofarm-thumbnails-") as made:
        folder = Path(made)
        _film(folder / SCENE)
        _table(folder / TABLE)
        for name in wanted:
            project = check(_timeline(name), MediaRoots(folder), probe)
            scratch = Path(tempfile.mkdtemp(dir=folder))
            picture = execute(plan_frame(project, way, FRAME), scratch, renderer)
            Image.open(picture).convert("RGB").save(FOLDER / f"{name}.jpg", quality=82, optimize=True)
            print(name)
    return 0


def _timeline(name: str) -> Timeline:
    effects = [] if name == "original" else [{"kind": name, "parameters": dict(EXAMPLES.get(name, {}))}]
    box = {"kind": "shape", "x": 0, "y": 0, "width": 1, "height": 1, "fill": "#6b4fa0"}
    below = {"id": "below", "source": {"kind": "title", "elements": [box]}, "start": 0, "end": 20}
    scene = {"id": "scene", "source": {"kind": "media", "path": SCENE}, "start": 0, "end": 20, "effects": effects}
    return Timeline.model_validate(
        {
            "rate": RATE,
            "size": {"width": SIZE[0], "height": SIZE[1]},
            "duration": 20,
            "tracks": [
                {"id": "V1", "kind": "video", "clips": [below]},
                {"id": "V2", "kind": "video", "clips": [scene]},
            ],
        }
    )


def _film(path: Path) -> None:
    """The scene, panned by three pixels a frame, with a little noise."""
    wide = _scene(SIZE[0] + 3 * 24, SIZE[1])
    random = np.random.default_rng(1)
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=RATE, options={"qp": "0", "preset": "ultrafast"})
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv444p"
        for number in range(24):
            part = wide[:, 3 * number : 3 * number + SIZE[0]] + random.normal(0, 2.5, (SIZE[1], SIZE[0], 1))
            frame = av.VideoFrame.from_ndarray(np.clip(part, 0, 255).astype(np.uint8), format="rgb24")
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def _scene(width: int, height: int) -> np.ndarray:
    """A house at a lake under an evening sky, with a lawn in a screen's green."""
    down = np.linspace(0, 1, height)[:, None, None]
    sky = (1 - down) * np.array([70, 130, 215]) + down * np.array([250, 205, 160])
    image = Image.fromarray(np.repeat(sky, width, axis=1).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    draw.ellipse((width * 0.62, height * 0.12, width * 0.62 + 26, height * 0.12 + 26), fill=(255, 246, 205))
    for place, tone in ((0.52, (96, 120, 140)), (0.6, (64, 92, 84))):
        ridge = [
            (x, height * place + 9 * math.sin(x / 23 + place * 40) + 5 * math.sin(x / 7)) for x in range(width + 1)
        ]
        draw.polygon([*ridge, (width, height), (0, height)], fill=tone)
    image = image.filter(ImageFilter.GaussianBlur(0.6))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height * 0.72, width, height), fill=(36, 196, 48))
    draw.rectangle((0, height * 0.9, width, height), fill=(40, 88, 140))
    for x in range(0, width, 9):
        draw.line((x, height * 0.93, x + 5, height * 0.93), fill=(190, 215, 235))
    for left in (92, 232):
        draw.rectangle((left, height * 0.5, left + 52, height * 0.8), fill=(214, 196, 170))
        draw.polygon(
            ((left - 6, height * 0.5), (left + 58, height * 0.5), (left + 26, height * 0.32)), fill=(158, 52, 40)
        )
        for window in (8, 32):
            draw.rectangle((left + window, height * 0.57, left + window + 12, height * 0.67), fill=(250, 226, 120))
        draw.rectangle((left + 21, height * 0.68, left + 31, height * 0.8), fill=(70, 44, 30))
    for left in (40, 190):
        draw.rectangle((left, height * 0.58, left + 5, height * 0.8), fill=(84, 56, 36))
        draw.ellipse((left - 15, height * 0.32, left + 20, height * 0.64), fill=(38, 96, 40))
    for left, shirt in ((74, (210, 40, 60)), (166, (240, 190, 40))):
        draw.ellipse((left, height * 0.6, left + 9, height * 0.6 + 10), fill=(226, 172, 140))
        draw.rectangle((left - 1, height * 0.675, left + 10, height * 0.8), fill=shirt)
    return np.asarray(image, np.float64)


def _table(path: Path) -> None:
    """A look-up table: bleached, with teal shadows and orange lights."""
    lines = ["LUT_3D_SIZE 9"]
    steps = [i / 8 for i in range(9)]
    for blue in steps:
        for green in steps:
            for red in steps:
                y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
                toned = (y + 0.22 * (y - 0.4), y + 0.02, y - 0.22 * (y - 0.5) + 0.05)
                mixed = [0.55 * value + 0.45 * tone for value, tone in zip((red, green, blue), toned, strict=True)]
                lines.append(" ".join(f"{min(1.0, max(0.0, value)):.6f}" for value in mixed))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
