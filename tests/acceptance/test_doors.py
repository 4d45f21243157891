"""The doors by which work arrives by itself and news leaves: deployments, schedules, webhooks, notification blocks."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from infra import farm as farms
from infra.settings import Settings
from tests.acceptance import films
from tests.acceptance.kinofarm import ENDED, Kinofarm, folder, running
from tests.acceptance.projects import media_clip, timeline, track, written
from tests.infra.test_webhooks import SECRET, Receiver
from tests.media_factory import MediaFactory

BLOCK = "custom-webhook/failures"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def told(receiver: Receiver) -> Iterator[Kinofarm]:
    """A farm that tells a webhook, and a notification block once there is one."""
    hooks = [{"name": "ours", "url": receiver.url, "secret": SECRET, "events": ["job.done", "job.failed"]}]
    with running("told", NOTIFY__WEBHOOKS=json.dumps(hooks), WORKER__SLOTS="1", WORKER__IDLE="60") as farm:
        yield farm


@pytest.fixture(scope="module")
def prefect(told: Kinofarm) -> Iterator[httpx.Client]:
    connection = farms.connect(Settings(home=told.home))
    assert connection is not None
    assert connection.api_auth is not None
    user, _, password = connection.api_auth.get_secret_value().partition(":")
    with httpx.Client(base_url=connection.api_url, auth=(user, password), timeout=30) as client:
        yield client


@pytest.fixture
def project(desk: Path, media_factory: MediaFactory) -> Path:
    (desk / "clip.mp4").write_bytes(media_factory.video(60, pattern="smptebars").read_bytes())
    return written(desk / "project.json", timeline(50, track("V", media_clip("clip.mp4", 0, 50))))


def until(true: Callable[[], Any], seconds: float, what: str) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.5)
    return found


def state_of(prefect: httpx.Client) -> dict[str, Any]:
    """All that a deployment makes, without what Prefect counts and dates by itself."""

    def asked(path: str, *names: str) -> list[dict[str, Any]]:
        found = prefect.post(path, json={"limit": 200}).raise_for_status().json()
        taken = ({name: each.get(name) for name in names} for each in found)
        return sorted(taken, key=lambda each: (str(each["name"]), str(each.get("entrypoint"))))

    deployments = asked("/deployments/filter", "id", "name", "parameters", "entrypoint", "work_pool_name", "schedules")
    for each in deployments:
        each["schedules"] = [(one["schedule"], one["active"]) for one in each["schedules"]]
    pools = asked("/work_pools/filter", "id", "name", "type", "concurrency_limit", "base_job_template")
    automations = asked("/automations/filter", "name", "enabled", "trigger", "actions")
    for each in automations:
        each["trigger"].pop("id", None)
    return {"deployments": deployments, "pools": pools, "automations": automations}


@pytest.mark.timeout(300)
def test_deploying_again_changes_nothing_and_keeps_a_user_s_schedule(
    told: Kinofarm, prefect: httpx.Client, project: Path, desk: Path
) -> None:
    yearly = (
        "schedule",
        "yearly",
        project,
        "-o",
        desk / "film.mp4",
        "--cron",
        "0 2 1 1 *",
        "--timezone",
        "Europe/Rome",
    )
    assert told.run(*yearly, "--json").code == 0
    first = told.run("deploy", "--json")
    assert first.code == 0, first.err
    before = state_of(prefect)
    again = told.run("deploy", "--json")
    assert again.document == first.document
    assert state_of(prefect) == before
    assert told.run(*yearly).code == 0
    assert state_of(prefect)["deployments"][-1]["name"] == "yearly"
    assert set(first.document["pools"]) == {"orchestrator", "cpu", "gpu"}
    assert {"render/render", "render/yearly", "housekeeping/housekeeping"} <= set(first.document["deployments"])
    (listed,) = json.loads(told.run("schedules", "--json").out)
    assert (listed["cron"], listed["timezone"], listed["output"]) == (
        "0 2 1 1 *",
        "Europe/Rome",
        str(desk / "film.mp4"),
    )
    assert told.run("unschedule", "yearly").code == 0
    assert json.loads(told.run("schedules", "--json").out) == []
    assert told.run("unschedule", "yearly", "--json").error == "CLI-026"


def test_schedules_that_can_not_be_are_refused(told: Kinofarm, project: Path, desk: Path) -> None:
    def refused(name: str, *more: str, what: Path = project) -> str:
        return told.run("schedule", name, what, "-o", desk / "film.mp4", *more, "--json").error

    assert refused("night", "--cron", "at night") == "CLI-023"
    assert refused("night", "--cron", "0 2 * * *", "--timezone", "Atlantis") == "CLI-024"
    assert refused("render", "--cron", "0 2 * * *") == "CLI-025"
    assert refused("night", "--cron", "0 2 * * *", what=desk / "none.json") == "FORMAT-001"
    assert json.loads(told.run("schedules", "--json").out) == []


@pytest.mark.timeout(300)
def test_a_schedule_renders_a_film(told: Kinofarm, project: Path, desk: Path) -> None:
    asked = told.run("schedule", "each-minute", project, "-o", desk / "film.mp4", "--cron", "* * * * *")
    assert asked.code == 0, asked.err
    until(lambda: (desk / "film.manifest.json").exists() and (desk / "film.mp4").exists(), 150, "the film is there")
    assert told.run("unschedule", "each-minute").code == 0
    assert films.count(desk / "film.mp4") == 50
    job = next(job for job in told.jobs() if job["project"] == str(project))
    assert told.wait(job["id"])["state"] == "done"


def quiet(farm: Kinofarm) -> bool:
    """Whether no job is on its way, and no news of one."""
    told = json.loads(farm.run("deliveries", "--json").out)
    return all(job["state"] in ENDED for job in farm.jobs()) and all(each["state"] != "waiting" for each in told)


@pytest.mark.timeout(300)
def test_a_webhook_is_told_and_told_again_until_it_takes_it(
    told: Kinofarm, receiver: Receiver, project: Path, desk: Path
) -> None:
    until(lambda: quiet(told), 90, "what other tests left is told")
    receiver.statuses = [503, 204]
    job = told.render(project, desk / "film.mp4")["job"]

    def got() -> list[tuple[dict[str, str], dict[str, Any]]]:
        found = [(headers, Webhook(SECRET).verify(body, headers)) for headers, body in list(receiver.got)]
        return [(headers, payload) for headers, payload in found if payload["data"]["job"] == job]

    first, second = until(lambda: found if len(found := got()) >= 2 else None, 60, "it is told twice")
    assert first[0]["webhook-id"] == second[0]["webhook-id"]
    assert first[1] == second[1]
    assert second[1]["type"] == "job.done"
    assert second[1]["data"]["outputs"]["film"] == str(desk / "film.mp4")

    def logged() -> dict[str, Any]:
        found = [each for each in json.loads(told.run("deliveries", "--json").out) if each["job_id"] == job]
        assert len(found) == 1
        return dict(found[0])

    entry = until(lambda: found if (found := logged())["state"] == "delivered" else None, 20, "it is logged")
    assert (entry["attempts"], entry["status"], entry["error"]) == (2, 204, None)
    assert told.run("redeliver", entry["id"][:8]).code == 0
    until(lambda: len(got()) >= 3, 30, "it is told once more")
    log = (told.home / "logs" / "keeper.log").read_text()
    assert receiver.url not in log
    assert SECRET not in log
    assert SECRET not in told.run("config").out


@pytest.mark.timeout(300)
def test_a_notification_block_is_told_of_a_job_that_failed(
    told: Kinofarm, prefect: httpx.Client, receiver: Receiver, desk: Path
) -> None:
    told.settings["NOTIFY__BLOCKS"] = json.dumps([BLOCK])
    assert told.run("deploy", "--json").error == "FARM-067"
    kind = prefect.get("/block_types/slug/custom-webhook").raise_for_status().json()
    wanted = {"block_schemas": {"block_type_id": {"any_": [kind["id"]]}}}
    (schema, *_) = prefect.post("/block_schemas/filter", json=wanted).raise_for_status().json()
    data = {"name": "failures", "url": receiver.url, "method": "POST"}
    data["json_data"] = {"subject": "{{subject}}", "body": "{{body}}"}  # type: ignore[assignment]
    block = {"name": "failures", "data": data, "block_type_id": kind["id"], "block_schema_id": schema["id"]}
    prefect.post("/block_documents/", json=block).raise_for_status()
    assert told.run("deploy").code == 0
    missing = written(desk / "bad.json", timeline(50, track("V", media_clip("missing.mp4", 0, 50))))
    render = prefect.get("/deployments/name/render/render").json()["id"]
    parameters = {"project": str(missing), "output": str(desk / "film.mp4")}
    prefect.post(f"/deployments/{render}/create_flow_run", json={"parameters": parameters}).raise_for_status()

    def messages() -> list[dict[str, Any]]:
        found = [json.loads(body) for headers, body in list(receiver.got) if "webhook-id" not in headers]
        return [each for each in found if str(missing) in each.get("subject", "")]

    (message,) = until(messages, 90, "the block is told")
    assert "PATH-001" in message["body"]
    del told.settings["NOTIFY__BLOCKS"]
    names = told.run("deploy", "--json").document["automations"]
    assert not [name for name in names if BLOCK in name]


def test_deploying_without_a_farm_says_so() -> None:
    with folder("nowhere") as home:
        assert Kinofarm(home).run("deploy", "--json").error == "FARM-043"
