"""`kinofarm frame` shows what the film shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tests.acceptance import films
from tests.acceptance.kinofarm import Kinofarm
from tests.acceptance.projects import media_clip, timeline, title_clip, track, written
from tests.media_factory import MediaFactory


def test_frame_of_any_time_equals_the_films(farm: Kinofarm, desk: Path, media_factory: MediaFactory) -> None:
    a, b = media_factory.video(120), media_factory.video(120, pattern="mandelbrot", size=(320, 180))
    clips = (media_clip(a, 0, 50, 0.4, id="a"), media_clip(b, 50, 100, 1, id="b"))
    dissolve = {"id": "x", "kind": "dissolve", "from_clip": "a", "to_clip": "b", "start": 40, "end": 60}
    small = media_clip(b, 10, 90, transform={"scale_x": 0.4, "scale_y": 0.4, "position_x": 0.25, "position_y": -0.2})
    tracks = (track("V1", *clips, transitions=[dissolve]), track("V2", small), track("V3", title_clip("Ada", 20, 80)))
    subtitle = {"text": "As the film has it.", "start": 30, "end": 70}
    project = written(desk / "project.json", timeline(100, *tracks, subtitles=[subtitle], crf=8))
    roots = ("--media-root", media_factory.folder)
    farm.render(project, desk / "film.mp4", *roots)
    for at in (0, 41, 55, 60, 99):
        answer = farm.run("frame", project, "--at", f"f{at}", "-o", desk / "frame.png", *roots)
        assert answer.code == 0, answer.err
        shown = np.asarray(Image.open(desk / "frame.png").convert("RGB"), dtype=np.float64)
        likeness = films.likeness(shown, films.frame(desk / "film.mp4", at))
        assert likeness >= 0.98, f"frame {at}: {likeness:.4f}"


def test_times_may_be_written_in_four_ways(farm: Kinofarm, desk: Path, media_factory: MediaFactory) -> None:
    clip = media_clip(media_factory.video(100), 0, 100)
    project = written(desk / "project.json", timeline(100, track("V", clip)))
    pictures = set()
    for at in ("f55", "2.2", "00:00:02.200", "00:00:02:05"):
        answer = farm.run("frame", project, "--at", at, "-o", desk / "f.png", "--media-root", media_factory.folder)
        assert answer.code == 0, answer.err
        pictures.add((desk / "f.png").read_bytes())
    assert len(pictures) == 1
