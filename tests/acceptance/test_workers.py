"""Machines that share nothing but PostgreSQL, Prefect and an S3 bucket render one film together."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from infra import farm as farms
from infra.cache.s3 import S3Store, connect
from infra.settings import Settings
from infra.swift import REGION, EmbeddedS3
from tests.acceptance import films
from tests.acceptance.counter import RATE, counter, number
from tests.acceptance.kinofarm import Kinofarm, folder, running
from tests.acceptance.projects import media_clip, timeline, track, written

FRAMES = 300
LEASE = 6


@pytest.fixture(scope="module")
def spread(s3_server: EmbeddedS3) -> Iterator[Kinofarm]:
    """A farm whose own machine renders nothing, with its cache in a bucket."""
    S3Store(
        connect(s3_server.endpoint, REGION, s3_server.access_key, s3_server.secret_key), "farm-cache", "kinofarm/"
    ).ensure()
    settings = {
        "WORKER__POOL": "none",
        "WORKER__LEASE": str(LEASE),
        "WORKER__HEARTBEAT": "1.5",
        "RENDER__CHUNK_SECONDS": "1",
        "CACHE__S3__BUCKET": "farm-cache",
        "CACHE__S3__PREFIX": "kinofarm/",
        "CACHE__S3__ENDPOINT": s3_server.endpoint,
        "CACHE__S3__REGION": REGION,
        "CACHE__S3__ACCESS_KEY": s3_server.access_key,
        "CACHE__S3__SECRET_KEY": s3_server.secret_key,
        "MEDIA_BUCKETS": '["footage/rushes"]',
    }
    with running("spread", **settings) as farm:
        yield farm


@contextlib.contextmanager
def worker(farm: Kinofarm, name: str) -> Iterator[tuple[Kinofarm, subprocess.Popen[str]]]:
    """A worker of the farm, with a home of its own."""
    found = farms.connect(Settings(home=farm.home))
    assert found is not None
    assert found.api_auth is not None
    with folder(name) as home:
        own = {
            "WORKER__POOL": "cpu",
            "WORKER__NAME": name,
            "WORKER__SLOTS": "1",
            "DATABASE__URL": found.database_url.get_secret_value(),
            "PREFECT__API_URL": found.api_url,
            "PREFECT__AUTH": found.api_auth.get_secret_value(),
        }
        machine = Kinofarm(home, {**farm.settings, **own})
        process = machine.start("worker")
        try:
            yield machine, process
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(60)
            for left in machine.processes():
                with contextlib.suppress(psutil.Error):
                    left.kill()


def workers(farm: Kinofarm) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in json.loads(farm.run("workers", "--json").out)}


def until(true: Any, seconds: float, what: str) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.3)
    return found


def online(farm: Kinofarm, *names: str) -> bool:
    found = workers(farm)
    return all(name in found and found[name]["alive"] and found[name]["state"] == "online" for name in names)


def cut_off(farm: Kinofarm, job: str, machine: Kinofarm) -> tuple[list[psutil.Process], set[str]] | None:
    """Suspend a worker's processes; returns them and the chunks that it holds, None (and it goes on) when it holds none."""
    stopped, name = machine.processes(), machine.settings["WORKER__NAME"]
    for process in stopped:
        with contextlib.suppress(psutil.Error):
            process.suspend()
    chunks = farm.job(job)["chunks"]
    held = {each["key"] for each in chunks if each["state"] == "leased" and each["owner"].startswith(f"{name} ")}
    if held:
        return stopped, held
    for process in stopped:
        with contextlib.suppress(psutil.Error):
            process.resume()
    return None


def submitted(farm: Kinofarm, desk: Path, first: int) -> str:
    """Submit a slow film, another for each `first`, and take its sources away once they are in the bucket."""
    media = desk / "media"
    media.mkdir()
    source = counter(media, FRAMES + 20)
    clip = media_clip(f"media/{source.name}", 0, FRAMES, str(first / RATE))
    project = timeline(FRAMES, track("V", clip), rate=str(RATE), size=(1280, 720), preset="slow")
    job = farm.submit(written(desk / "project.json", project), desk / "film.mp4")
    farm.wait_until(job, lambda job: job["state"] == "rendering")
    shutil.rmtree(media)
    return job


