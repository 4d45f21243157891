"""The model of a farm: what must hold of any queueing system, and that the kept figures are the model's."""

from __future__ import annotations

import pytest
import simpy

from bench.scale import costs, growth
from bench.scale.costs import Costs
from bench.scale.model import Farm, Processors, Simulation

NOTHING = Costs(**dict.fromkeys(Costs.model_fields, 0.0))


def farm(machines: int, known: Costs = NOTHING, **more: float) -> Farm:
    values = {"slots": 2, "cores": 2, "host_cores": 4, "chunk": 4.0, "sound": 0.0, "chunks": 10, **more}
    return Farm(known, machines=machines, **values)  # type: ignore[arg-type]


def test_processors_are_shared_evenly() -> None:
    env = simpy.Environment()
    two = Processors(env, 2)
    ended: dict[str, float] = {}

    def job(name: str, start: float, seconds: float) -> simpy.events.ProcessGenerator:
        yield env.timeout(start)
        yield two.work(seconds)
        ended[name] = env.now

    for name, start, seconds in (("a", 0, 4), ("b", 0, 4), ("c", 0, 4), ("d", 8, 1)):
        env.process(job(name, start, seconds))
    env.run()
    assert ended == pytest.approx({"a": 6, "b": 6, "c": 6, "d": 9})  # three on two cores, then one alone
    assert two.spent == pytest.approx(13)


def test_without_costs_throughput_is_slots_by_the_time_of_a_chunk() -> None:
    for machines in (1, 3, 10):
        outcome = Simulation(farm(machines)).steady(20, 400, 100)
        assert outcome.pieces_per_second == pytest.approx(machines * 2 / 4, rel=0.02)
        assert outcome.busy["machines"] == pytest.approx(1, abs=0.02)


def test_a_batch_takes_as_long_as_its_chunks_do() -> None:
    outcome = Simulation(farm(1)).batch(3)
    assert outcome.seconds == pytest.approx(3 * 10 * 4 / 2)
    assert outcome.pieces == 30
    assert all(film.left == 0 and film.ended is not None for film in outcome.films)


def test_slots_beyond_the_cores_do_not_help() -> None:
    outcome = Simulation(farm(1, slots=8)).steady(20, 400, 100)
    assert outcome.pieces_per_second == pytest.approx(2 / 4, rel=0.02)


def test_a_server_that_each_chunk_asks_for_a_second_allows_one_chunk_a_second() -> None:
    slow = NOTHING.model_copy(update={"server_piece": 1.0, "server_job": 0.001})
    few = Simulation(farm(1, slow)).steady(20, 400, 100)
    assert few.pieces_per_second == pytest.approx(0.5, rel=0.02)
    many = Simulation(farm(20, slow)).steady(20, 400, 100)
    assert many.busy["Prefect server"] == pytest.approx(1, abs=0.02)
    assert many.pieces_per_second < 0.6 * 20 * 2 / 4, "jobs wait for the server, and machines for jobs"


def test_no_more_renders_have_a_run_than_may() -> None:
    outcome = Simulation(farm(50, chunks=1, parents=8)).steady(100, 100, 50)
    assert outcome.busy["renders"] == 1
    assert outcome.pieces_per_second == pytest.approx(8 / 4, rel=0.05)  # eight films of one chunk each at once


def test_sounds_go_first_and_are_made_once() -> None:
    outcome = Simulation(farm(1, sound=2.0)).batch(2)
    assert outcome.pieces == 22


@pytest.mark.parametrize("machines", [1, 2, 20])
def test_the_kept_figures_are_the_model_s(machines: int) -> None:
    (known,) = [size for size in growth.kept().sizes if size.machines == machines]
    assert growth.simulated(costs.kept(), machines) == known


def test_the_model_is_within_fifteen_percent_of_the_real_farm_at_one_and_two_slots() -> None:
    scale = costs.kept()
    assert [trial.slots for trial in scale.trials] == [1, 2]
    for trial in scale.trials:
        seconds, _ = growth.predicted(scale, trial)
        assert seconds == pytest.approx(trial.seconds, rel=0.15)
