"""A job while it is rendered, over the REST API of a real farm: heard event by event, seen chunk by chunk."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.acceptance import films
from tests.acceptance.counter import RATE, counter, number
from tests.acceptance.kinofarm import Kinofarm, running
from tests.acceptance.projects import media_clip, timeline, track, written

FRAMES = 600
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def heard_farm() -> Iterator[Kinofarm]:
    """A farm of its own, whose Prefect server is killed here."""
    with running("heard", RENDER__CHUNK_SECONDS="1", WORKER__SLOTS="2") as farm:
        yield farm


@pytest.fixture
def api(heard_farm: Kinofarm) -> Iterator[httpx.Client]:
    page = json.loads((heard_farm.home / "farm.json").read_text())["page"]
    token = (heard_farm.home / "admin.token").read_text().strip()
    with httpx.Client(base_url=f"{page}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
        yield client


class Listener:
    """Hears a stream of events in a thread; messages: with when each came."""

    def __init__(self, api: httpx.Client) -> None:
        self.messages: list[tuple[float, dict[str, Any]]] = []
        self._api = api
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._hear)
        self._thread.start()

    def _hear(self) -> None:
        with contextlib.suppress(httpx.HTTPError), self._api.stream("GET", "/events") as response:
            for line in response.iter_lines():
                if line.startswith("data: "):
                    self.messages.append((time.time(), json.loads(line.removeprefix("data: "))))
                if self._over.is_set():
                    return

    def named(self, name: str, **event: Any) -> list[tuple[float, dict[str, Any]]]:
        """What was heard of that name, whose event has these fields."""
        return [
            (came, message)
            for came, message in list(self.messages)
            if message["name"] == name and event.items() <= (message["event"] or {}).items()
        ]

    def end(self) -> None:
        """Hear no more; the next keep-alive or message ends it."""
        self._over.set()
        self._thread.join(30)
        assert not self._thread.is_alive()


@pytest.fixture
def listener(api: httpx.Client) -> Iterator[Listener]:
    made = Listener(api)
    until(lambda: made.named("connection", events=True, database=True), 60)
    yield made
    made.end()


def until(true: Callable[[], Any], seconds: float) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return found


def submitted(farm: Kinofarm, desk: Path, first: int) -> str:
    """A job whose chunks take a second or more each."""
    source = counter(desk, FRAMES + 40)
    clip = media_clip(source.name, 0, FRAMES, str(first / RATE))
    project = timeline(FRAMES, track("V", clip), rate=str(RATE), size=(1280, 720), preset="slower")
    return farm.submit(written(desk / "project.json", project), desk / "film.mp4")


def test_a_job_is_heard_and_seen_while_it_is_rendered(
    heard_farm: Kinofarm, api: httpx.Client, listener: Listener, desk: Path
) -> None:
    job = submitted(heard_farm, desk, 0)
    assert api.get(f"/jobs/{job}/partial").json()["code"] == "RESULT-008"
    until(lambda: listener.named("kinofarm.job.planned", job=job), 90)
    chunks = api.get(f"/jobs/{job}/chunks").json()["chunks"]
    first = next(chunk["key"] for chunk in chunks if (chunk["kind"], chunk["index"]) == ("picture", 0))
    until(lambda: listener.named("kinofarm.chunk.done", key=first), 180)

    picture = api.get(f"/jobs/{job}/chunks/0/frame")
    assert picture.status_code == 200
    assert Image.open(io.BytesIO(picture.content)).size == (640, 360)
    partial = api.get(f"/jobs/{job}/partial", follow_redirects=True)
    assert partial.status_code == 200
    assert api.get(f"/jobs/{job}").json()["job"]["state"] == "rendering"
    (desk / "partial.mp4").write_bytes(partial.content)
    shown = [number(each) for each in films.frames(desk / "partial.mp4")]
    assert 0 < len(shown) < FRAMES
    assert shown == list(range(len(shown)))

    assert heard_farm.wait(job)["state"] == "done"
    until(lambda: listener.named("kinofarm.job.published", job=job), 30)
    done = {message["event"]["index"] for _, message in listener.named("kinofarm.chunk.done", job=job)}
    assert len(done) >= FRAMES // 30
    assert listener.named("job.changed", job=job)
    numbers = [int(message["id"].partition("-")[2]) for _, message in listener.messages]
    assert numbers == sorted(set(numbers))
    late = sorted(
        came - datetime.fromisoformat(message["at"]).timestamp()
        for came, message in listener.named("kinofarm.chunk.done", job=job)
    )
    print(f"from chunk done to heard: median {late[len(late) // 2]:.3f} s, worst {late[-1]:.3f} s")
    assert late[len(late) // 2] < 1

    film = (desk / "film.mp4").read_bytes()
    part = api.get(f"/jobs/{job}/outputs/film", headers={"Range": f"bytes={len(film) // 2}-"})
    assert (part.status_code, part.content) == (206, film[len(film) // 2 :])


def test_listeners_hear_that_the_prefect_server_is_away_and_back_and_of_jobs_meanwhile(
    heard_farm: Kinofarm, listener: Listener, desk: Path
) -> None:
    job = submitted(heard_farm, desk, 20)
    until(lambda: listener.named("kinofarm.chunk.done", job=job), 180)
    os.kill(heard_farm.process("infra.launch", "server").pid, signal.SIGKILL)
    (lost, _), *_ = until(lambda: listener.named("connection", events=False), 30)
    (back, _) = until(
        lambda: next((each for each in listener.named("connection", events=True) if each[0] > lost), None), 120
    )
    assert [came for came, _ in listener.named("job.changed", job=job) if lost < came < back]
    assert heard_farm.wait(job, timeout=400)["state"] == "done"
    until(lambda: [came for came, _ in listener.named("kinofarm.job.published", job=job) if came > back], 60)
    assert not listener.named("reset")