@pytest.mark.timeout(400)
def test_two_workers_with_only_a_bucket_in_common_render_one_film_and_one_that_is_cut_off_changes_nothing(
    spread: Kinofarm, desk: Path
) -> None:
    job = submitted(spread, desk, 3)
    waits = spread.job(job)["waits"]
    assert [reason["code"] for reason in waits] == ["WAIT-003"]
    with worker(spread, "one") as (one, _), worker(spread, "two") as (two, _):
        until(lambda: online(spread, "one", "two"), 60, "both workers are online")

        def both(found: dict[str, Any]) -> bool:
            done = {chunk["owner"].split()[0] for chunk in found["chunks"] if chunk["state"] == "done"}
            return "one" in done and any(
                chunk["owner"].startswith("two ") for chunk in found["chunks"] if chunk["owner"]
            )

        spread.wait_until(job, both, timeout=120)
        stopped, held = until(lambda: cut_off(spread, job, one), 60, "worker one is cut off in mid-chunk")
        ended = spread.wait(job, timeout=200)
        assert ended["state"] == "done", ended["error"]
        until(lambda: not workers(spread)["one"]["alive"], 30, "worker one is missed")
        before = hashlib.sha256((desk / "film.mp4").read_bytes()).hexdigest()
        for process in stopped:
            with contextlib.suppress(psutil.Error):
                process.resume()
        until(lambda: online(spread, "one"), 60, "worker one is back")
        until(lambda: not one.scratch(), 60, "what it held is dropped")
        after = spread.job(job)
        assert {chunk["key"]: (chunk["state"], chunk["owner"], chunk["ended_at"]) for chunk in after["chunks"]} == {
            chunk["key"]: (chunk["state"], chunk["owner"], chunk["ended_at"]) for chunk in ended["chunks"]
        }
        owners = {chunk["owner"].split()[0] for chunk in after["chunks"]}
        assert owners == {"one", "two"}
        assert all(chunk["owner"].startswith("two") for chunk in after["chunks"] if chunk["key"] in held)
        assert hashlib.sha256((desk / "film.mp4").read_bytes()).hexdigest() == before
        shown = [number(picture) for picture in films.frames(desk / "film.mp4")]
        assert shown == list(range(3, 3 + FRAMES))
        assert two.scratch() == []


@pytest.mark.timeout(300)
def test_a_film_is_made_of_what_lies_in_a_bucket(spread: Kinofarm, desk: Path, s3_server: EmbeddedS3) -> None:
    client = connect(s3_server.endpoint, REGION, s3_server.access_key, s3_server.secret_key)
    S3Store(client, "footage").ensure()
    source = counter(desk, 100)
    client.upload_file(str(source), "footage", "rushes/day 1/take.mp4")
    source.unlink()

    def project(address: str, first: int) -> Path:
        clip = media_clip(address, 0, 50, str(first / RATE))
        return written(desk / f"project{first}.json", timeline(50, track("V", clip), rate=str(RATE)))

    address = "s3://footage/rushes/day 1/take.mp4"
    assert spread.run("check", project(address, 5)).code == 0
    assert spread.run("check", project("s3://footage/other.mp4", 6), "--json").error == "PATH-010"
    assert spread.run("check", project("s3://footage/rushes/none.mp4", 7), "--json").error == "PATH-011"
    with worker(spread, "three") as (machine, _):
        until(lambda: online(spread, "three"), 60, "the worker is online")
        for first in (8, 20):
            film = desk / f"film{first}.mp4"
            spread.render(project(address, first), film)
            assert [number(picture) for picture in films.frames(film)] == list(range(first, first + 50))
        until(lambda: not machine.scratch() and not spread.scratch(), 30, "nothing is left")


@pytest.mark.timeout(300)
def test_a_film_is_made_of_what_was_uploaded_on_a_machine_that_does_not_see_it(spread: Kinofarm, desk: Path) -> None:
    source = counter(desk, 100)
    found = farms.connect(Settings(home=spread.home))
    assert found is not None
    assert found.state is not None
    headers = {"Authorization": f"Bearer {(spread.home / 'admin.token').read_text().strip()}"}
    with httpx.Client(base_url=found.state.page, headers=headers, timeout=60) as client:
        part = {"Content-Type": "application/offset+octet-stream", "Upload-Length": str(source.stat().st_size)}
        upload = client.post("/api/v1/uploads", content=source.read_bytes(), headers=part).json()
        source.unlink()
        clip = media_clip(f"upload://{upload['id']}", 0, 50, str(30 / RATE))
        wanted = {"timeline": timeline(50, track("V", clip), rate=str(RATE))}
        assert spread.run("check", written(desk / "project.json", wanted["timeline"])).code == 0
        with worker(spread, "four") as (machine, _):
            until(lambda: online(spread, "four"), 60, "the worker is online")
            accepted = client.post("/api/v1/jobs", json=wanted)
            assert accepted.status_code == 202, accepted.text
            ended = spread.wait(accepted.json()["job"]["id"], timeout=200)
            assert ended["state"] == "done", ended["error"]
            assert {chunk["owner"].split()[0] for chunk in ended["chunks"]} == {"four"}
            assert [number(picture) for picture in films.frames(Path(ended["output"]))] == list(range(30, 80))
            until(lambda: not machine.scratch() and not spread.scratch(), 30, "nothing is left")
        assert client.delete(f"/api/v1/uploads/{upload['id']}").status_code == 204


