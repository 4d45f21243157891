"""Models and analyses of a farm that is up: added by the command line, asked for over REST, looked through in a flow."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import httpx
import psutil
from sqlalchemy import Engine, text

from infra.jobs.engine import transaction
from tests.acceptance.kinofarm import Kinofarm
from tests.media_factory import MediaFactory
from tests.models.shapes.drawn import write_film
from tests.tasks.recognition.conftest import FRAMES, MOVERS, RATE, frames_of_shapes

DETECTOR = Path(__file__).parents[1] / "models" / "shapes" / "shapes.onnx"


def test_a_model_is_added_and_what_it_finds_in_a_film_is_asked_for(farm: Kinofarm, desk: Path) -> None:
    checked = farm.run("models", "check", DETECTOR, "--json")
    assert checked.document["classes"] == ["circle", "square", "triangle", "star"]
    refused = farm.run("models", "check", __file__)
    assert (refused.code, refused.err.split()[0]) == (3, "MODEL-002")
    assert farm.run("models", "add", "acceptance", DETECTOR).code == 0
    assert "acceptance" in farm.run("models", "list").out
    film = farm.footage / "shapes of a film.mp4"
    write_film(str(film), frames_of_shapes(), 23, RATE)
    with farm.api() as api:
        begun = api.post("/analyses", json={"path": film.name, "model": "acceptance"})
        assert begun.status_code == 202, begun.text
        analysis = begun.json()["id"]
        deadline = time.monotonic() + 90
        while (now := api.get(f"/analyses/{analysis}").json())["state"] in ("waiting", "running"):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert now["state"] == "done", now["error"]
        found = api.get("/findings", params={"analysis": analysis}).json()["findings"]
        assert len(found) == len(MOVERS)
        moved = farm.footage / "the same film.mp4"
        shutil.move(film, moved)
        again = api.post("/analyses", json={"path": moved.name, "model": "acceptance"}).json()
        assert (again["id"], again["state"], again["starts"]) == (analysis, "done", 1), "it is known by its content"
        assert api.post("/analyses", json={"path": moved.name, "model": "none"}).json()["code"] == "ANALYSIS-002"
        on_cuda = api.post("/analyses", json={"path": moved.name, "model": "acceptance", "options": {"device": "cuda"}})
        assert (on_cuda.status_code, on_cuda.json()["code"]) == (409, "ANALYSIS-009"), "no machine here has a GPU"
        own = api.post("/analyses", json={"path": moved.name, "kinds": ["scenes", "motion"]}).json()
        _lose(farm, own["id"])
        while (now := api.get(f"/analyses/{own['id']}").json())["state"] in ("waiting", "running"):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert set(now["result"]["found"]) == {"scenes", "motion"}
    assert farm.run("models", "remove", "acceptance").code == 0


def test_all_films_of_a_folder_are_looked_through_as_tasks_in_the_pools_of_the_machines(
    farm: Kinofarm, desk: Path, prefect: httpx.Client
) -> None:
    assert farm.run("models", "add", "of-folders", DETECTOR).code == 0
    folder = farm.footage / "looked through"
    folder.mkdir()
    write_film(str(folder / "first.mp4"), frames_of_shapes(), 20, RATE)  # of no other test
    write_film(str(folder / "second.mp4"), list(frames_of_shapes())[:90], 23, RATE)
    (folder / "broken.mp4").write_bytes(b"no film")
    with farm.api() as api:
        begun = api.post("/batches", json={"folder": folder.name, "model": "of-folders"})
        assert begun.status_code == 202, begun.text
        shown = _ended(api, begun.json()["id"])
        batch = shown["batch"]
        assert (batch["state"], batch["found"], batch["done"], batch["failed"], batch["known"]) == ("done", 3, 2, 1, 0)
        assert [Path(one["path"]).name for one in shown["failures"]] == ["broken.mp4"]
        assert shown["progress"] == 1
        circles = api.get("/findings", params={"name": "circle", "over": 1, "model": "of-folders"}).json()["findings"]
        assert {Path(one["path"]).name for one in circles} == {"first.mp4", "second.mp4"}
        rows = [row for row in api.get("/analyses").json()["analyses"] if row["model"] == "of-folders"]
        assert {(row["pool"], row["state"]) for row in rows} == {("cpu", "done")}
        again = _ended(api, api.post("/batches", json={"folder": folder.name, "model": "of-folders"}).json()["id"])
        assert (again["batch"]["known"], again["batch"]["state"]) == (2, "done")
        assert [one["id"] for one in api.get("/batches", params={"folder": folder.name}).json()["batches"]] == [
            again["batch"]["id"],
            batch["id"],
        ]
        stopped = api.post(f"/batches/{batch['id']}/stop").json()
        assert stopped["state"] == "done", "what has ended stays as it is"
    named = {"task_runs": {"name": {"like_": "with of-folders"}}}
    tasks = prefect.post("/task_runs/filter", json=named).raise_for_status().json()
    assert sorted((task["name"], task["state_type"]) for task in tasks) == [
        ("analyse first.mp4 with of-folders", "COMPLETED"),
        ("analyse second.mp4 with of-folders", "COMPLETED"),
    ], "each film is a task of its name, and is looked through once"
    told = {"filter": {"event": {"prefix": ["kinofarm.batch.", "kinofarm.analysis."]}}, "limit": 50}
    deadline = time.monotonic() + 20
    while len(names := _names(prefect.post("/events/filter", json=told), batch["id"])) < 2:
        assert time.monotonic() < deadline, names
        time.sleep(0.5)
    assert names >= {"kinofarm.batch.progress", "kinofarm.batch.ended"}
    assert farm.run("models", "remove", "of-folders").code == 0


def test_when_the_process_that_recognises_is_killed_another_goes_on_where_it_was(
    farm: Kinofarm, desk: Path, prefect: httpx.Client, media_factory: MediaFactory
) -> None:
    assert farm.run("models", "add", "killed", DETECTOR).code == 0
    once = desk / "shapes.mp4"
    write_film(str(once), frames_of_shapes(), 21, RATE)
    film = farm.footage / "long shapes.mp4"
    looped = media_factory.make("killed-shapes.mp4", "-stream_loop", "39", "-i", str(once), "-c", "copy")
    shutil.copy(looped, film)
    with farm.api() as api:
        wish = {"path": film.name, "model": "killed", "options": {"device": "cpu", "look": {"group": 128}}}
        analysis = api.post("/analyses", json=wish).raise_for_status().json()["id"]
        deadline = time.monotonic() + 120
        while not 0.1 < (now := api.get(f"/analyses/{analysis}").json())["progress"] < 0.9:
            assert time.monotonic() < deadline, now
            time.sleep(0.05)
        for process in _looking(farm, prefect):
            process.kill()
        while (now := api.get(f"/analyses/{analysis}").json())["state"] in ("waiting", "running"):
            assert time.monotonic() < deadline, now
            time.sleep(0.2)
    result = now["result"]
    assert (now["state"], now["starts"], result["frames"]) == ("done", 2, 40 * FRAMES)
    assert 0 < result["looked_at_now"] < 0.95 * result["frames"], "what was finished was not looked at again"
    assert farm.run("models", "remove", "killed").code == 0


def _looking(farm: Kinofarm, prefect: httpx.Client) -> list[psutil.Process]:
    """The processes of the lookers at work."""
    wanted = {"flows": {"name": {"any_": ["look"]}}, "flow_runs": {"state": {"type": {"any_": ["RUNNING"]}}}}
    runs = {run["id"] for run in prefect.post("/flow_runs/filter", json=wanted).raise_for_status().json()}
    found = [
        psutil.Process(json.loads(file.read_text())["pid"])
        for file in (farm.home / "run" / "engines").iterdir()
        if file.name in runs
    ]
    assert found, "a looker is at work"
    return found


def _names(answer: httpx.Response, batch: str) -> set[str]:
    """The names of the events that tell of a batch."""
    events = answer.raise_for_status().json()["events"]
    return {event["event"] for event in events if event["resource"]["prefect.resource.id"] == f"kinofarm.batch.{batch}"}


def _ended(api: httpx.Client, batch: str) -> dict[str, Any]:
    deadline = time.monotonic() + 90
    while (now := api.get(f"/batches/{batch}").json())["batch"]["state"] in ("waiting", "running"):
        assert time.monotonic() < deadline, now
        time.sleep(0.2)
    return dict(now)


def _lose(farm: Kinofarm, analysis: str) -> None:
    """As if its run had told nothing for long: the farm starts it again, and both come to one end."""
    with farm.services() as services, transaction(services.get(Engine)) as connection:
        connection.execute(
            text("UPDATE analyses SET beat_at = now() - interval '2 minutes' WHERE id = :id"), {"id": analysis}
        )
