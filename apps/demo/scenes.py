"""The demo's scenes: hills at dusk, the same hills at night, a fractal, a population, a carpet, and the music made visible.

Each is a table row that ffmpeg's generators turn into a 1280x720 H.264 file with sound. Seeds are fixed, so that every
machine makes the same film. Source: ffmpeg-filters(1), geq, gradients, perlin, mandelbrot, life, sierpinski, showcqt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from apps.demo.music import SECONDS, crickets, drone, music, wind

RATE = 25
WIDTH, HEIGHT = 1280, 720

MUSIC = "music"
"""The name of the one source without a picture."""


@dataclass(frozen=True)
class Scene:
    """A source file: a filter graph with outputs [picture] (or none) and [sound], and its length in seconds.

    reads: the scene whose file is the graph's input 0, where it has one.
    """

    name: str
    seconds: int
    sound: str
    picture: str = ""
    reads: str = ""

    @property
    def suffix(self) -> str:
        return ".mp4" if self.picture else ".m4a"

    @property
    def graph(self) -> str:
        return ";".join(part for part in (self.picture, self.sound) if part)


_HOLD = f"loop=-1:1,setpts=N/{RATE}/TB"
"""Repeats a frame that was costly to draw."""


def _hill(colour: tuple[int, int, int], height: int, top: int, waves: tuple[int, int], phase: float, drift: str) -> str:
    """A ridge, drawn once and then moved; whole waves make its ends meet."""
    long, short = waves
    ridge = (
        f"{top}+{height}*(0.6*sin(2*PI*X/W*{long}+{phase})+0.3*sin(2*PI*X/W*{short}+2*{phase})"
        f"+0.1*sin(4*PI*X/W*{long + short}))"
    )
    red, green, blue = colour
    return (
        f"color=black:s={WIDTH}x360:r={RATE}:d=0.04,format=rgba,"
        f"geq=r={red}:g={green}:b={blue}:a='255*clip(Y-({ridge}),0,1)',format=yuva420p,"
        f"{_HOLD},scroll=h={drift}"
    )


def _landscape(sky: str, hills: Mapping[str, tuple[int, int, int]]) -> str:
    """Four ridges over a sky, the near ones faster than the far ones."""
    shapes = {
        "far": (60, 90, (3, 7), 0.5, "0.0002"),
        "middle": (50, 150, (4, 9), 1.7, "0.0005"),
        "near": (40, 215, (5, 11), 3.1, "0.001"),
        "front": (22, 285, (6, 17), 4.4, "0.002"),
    }
    parts = [f"{sky}[over0]"]
    for number, (name, shape) in enumerate(shapes.items()):
        parts.append(f"{_hill(hills[name], *shape)}[{name}]")
        parts.append(f"[over{number}][{name}]overlay=0:360[over{number + 1}]")
    return ";".join(parts) + f";[over{len(shapes)}]format=yuv420p[picture]"


_SUN = (
    f"color=black:s=400x400:r={RATE}:d=0.04,format=rgba,geq=r=255"
    ":g='226+20*lt(hypot(X-200,Y-200),62)':b='150+60*lt(hypot(X-200,Y-200),62)'"
    ":a='255*clip(62.5-hypot(X-200,Y-200),0,1)"
    "+150*gt(hypot(X-200,Y-200),62)*pow(clip(1-(hypot(X-200,Y-200)-62)/138,0,1),2.2)'"
    f",format=yuva420p,{_HOLD}[sun]"
)


def _gradient(stops: tuple[str, str, str, str], bottom: int) -> str:
    """One frame of a sky, from the top of the frame down to the line `bottom`."""
    colours = ":".join(f"c{number}={stop}" for number, stop in enumerate(stops))
    return (
        f"gradients=s={WIDTH}x{HEIGHT}:r={RATE}:d=0.04:n=4:{colours}:x0=0:y0=0:x1=0:y1={bottom}:speed=0.00001,"
        "format=gbrp"
    )


_DUSK_SKY = (
    f"{_gradient(('0x101b46', '0x6b2f7d', '0xf2645b', '0xffcf6b'), 560)},format=yuv420p,{_HOLD}[air];{_SUN};"
    "[air][sun]overlay=x=880:y='160+t*16'"
)
_STARS = (
    f"color=black:s={WIDTH}x{HEIGHT}:r={RATE}:d=0.04,format=gray,"
    "geq=lum='255*gt(random(3),0.9988)*random(4)',gblur=sigma=0.6,lutyuv=y='min(255,val*2.6)',format=gbrp[stars]"
)
_AURORA = (
    f"perlin=s=320x90:r={RATE}:octaves=4:persistence=0.55:xscale=9:yscale=0.8:tscale=0.35:seed=8,"
    "format=gray,geq=lum='clip((lum(X,Y)-84)*2.4,0,235)*pow(clip(sin(PI*Y/H/0.74),0,1),1.5)*lt(Y/H,0.74)',"
    f"gblur=sigma=3:sigmaV=1,scale={WIDTH}:{HEIGHT}:flags=bilinear[curtain];"
    f"color=0x46eab0:s={WIDTH}x{HEIGHT}:r={RATE}[glow];[glow][curtain]alphamerge[aurora]"
)
_NIGHT_SKY = (
    f"{_gradient(('0x050a1f', '0x0a1738', '0x12325a', '0x2a5a78'), 640)}[air];{_STARS};{_AURORA};"
    f"[air][stars]blend=all_mode=screen,format=yuv420p,{_HOLD}[starry];[starry][aurora]overlay=0:0"
)

SCENES: tuple[Scene, ...] = (
    Scene(MUSIC, SECONDS, music()),
    Scene(
        "dusk",
        11,
        f"{crickets(11)}[sound]",
        _landscape(
            _DUSK_SKY, {"far": (110, 52, 104), "middle": (70, 34, 84), "near": (38, 22, 60), "front": (14, 12, 34)}
        ),
    ),
    Scene(
        "night",
        8,
        f"{wind(8)}[sound]",
        _landscape(
            _NIGHT_SKY, {"far": (24, 52, 84), "middle": (16, 36, 64), "near": (10, 22, 44), "front": (4, 8, 20)}
        ),
    ),
    Scene(
        "fractal",
        8,
        f"{drone(8)}[sound]",
        f"mandelbrot=s=640x360:r={RATE}:start_scale=0.05:end_scale=0.00012:end_pts=200"
        ":start_x=-0.743643887037151:start_y=-0.131825904205330:maxiter=400:inner=black"
        ":outer=normalized_iteration_count,format=gray,format=gbrp,pseudocolor=preset=magma,"
        f"scale={WIDTH}:{HEIGHT}:flags=bicubic,format=yuv420p[picture]",
    ),
    Scene(
        "population",
        4,
        f"{drone(4)}[sound]",
        f"life=s=160x90:r={RATE}:rule=B3/S23:mold=18:ratio=0.35:life_color=0xfff4d6:death_color=0xff6b6b"
        f":mold_color=0x12263a:seed=5,scale={WIDTH}:{HEIGHT}:flags=neighbor,format=yuv420p[picture]",
    ),
    Scene(
        "carpet",
        4,
        f"{wind(4)}[sound]",
        f"sierpinski=s=640x360:r={RATE}:type=carpet:jump=60:seed=3,format=gbrp,"
        "lutrgb=r='74+val*0.71':g='40+val*0.63':b='104-val*0.04',"
        f"scale={WIDTH}:{HEIGHT}:flags=bicubic,format=yuv420p[picture]",
    ),
    Scene(
        "spectrum",
        7,
        "[0:a]atrim=11.5:18.5,asetpts=PTS-STARTPTS,asplit[sound][seen]",
        f"[seen]showcqt=s=640x360:r={RATE}:axis=0:bar_h=190:sono_h=170:bar_g=5:sono_g=5:bar_v=20:sono_v=24"
        ":basefreq=100:endfreq=3200:count=3,format=gray,gblur=sigma=1,format=gbrp,pseudocolor=preset=magma,"
        "lutrgb=r='max(val,16)':g='max(val,14)':b='max(val,48)',"
        f"scale={WIDTH}:{HEIGHT}:flags=bicubic,format=yuv420p[picture]",
        reads=MUSIC,
    ),
)
"""In the order in which they can be made: a scene comes after the one that it reads."""
