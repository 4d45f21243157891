"""Many renders at once on one farm: all succeed, and none takes another's files."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.acceptance import films
from tests.acceptance.counter import RATE, counter, number
from tests.acceptance.kinofarm import Kinofarm
from tests.acceptance.projects import media_clip, timeline, track, written

FRAMES = 24


def _render_at_once(farm: Kinofarm, desk: Path, jobs: int) -> None:
    """Each film shows another part of the same source; two of them are the same film under two names."""
    source = counter(desk, 60 + 30 * jobs)
    first_frames = [*range(0, 30 * (jobs - 1), 30), 0]

    def submitted(place: int) -> str:
        clip = media_clip(source.name, 0, FRAMES, str(first_frames[place] / RATE))
        project = timeline(FRAMES, track("V", clip), rate=str(RATE))
        return farm.submit(written(desk / f"project{place}.json", project), desk / f"film{place}.mp4")

    with ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(submitted, range(jobs)))
    assert len(set(ids)) == jobs
    ended = [farm.wait(job, timeout=600) for job in ids]
    assert [job["state"] for job in ended] == ["done"] * jobs
    for place, job in enumerate(ended):
        film = desk / f"film{place}.mp4"
        shown = [number(picture) for picture in films.frames(film)]
        assert shown == list(range(first_frames[place], first_frames[place] + FRAMES))
        manifest = json.loads(film.with_suffix(".manifest.json").read_text())
        assert manifest["job"] == job["id"]
        assert manifest["film"] == film.name
    assert not list(desk.glob(".*")), "something unfinished is left beside the films"


def test_four_renders_at_once(farm: Kinofarm, desk: Path) -> None:
    _render_at_once(farm, desk, 4)


@pytest.mark.long
def test_twenty_renders_at_once(farm: Kinofarm, desk: Path) -> None:
    _render_at_once(farm, desk, 20)