@pytest.mark.timeout(300)
def test_a_worker_that_is_told_to_stop_finishes_or_hands_back_and_leaves_nothing(spread: Kinofarm, desk: Path) -> None:
    job = submitted(spread, desk, 7)
    with worker(spread, "leaving") as (machine, process):
        spread.wait_until(job, lambda found: any(chunk["state"] == "leased" for chunk in found["chunks"]), timeout=120)
        process.terminate()
        assert process.wait(90) == 0, process.communicate()[1]
        assert machine.processes() == []
        assert machine.scratch() == []
    assert workers(spread)["leaving"]["state"] == "offline"
    found = spread.job(job)
    assert found["state"] == "rendering"
    assert all(chunk["state"] in ("ready", "done") for chunk in found["chunks"])
    assert [reason["code"] for reason in found["waits"]] == ["WAIT-003"]
    assert "leaving is offline" in found["waits"][0]["detail"]
    with worker(spread, "arriving"):
        assert spread.wait(job, timeout=200)["state"] == "done"
    attempts = {chunk["key"]: chunk["attempts"] for chunk in spread.job(job)["chunks"]}
    assert set(attempts.values()) == {1}  # what was handed back does not count


@pytest.mark.timeout(200)
def test_a_device_that_does_not_encode_is_told_with_its_reason_and_a_film_that_names_it_waits(
    spread: Kinofarm, desk: Path
) -> None:
    if Path("/dev/nvidia0").exists():
        pytest.skip("this machine has a device that may encode")
    source = counter(desk, 60)
    project = timeline(50, track("V", media_clip(source.name, 0, 50)), rate=str(RATE))
    with worker(spread, "plain"):
        probed = until(lambda: workers(spread).get("plain", {}).get("probe"), 90, "the worker has been tried")
        (nvenc,) = [trial for trial in probed["encoders"] if trial["encoder"] == "h264_nvenc"]
        assert nvenc["reason"]
        listing = spread.run("workers").out
        assert f"h264_nvenc           {nvenc['reason']}" in listing

        project["export"]["video"] = {"encoder": "h264_nvenc"}
        named = spread.submit(written(desk / "named.json", project), desk / "named.mp4")
        found = spread.wait_until(named, lambda job: job["state"] == "rendering")
        reasons = until(lambda: spread.job(named)["waits"], 20, "it says why it waits")
        assert reasons[0]["code"] == "WAIT-004"
        assert nvenc["reason"] in reasons[0]["detail"]
        assert [warning["code"] for warning in found["warnings"]] == ["CHECK-944"]

        project["export"]["video"] = {"encoder": "auto", "preset": "ultrafast"}
        auto = spread.submit(written(desk / "auto.json", project), desk / "auto.mp4")
        assert spread.wait(auto)["state"] == "done"
        manifest = json.loads((desk / "auto.manifest.json").read_text())
        assert [warning["code"] for warning in manifest["warnings"]] == ["CHECK-942"]
        assert spread.run("cancel", named).code == 0
        until(lambda: spread.job(named)["state"] == "cancelled", 30, "it is cancelled")


def test_a_second_worker_of_a_name_is_refused(spread: Kinofarm) -> None:
    with worker(spread, "twin") as (machine, _):
        until(lambda: online(spread, "twin"), 60, "the first is online")
        with folder("second") as home:
            second = Kinofarm(home, machine.settings)
            answer = second.run("worker")
            assert answer.code != 0
            assert "FARM-061" in answer.err
            assert second.processes() == []


def test_a_worker_without_a_farm_or_with_a_bad_one_says_what_is_wrong() -> None:
    with folder("alone") as home:
        assert "FARM-062" in Kinofarm(home).run("worker").err
        nowhere = {"DATABASE__URL": "postgresql://u:p@127.0.0.1:9/none", "PREFECT__API_URL": "http://127.0.0.1:9/api"}
        answer = Kinofarm(home, nowhere).run("worker")
        assert "FARM-066" in answer.err
        assert "WRONG  database" in answer.err
        assert "WRONG  prefect" in answer.err
        assert os.listdir(home) == [] or not (home / "farm.json").exists()  # noqa: PTH208
