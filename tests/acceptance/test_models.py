"""Models and analyses of a farm that is up: added by the command line, asked for over REST, looked through in a flow."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from sqlalchemy import Engine, text

from infra.jobs.engine import transaction
from tests.acceptance.kinofarm import Kinofarm
from tests.models.shapes.drawn import write_film
from tests.tasks.recognition.conftest import MOVERS, RATE, frames_of_shapes

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
        own = api.post("/analyses", json={"path": moved.name, "kinds": ["scenes", "motion"]}).json()
        _lose(farm, own["id"])
        while (now := api.get(f"/analyses/{own['id']}").json())["state"] in ("waiting", "running"):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert set(now["result"]["found"]) == {"scenes", "motion"}
    assert farm.run("models", "remove", "acceptance").code == 0


def _lose(farm: Kinofarm, analysis: str) -> None:
    """As if its run had told nothing for long: the farm starts it again, and both come to one end."""
    with farm.services() as services, transaction(services.get(Engine)) as connection:
        connection.execute(
            text("UPDATE analyses SET beat_at = now() - interval '2 minutes' WHERE id = :id"), {"id": analysis}
        )
