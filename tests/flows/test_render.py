"""Renders on a whole farm: its Prefect server, its workers, its database, with nothing left out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import av
import httpx
import pytest

from apps.cli.render import rendered
from flows.dispatch import RENDER, stop
from infra.farm import FarmConnection
from infra.jobs.records import Job
from infra.jobs.store import JobStore
from infra.prefect_api import PrefectApi
from infra.services import Services
from tasks.compiler.order import Also, Order
from tasks.media.manifest import from_json
from tests.flows.bench import film_of
from tests.media_factory import MediaFactory

pytestmark = pytest.mark.timeout(300)


def until(true: Callable[[], Any], seconds: float = 90) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
    return found


def ended(farm: Services, job: UUID) -> Job:
    def look() -> Job | None:
        found = [each for each in farm.get(JobStore).jobs(100) if each.id == job]
        return found[0] if found and found[0].ended else None

    found: Job = until(look)
    return found


def asked(farm: Services, path: str, body: dict[str, Any]) -> Any:
    """Ask the Prefect server for what our own client does not know."""
    connection = farm.get(FarmConnection)
    assert connection.api_auth is not None
    user, _, password = connection.api_auth.get_secret_value().partition(":")
    answer = httpx.post(f"{connection.api_url}{path}", json=body, auth=(user, password), timeout=30)
    answer.raise_for_status()
    return answer.json()


def order_for(media: Path, folder: Path, **film: Any) -> Order:
    return Order(project=str(film_of(media, folder, **film)), media_roots=(str(media.parent),))


def test_a_second_render_of_the_same_project_encodes_nothing(
    standing_farm: Services, media_factory: MediaFactory, tmp_path: Path
) -> None:
    order = order_for(media_factory.video(frames=75), tmp_path, frames=60, title="Once")
    first = rendered(standing_farm, order, tmp_path / "a.mp4", {})
    assert first["frames"] == 60
    assert first["chunks"]["encoded"] == first["chunks"]["total"] > 1
    manifest = from_json(Path(first["manifest"]).read_bytes())
    assert (manifest.frames, manifest.job) == (60, first["job"])
    assert Path(first["film"]).stat().st_size == manifest.size

    again = rendered(standing_farm, order, tmp_path / "b.mp4", {})
    assert again["chunks"] == {"total": first["chunks"]["total"], "reused": first["chunks"]["total"], "encoded": 0}
    assert Path(again["film"]).read_bytes() == Path(first["film"]).read_bytes()
    assert from_json(Path(again["manifest"]).read_bytes()).sha256 == manifest.sha256

    changed = rendered(
        standing_farm,
        order_for(media_factory.video(frames=75), tmp_path, frames=60, title="Twice"),
        tmp_path / "c.mp4",
        {},
    )
    assert changed["chunks"]["encoded"] == 1
    _tasks_are_named(standing_farm, UUID(first["job"]))
    _events_were_told(standing_farm, first["job"])


def test_soft_subtitles_come_in_the_film_and_beside_it_and_cost_no_chunk(
    standing_farm: Services, media_factory: MediaFactory, tmp_path: Path
) -> None:
    order = order_for(media_factory.video(frames=75), tmp_path, frames=40)
    plain = rendered(standing_farm, order, tmp_path / "plain.mp4", {})
    project = json.loads(Path(order.project).read_text())
    project["subtitles"] = [
        {"text": "Hello", "start": 5, "end": 20, "language": "en"},
        {"text": "こんにちは", "start": 5, "end": 20, "language": "ja"},
    ]
    project["export"] |= {"subtitles": "soft", "subtitle_files": ["vtt"]}
    Path(order.project).write_text(json.dumps(project))
    film = rendered(standing_farm, order, tmp_path / "soft.mp4", {})
    assert film["chunks"]["encoded"] == 0
    assert plain["chunks"]["total"] == film["chunks"]["total"]
    with av.open(film["film"]) as container:
        assert [stream.metadata["language"] for stream in container.streams.subtitles] == ["eng", "jpn"]
    assert "こんにちは" in (tmp_path / "soft.ja.vtt").read_text()
    assert "00:00:00.200 --> 00:00:00.800" in (tmp_path / "soft.en.vtt").read_text()
    assert from_json(Path(film["manifest"]).read_bytes()).measurements.subtitles == ("eng", "jpn")


def _tasks_are_named(farm: Services, job: UUID) -> None:
    mine = {"flow_runs": {"id": {"any_": [str(farm.get(JobStore).job(job).run_id)]}}}
    names = until(lambda: {run["name"].rpartition("-")[0] for run in asked(farm, "/task_runs/filter", mine)})
    assert {"load project", "check project", "plan film", "assemble film", "verify film", "publish film"} <= names
    by_name = {"task_runs": {"name": {"like_": f"render job-{str(job)[:8]}"}}}
    chunks = until(lambda: sorted(run["name"] for run in asked(farm, "/task_runs/filter", by_name)))
    assert f"render job-{str(job)[:8]} chunk 000" in chunks
    assert f"render job-{str(job)[:8]} sound" in chunks


def _events_were_told(farm: Services, job: str) -> None:
    wanted = {
        "filter": {"event": {"prefix": ["kinofarm."]}, "any_resource": {"id": [f"kinofarm.job.{job}"]}},
        "limit": 50,
    }
    names = until(lambda: _published(asked(farm, "/events/filter", wanted)["events"]), 20)
    assert {"kinofarm.job.accepted", "kinofarm.job.planned", "kinofarm.job.progress", "kinofarm.job.verified"} <= names
    assert {"kinofarm.chunk.started", "kinofarm.chunk.done"} <= names


def _published(events: list[dict[str, Any]]) -> set[str]:
    names = {event["event"] for event in events}
    return names if "kinofarm.job.published" in names else set()


def test_prefect_s_rest_api_starts_a_render_that_ends_the_same_way(
    standing_farm: Services, media_factory: MediaFactory, tmp_path: Path
) -> None:
    media = tmp_path / "clip.mp4"
    media.write_bytes(media_factory.video().read_bytes())
    api, key = standing_farm.get(PrefectApi), f"rest {uuid4()}"
    parameters = {"project": str(film_of(media, tmp_path)), "output": str(tmp_path / "film.mp4")}
    job = api.create_run(RENDER, parameters, idempotency_key=key)
    assert api.create_run(RENDER, parameters, idempotency_key=key) == job
    assert ended(standing_farm, job).state == "done"
    assert from_json((tmp_path / "film.manifest.json").read_bytes()).frames == 40
    run = until(lambda: (found := api.run(job)) and found.state == "COMPLETED" and found, 20)
    assert run.state == "COMPLETED"


def test_a_project_that_is_wrong_fails_with_its_code_in_both_stores(standing_farm: Services, tmp_path: Path) -> None:
    api = standing_farm.get(PrefectApi)
    project = film_of(tmp_path / "missing.mp4", tmp_path)
    job = api.create_run(RENDER, {"project": str(project), "output": str(tmp_path / "film.mp4")})
    found = ended(standing_farm, job)
    assert found.state == "failed"
    assert found.error is not None
    assert found.error["code"] == "PATH-001"
    until(lambda: (run := api.run(job)) and run.state == "FAILED", 20)
    state = asked(standing_farm, "/flow_runs/filter", {"flow_runs": {"id": {"any_": [str(job)]}}})[0]["state"]
    assert state["message"].startswith("PATH-001 ")
    assert not (tmp_path / "film.mp4").exists()


@pytest.mark.parametrize("way", ["by kinofarm cancel", "in Prefect"])
def test_a_cancelled_job_ends_as_cancelled_in_both_stores(
    standing_farm: Services, media_factory: MediaFactory, tmp_path: Path, way: str
) -> None:
    media = tmp_path / "clip.mp4"
    media.write_bytes(media_factory.video(frames=500).read_bytes())
    project = film_of(media, tmp_path, frames=500, preset="veryslow", size="1280x720")
    api = standing_farm.get(PrefectApi)
    job = api.create_run(RENDER, {"project": str(project), "output": str(tmp_path / "film.mp4")})
    jobs = standing_farm.get(JobStore)
    until(lambda: any(each.id == job and each.state == "rendering" for each in jobs.jobs(100)))
    if way == "in Prefect":
        assert api.set_state(job, "CANCELLING", message="by hand")
    else:
        stop(standing_farm, job)
    assert ended(standing_farm, job).state == "cancelled"
    until(lambda: (run := api.run(job)) and run.state == "CANCELLED", 20)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4", "film.json"]


def test_the_scheduler_plans_runs_of_the_cron_deployment(standing_farm: Services) -> None:
    """SQLAlchemy 2.1 stops Prefect's scheduler without a word; this would notice."""
    scheduled = {
        "deployments": {"name": {"any_": ["reconcile"]}},
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
    }
    assert until(lambda: asked(standing_farm, "/flow_runs/filter", scheduled), 10)


