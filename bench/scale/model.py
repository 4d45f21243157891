"""A discrete-event model of the farm: its host with Prefect, PostgreSQL and the renders, and machines with slots.

Processors are shared evenly among all that want one, each of them one at most. The Prefect server is one process: what it is
asked waits in line. Jobs wait for one of the places that renders may hold at once; chunks are taken by whoever has a free
slot, the job's turn by the same rule as in the ledger where priorities are equal: the job with the fewest chunks in work.
"""

from __future__ import annotations

import heapq
import statistics
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import simpy

from bench.scale.costs import Costs

Steps = Generator[simpy.Event, Any, None]

POLL_SECONDS = 5.0
"""Between two polls of a Prefect worker (`PREFECT_WORKER_QUERY_SECONDS`)."""
TINY = 1e-9


class Processors:
    """Cores that are shared evenly; `work` returns an event that comes when so many seconds of one were spent."""

    def __init__(self, env: simpy.Environment, cores: float) -> None:
        self.env = env
        self.cores = cores
        self.spent = 0.0
        self._at = 0.0
        self._credit = 0.0
        self._waiting: list[tuple[float, int, simpy.Event]] = []
        self._count = 0
        self._wake: simpy.Event | None = None
        self._number = 0

    def work(self, seconds: float) -> simpy.Event:
        """Spend so many seconds of a core."""
        done = self.env.event()
        self._advance()
        self._number += 1
        heapq.heappush(self._waiting, (self._credit + seconds, self._number, done))
        self._plan()
        return done

    @property
    def _rate(self) -> float:
        return min(1.0, self.cores / len(self._waiting)) if self._waiting else 0.0

    def _advance(self) -> None:
        """Everybody who waits has the same credit: what each was given since the beginning."""
        passed = self.env.now - self._at
        self._credit += passed * self._rate
        self.spent += passed * min(self.cores, len(self._waiting))
        self._at = self.env.now

    def _plan(self) -> None:
        self._count += 1
        if self._waiting:
            left = max(0.0, self._waiting[0][0] - self._credit) / self._rate
            self.env.process(self._later(left, self._count))

    def _later(self, seconds: float, count: int) -> Steps:
        yield self.env.timeout(seconds)
        if count != self._count:
            return  # somebody came or went meanwhile
        self._advance()
        while self._waiting and self._waiting[0][0] <= self._credit + TINY:
            heapq.heappop(self._waiting)[2].succeed()
        self._plan()


@dataclass
class Film:
    """A job: its chunks that wait, and those in work."""

    number: int
    waiting: int
    sound: bool
    submitted: float
    held: int = 0
    left: int = 0
    begun: float | None = None
    ended: float | None = None
    rendered: simpy.Event | None = None


@dataclass(frozen=True)
class Farm:
    """What is simulated. machines, slots: that render, and the slots of each. cores: of each machine. host_cores: of the farm's
    own. alone: the one machine is the farm's own. parents: renders at once. chunk, sound: processor seconds of a piece's ffmpeg.
    workers: Prefect's workers beside those of the machines.
    """

    costs: Costs
    machines: int
    slots: int
    cores: int
    host_cores: int
    chunk: float
    sound: float
    chunks: int
    parents: int = 8
    alone: bool = False
    workers: int = 1


@dataclass
class Outcome:
    """What came of it. busy: shares of the time, of what each part has."""

    seconds: float
    pieces: int
    films: list[Film]
    busy: dict[str, float] = field(default_factory=dict)

    @property
    def pieces_per_second(self) -> float:
        return self.pieces / self.seconds

    @property
    def until_begun(self) -> float:
        """Mean seconds from a submission to the first chunk in work, of the films that began."""
        return statistics.mean([film.begun - film.submitted for film in self.films if film.begun is not None] or [0.0])

    @property
    def until_ended(self) -> float:
        """Mean seconds from a submission to the film, of those that ended."""
        return statistics.mean([film.ended - film.submitted for film in self.films if film.ended is not None] or [0.0])


