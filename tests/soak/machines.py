"""Machines that render, each cut out of this one: its own home and gates, and, as root on Linux, its own network, disk and clock."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from infra import farm as farms
from infra.farm_state import ProcessId
from infra.settings import Settings
from tests.acceptance.kinofarm import COMMAND, Kinofarm, folder
from tests.soak.gates import Gate

SCRATCH_BYTES = 1_300_000_000
"""Of a machine's own disk: preflight wants a gigabyte free."""
HERE = Path(__file__).parent


def can_be_apart() -> bool:
    """Whether this user may give a process a network, a disk and a clock of its own."""
    if sys.platform != "linux" or os.geteuid() != 0 or not all(map(shutil.which, ("ip", "unshare", "cc"))):
        return False
    name = f"kf-try-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False)
    try:
        with folder("try") as home:
            (home / "clock.so").touch()
            for part in ("up", "work"):
                (home / part).mkdir()
            mounts = _own_disk(home / "scratch", 2**20), _own_etc(home, home / "clock.so")
            run = ["ip", "netns", "exec", name, "sh", "-c", " && ".join(mounts)]
            return made.returncode == 0 and subprocess.run(run, capture_output=True, check=False).returncode == 0
    finally:
        subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


def _own_disk(place: Path, size: int) -> str:
    """The shell's words for a disk of its own at this place."""
    return f"mkdir -p {place} && mount -t tmpfs -o size={size} tmpfs {place}"


def _own_etc(layers: Path, clock: Path) -> str:
    """The shell's words for an /etc of its own, in which every program loads the clock."""
    overlay = f"lowerdir=/etc,upperdir={layers}/up,workdir={layers}/work"
    return f"mount -t overlay overlay -o {overlay} /etc && echo {clock} > /etc/ld.so.preload"


@dataclass
class Machine:
    """One machine.

    number: its place among them. subnet: of its network, 10.77.subnet.0/30. database, prefect, s3: the gates through which it
    reaches the farm.
    """

    name: str
    number: int
    subnet: int
    farm: Kinofarm
    home: Path
    database: Gate
    prefect: Gate
    s3: Gate
    apart: bool
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def gates(self) -> tuple[Gate, ...]:
        return self.database, self.prefect, self.s3

    @property
    def address(self) -> str:
        """Where this machine finds the gates."""
        return f"10.77.{self.subnet}.1" if self.apart else "127.0.0.1"

    @property
    def kinofarm(self) -> Kinofarm:
        """Its command line."""
        found = farms.connect(Settings(home=self.farm.home))
        assert found is not None
        assert found.api_auth is not None
        url = found.database_url.get_secret_value()
        database = url.replace(f"127.0.0.1:{self.database.server_port}", f"{self.address}:{self.database.port}")
        assert database != url
        own = {
            "WORKER__POOL": "cpu",
            "WORKER__NAME": self.name,
            "WORKER__SLOTS": "1",
            "DATABASE__URL": database,
            "PREFECT__API_URL": f"http://{self.address}:{self.prefect.port}/api",
            "PREFECT__AUTH": found.api_auth.get_secret_value(),
            "CACHE__S3__ENDPOINT": f"http://{self.address}:{self.s3.port}",
        }
        return Kinofarm(self.home, {**self.farm.settings, **own})

    def start(self) -> None:
        """Switch it on."""
        argv: list[str | Path] = [COMMAND, "worker"]
        if self.apart:
            etc = self.home / "etc"
            mounts = _own_disk(self.home / "scratch", SCRATCH_BYTES), _own_etc(etc, etc / "clock.so")
            script = " && ".join((*mounts, 'exec "$@"'))
            argv = ["ip", "netns", "exec", self._network, "sh", "-c", script, "sh", *argv]
        log = (self.home / "worker.log").open("ab")
        with log:
            self.process = subprocess.Popen(
                argv,
                env=self.kinofarm.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_heed_ctrl_c,
            )

    def processes(self) -> list[psutil.Process]:
        """Every living process of it."""
        return self.kinofarm.processes()

    def ffmpegs(self) -> list[psutil.Process]:
        found = []
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                if "ffmpeg" in Path(process.exe()).name:
                    found.append(process)
        return found

    def engines(self) -> list[psutil.Process]:
        """The processes that run a shard each."""
        return engines(self.home)

    def kill(self) -> None:
        """Pull the plug: every process of it is gone at once, and nothing was told to anybody."""
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                process.suspend()  # so that none starts another meanwhile
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                process.kill()
        if self.process is not None:
            self.process.wait(20)

    def end(self) -> None:
        """Switch it off."""
        if self.process is not None and self.process.poll() is None:
            for process in psutil.Process(self.process.pid).children(recursive=True) or []:
                with contextlib.suppress(psutil.Error):
                    process.resume()
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(60)
        self.kill()

    @contextlib.contextmanager
    def unplugged(self) -> Iterator[None]:
        """Without a network within this block."""
        if not self.apart:
            with contextlib.ExitStack() as cut:
                for gate in self.gates:
                    cut.enter_context(gate.cut())
                yield
            return
        _ip("link", "set", self._cable, "down")
        try:
            yield
        finally:
            _ip("link", "set", self._cable, "up")

    @contextlib.contextmanager
    def suspended(self) -> Iterator[None]:
        """Every process stands still within this block."""
        still = self.processes()
        for process in still:
            with contextlib.suppress(psutil.Error):
                process.suspend()
        try:
            yield
        finally:
            for process in still:
                with contextlib.suppress(psutil.Error):
                    process.resume()

    @contextlib.contextmanager
    def full_disk(self) -> Iterator[None]:
        """No byte is free on the disk of its scratch within this block."""
        ballast = self._scratch / "ballast"
        with ballast.open("wb") as file:
            block = b"\0" * 2**20
            try:
                while True:
                    file.write(block)
                    file.flush()
            except OSError:
                pass
            with contextlib.suppress(OSError):
                while True:
                    os.write(file.fileno(), b"\0" * 512)
        try:
            yield
        finally:
            ballast.unlink(missing_ok=True)

    @contextlib.contextmanager
    def clock_wrong(self, seconds: int) -> Iterator[None]:
        """Its clock jumps by so many seconds, and back at the end of this block."""
        clock = self.home / "etc" / "clock"
        with clock.open("r+b", buffering=0) as file:
            file.write(struct.pack("l", seconds))
        try:
            yield
        finally:
            with clock.open("r+b", buffering=0) as file:
                file.write(struct.pack("l", 0))

    def scratch(self) -> list[Path]:
        """What lies in its scratch."""
        try:
            return sorted(self._scratch.iterdir())
        except OSError:
            return []

    def log(self, lines: int = 30) -> str:
        """The ends of its logs."""
        files = [self.home / "worker.log", *sorted((self.home / "logs").glob("*.log"))]
        return "\n".join(
            f"== {file}\n" + "\n".join(file.read_text(errors="replace").splitlines()[-lines:]) for file in files
        )

    @property
    def _network(self) -> str:
        return f"kf-{os.getpid()}-{self.number}"

    @property
    def _cable(self) -> str:
        return f"kf{os.getpid()}h{self.number}"[:15]

    @property
    def _scratch(self) -> Path:
        """Its scratch, seen from outside: what is mounted there only it can see."""
        inside = self.home / "scratch"
        if not self.apart or self.process is None:
            return inside
        return Path(f"/proc/{self.process.pid}/root{inside}")

    def wire(self) -> None:
        """Lay the cable between this machine and ours, and prepare its clock."""
        other = f"kf{os.getpid()}m{self.number}"[:15]
        _ip("netns", "add", self._network)
        _ip("link", "add", self._cable, "type", "veth", "peer", "name", other, "netns", self._network)
        _ip("addr", "add", f"{self.address}/30", "dev", self._cable)
        _ip("link", "set", self._cable, "up")
        _ip("-n", self._network, "addr", "add", f"10.77.{self.subnet}.2/30", "dev", other)
        for device in ("lo", other):
            _ip("-n", self._network, "link", "set", device, "up")
        etc = self.home / "etc"
        for name in ("up", "work"):
            (etc / name).mkdir(parents=True, exist_ok=True)
        (etc / "clock").write_bytes(struct.pack("l", 0))
        made = [
            "cc",
            "-shared",
            "-fPIC",
            "-O1",
            f'-DCLOCK_FILE="{etc}/clock"',
            "-o",
            etc / "clock.so",
            HERE / "clock.c",
        ]
        subprocess.run([*made, "-ldl"], check=True)

    def unwire(self) -> None:
        subprocess.run(["ip", "netns", "delete", self._network], capture_output=True, check=False)


