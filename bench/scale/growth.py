"""What farms of one to a thousand machines would do, simulated with the measured costs, and kept as data."""

from __future__ import annotations

from pathlib import Path

from bench.scale.costs import Scale, Trial
from bench.scale.model import Farm, Simulation
from infra.values import Value

FILE = Path(__file__).with_name("growth.json")
MACHINES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
CHUNKS = 60
SECONDS, WARM_UP = 300.0, 300.0
HOST_CORES = 8
SLOTS = 2
CHUNK_SECONDS = 10.0
TRIAL_CHUNK_SECONDS = 2.0
FULL = 0.95


class Size(Value):
    """A farm of so many machines that are never without work. busy: shares of what each part has; see `bench.scale.model`."""

    machines: int
    pieces_per_second: float
    until_begun: float
    busy: dict[str, float]

    @property
    def bottleneck(self) -> str:
        """What there is too few of: the machines, unless they wait; then the server that is always busy, else the renders."""
        if self.busy["machines"] > 0.9:
            return "machines"
        return next((name for name in ("Prefect server", "PostgreSQL") if self.busy[name] > FULL), "renders")

    @property
    def is_overloaded(self) -> bool:
        """A server is asked for more than it can do: its queue grows without end."""
        return self.bottleneck in ("Prefect server", "PostgreSQL")


class Growth(Value):
    """All sizes."""

    sizes: tuple[Size, ...]


def usual_farm(scale: Scale, machines: int) -> Farm:
    """A farm whose jobs are ten-minute films: 60 chunks of ten seconds, five times the work of a chunk of the trials."""
    trial = max(scale.trials, key=lambda each: each.slots)
    longer = CHUNK_SECONDS / TRIAL_CHUNK_SECONDS
    return Farm(
        scale.costs,
        machines=machines,
        slots=SLOTS,
        cores=SLOTS,
        host_cores=HOST_CORES,
        chunk=trial.chunk * longer,
        sound=trial.sound * longer * CHUNKS / trial.chunks,
        chunks=CHUNKS,
    )


def simulated(scale: Scale, machines: int) -> Size:
    """Simulate a farm of so many machines."""
    farm = usual_farm(scale, machines)
    jobs = max(2 * farm.parents, 3 * machines * farm.slots // farm.chunks)
    outcome = Simulation(farm).steady(jobs, SECONDS, WARM_UP)
    return Size(
        machines=machines,
        pieces_per_second=outcome.pieces_per_second,
        until_begun=outcome.until_begun,
        busy=outcome.busy,
    )


def predicted(scale: Scale, trial: Trial) -> tuple[float, float]:
    """What the model says of a trial on one machine of two cores: seconds in all, mean seconds until a film."""
    farm = Farm(
        scale.costs,
        machines=1,
        slots=trial.slots,
        cores=2,
        host_cores=2,
        chunk=trial.chunk,
        sound=trial.sound,
        chunks=trial.chunks,
        alone=True,
    )
    outcome = Simulation(farm).batch(trial.jobs)
    return outcome.seconds, outcome.until_ended


def kept() -> Growth:
    """Return what was simulated last."""
    return Growth.model_validate_json(FILE.read_bytes())
