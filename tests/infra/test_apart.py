"""Work in processes of its own: whatever it does, the one who asked gets an answer, and nothing else is harmed."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from infra.apart import Apart
from infra.errors import KinofarmError

WORK = "tests.infra.apart_work"


@pytest.fixture
def apart() -> Iterator[Apart]:
    made = Apart(2, 1024)
    yield made
    made.close()


def _refused(apart: Apart, function: str, seconds: float = 20, **given: object) -> KinofarmError:
    with pytest.raises(KinofarmError) as caught:
        apart.call(f"{WORK}:{function}", given, file="clip.mov", seconds=seconds)
    return caught.value


def test_a_process_lives_on_from_call_to_call_and_sees_nothing_of_our_environment(
    apart: Apart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KINOFARM_SECRET", "secret")
    first = apart.call(f"{WORK}:echoed", {"value": [1, "two"]}, file="", seconds=20)
    assert first["value"] == [1, "two"]
    assert "KINOFARM_SECRET" not in first["environment"]
    assert apart.call(f"{WORK}:echoed", {"value": None}, file="", seconds=20)["pid"] == first["pid"]


def test_calls_from_many_threads_are_done_side_by_side_and_each_gets_its_own_answer(apart: Apart) -> None:
    found: dict[int, object] = {}

    def ask(number: int) -> None:
        found[number] = apart.call(f"{WORK}:echoed", {"value": number}, file="", seconds=20)["value"]

    threads = [threading.Thread(target=ask, args=[number]) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: number for number in range(12)}


def test_a_crash_is_an_error_and_the_next_call_has_a_new_process(apart: Apart) -> None:
    assert "SIGABRT" in str(_refused(apart, "crashed"))
    assert apart.call(f"{WORK}:echoed", {"value": 1}, file="", seconds=20)["value"] == 1


def test_a_process_that_died_between_two_calls_harms_none() -> None:
    apart = Apart(1, 1024)
    first = apart.call(f"{WORK}:echoed", {"value": 1}, file="", seconds=20)["pid"]
    died = psutil.Process(first)
    died.kill()
    gone = time.monotonic() + 10
    while died.is_running() and died.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < gone
        time.sleep(0.01)
    assert apart.call(f"{WORK}:echoed", {"value": 1}, file="", seconds=20)["pid"] != first
    apart.close()


def test_what_takes_too_long_is_killed(apart: Apart, tmp_path: Path) -> None:
    apart.call(f"{WORK}:echoed", {"value": 1}, file="", seconds=20)  # the process is there
    begun = time.monotonic()
    error = _refused(apart, "written", seconds=0.5, path=str(tmp_path / "file"), delay=1.5)
    assert (error.code, error.retry) == ("MEDIA-010", True)
    assert time.monotonic() - begun < 1.5
    time.sleep(1)
    assert not (tmp_path / "file").exists(), "it did not go on"


def test_what_takes_too_much_memory_is_refused_it(apart: Apart) -> None:
    assert _refused(apart, "grown", megabytes=4000).code == "MEDIA-012"
    assert apart.call(f"{WORK}:grown", {"megabytes": 10}, file="", seconds=20) == 10 * 2**20


def test_errors_come_back_as_they_were_raised_and_faults_name_the_file(apart: Apart) -> None:
    error = _refused(apart, "refused", file="take 1.mov")
    assert (error.code, error.where, dict(error.params)) == (
        "MEDIA-001",
        "path",
        {"file": "take 1.mov", "reason": "of a test"},
    )
    assert _refused(apart, "wrong").code == "MEDIA-011"


def test_progress_is_told_and_a_call_can_be_stopped(apart: Apart) -> None:
    heard: list[float] = []
    assert apart.call(f"{WORK}:told", {"steps": 5}, file="", seconds=20, progress=heard.append) == "done"
    assert heard == [0.2, 0.4, 0.6, 0.8, 1.0]
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    begun = time.monotonic()
    with pytest.raises(KinofarmError) as caught:
        apart.call(f"{WORK}:slept", {"seconds": 30}, file="", seconds=60, should_stop=stop.is_set)
    assert caught.value.code == "FFMPEG-001"
    assert time.monotonic() - begun < 3


def test_no_process_is_left_when_it_is_closed() -> None:
    apart = Apart(2, 1024)
    pid = apart.call(f"{WORK}:echoed", {"value": 1}, file="", seconds=20)["pid"]
    assert psutil.pid_exists(pid)
    apart.close()
    assert not psutil.pid_exists(pid)


def test_a_long_question_is_answered_by_a_process_that_is_slow_to_take_it() -> None:
    alone, long = Apart(1, 1024), "x" * 5_000_000
    pid = alone.call(f"{WORK}:echoed", {"value": None}, file="", seconds=20)["pid"]
    os.kill(pid, signal.SIGSTOP)
    threading.Timer(1, os.kill, [pid, signal.SIGCONT]).start()
    assert alone.call(f"{WORK}:echoed", {"value": long}, file="", seconds=20)["value"] == long
    alone.close()
