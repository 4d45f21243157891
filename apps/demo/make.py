"""Make the demo's project: draw the sources that are missing, and write the project file beside them."""

from __future__ import annotations

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from apps.demo.project import project
from apps.demo.scenes import RATE, SCENES, Scene
from infra.process import run_ffmpeg

PROJECT_NAME = "demo.json"
_PICTURE = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "20", "-g", str(2 * RATE), "-bf", "0")
_TAGS = ("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv")
_SOUND = ("-c:a", "aac", "-b:a", "160k")


def make_project(folder: Path) -> Path:
    """Write the demo project into `folder`, with its sources, and return the project file's path.

    A source is named after a hash of its recipe: it is drawn once, and again only when the recipe changes.

    Raises:  KinofarmError FFMPEG-00x when a source can't be drawn.
    """
    media = folder / "media"
    media.mkdir(parents=True, exist_ok=True)
    files = {scene.name: media / f"{scene.name}-{_digest(scene)}{scene.suffix}" for scene in SCENES}
    first = [scene for scene in SCENES if not scene.reads]
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        list(pool.map(lambda scene: _draw(scene, files), first))
        list(pool.map(lambda scene: _draw(scene, files), [scene for scene in SCENES if scene.reads]))
    text = json.dumps(project({name: f"media/{file.name}" for name, file in files.items()}), indent=2) + "\n"
    path = folder / PROJECT_NAME
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        _publish(path, text)
    return path


def _draw(scene: Scene, files: dict[str, Path]) -> None:
    """Draw one source into its place, whole or not at all."""
    target = files[scene.name]
    if target.is_file():
        return
    unfinished = target.with_name(f".{os.getpid()}-{target.name}")
    reads = ("-i", str(files[scene.reads])) if scene.reads else ()
    shown = ("-map", "[picture]", *_PICTURE, *_TAGS) if scene.picture else ()
    length = ("-t", str(scene.seconds))
    argv = (*reads, "-filter_complex", scene.graph, *shown, "-map", "[sound]", *_SOUND, *length, str(unfinished))
    try:
        run_ffmpeg(argv, cwd=target.parent)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _digest(scene: Scene) -> str:
    recipe = [scene.graph, scene.seconds, _PICTURE, _TAGS, _SOUND]
    return hashlib.sha256(json.dumps(recipe).encode()).hexdigest()[:10]


def _publish(path: Path, text: str) -> None:
    unfinished = path.with_name(f".{os.getpid()}-{path.name}")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)
