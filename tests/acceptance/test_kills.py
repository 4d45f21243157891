"""`kill -9` in mid-render: the job still completes, what was finished is not encoded again, nothing is left behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.acceptance import films
from tests.acceptance.counter import RATE, counter, number
from tests.acceptance.kinofarm import Kinofarm, running
from tests.acceptance.projects import media_clip, timeline, track, written

FRAMES = 600
CHUNK_SECONDS = 1


@pytest.fixture(scope="module")
def breakable() -> Iterator[Kinofarm]:
    """A farm of its own for these tests, with short chunks and short leases."""
    settings = {"RENDER__CHUNK_SECONDS": str(CHUNK_SECONDS), "WORKER__LEASE": "6", "WORKER__HEARTBEAT": "1.5"}
    with running("breakable", **settings, WORKER__SLOTS="2") as farm:
        yield farm


def _ffmpeg(farm: Kinofarm) -> int:
    return farm.process("ffmpeg", "-progress").pid


def _part(name: str) -> Callable[[Kinofarm], int]:
    def pid(farm: Kinofarm) -> int:
        return int(farm.run("status", "--json").document["parts"][name])

    return pid


VICTIMS: dict[str, Callable[[Kinofarm], int]] = {
    "ffmpeg": _ffmpeg,
    "the worker of the shards": _part("the worker of pool cpu"),
    "the worker of the renders": _part("the worker of pool orchestrator"),
    "the Prefect server": _part("the Prefect server"),
    "PostgreSQL": _part("PostgreSQL"),
}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("victim", VICTIMS)
def test_a_job_survives_the_death_of(breakable: Kinofarm, desk: Path, victim: str) -> None:
    source = counter(desk, FRAMES + 20)
    first = list(VICTIMS).index(victim)  # another film for each victim: nothing of it is in the cache
    clip = media_clip(source.name, 0, FRAMES, str(first / RATE))
    project = timeline(FRAMES, track("V", clip), rate=str(RATE), size=(1280, 720), preset="slower")
    job = breakable.submit(written(desk / "project.json", project), desk / "film.mp4")
    found = breakable.wait_until(job, lambda job: bool(_finished(job)) and job["state"] == "rendering")
    assert len(_finished(found)) < len(found["chunks"]) / 2, "it is too late for a death in the middle"
    pid = VICTIMS[victim](breakable)
    os.kill(pid, signal.SIGKILL)
    ended = breakable.wait(job, timeout=400)

    assert ended["state"] == "done", ended["error"]
    assert _finished(found).items() <= _finished(ended).items(), "a finished chunk was encoded again"
    shown = [number(picture) for picture in films.frames(desk / "film.mp4")]
    assert shown == list(range(first, first + FRAMES))
    manifest = json.loads((desk / "film.manifest.json").read_text())
    assert manifest["frames"] == FRAMES
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    _expect_nothing_left(breakable, desk)


def _finished(job: dict[str, Any]) -> dict[str, tuple[int, str]]:
    """Key of each finished chunk → its attempts, and when it was finished."""
    return {chunk["key"]: (chunk["attempts"], chunk["ended_at"]) for chunk in job["chunks"] if chunk["state"] == "done"}


def _expect_nothing_left(farm: Kinofarm, desk: Path) -> None:
    """No ffmpeg works on, and no scratch folder or hidden file is left once the last run has ended."""
    deadline = time.monotonic() + 40
    while farm.scratch() and time.monotonic() < deadline:
        time.sleep(0.5)
    assert farm.scratch() == []
    assert not [process for process in farm.processes() if "ffmpeg" in Path(process.exe()).name]
    assert not list(desk.glob(".*"))


@pytest.mark.timeout(300)
def test_a_farm_whose_supervisor_was_killed_is_up_again_at_once() -> None:
    with running("reborn") as farm:
        for process in farm.processes():
            with contextlib.suppress(psutil.Error):  # it went with its parent
                process.kill()
        assert farm.run("up", "--json").code == 0
        assert json.loads(farm.run("workers", "--json").out)[0]["alive"]


@pytest.mark.timeout(300)
def test_a_farm_that_goes_down_leaves_no_process() -> None:
    with running("short") as farm:
        assert farm.processes()
        assert farm.run("down").code == 0
        assert farm.processes() == []
        assert farm.scratch() == []
