"""A workload's film by MoviePy: `PYTHON moviepy_film.py PROJECT.json FOLDER FONT PRESET OUT.mp4`.

Run by a Python that has MoviePy: it is nothing of the farm's. Source: https://zulko.github.io/moviepy, 2.x.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def film(project: dict[str, Any], folder: Path, font: str) -> Any:
    """Return the project's clip."""
    from moviepy import CompositeVideoClip, afx, concatenate_videoclips, vfx

    width, height = project["timeline"]["resolution"]
    lowest, *above = project["tracks"]
    joins = {join["to_clip_id"]: join for join in project["transitions"]}
    leaves = {join["from_clip_id"]: join for join in project["transitions"]}
    ground = []
    for clip in lowest["clips"]:
        start, end, into = clip["start_time"], clip["end_time"], clip["source_start"]
        first = joins[clip["id"]]["start_time"] if clip["id"] in joins else start
        leave = leaves.get(clip["id"])
        last = leave["start_time"] + leave["duration"] if leave else end
        piece = _media(folder, clip).subclipped(into + first - start, into + last - start)
        if clip["id"] in joins:
            length = joins[clip["id"]]["duration"]
            piece = piece.with_effects([vfx.CrossFadeIn(length), afx.AudioFadeIn(length)])
        if leave:
            piece = piece.with_effects([afx.AudioFadeOut(leave["duration"])])
        ground.append(piece.with_start(first))
    if not above:
        return CompositeVideoClip(ground) if joins else concatenate_videoclips(ground)
    layers = [concatenate_videoclips(ground)]
    for track in above:
        for clip in track["clips"]:
            layers += _laid(project, clip, folder, font, width, height)
    return CompositeVideoClip(layers, size=(width, height))


def _laid(
    project: dict[str, Any], clip: dict[str, Any], folder: Path, font: str, width: int, height: int
) -> Iterator[Any]:
    from moviepy import ColorClip, TextClip

    start, end = clip["start_time"], clip["end_time"]
    if small := clip.get("transform"):
        into = clip["source_start"]
        piece = _media(folder, clip).without_audio().subclipped(into, into + end - start)
        piece = piece.resized((round(width * small["scale_x"]), round(height * small["scale_y"])))
        x = width * (0.5 + small["position_x"]) - piece.w / 2
        y = height * (0.5 + small["position_y"]) - piece.h / 2
        yield piece.with_start(start).with_position((x, y))
        return
    (template,) = (each for each in project["style_templates"] if each["id"] == clip["style_template_id"])
    for element in template["elements"]:
        style, place, size = element["properties"], element["position"], element["size"]
        box = round(size["width"] * width / 100), round(size["height"] * height / 100)
        if element["element_type"] == "Shape":
            colour = tuple(bytes.fromhex(style["background_color"][1:]))
            drawn = ColorClip(box, colour).with_opacity(style["opacity"])
        else:
            drawn = TextClip(
                font=font, text=style["text"], font_size=style["font_size"], color=style["color"], size=box,
                method="caption", text_align="left", horizontal_align="left", vertical_align="center",
            )  # fmt: skip
        at = place["x"] * width / 100, place["y"] * height / 100
        yield drawn.with_start(start).with_duration(end - start).with_position(at)


def _media(folder: Path, clip: dict[str, Any]) -> Any:
    from moviepy import VideoFileClip

    return VideoFileClip(str(folder / clip["source"]["File"]))


def main(project: str, folder: str, font: str, preset: str, out: str) -> None:
    document = json.loads(Path(project).read_text(encoding="utf-8"))
    made = film(document, Path(folder), font)
    colours = [f"-{name}" for name in ("color_primaries", "color_trc", "colorspace")]
    tags = [word for name in colours for word in (name, "bt709")]
    made.write_videofile(
        out, fps=document["timeline"]["fps"], codec="libx264", preset=preset, audio_codec="aac", audio_bitrate="192k",
        audio_fps=48_000, ffmpeg_params=["-crf", "20", "-g", "50", "-pix_fmt", "yuv420p", *tags], threads=2, logger=None,
        temp_audiofile_path=str(Path(out).parent),
    )  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