def test_the_manifest_says_what_the_film_is(
    standing_farm: Services, media_factory: MediaFactory, tmp_path: Path
) -> None:
    order = order_for(media_factory.video(frames=75), tmp_path, frames=60, title="Once")
    order = order.model_copy(update={"range": "f10-f35"})
    document = rendered(standing_farm, order, tmp_path / "part.mp4", {})
    manifest = json.loads(Path(document["manifest"]).read_text())
    assert manifest["frames"] == document["frames"] == 25
    assert sum(chunk["frames"] for chunk in manifest["chunks"]) == 25
    assert manifest["chunks"][0]["start"] == 0
    assert manifest["sound"]["samples"] == 48000


def test_several_films_of_one_timeline_are_one_job_and_share_what_they_can(
    standing_farm: Services, media_factory: MediaFactory, tmp_path: Path
) -> None:
    """The second film has the same pictures in another container, the third none, the fourth is a folder of pictures."""
    order = order_for(media_factory.video(frames=50), tmp_path, frames=24)
    document = json.loads(Path(order.project).read_text())
    video = document["export"]["video"]
    upright = {"size": {"width": 90, "height": 160}, "reframe": "blur"}
    document["markers"] = [{"time": 12, "name": "Half", "kind": "chapter"}]
    document["deliverables"] = [
        {"name": "matroska", "export": {"container": "mkv", "video": video}},
        {"name": "sound", "export": {"container": "flac"}},
        {"name": "pictures", "export": {"container": "jpg"} | upright},
        {"name": "loop", "export": {"container": "gif"} | upright},
    ]
    document["export"]["poster"] = {"frame": 12}
    Path(order.project).write_text(json.dumps(document))
    places = {"matroska": "b.mkv", "sound": "c.flac", "pictures": "pictures", "loop": "loop.gif"}
    also = tuple(Also(name=name, output=str(tmp_path / "out" / place)) for name, place in places.items())
    done = rendered(standing_farm, order.model_copy(update={"also": also}), tmp_path / "out" / "a.mp4", {})
    assert done["also"]["matroska"]["film"] == str(tmp_path / "out" / "b.mkv")
    manifests = {name: from_json(Path(further["manifest"]).read_bytes()) for name, further in done["also"].items()}
    main = from_json(Path(done["manifest"]).read_bytes())
    assert [chunk.key for chunk in manifests["matroska"].chunks] == [chunk.key for chunk in main.chunks]
    assert main.sound is not None
    assert manifests["matroska"].sound is not None
    assert manifests["matroska"].sound.key == main.sound.key
    assert {name: (one.container, one.frames) for name, one in manifests.items()} == {
        "matroska": ("mkv", 24), "sound": ("flac", 0), "pictures": ("jpg", 24), "loop": ("gif", 24),
    }  # fmt: skip
    assert (manifests["loop"].width, manifests["loop"].height) == (90, 160)
    assert len([*(tmp_path / "out" / "pictures").iterdir()]) == 24
    assert (tmp_path / "out" / "a.poster.jpg").read_bytes()[:3] == b"\xff\xd8\xff"
    again = rendered(standing_farm, order.model_copy(update={"also": also[:2]}), tmp_path / "again" / "a.mp4", {})
    assert again["chunks"]["encoded"] == 0
    assert Path(again["film"]).read_bytes() == Path(done["film"]).read_bytes()
