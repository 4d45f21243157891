"""Everything that is done to a site while it renders: one function for each fault, which returns when it is over."""

from __future__ import annotations

import contextlib
import random
import signal
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import psutil

from tests.soak.machines import Machine
from tests.soak.site import HANG_SECONDS, Site, renders

LEASE_SECONDS = 15
ENCODING_SECONDS = 10


@dataclass(frozen=True)
class Fault:
    """do: breaks something, and mends it where nobody else does. may_fail: the job may fail, with a clear error, and goes on
    by `kinofarm retry`. apart: needs a machine with a network, disk and clock of its own. kills: a machine's leases run out.
    """

    do: Callable[[Site, Machine, random.Random], None]
    may_fail: bool = False
    apart: bool = False
    kills: bool = False


def _signal(processes: Iterable[psutil.Process], number: int, most: int = 1) -> None:
    for process in list(processes)[:most]:
        with contextlib.suppress(psutil.Error):
            process.send_signal(number)


def _encoding(machine: Machine) -> list[psutil.Process]:
    """The machine's ffmpeg processes, as soon as there is one: between two chunks there is none."""
    deadline = time.monotonic() + ENCODING_SECONDS
    while not (found := machine.ffmpegs()):
        assert time.monotonic() < deadline, f"{machine.name} encodes nothing that could be hit"
        time.sleep(0.01)
    return found


def kill_ffmpeg(site: Site, machine: Machine, dice: random.Random) -> None:
    _signal(_encoding(machine), signal.SIGKILL)


def hang_ffmpeg(site: Site, machine: Machine, dice: random.Random) -> None:
    _signal(_encoding(machine), signal.SIGSTOP)
    time.sleep(HANG_SECONDS + 2)


def kill_shard(site: Site, machine: Machine, dice: random.Random) -> None:
    _signal(machine.engines(), signal.SIGKILL)


def kill_worker_process(site: Site, machine: Machine, dice: random.Random) -> None:
    _signal([machine.kinofarm.process("infra.launch", "worker cpu")], signal.SIGKILL)


def kill_keeper(site: Site, machine: Machine, dice: random.Random) -> None:
    for kinofarm in (machine.kinofarm, site.farm):
        _signal([kinofarm.process("infra.launch", "keep keeper")], signal.SIGKILL)


def lose_machine(site: Site, machine: Machine, dice: random.Random) -> None:
    machine.kill()
    time.sleep(dice.uniform(2, 20))
    machine.start()


def suspend_machine(site: Site, machine: Machine, dice: random.Random) -> None:
    with machine.suspended():
        time.sleep(LEASE_SECONDS + dice.uniform(1, 8))


def cut_network(site: Site, machine: Machine, dice: random.Random) -> None:
    with machine.unplugged():
        time.sleep(dice.uniform(3, LEASE_SECONDS + 10))


def fill_disk(site: Site, machine: Machine, dice: random.Random) -> None:
    with machine.full_disk():
        time.sleep(dice.uniform(5, 15))


def jump_clock(site: Site, machine: Machine, dice: random.Random) -> None:
    with machine.clock_wrong(dice.choice((-86_400, -3600, -300, 300, 3600, 86_400))):
        time.sleep(dice.uniform(5, 15))


def slow_s3(site: Site, machine: Machine, dice: random.Random) -> None:
    with machine.s3.slow(dice.uniform(0.02, 0.2)), site.s3_gate.slow(0.02):
        time.sleep(dice.uniform(5, 15))


def break_uploads(site: Site, machine: Machine, dice: random.Random) -> None:
    """Every upload of a machine ends in the middle."""
    with machine.s3.failing(2_000, 60_000):
        time.sleep(dice.uniform(5, 12))


def lose_s3(site: Site, machine: Machine, dice: random.Random) -> None:
    assert site.s3.pid is not None
    psutil.Process(site.s3.pid).kill()
    time.sleep(dice.uniform(2, 12))
    site.s3.start()


def kill_render(site: Site, machine: Machine, dice: random.Random) -> None:
    _signal(renders(site), signal.SIGKILL)


def kill_renders_worker(site: Site, machine: Machine, dice: random.Random) -> None:
    _signal([site.farm.process("infra.launch", "worker orchestrator")], signal.SIGKILL)


def _part(site: Site, name: str) -> psutil.Process:
    return psutil.Process(int(site.farm.run("status", "--json").document["parts"][name]))


def kill_database(site: Site, machine: Machine, dice: random.Random) -> None:
    _part(site, "PostgreSQL").kill()


def stop_database(site: Site, machine: Machine, dice: random.Random) -> None:
    server = _part(site, "PostgreSQL")
    family = [server, *server.children(recursive=True)]
    for process in family:
        with contextlib.suppress(psutil.Error):
            process.suspend()
    time.sleep(dice.uniform(3, 12))
    for process in family:
        with contextlib.suppress(psutil.Error):
            process.resume()


def kill_prefect(site: Site, machine: Machine, dice: random.Random) -> None:
    _part(site, "the Prefect server").kill()


def kill_farm(site: Site, machine: Machine, dice: random.Random) -> None:
    """All that runs on the farm's own machine is gone, as after a power cut; somebody starts it again."""
    for process in site.farm.processes():
        with contextlib.suppress(psutil.Error):
            process.kill()
    time.sleep(dice.uniform(0.5, 5))
    answer = site.farm.run("up", "--json")
    assert answer.code == 0, answer.err


FAULTS: Mapping[str, Fault] = {
    "kill ffmpeg": Fault(kill_ffmpeg),
    "hang ffmpeg": Fault(hang_ffmpeg),
    "kill a shard": Fault(kill_shard),
    "kill a worker process": Fault(kill_worker_process),
    "kill the keepers": Fault(kill_keeper),
    "lose a machine": Fault(lose_machine, kills=True),
    "suspend a machine": Fault(suspend_machine, kills=True),
    "cut the network": Fault(cut_network, apart=True),
    "fill the disk": Fault(fill_disk, apart=True),
    "jump the clock": Fault(jump_clock, apart=True),
    "slow S3": Fault(slow_s3),
    "break uploads": Fault(break_uploads),
    "lose S3": Fault(lose_s3, may_fail=True),
    "kill a render": Fault(kill_render),
    "kill the renders' worker": Fault(kill_renders_worker),
    "kill PostgreSQL": Fault(kill_database),
    "stop PostgreSQL": Fault(stop_database),
    "kill the Prefect server": Fault(kill_prefect),
    "kill the whole farm": Fault(kill_farm),
}
"""Each fault by the name under which a round speaks of it."""
