"""Prefect's REST API starts a render that ends as the command line's does, and shows it with named tasks."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance import films
from tests.acceptance.kinofarm import Kinofarm
from tests.acceptance.projects import media_clip, timeline, title_clip, track, written
from tests.media_factory import MediaFactory


@pytest.fixture
def project(desk: Path, media_factory: MediaFactory) -> Path:
    """Two seconds of a file that lies beside the project: over REST only the settings widen the media roots. No other test has
    this film made: it is not in the cache."""
    (desk / "clip.mp4").write_bytes(media_factory.video(60, pattern="yuvtestsrc").read_bytes())
    return written(desk / "project.json", timeline(50, track("V", media_clip("clip.mp4", 0, 50))))


def _asked(prefect: httpx.Client, parameters: dict[str, Any], key: str) -> httpx.Response:
    deployment = prefect.get("/deployments/name/render/render").raise_for_status().json()
    body = {"parameters": parameters, "idempotency_key": key}
    return prefect.post(f"/deployments/{deployment['id']}/create_flow_run", json=body)


def test_a_run_created_over_rest_renders_the_film(
    farm: Kinofarm, prefect: httpx.Client, project: Path, desk: Path
) -> None:
    parameters = {"project": str(project), "output": str(desk / "film.mp4")}
    first = _asked(prefect, parameters, "a-key-of-mine")
    again = _asked(prefect, parameters, "a-key-of-mine")
    assert (first.status_code, again.status_code) == (201, 200)
    run = first.json()["id"]
    assert again.json()["id"] == run

    deadline = time.monotonic() + 120
    while (state := prefect.get(f"/flow_runs/{run}").json()["state"])["type"] not in ("COMPLETED", "FAILED", "CRASHED"):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert state["type"] == "COMPLETED", state
    assert films.count(desk / "film.mp4") == 50
    job = farm.job(run)
    assert (job["state"], job["id"]) == ("done", run)
    assert (desk / "film.manifest.json").is_file()

    wanted = {"task_runs": {"flow_run_id": {"any_": [run]}}}
    names = [task["name"] for task in prefect.post("/task_runs/filter", json=wanted).raise_for_status().json()]
    assert any("load" in name for name in names), names
    assert any("assemble" in name for name in names), names
    shards = prefect.post("/task_runs/filter", json={"limit": 200}).raise_for_status().json()
    assert any(run[:8] in task["name"] for task in shards), "no chunk's task is named after its job"


def test_prefects_page_shows_the_film_its_name_and_its_progress(
    farm: Kinofarm, prefect: httpx.Client, desk: Path, media_factory: MediaFactory
) -> None:
    """Long enough to show progress: chunks wait while the shard is started, and each is two seconds of film."""
    (desk / "clip.mp4").write_bytes(media_factory.video(60, pattern="mandelbrot").read_bytes())
    starts = range(0, 1000, 50)
    clips = [media_clip("clip.mp4", start, start + 50, id=f"c{start}") for start in starts]
    titles = [title_clip(f"chunk {start}", start, start + 50) for start in starts]
    more: Any = {"crf": 7, "preset": "slow", "size": (640, 360)}
    project = written(desk / "shown.json", timeline(1000, track("V", *clips), track("T", *titles), **more))
    job = farm.submit(project, desk / "a `shown` | film.mp4")
    ended = farm.wait(job)
    assert ended["state"] == "done"
    run = prefect.get(f"/flow_runs/{ended['run_id']}").json()
    assert run["name"] == f"render a `shown` | film.mp4, job {job[:8]}"
    assert f"job:{job[:8]}" in run["tags"]
    assert any(tag.startswith("by:") for tag in run["tags"])
    shown = {artifact["type"]: artifact["data"] for artifact in _artifacts(prefect, ended["run_id"])}
    assert "progress" in shown
    assert float(shown["progress"]) == 100
    assert f"{farm.page}/jobs/{job}" in shown["markdown"]
    assert next(output["sha256"] for output in ended["outputs"] if output["kind"] == "film") in shown["markdown"]
    assert shown["markdown"].count("| encoded |") + shown["markdown"].count("| reused |") == 20


def _artifacts(prefect: httpx.Client, run: str) -> list[dict[str, Any]]:
    """What a run shows; the last of it is made after the job's end."""
    deadline = time.monotonic() + 30
    while True:
        found: list[dict[str, Any]] = prefect.post(
            "/artifacts/filter", json={"artifacts": {"flow_run_id": {"any_": [run]}}}
        ).json()
        if any(artifact["type"] == "markdown" for artifact in found) or time.monotonic() > deadline:
            return found
        time.sleep(0.3)


def test_bad_parameters_are_refused(prefect: httpx.Client) -> None:
    assert _asked(prefect, {"project": 7, "film": "x"}, "bad").status_code == 409


def test_a_render_over_rest_that_fails_says_why(farm: Kinofarm, prefect: httpx.Client, desk: Path) -> None:
    bad = written(desk / "bad.json", timeline(50, track("V", media_clip("missing.mp4", 0, 50))))
    run = _asked(prefect, {"project": str(bad), "output": str(desk / "film.mp4")}, "missing-file").json()["id"]
    deadline = time.monotonic() + 120
    while prefect.get(f"/flow_runs/{run}").json()["state"]["type"] not in ("COMPLETED", "FAILED", "CRASHED"):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    job = farm.job(run)
    assert job["state"] == "failed"
    assert job["error"]["code"] == "PATH-001"
    assert not (desk / "film.mp4").exists()


def test_prefects_api_wants_the_token(prefect: httpx.Client) -> None:
    bare = httpx.post(f"{prefect.base_url}flow_runs/filter", json={})
    assert bare.status_code in (401, 403)
