"""Watched folders on a farm that is up: whatever way a file comes, it becomes one job."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from apps.cli.watching import arrival_document
from infra.jobs.arrivals import ArrivalStore
from tests.acceptance import films
from tests.acceptance.kinofarm import ENDED, Kinofarm, folder, running
from tests.acceptance.projects import media_clip, timeline, track, written
from tests.media_factory import MediaFactory

POLL = 0.3
POLLS = 3
SETTLED = POLL * POLLS


@dataclass
class Watched:
    """A farm and its watched folders: `plain`, `moving` (done/, failed/), `event` (a trigger starts the render)."""

    farm: Kinofarm
    root: Path

    def inside(self, name: str = "plain") -> Path:
        return self.root / name

    def film(self, file: str, name: str = "plain") -> Path:
        return (self.root / "films" / name / file).with_suffix(".mp4")

    def arrivals(self, file: str) -> list[dict[str, Any]]:
        with self.farm.services() as container:
            found = container.get(ArrivalStore).recent(10_000)
        return [arrival_document(each) for each in found if each.name == file]

    def jobs(self, file: str) -> list[dict[str, Any]]:
        return [job for job in self.farm.jobs() if Path(job["project"]).name == file]

    def until(self, true: Callable[[], Any], what: str, seconds: float = 60) -> Any:
        deadline = time.monotonic() + seconds
        while not (found := true()):
            assert time.monotonic() < deadline, f"{what}: not within {seconds} s; {self.farm.run('arrivals').out}"
            time.sleep(0.2)
        return found

    def one_job(self, file: str, state: str = "done") -> dict[str, Any]:
        """Wait for a file's job and its end, and some rounds more; there must be one, and no other."""
        self.until(lambda: [job for job in self.jobs(file) if job["state"] in ENDED], f"{file} is rendered", 120)
        time.sleep(2 * SETTLED)
        (job,) = self.jobs(file)
        assert job["state"] == state, job["error"]
        return job


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    with folder("watched") as root:
        names = ("plain", "moving", "event")
        for name in names:
            (root / name).mkdir()
        usual = {"polls": POLLS, "poll_seconds": POLL, "give_up_minutes": 0.05}
        more: dict[str, dict[str, Any]] = {
            "plain": {"give_up_minutes": 5},
            "moving": {"move": True},
            "event": {"start": "event", "preset": "draft", "priority": 70},
        }
        folders = [
            {"folder": str(root / name), "output": str(root / "films" / name), **usual, **more[name]} for name in names
        ]
        with running("watching", WATCH__FOLDERS=json.dumps(folders), WORKER__SLOTS="2", WORKER__IDLE="30") as farm:
            yield Watched(farm, root)


@pytest.fixture(scope="module")
def clip(media_factory: MediaFactory) -> bytes:
    """Two seconds of film whose index stands at the end, as a camera writes it."""
    return media_factory.video(50).read_bytes()


def test_a_media_file_becomes_a_film_and_a_project_too(watched: Watched, clip: bytes) -> None:
    (watched.inside() / "deep").mkdir(exist_ok=True)
    (watched.inside() / "deep" / "camera.mp4").write_bytes(clip)
    job = watched.one_job("camera.mp4")
    assert Path(job["output"]) == watched.film("deep/camera.mp4")
    assert films.count(watched.film("deep/camera.mp4")) == 50
    assert job["submitted_by"] == "watch"
    project = timeline(25, track("V", media_clip("deep/camera.mp4", 0, 25)))
    written(watched.inside() / "cut.json", project)
    (watched.inside() / "cut.m4v").write_bytes(clip)
    for name in ("cut.json", "cut.m4v"):
        watched.one_job(name)
    places = {Path(job["output"]).name for name in ("cut.json", "cut.m4v") for job in watched.jobs(name)}
    assert len(places) == 2, "one film was written over the other"
    assert places < {"cut.mp4", "cut.json.mp4", "cut.m4v.mp4"}
    listing = watched.farm.run("arrivals").out
    assert f"watched   {watched.inside()} -> " in listing
    assert "deep/camera.mp4" in listing


def test_a_slow_copy_becomes_one_job_when_it_has_ended(watched: Watched, clip: bytes) -> None:
    file = watched.inside() / "slow.mp4"
    step = len(clip) // 12 + 1
    for start in range(0, len(clip), step):
        with file.open("ab") as handle:  # closed in between: only size and time tell
            handle.write(clip[start : start + step])
        time.sleep(POLL)
    watched.one_job("slow.mp4")
    assert [each["size"] for each in watched.arrivals("slow.mp4")] == [len(clip)], "a part was taken for the whole"
    assert films.count(watched.film("slow.mp4")) == 50


