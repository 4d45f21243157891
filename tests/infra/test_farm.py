"""A whole farm: what it starts, what it brings back, and that it leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from infra import farm
from infra.errors import KinofarmError
from infra.prefect_api import PrefectApi
from infra.sections import WorkerSettings
from infra.settings import Settings, as_environment
from tests.infra.conftest import DEPLOYMENTS, KEEP, RunningFarm, processes_of, until

PARTS = {
    "PostgreSQL",
    "the Prefect server",
    "the worker of pool orchestrator",
    "the worker of pool cpu",
    "the keeper",
}
pytestmark = pytest.mark.timeout(240)


def test_a_farm_names_its_parts_and_keeps_its_secrets_elsewhere(running_farm: RunningFarm) -> None:
    home = running_farm.settings.home
    told = (home / "farm.json").read_text()
    connection = running_farm.connection
    assert set(json.loads(told)["parts"]) == PARTS
    assert connection.api_auth is not None
    secrets = connection.api_auth.get_secret_value().partition(":")[2], (home / "postgres" / "password").read_text()
    assert all(len(secret) > 20 and secret not in told for secret in secrets)
    for file in ("farm.json", "prefect/auth", "postgres/password"):
        assert stat.S_IMODE((home / file).stat().st_mode) == 0o600
    for process in processes_of(home):
        assert not any(secret in argument for argument in process.cmdline() for secret in secrets)


def test_a_run_starts_and_ends_and_its_key_starts_no_second_one(running_farm: RunningFarm) -> None:
    key = str(uuid4())
    run = running_farm.api.create_run("hello/hello", {"name": "you"}, idempotency_key=key)
    assert running_farm.api.create_run("hello/hello", {"name": "you"}, idempotency_key=key) == run
    assert running_farm.ended(run).state == "COMPLETED"
    until(lambda: list((running_farm.settings.home / "run" / "engines").iterdir()) == [])


def test_parameters_that_do_not_fit_are_refused(running_farm: RunningFarm) -> None:
    for deployment, parameters, code in (
        ("hello/hello", {"name": {"no": "text"}}, "FARM-022"),
        ("hello/nothing", {}, "FARM-023"),
    ):
        with pytest.raises(KinofarmError) as caught:
            running_farm.api.create_run(deployment, parameters)
        assert caught.value.code == code


def test_a_wrong_password_is_refused(running_farm: RunningFarm) -> None:
    stranger = PrefectApi(running_farm.connection.api_url, "kinofarm:guess")
    with pytest.raises(KinofarmError) as caught:
        stranger.runs(["cpu"])
    assert caught.value.code == "FARM-021"
    stranger.close()


def test_a_cron_deployment_gets_its_runs(running_farm: RunningFarm) -> None:
    scheduled = until(lambda: running_farm.api.runs(["orchestrator"], ["SCHEDULED"]), 15)
    assert all(run.state_name == "Scheduled" for run in scheduled)


def test_the_reconciler_is_called_again_and_again(running_farm: RunningFarm) -> None:
    sign = running_farm.settings.home / "reconciled"
    until(sign.exists)
    first = sign.read_text()
    until(lambda: sign.read_text() != first, 15)


def test_no_part_talks_to_anybody_outside(running_farm: RunningFarm) -> None:
    for process in processes_of(running_farm.settings.home):
        for connection in process.net_connections("inet"):
            assert connection.laddr.ip == "127.0.0.1", connection
            assert not connection.raddr or connection.raddr.ip == "127.0.0.1", connection


def test_a_second_farm_on_the_same_home_is_refused(running_farm: RunningFarm) -> None:
    with (
        pytest.raises(KinofarmError) as caught,
        farm.embedded(running_farm.settings, deployments=DEPLOYMENTS),
    ):
        pass
    assert caught.value.code == "FARM-040"
    assert running_farm.api.healthy()


def test_a_worker_whose_warm_process_was_killed_starts_its_engines_cold(running_farm: RunningFarm) -> None:
    worker = psutil.Process(running_farm.pid("the worker of pool orchestrator"))
    for warm in worker.children():
        warm.kill()
    run = running_farm.api.create_run("hello/hello", {"name": "cold"})
    assert running_farm.ended(run).state == "COMPLETED"


def test_parts_that_are_killed_all_at_once_come_back_at_the_same_addresses(running_farm: RunningFarm) -> None:
    before, address = {part: running_farm.pid(part) for part in PARTS}, running_farm.connection.api_url
    database = running_farm.connection.database_url
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    until(lambda: all(running_farm.pid(part) != pid for part, pid in before.items()), 90)
    until(running_farm.api.healthy, 90)
    assert running_farm.connection.api_url == address
    assert running_farm.connection.database_url == database
    run = running_farm.api.create_run("hello/hello", {"name": "again"})
    assert running_farm.ended(run, 90).state == "COMPLETED"


def test_a_killed_engine_is_known_to_have_crashed_and_its_ffmpeg_is_gone(running_farm: RunningFarm) -> None:
    mark = f"mark-{uuid4()}"
    run = running_farm.api.create_run("encode-for-long/encode", {"mark": mark})
    until(lambda: _marked(mark), 60)
    worker = running_farm.pid("the worker of pool cpu")
    os.kill(worker, signal.SIGKILL)  # engines die with their worker, and nobody is left to report them
    crashed = running_farm.reached(run, "CRASHED", 10)
    assert crashed.pool == "cpu"
    assert _marked(mark) == []


def test_an_embedded_farm_beside_another_ends_with_its_parent_and_leaves_nothing(
    running_farm: RunningFarm, open_folder: Path
) -> None:
    settings = Settings(home=open_folder / "second", worker=WorkerSettings(slots=1))
    script = (
        "import time; from pathlib import Path; from infra import farm; from infra.settings import Settings\n"
        f"with farm.embedded(Settings(), {KEEP!r}, Path({str(DEPLOYMENTS)!r})) as connection:\n"
        "    time.sleep(600)"
    )
    env = {**os.environ, **as_environment(settings)}
    parent = psutil.Popen([sys.executable, "-c", script], cwd=Path(farm.__file__).parents[1], env=env)
    connection = until(lambda: farm.connect(settings), 150)
    assert connection.api_url != running_farm.connection.api_url
    api = PrefectApi(connection.api_url, connection.api_auth.get_secret_value())
    mark = f"mark-{uuid4()}"
    api.create_run("encode-for-long/encode", {"mark": mark})
    until(lambda: _marked(mark), 60)
    api.close()
    parent.kill()
    parent.wait()
    until(lambda: processes_of(settings.home) == [], 30)
    assert _marked(mark) == []
    assert not (settings.home / "farm.json").exists()
    assert list((settings.home / "run" / "tmp").iterdir()) == []
    assert running_farm.api.healthy()


def test_a_killed_supervisor_takes_every_part_with_it(running_farm: RunningFarm) -> None:
    """The last test of this farm."""
    state = running_farm.connection.state
    assert state is not None
    os.kill(state.supervisor.pid, signal.SIGKILL)
    until(lambda: processes_of(running_farm.settings.home) == [], 30)
    assert farm.connect(running_farm.settings) is None  # its farm.json is there, and stale
    assert farm.stop(running_farm.settings) is False


def _marked(mark: str) -> list[int]:
    living = [p for p in psutil.process_iter(["cmdline", "status"]) if p.info["status"] != psutil.STATUS_ZOMBIE]
    return [p.pid for p in living if any(mark in part for part in p.info["cmdline"] or ())]