class Simulation:
    """One run of a farm."""

    def __init__(self, farm: Farm) -> None:
        self.farm = farm
        self.env = simpy.Environment()
        self.host = Processors(self.env, farm.host_cores)
        self.machines = [self.host if farm.alone else Processors(self.env, farm.cores) for _ in range(farm.machines)]
        self.server = simpy.Resource(self.env, 1)
        self.database = simpy.Resource(self.env, farm.host_cores)
        self.parents = simpy.Resource(self.env, farm.parents)
        self.films: list[Film] = []
        self.open: list[Film] = []
        self.pieces = 0
        self.ended = 0
        self._news = self.env.event()
        self._spent = {"server": 0.0, "database": 0.0}

    def batch(self, jobs: int) -> Outcome:
        """Submit so many jobs at once and simulate until the last film is there."""
        self._begin()
        for _ in range(jobs):
            self.env.process(self._film())
        while self.ended < jobs:
            self.env.step()
        return self._outcome(self.env.now, self.pieces)

    def steady(self, jobs: int, seconds: float, warm_up: float) -> Outcome:
        """Keep so many jobs in the farm for a while, and look at what is done after the warm-up."""
        self._begin()
        for _ in range(jobs):
            self.env.process(self._again())
        self.env.run(until=warm_up)
        pieces, spent, machines = self.pieces, dict(self._spent), sum(each.spent for each in self._own())
        self.env.run(until=warm_up + seconds)
        outcome = self._outcome(seconds, self.pieces - pieces)
        outcome.busy = {
            "Prefect server": (self._spent["server"] - spent["server"]) / seconds,
            "PostgreSQL": (self._spent["database"] - spent["database"]) / seconds / self.farm.host_cores,
            "machines": (sum(each.spent for each in self._own()) - machines)
            / seconds
            / (self.farm.machines * min(self.farm.slots, self.farm.cores)),
            "renders": self.parents.count / self.farm.parents,
        }
        return outcome

    def _own(self) -> list[Processors]:
        return [each for each in self.machines if each is not self.host]

    def _begin(self) -> None:
        costs, machines = self.farm.costs, self.farm.machines
        workers = self.farm.workers + machines
        self.env.process(self._idle("server", self.server, costs.server_idle, costs.server_worker, workers))
        self.env.process(self._idle("database", self.database, costs.database_idle, costs.database_worker, workers))
        self.env.process(self._keeper())
        for machine in self.machines:
            for _ in range(self.farm.slots):
                self.env.process(self._shard(machine))

    def _idle(self, name: str, part: simpy.Resource, base: float, each: float, workers: int) -> Steps:
        """What a part does while nothing is asked: its own rounds, and the polls of the workers, spread over their pause."""
        while True:
            share = max(1, min(workers, 50))
            yield self.env.timeout(POLL_SECONDS / share)
            self.env.process(self._asked(name, part, (base + each * workers) * POLL_SECONDS / share))

    def _keeper(self) -> Steps:
        while True:
            yield self.env.timeout(3.0)
            yield self.host.work(3.0 * self.farm.costs.keeper)

    def _asked(self, name: str, part: simpy.Resource, seconds: float) -> Steps:
        with part.request() as turn:
            yield turn
            yield self.host.work(seconds)
            self._spent[name] += seconds

    def _again(self) -> Steps:
        while True:
            yield self.env.process(self._film())

    def _film(self) -> Steps:
        """A job from its submission to its film."""
        farm, costs, env = self.farm, self.farm.costs, self.env
        film = Film(len(self.films), farm.chunks, farm.sound > 0, env.now)
        film.left, film.rendered = film.waiting + film.sound, env.event()
        self.films.append(film)
        yield env.process(self._asked("server", self.server, costs.server_job / 2))
        with self.parents.request() as place:
            yield place
            yield env.timeout(costs.start_seconds)
            yield self.host.work(costs.render_job / 2)
            self.open.append(film)
            self._tell()
            yield film.rendered
            yield env.timeout(costs.finish_seconds)
            yield self.host.work(costs.render_job / 2 + costs.render_piece * farm.chunks)
            yield env.process(self._asked("database", self.database, costs.database_job))
            yield env.process(self._asked("server", self.server, costs.server_job / 2))
        film.ended = env.now
        self.ended += 1

    def _shard(self, machine: Processors) -> Steps:
        """A slot: takes the next piece, whoever's it is, and makes it."""
        farm, costs = self.farm, self.farm.costs
        while True:
            film = self._next()
            if film is None:
                yield self._news
                continue
            sound = film.sound
            film.sound = False
            film.waiting -= not sound
            film.held += 1
            film.begun = self.env.now if film.begun is None else film.begun
            yield self.env.process(self._asked("database", self.database, costs.database_piece))
            yield machine.work((farm.sound if sound else farm.chunk) + costs.shard_piece)
            self.env.process(self._asked("server", self.server, costs.server_piece))  # events: nobody waits for them
            film.held -= 1
            film.left -= 1
            self.pieces += 1
            if film.left == 0 and film.rendered is not None:
                self.open.remove(film)
                film.rendered.succeed()

    def _next(self) -> Film | None:
        ready = [film for film in self.open if film.sound or film.waiting]
        return min(ready, key=lambda film: (film.held, film.number), default=None)

    def _tell(self) -> None:
        told, self._news = self._news, self.env.event()
        told.succeed()

    def _outcome(self, seconds: float, pieces: int) -> Outcome:
        return Outcome(seconds, pieces, self.films)