def test_a_copy_that_is_paused_and_goes_on_becomes_one_job(watched: Watched, clip: bytes, desk: Path) -> None:
    source = desk / "source.mp4"
    source.write_bytes(clip)
    code = (
        "import os, sys; source, target = open(sys.argv[1], 'rb').read(), open(sys.argv[2], 'wb', buffering=0);"
        "target.write(source[:len(source) // 2]); print('half', flush=True); sys.stdin.readline();"
        "target.write(source[len(source) // 2:])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(source), str(watched.inside() / "paused.mp4")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as copy:
        assert copy.stdout is not None
        copy.stdout.readline()
        copy.send_signal(signal.SIGSTOP)
        time.sleep(6 * SETTLED)
        assert watched.arrivals("paused.mp4") == [], "a file that is being written was taken for whole"
        copy.send_signal(signal.SIGCONT)
        copy.communicate("go on\n")
    watched.one_job("paused.mp4")
    assert films.count(watched.film("paused.mp4")) == 50


def test_a_half_file_on_a_share_is_tried_again_and_becomes_one_job_once_it_is_whole(
    watched: Watched, clip: bytes
) -> None:
    file = watched.inside() / "share.mp4"
    file.write_bytes(clip[: len(clip) // 2])  # nobody has it open, as a share shows what another machine copies
    (half,) = watched.until(
        lambda: [each for each in watched.arrivals("share.mp4") if each["error"]], "the half file is found wanting"
    )
    assert half["error"]["code"].startswith("MEDIA-")
    assert watched.jobs("share.mp4") == []
    with file.open("ab") as handle:
        handle.write(clip[len(clip) // 2 :])
    watched.one_job("share.mp4")
    states = {each["state"] for each in watched.arrivals("share.mp4")}
    assert states == {"replaced", "done"}


def test_a_file_that_is_renamed_into_the_folder_or_to_its_own_name_becomes_one_job(
    watched: Watched, clip: bytes, desk: Path
) -> None:
    (watched.inside() / "in.mp4.part").write_bytes(clip)
    time.sleep(2 * SETTLED)
    (watched.inside() / "in.mp4.part").rename(watched.inside() / "in.mp4")
    elsewhere = watched.root / "moved-in.mp4"
    elsewhere.write_bytes(clip + b"\0" * 8)
    elsewhere.rename(watched.inside() / "moved-in.mp4")
    watched.one_job("in.mp4")
    watched.one_job("moved-in.mp4")
    assert watched.arrivals("in.mp4.part") == []


@pytest.mark.timeout(300)
def test_the_watcher_killed_and_the_farm_restarted_in_the_middle_make_no_second_job(
    watched: Watched, clip: bytes
) -> None:
    names = [f"restart{number}.mp4" for number in range(6)]
    for name in names:
        (watched.inside() / name).write_bytes(clip)
    watched.until(lambda: any(watched.jobs(name) for name in names), "the first job is there")
    watched.farm.process("keep watcher").send_signal(signal.SIGKILL)
    watched.until(lambda: all(watched.jobs(name) for name in names), "every file has a job")
    assert watched.farm.run("down").code == 0
    (watched.inside() / "meanwhile.mp4").write_bytes(clip)
    assert watched.farm.run("up", "--json").code == 0
    for name in (*names, "meanwhile.mp4"):
        watched.one_job(name)


@pytest.mark.timeout(300)
def test_a_folder_that_is_away_and_comes_back_makes_no_second_job(watched: Watched, clip: bytes) -> None:
    (watched.inside() / "kept.mp4").write_bytes(clip)
    before = watched.one_job("kept.mp4")
    away = watched.root / "share-of-plain"
    watched.inside().rename(away)  # unmounted: not even the mount point
    time.sleep(3 * SETTLED)
    watched.inside().mkdir()  # the mount point, empty
    time.sleep(3 * SETTLED)
    (away / "came-on-the-share.mp4").write_bytes(clip + b"\0" * 8)
    watched.inside().rmdir()
    away.rename(watched.inside())
    watched.one_job("came-on-the-share.mp4")
    assert watched.one_job("kept.mp4")["id"] == before["id"]
    assert [each["state"] for each in watched.arrivals("kept.mp4")] == ["done"]


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_file_that_changes_while_it_is_rendered_is_rendered_as_it_is_now(watched: Watched, clip: bytes) -> None:
    slow = timeline(300, track("V", media_clip("source.mp4", 0, 50)), size=(1920, 1080), preset="veryslow")
    (watched.inside() / "source.mp4").write_bytes(clip)
    watched.one_job("source.mp4")
    written(watched.inside() / "changing.json", slow)
    watched.until(lambda: any(job["state"] == "rendering" for job in watched.jobs("changing.json")), "it is rendered")
    quick = timeline(20, track("V", media_clip("source.mp4", 0, 20)))
    written(watched.inside() / "changing.json", quick)
    watched.until(lambda: len(watched.jobs("changing.json")) == 2, "the new version has a job")
    new, old = watched.jobs("changing.json")
    assert watched.farm.wait(old["id"])["state"] == "cancelled"
    assert watched.farm.wait(new["id"])["state"] == "done"
    assert films.count(watched.film("changing.json")) == 20


@pytest.mark.long
@pytest.mark.timeout(300)
def test_what_was_rendered_or_can_not_be_is_moved_away_with_a_report_and_may_come_again(
    watched: Watched, clip: bytes
) -> None:
    root = watched.inside("moving")
    good, bad = root / "good.mp4", root / "bad.mp4"
    good.write_bytes(clip)
    bad.write_bytes(clip[: len(clip) // 2])
    stat = good.stat()
    watched.until(lambda: (root / "done" / "good.mp4").exists() and not good.exists(), "good.mp4 is moved")
    report = json.loads((root / "done" / "good.mp4.report.json").read_text())
    assert (report["state"], report["error"]) == ("done", None)
    assert report["outputs"]["film"] == str(watched.film("good.mp4", "moving"))
    assert (root / "done" / "good.mp4").read_bytes() == clip
    watched.until(lambda: (root / "failed" / "bad.mp4").exists(), "bad.mp4 is moved")
    told = json.loads((root / "failed" / "bad.mp4.report.json").read_text())
    assert told["state"] == "failed"
    assert told["error"]["code"].startswith("MEDIA-")
    assert told["error"]["hint"]
    assert watched.jobs("bad.mp4") == []
    shutil.copy2(root / "done" / "good.mp4", good)  # the same bytes, the same time
    assert good.stat().st_mtime_ns == stat.st_mtime_ns
    watched.until(lambda: len(watched.jobs("good.mp4")) == 2, "it is rendered again")
    watched.until(lambda: not good.exists(), "it is moved again")
    assert len(list((root / "done").glob("good*.mp4"))) == 2, "the first one was overwritten"


@pytest.mark.timeout(300)
def test_an_arrival_s_event_starts_the_render_through_the_deployment_s_trigger(watched: Watched, clip: bytes) -> None:
    (watched.inside("event") / "told.mp4").write_bytes(clip)
    began = time.monotonic()
    watched.until(lambda: watched.jobs("told.mp4"), "the trigger starts the render", 25)
    assert time.monotonic() - began < 25, "the watcher had to start it itself"
    job = watched.one_job("told.mp4")
    assert job["priority"] == 70
    assert job["options"]["preset"] == "draft"
    assert films.count(watched.film("told.mp4", "event")) == 50


@pytest.mark.long
@pytest.mark.timeout(3100)
def test_five_hundred_files_at_once_become_five_hundred_jobs(watched: Watched, clip: bytes) -> None:
    _expect_a_job_for_each(watched, clip, 500)


@pytest.mark.timeout(300)
def test_twenty_files_at_once_become_twenty_jobs(watched: Watched, clip: bytes) -> None:
    _expect_a_job_for_each(watched, clip, 20)


def _expect_a_job_for_each(watched: Watched, clip: bytes, count: int) -> None:
    source = watched.root / "at-once.mp4"
    source.write_bytes(clip)
    names = {f"many{count}-{number}.mp4" for number in range(count)}
    for name in names:
        os.link(source, watched.inside() / name)

    def jobs() -> list[dict[str, Any]]:
        return [job for job in watched.farm.jobs() if Path(job["project"]).name in names]

    watched.until(
        lambda: len(found := jobs()) == count and all(job["state"] in ENDED for job in found), "all are done", 3000
    )
    found = jobs()
    assert {Path(job["project"]).name for job in found} == names
    assert {job["state"] for job in found} == {"done"}
    assert all(watched.film(name).is_file() for name in names)