def engines(home: Path) -> list[psutil.Process]:
    """The processes that run a flow each, on the machine of this home."""
    found = []
    for file in (home / "run" / "engines").glob("*"):
        with contextlib.suppress(OSError, ValueError):
            process = ProcessId.model_validate_json(file.read_bytes()).process()
            if process is not None:
                found.append(process)
    return found


@contextlib.contextmanager
def machines(farm: Kinofarm, names: Sequence[str], s3_port: int) -> Iterator[list[Machine]]:
    """Machines of these names that are up and work for the farm."""
    found = farms.connect(Settings(home=farm.home))
    assert found is not None
    database = int(found.database_url.get_secret_value().rpartition("@")[2].partition("/")[0].rpartition(":")[2])
    prefect = int(found.api_url.rpartition(":")[2].partition("/")[0])
    if apart := can_be_apart():
        _remove_left()
    with contextlib.ExitStack() as stack:
        made = []
        for number, (name, subnet) in enumerate(zip(names, _free_subnets(), strict=False), 1):
            gates = [stack.enter_context(Gate(port)) for port in (database, prefect, s3_port)]
            machine = Machine(name, number, subnet, farm, stack.enter_context(folder(name)), *gates, apart=apart)
            if apart:
                stack.callback(machine.unwire)
                machine.wire()
            stack.callback(machine.end)
            machine.start()
            made.append(machine)
        yield made


def until_online(farm: Kinofarm, machines: Sequence[Machine], seconds: float) -> None:
    """Wait until these machines take work."""
    deadline = time.monotonic() + seconds
    while True:
        found = {each["name"]: each for each in json.loads(farm.run("workers", "--json").out)}
        names = [machine.name for machine in machines]
        states = {name: (found[name]["state"], found[name]["alive"]) if name in found else None for name in names}
        if all(state == ("online", True) for state in states.values()):
            return
        assert time.monotonic() < deadline, "\n".join([str(states), *(machine.log() for machine in machines)])
        time.sleep(0.5)


def _remove_left() -> None:
    """Remove networks of test runs that were killed: they hold the addresses that ours are to have."""
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    for name in re.findall(r"^kf-\d+-\d+", listed, re.MULTILINE):
        _, run, number = name.split("-")
        if psutil.pid_exists(int(run)) and int(run) != os.getpid():
            continue
        inside = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=False).stdout
        for pid in map(int, inside.split()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        subprocess.run(["ip", "link", "delete", f"kf{run}h{number}"], capture_output=True, check=False)
        subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


def _free_subnets() -> list[int]:
    """Those that no device of this machine is in, as of another test run."""
    taken = {address.address for device in psutil.net_if_addrs().values() for address in device}
    return [subnet for subnet in range(1, 255) if f"10.77.{subnet}.1" not in taken]


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def _heed_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
