"""Kinofarm as a script sees it: the command, its exit code, its JSON.

What is asked again and again while a farm works is asked from this process, by the functions that the commands call: each
start of Python would take a second from the farm.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from apps.cli.jobs import job_document, whole_document
from infra import farm_state, services
from infra.jobs.store import JobStore
from infra.services import Services
from infra.settings import Settings
from infra.supervisor import READY_SECONDS
from kinofarm import Farm

COMMAND = Path(sys.executable).with_name("kinofarm")
ENDED = ("done", "failed", "cancelled")


@dataclass(frozen=True)
class Answer:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on standard output."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def error(self) -> str:
        """The code of the error that was printed as JSON."""
        return str(self.document["error"]["code"])


@dataclass
class Kinofarm:
    """The command line with a home of its own. settings: environment variables without their KINOFARM_ prefix."""

    home: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("KINOFARM_", "PREFECT_"))}
        own = {f"KINOFARM_{name}": value for name, value in self.settings.items()}
        return {**kept, **own, "KINOFARM_HOME": str(self.home)}

    def run(self, *arguments: str | Path, timeout: float = 300) -> Answer:
        """Run a command to its end."""
        process = self.start(*arguments)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"kinofarm {arguments} took more than {timeout} s\n{out}\n{err}") from None
        return Answer(process.returncode, out, err)

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start a command in a process group of its own, as a shell does."""
        return subprocess.Popen(
            [COMMAND, *map(str, arguments)],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=_heed_ctrl_c,
        )

    def render(self, project: Path, out: Path, *more: str | Path, timeout: float = 300) -> dict[str, Any]:
        """Render, expect success, and return the document."""
        answer = self.run("render", project, "-o", out, "--json", *more, timeout=timeout)
        assert answer.code == 0, f"{answer.out}\n{answer.err}"
        return answer.document

    def submit(self, project: Path, out: Path, *more: str | Path) -> str:
        """Submit a render to the farm that is up, and return the job's id."""
        return str(self.render(project, out, "--no-wait", *more)["job"])

    @property
    def page(self) -> str:
        """URL of the REST API and the status page."""
        return str(json.loads((self.home / "farm.json").read_text())["page"])

    @property
    def footage(self) -> Path:
        """The farm's first media root."""
        return Path(json.loads(self.settings["MEDIA_ROOTS"])[0])

    def api(self, token: str | None = None, **more: Any) -> httpx.Client:
        """A client of the REST API, with the farm's first token or another."""
        secret = (self.home / "admin.token").read_text().strip() if token is None else token
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        return httpx.Client(base_url=f"{self.page}/api/v1", headers=headers, timeout=60, trust_env=False, **more)

    def client(self, token: str) -> Farm:
        """The Python client of this farm."""
        return Farm(self.page, token)

    @contextlib.contextmanager
    def services(self) -> Iterator[Services]:
        """The services of the farm that is up."""
        with services.opened(Settings(home=self.home)) as container:
            yield container

    def job(self, job: str) -> dict[str, Any]:
        """What `kinofarm job ID --json` prints."""
        with self.services() as container:
            return dict(json.loads(json.dumps(whole_document(container, job))))

    def wait(self, job: str, timeout: float = 300) -> dict[str, Any]:
        """Wait until a job has ended and return it."""
        return self.wait_until(job, lambda found: found["state"] in ENDED, timeout)

    def wait_until(self, job: str, reached: Callable[[dict[str, Any]], bool], timeout: float = 300) -> dict[str, Any]:
        deadline = time.monotonic() + timeout
        while True:
            found = self.job(job)
            if reached(found):
                return found
            assert found["state"] not in ENDED, f"it has ended: {found['state']}, {found['error']}"
            assert time.monotonic() < deadline, f"not reached in {timeout} s: {found}"
            time.sleep(0.3)

    def jobs(self) -> list[dict[str, Any]]:
        """What `kinofarm jobs -n 1000 --json` prints."""
        with self.services() as container:
            return [job_document(job) for job in container.get(JobStore).jobs(1000)]

    def processes(self) -> list[psutil.Process]:
        """Every living process that belongs to this home: by its environment, command line or working folder."""
        mark = str(self.home)
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                    continue
                says = [*process.cmdline(), process.cwd(), process.environ().get("KINOFARM_HOME", "")]
                if any(mark in word for word in says):
                    found.append(process)
        return found

    def process(self, *words: str) -> psutil.Process:
        """The one process of this home whose command line has all these words."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for process in self.processes():
                with contextlib.suppress(psutil.Error):
                    line = " ".join(process.cmdline())
                    if all(word in line for word in words):
                        return process
            time.sleep(0.2)  # to look costs 50 ms of a core
        raise AssertionError(f"no process with {words}: {[process.cmdline() for process in self.processes()]}")

    def ready(self) -> None:
        """Wait until the farm takes renders, for as long as it gives itself to start."""
        deadline = time.monotonic() + READY_SECONDS
        while (state := farm_state.read(self.home)) is None or not state.ready:
            assert time.monotonic() < deadline, f"the farm did not start in {READY_SECONDS} s"
            time.sleep(0.1)

    def scratch(self) -> list[Path]:
        """What lies in the farm's scratch folders."""
        return sorted((self.home / "scratch").glob("*"))


def _heed_ctrl_c() -> None:
    """As under a terminal: a test run that was put in the background hands an ignored SIGINT down to its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def interrupt(process: subprocess.Popen[str]) -> None:
    """Press Ctrl-C: the terminal signals the whole foreground process group."""
    os.killpg(process.pid, signal.SIGINT)


@contextlib.contextmanager
def folder(name: str) -> Iterator[Path]:
    """A new folder that every user may enter (as root, the database's user has to), gone afterwards."""
    path = Path(tempfile.mkdtemp(prefix=f"kinofarm-{name}-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def running(name: str, **settings: str) -> Iterator[Kinofarm]:
    """A farm that is up for as long as this block, in a home of its own."""
    with folder(name) as home:
        farm = Kinofarm(home, settings)
        answer = farm.run("up", "--json")
        assert answer.code == 0, f"{answer.out}\n{answer.err}"
        try:
            yield farm
        finally:
            farm.run("down")
