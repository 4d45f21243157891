"""Servers of ours: their logs, their end, and the end of what they started."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

import psutil
import pytest

from infra.daemon import Daemon, descendants
from infra.errors import KinofarmError
from tests.infra.conftest import until


def shell(script: str, log: Path | None = None) -> Daemon:
    return Daemon("a server", ["/bin/sh", "-c", script], log=log)


def test_a_daemon_runs_until_it_is_stopped_and_starts_again(tmp_path: Path) -> None:
    server = shell("echo ready; exec sleep 60", tmp_path / "log")
    for starts in (1, 2):
        server.start()
        until(lambda n=starts: server.log_tail().count("ready") == n)  # type: ignore[misc]
        assert server.alive()
        server.stop()
        assert not server.alive()
        assert server.returncode == -signal.SIGTERM
    assert server.log_tail().count("ready") == 2


def test_one_that_ignores_every_signal_is_killed_with_its_children() -> None:
    server = shell("trap '' TERM INT; sleep 60 & (trap '' TERM; setsid sleep 60) & while :; do sleep 0.1; done")
    server.start()
    until(lambda: len(descendants(server.pid or 0)) >= 2)
    children = descendants(server.pid or 0)
    server.stop((signal.SIGTERM, signal.SIGINT), grace=0.2)
    until(lambda: not any(c.is_running() and c.status() != psutil.STATUS_ZOMBIE for c in children))


def test_one_started_from_a_thread_outlives_the_thread() -> None:
    server = shell("exec sleep 60")
    starter = threading.Thread(target=server.start)
    starter.start()
    starter.join()
    assert not server.wait(0.5)
    server.stop()


def test_it_dies_with_its_parent_however_that_ends(tmp_path: Path) -> None:
    script = (
        "import time; from infra.daemon import Daemon\n"
        "server = Daemon('a server', ['/bin/sleep', '60']); server.start(); print(server.pid, flush=True)\n"
        "time.sleep(60)"
    )
    root = Path(__file__).parents[2]
    with (tmp_path / "out").open("w") as out:
        parent = psutil.Popen([sys.executable, "-c", script], cwd=root, stdout=out)
    child = psutil.Process(int(until((tmp_path / "out").read_text)))
    parent.kill()
    parent.wait()
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_what_can_not_be_started_is_said(tmp_path: Path) -> None:
    with pytest.raises(KinofarmError) as caught:
        Daemon("a server", [str(tmp_path / "nothing")]).start()
    assert caught.value.code == "FARM-001"
