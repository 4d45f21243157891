"""The REST API of a farm that is up: every command by its route, every scope, every bad input; and the same by `kinofarm call`."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import Engine, text

import kinofarm
from apps.api.entry import COOKIE, CSRF_HEADER
from apps.registry import COMMANDS
from flows.looking import entered
from infra.access.scopes import SCOPES, Scope, allows
from infra.access.sessions import SessionStore
from infra.access.tokens import TokenStore
from infra.commands import Command
from infra.jobs.engine import transaction
from infra.jobs.records import Output
from infra.jobs.store import JobStore
from infra.library.analyses import AnalysisStore
from infra.library.batches import BatchStore
from infra.library.scans import ScanStore
from infra.library.vision import VisionModels
from infra.services import Services
from tasks.media.manifest import to_json
from tasks.media.probe import content_hash
from tasks.recognition.findings import Finding, PathPoint
from tests.acceptance import films
from tests.acceptance.kinofarm import Kinofarm
from tests.acceptance.projects import media_clip, timeline, track, written
from tests.fakes.analyses import looked_through
from tests.manifests import example_manifest
from tests.media_factory import MediaFactory

OWNER = "somebody"
DETECTOR = Path(__file__).parents[1] / "models" / "shapes" / "shapes.onnx"
LIVE = ("a0", "a1", "a2", "a3", "a4", "a5", "a6")
"""Beginnings of the ids of jobs that the examples name: these are paused, so that the farm leaves them alone."""


def job_id(start: str) -> UUID:
    return UUID(start.ljust(32, "7"))


@pytest.fixture(scope="module")
def world(farm: Kinofarm, media_factory: MediaFactory) -> Iterator[Kinofarm]:
    """The farm on which every example works."""
    clip = farm.footage / "clip.mp4"
    clip.write_bytes(media_factory.video(60, pattern="smptebars").read_bytes())
    project = timeline(50, track("V", media_clip("clip.mp4", 0, 50)))
    written(farm.footage / "example.kinofarm.json", {**project, "subtitles": [{"text": "Hi.", "start": 5, "end": 20}]})
    written(farm.footage / "missing.kinofarm.json", timeline(50, track("V", media_clip("lost/Shot.mov", 0, 50))))
    shutil.copy(DETECTOR, farm.footage / "shapes.onnx")
    (farm.footage / "moved").mkdir()
    (farm.footage / "moved" / "shot.mp4").write_bytes(clip.read_bytes())
    with farm.services() as services:
        _enter(services, _manifest(farm.footage))
        _looked_through(services, clip)
    with farm.api() as api:
        _ok(api.put("/schedules/weekly", json={"project": "example.kinofarm.json", "cron": "0 3 * * 1"}))
        yield farm
        for name in ("weekly", "nightly"):
            api.delete(f"/schedules/{name}")


def _manifest(folder: Path) -> Output:
    """A manifest that was published there."""
    place, document = folder / "film.manifest.json", to_json(example_manifest())
    place.write_bytes(document)
    return Output(kind="manifest", location=str(place), size=len(document), sha256=hashlib.sha256(document).hexdigest())


def _enter(services: Services, manifest: Output) -> None:
    """Jobs, a delivery and a token with the names that the examples use."""
    rows = [(start, "accepted", True, None) for start in LIVE]
    rows += [
        ("d0", "cancelled", False, None),
        ("f0", "failed", True, json.dumps(_ERROR)),
        ("b0", "accepted", True, None),
    ]
    with transaction(services.get(Engine)) as connection:
        for start, state, paused, error in rows:
            given = {"id": job_id(start), "paused": paused, "error": error, "owner": OWNER}
            connection.execute(_JOB, given)
            if state != "accepted":
                connection.execute(_ENDED, {"id": job_id(start), "state": state})
        connection.execute(_UPLOAD, {"id": UUID(COMMANDS["upload.show"].example["upload"]), "owner": OWNER})
        connection.execute(_DELIVERY, {"id": job_id("de"), "job": job_id("f0")})
    batch = UUID(COMMANDS["batch.show"].example["batch"])
    services.get(BatchStore).add(batch, "/nowhere", None, {"what": "media"}, OWNER)
    services.get(ScanStore).add(UUID(COMMANDS["scan.show"].example["scan"]), "/nowhere", {}, OWNER)
    jobs, done = services.get(JobStore), job_id("b0")
    jobs.plan(done, [], lambda keys: set(keys), film_key="ab" * 32)
    jobs.advance(done, "publishing")
    jobs.record_output(done, manifest)
    jobs.advance(done, "done")
    for scope in SCOPES:
        TOKENS[scope] = services.get(TokenStore).create(f"who may {scope}", scope)[1].get_secret_value()
    services.get(TokenStore).create("old", "read")


def _looked_through(services: Services, clip: Path) -> None:
    """An analysis with the id that the examples use, and a model."""
    services.get(VisionModels).add("old", b"of no use", {}, OWNER)
    store, wanted = services.get(AnalysisStore), UUID(COMMANDS["analysis.show"].example["analysis"])
    box = (10.0, 10.0, 50.0, 50.0)
    seen = Finding(
        name="circle", track=1, first=0, last=49, begin=0, end=2, seen=50, best=0.9, mean=0.8, best_frame=5, best_seconds=0,
        best_box=box, path=(PathPoint(frame=0, seconds=0, box=box),),
    )  # fmt: skip
    looked_through(
        store, content_hash(clip), str(clip), "shapes", tuple(entered([seen])),
        result={"model": "ab" * 32}, options={"what": "recognition"}, by=OWNER, named=wanted,
    )  # fmt: skip


TOKENS: dict[Scope, str] = {}
"""A token of each scope."""


_ERROR = {"code": "MEDIA-001", "message": "gone", "hint": "", "where": "", "detail": "", "retry": False}
_JOB = text("""
INSERT INTO jobs (id, project, output, submitted_by, paused, error)
VALUES (:id, '/nowhere/film.json', '/nowhere/film.mp4', :owner, :paused, CAST(:error AS jsonb))
""")
_ENDED = text("UPDATE jobs SET state = :state, ended_at = now() WHERE id = :id")
_UPLOAD = text("INSERT INTO uploads (id, name, size, submitted_by) VALUES (:id, 'clip.mov', 10, :owner)")
_DELIVERY = text("""
INSERT INTO deliveries (id, webhook, event, job_id, payload, state, ended_at)
VALUES (:id, 'gone', 'job.failed', :job, '{}', 'given up', now())
""")


def _sent(api: httpx.Client, command: Command, given: Mapping[str, Any], **more: Any) -> httpx.Response:
    """Send a command by its route."""
    path = command.path.format(**given) if "{" in command.path else command.path
    rest = {name: value for name, value in given.items() if f"{{{name}}}" not in command.path}
    how = {"params": rest} if command.method in ("GET", "DELETE") else {"json": rest}
    return api.request(command.method, path, **how, **more)


def _ok(answer: httpx.Response) -> Any:
    assert answer.is_success, f"{answer.status_code} {answer.text}"
    return answer.json()


def _expect_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json()
    assert (found["code"], found["status"]) == (code, status)
    assert found["title"]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_example_of_every_command_works_over_rest_and_on_the_command_line(world: Kinofarm, name: str) -> None:
    command = COMMANDS[name]
    with world.api() as api:
        answer = _sent(api, command, command.example)
    assert answer.status_code == command.status, answer.text
    command.output.model_validate(answer.json())


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if not command.changes])
def test_the_python_client_has_every_command_as_a_method(world: Kinofarm, name: str) -> None:
    command = COMMANDS[name]
    group, _, verb = name.partition(".")
    with world.client(TOKENS["admin"]) as farm, world.api() as api:
        by_client = getattr(getattr(farm, group), verb)(**command.example)
        by_rest = _ok(_sent(api, command, command.example))
    assert by_client.keys() == by_rest.keys()


def test_the_command_line_calls_commands_as_rest_does(world: Kinofarm) -> None:
    with world.api() as api:
        by_rest = _ok(api.get("/jobs", params={"state": ["cancelled"], "q": "d0777777"}))
    answer = world.run("call", "job.list", "state=cancelled", "q=d0777777", "--json")
    assert answer.code == 0, answer.err
    assert [job["id"] for job in answer.document["jobs"]] == [str(job_id("d0"))]
    assert answer.document["jobs"] == by_rest["jobs"]
    assert world.run("call", "job.show", "job=0000-none").code == 6
    refused = world.run("call", "job.list", "limit=many", "--json")
    assert (refused.code, refused.error) == (2, "API-009")
    made = world.run("token", "by hand", "--scope", "submit", "--json").document
    with world.api(made["secret"]) as api:
        _ok(api.get("/jobs"))
        assert world.run("revoke", "by hand").code == 0
        _expect_problem(api.get("/jobs"), 401, "ACCESS-002")
    deeds = world.run("audit", "-n", "2", "--json").document
    assert [(deed["command"], deed["door"], deed["outcome"]) for deed in deeds] == [
        ("token.revoke", "cli", "ok"),
        ("token.create", "cli", "ok"),
    ]
    assert made["secret"] not in json.dumps(deeds)


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_route_answers_only_who_has_its_scope(world: Kinofarm, name: str, scope: Scope) -> None:
    command = COMMANDS[name]
    with world.api(TOKENS[scope]) as api:
        answer = _sent(api, command, command.example)
    if allows(scope, command.scope):
        assert answer.status_code != 401
        assert answer.is_success or answer.json()["code"] != "ACCESS-003"
    else:
        _expect_problem(answer, 403, "ACCESS-003")


BESIDE: Mapping[tuple[str, str], Scope] = {
    ("GET", "/api/v1/analyses/{analysis}/export/{form}"): "read",
    ("GET", "/api/v1/analyses/{analysis}/sheet"): "read",
    ("GET", "/api/v1/backups/{name}"): "submit",
    ("HEAD", "/api/v1/backups/{name}"): "submit",
    ("GET", "/api/v1/events"): "read",
    ("GET", "/api/v1/jobs/{job}/chunks/{index}/frame"): "read",
    ("GET", "/api/v1/jobs/{job}/outputs/{kind}"): "read",
    ("HEAD", "/api/v1/jobs/{job}/outputs/{kind}"): "read",
    ("GET", "/api/v1/jobs/{job}/partial"): "read",
    ("GET", "/api/v1/media/animation"): "read",
    ("GET", "/api/v1/media/peaks"): "read",
    ("GET", "/api/v1/media/storyboard"): "read",
    ("GET", "/api/v1/media/storyboard/track"): "read",
    ("GET", "/api/v1/media/thumbnail"): "read",
    ("GET", "/api/v1/media/waveform"): "read",
    ("GET", "/metrics"): "read",
    ("OPTIONS", "/api/v1/uploads"): "submit",
    ("POST", "/api/v1/uploads"): "submit",
    ("HEAD", "/api/v1/uploads/{upload}"): "submit",
    ("PATCH", "/api/v1/uploads/{upload}"): "submit",
    ("DELETE", "/api/v1/uploads/{upload}"): "submit",
}
"""The scopes of the routes that are no commands: they carry bytes, or never end."""


def test_every_route_is_a_command_or_stands_in_the_table_beside_them(world: Kinofarm) -> None:
    described = httpx.get(f"{world.page}/api/openapi.json").json()["paths"]
    routes = {
        (method.upper(), path) for path, methods in described.items() for method in methods if method != "parameters"
    }
    commands = {(command.method, f"/api/v1{command.path}") for command in COMMANDS.values()}
    assert routes == commands | BESIDE.keys() | {("GET", "/api/v1/health")}


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize(("method", "path"), BESIDE)
def test_a_route_beside_the_commands_answers_only_who_has_its_scope(
    world: Kinofarm, method: str, path: str, scope: Scope
) -> None:
    place = path.format(
        name="none.otioz",
        job=job_id("d0"),
        index=0,
        kind="film",
        upload=job_id("cc"),
        analysis=job_id("cc"),
        form="csv",
    )
    with world.api(TOKENS[scope]) as api, api.stream(method, f"{world.page}{place}") as answer:
        if allows(scope, BESIDE[method, path]):
            assert answer.status_code not in (401, 403)
            return
        answer.read()
    assert answer.status_code == 403
    assert method == "HEAD" or answer.json()["code"] == "ACCESS-003"


def test_without_a_token_nothing_answers_but_health(world: Kinofarm) -> None:
    described = httpx.get(f"{world.page}/api/openapi.json").json()
    asked = 0
    with world.api(token="") as api, world.api(token="kf_nobody") as stranger:
        for path, methods in described["paths"].items():
            place = path.removeprefix("/api/v1").replace("{", "").replace("}", "")
            for method in methods.keys() - {"parameters"}:
                if place == "/health":
                    continue
                url = place if path.startswith("/api/v1") else f"{world.page}{path}"
                for client, code in ((api, "ACCESS-001"), (stranger, "ACCESS-002")):
                    answer = client.request(method.upper(), url)
                    assert answer.status_code == 401, f"{method} {path}: {answer.status_code} {answer.text}"
                    assert method == "head" or answer.json()["code"] == code
                asked += 1
        assert api.get("/health").json() == {"ok": True}
    assert asked >= len(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_refuses_what_it_does_not_know(world: Kinofarm, name: str) -> None:
    command = COMMANDS[name]
    with world.api() as api:
        _expect_problem(_sent(api, command, {**command.example, "no_such_field": "1"}), 422, "API-001")
        if command.method in ("POST", "PUT"):
            path = command.path.format(**command.example)
            for body in (b"{", b"[]", b"\xff", b'"text"', b"3"):
                answer = api.request(command.method, path, content=body, headers={"content-type": "application/json"})
                _expect_problem(answer, 422, "API-001")


def test_the_python_client_submits_waits_and_tells_what_is_wrong(world: Kinofarm) -> None:
    seen: list[str] = []
    with world.client(TOKENS["submit"]) as farm:
        job = farm.render.submit(project="example.kinofarm.json", output="by-client.mp4", priority=90)["job"]
        ended = farm.wait(job["id"], timeout=120, on_change=lambda found: seen.append(found["state"]))
        assert ended["state"] == seen[-1] == "done"
        with pytest.raises(kinofarm.Problem) as refused:
            farm.job.show(job="ffffffff")
        assert (refused.value.status, refused.value.code) == (404, "JOB-002")
        with pytest.raises(kinofarm.Problem) as failed:
            farm.wait(str(job_id("a1")), timeout=5)
        assert failed.value.code == "cancelled"
    with kinofarm.Farm("http://127.0.0.1:9", token="kf_x") as nobody, pytest.raises(kinofarm.Problem) as away:
        nobody.farm.info()
    assert (away.value.status, away.value.retry) == (0, True)


def test_the_command_line_calls_a_farm_elsewhere(world: Kinofarm, tmp_path: Path) -> None:
    elsewhere = Kinofarm(tmp_path, {"URL": world.page, "TOKEN": TOKENS["read"]})
    assert elsewhere.run("call", "job.show", "job=d0777", "--json").document["job"]["id"] == str(job_id("d0"))
    refused = elsewhere.run("call", "token.list", "--json")
    assert (refused.code, refused.error) == (2, "ACCESS-003")
    assert elsewhere.run("call", "job.show", "job=ffffffff", "--json").code == 6


def test_what_was_found_is_a_file_over_rest_and_on_the_command_line(world: Kinofarm, tmp_path: Path) -> None:
    analysis = COMMANDS["analysis.export"].example["analysis"]
    types = {"json": "application/json", "csv": "text/csv; charset=utf-8", "vtt": "text/vtt; charset=utf-8", "otio": "application/json"}  # fmt: skip
    with world.api(TOKENS["read"]) as api:
        files = {form: api.get(f"/analyses/{analysis}/export/{form}") for form in types}
        for form, answer in files.items():
            assert (answer.status_code, answer.headers["content-type"]) == (200, types[form]), answer.text
            assert answer.headers["content-disposition"] == f'attachment; filename="clip.shapes.{form}"'
            assert answer.headers["x-content-type-options"] == "nosniff"
        assert files["csv"].text.splitlines()[1].startswith("circle,1,0,49")
        assert files["json"].json()["findings"][0]["name"] == "circle"
        known = {"If-None-Match": files["csv"].headers["etag"]}
        assert api.get(f"/analyses/{analysis}/export/csv", headers=known).status_code == 304
        assert api.get(f"/analyses/{analysis}/export/csv", headers={"Range": "bytes=0-3"}).text == "name"
        picture = api.get(f"/analyses/{analysis}/sheet", params={"columns": 1, "width": 100})
        assert (picture.headers["content-type"], picture.content[:3]) == ("image/jpeg", b"\xff\xd8\xff")
        assert picture.headers["content-disposition"].startswith("inline")
        _expect_problem(api.get(f"/analyses/{analysis}/export/exe"), 422, "API-001")
        _expect_problem(api.get(f"/analyses/{analysis}/sheet", params={"columns": 0}), 422, "API-001")
        _expect_problem(api.get(f"/analyses/{job_id('cc')}/export/csv"), 404, "ANALYSIS-001")
    table, elsewhere = tmp_path / "circles.csv", Kinofarm(tmp_path, {"URL": world.page, "TOKEN": TOKENS["read"]})
    asked = ("call", "analysis.export", f"analysis={analysis}", "form=csv")
    for farm in (world, elsewhere):
        answer = farm.run(*asked, "-o", table)
        assert answer.code == 0, answer.err
        assert answer.document == {"name": "clip.shapes.csv", "output": str(table)}
        assert table.read_bytes() == files["csv"].content
        table.unlink()
    assert world.run(*asked, "--output", "-").out == files["csv"].text.replace("\r\n", "\n")
    assert "content" in world.run(*asked).document, "without a file the answer has it"
    nowhere = world.run(*asked, "-o", tmp_path, "--json")
    assert (nowhere.code, nowhere.error.partition("-")[0]) == (3, "PUBLISH")
    none = world.run("call", "job.list", "-o", table, "--json")
    assert (none.code, none.error, table.exists()) == (2, "CLI-027", False)


def test_one_sees_what_is_wrong_with_a_project(world: Kinofarm) -> None:
    broken = timeline(50, track("V", media_clip("/etc/passwd", 0, 50)))
    with world.api() as api:
        answer = api.post("/projects/check", json={"timeline": broken})
        _expect_problem(answer, 422, "PATH-002")
        assert answer.json()["where"]
        _expect_problem(api.post("/projects/check", json={"project": "../../etc/passwd"}), 422, "PATH-002")
        _expect_problem(api.post("/projects/check", json={"project": "/etc/passwd"}), 422, "PATH-002")
        _expect_problem(api.post("/jobs", json={"project": "example.kinofarm.json", "timeline": {}}), 422, "API-001")
        for name in ("/tmp/film.mp4", "../film.mp4", "a/../../film.mp4", "a//b.mp4", "."):
            _expect_problem(
                api.post("/jobs", json={"project": "example.kinofarm.json", "output": name}), 422, "API-007"
            )
        _expect_problem(api.get("/jobs/ffffffff"), 404, "JOB-002")
        _expect_problem(api.get("/no-such-path"), 404, "API-002")
        _expect_problem(api.delete("/jobs"), 405, "API-003")
        _expect_problem(api.post("/projects/check", json={"timeline": {"x": "y" * 20_000_000}}), 413, "API-004")


def test_a_timeline_that_is_sent_becomes_a_film(world: Kinofarm) -> None:
    project = timeline(50, track("V", media_clip(world.footage / "clip.mp4", 0, 50)))
    with world.api(TOKENS["submit"]) as api:
        assert _ok(api.post("/projects/check", json={"timeline": project}))["frames"] == 50
        planned = _ok(api.post("/projects/plan", json={"timeline": project}))
        accepted = _ok(api.post("/jobs", json={"timeline": project, "output": "reels/mine.mp4"}))
        job = accepted["job"]
        assert job["submitted_by"] == "who may submit"
        world.wait(job["id"])
        shown = _ok(api.get(f"/jobs/{job['id']}"))
        assert shown["job"]["film_key"] == planned["film"]
        film = next(Path(each["location"]) for each in shown["outputs"] if each["kind"] == "film")
        assert film.parts[-2:] == ("reels", "mine.mp4")
        assert film.is_relative_to(world.home / "films")
        assert films.count(film) == 50
        again = _ok(api.post("/projects/plan", json={"timeline": project}))
        assert again["cached"]
        assert all(chunk["cached"] for chunk in again["chunks"])


def test_the_same_idempotency_key_fifty_times_at_once_makes_one_job(world: Kinofarm) -> None:
    wanted = {"project": "example.kinofarm.json", "idempotency_key": "once"}

    def submitted(number: int) -> str:
        with world.api(TOKENS["submit"]) as api:
            if number % 2:
                return str(_ok(api.post("/jobs", json=wanted))["job"]["id"])
            plain = {"project": wanted["project"]}
            return str(_ok(api.post("/jobs", json=plain, headers={"Idempotency-Key": "once"}))["job"]["id"])

    with ThreadPoolExecutor(50) as at_once:
        jobs = set(at_once.map(submitted, range(50)))
    assert len(jobs) == 1
    with world.api(TOKENS["submit"]) as api, world.api(TOKENS["operate"]) as another:
        other = {**wanted, "preset": "proxy"}
        _expect_problem(api.post("/jobs", json=other), 409, "JOB-004")
        assert _ok(another.post("/jobs", json=wanted))["job"]["id"] not in jobs, "another user's key is another key"


def test_one_steers_ones_own_jobs_and_with_operate_those_of_others(world: Kinofarm) -> None:
    job = str(job_id("a4"))
    with world.api(TOKENS["submit"]) as api, world.api(TOKENS["operate"]) as operator:
        _expect_problem(api.post(f"/jobs/{job}/reprioritise", json={"priority": 1}), 403, "ACCESS-007")
        assert _ok(operator.post(f"/jobs/{job}/reprioritise", json={"priority": 1}))["priority"] == 1
        results = _ok(operator.post("/job-batches", json={"jobs": [job, "0000"], "deed": "pause"}))["results"]
        assert [result["error"] and result["error"]["code"] for result in results] == [None, "JOB-002"]
        assert results[0]["now"]["paused"]
    with world.api() as api:
        deeds = _ok(api.get("/audit", params={"limit": 20}))["deeds"]
    told = {(deed["who"], deed["command"], deed["outcome"]) for deed in deeds}
    assert ("who may submit", "job.reprioritise", "ACCESS-007") in told
    assert ("who may operate", "job.reprioritise", "ok") in told


def test_who_may_only_read_uploads_nothing(world: Kinofarm) -> None:
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "3"}
    with world.api(TOKENS["read"]) as reader, world.api(TOKENS["submit"]) as sender:
        _expect_problem(reader.post("/uploads", headers=headers), 403, "ACCESS-003")
        begun = sender.post("/uploads", headers=headers)
        assert begun.status_code == 201
        place = "/uploads/" + begun.headers["Location"].rpartition("/")[2]
        part = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        _expect_problem(reader.patch(place, content=b"abc", headers=part), 403, "ACCESS-003")
        _expect_problem(reader.delete(place, headers={"Tus-Resumable": "1.0.0"}), 403, "ACCESS-003")
        assert sender.delete(place, headers={"Tus-Resumable": "1.0.0"}).status_code == 204


def test_a_page_s_session_changes_nothing_without_its_csrf_word(world: Kinofarm) -> None:
    """Another site can make a browser send its cookie, but can't read the word."""
    with world.services() as services:
        token = services.get(TokenStore).known(TOKENS["operate"])
        assert token is not None
        sessions = services.get(SessionStore)
        cookie, another = sessions.begin(token, hours=1), sessions.begin(token, hours=1)
        word, foreign = (str(known.csrf) for known in map(sessions.known, (cookie, another)) if known)
    cookies = {COOKIE: cookie}
    with world.api(token="", cookies=cookies) as page:
        assert _ok(page.get("/jobs"))["jobs"]
        for shown in ({}, {CSRF_HEADER: ""}, {CSRF_HEADER: foreign}, {CSRF_HEADER: cookie}):
            _expect_problem(page.post("/cache/evict", headers=shown), 403, "ACCESS-006")
        assert "entries" in _ok(page.post("/cache/evict", headers={CSRF_HEADER: word}))


def test_secrets_are_told_to_nobody(world: Kinofarm) -> None:
    with world.api() as api:
        told = json.dumps([_ok(api.get(path)) for path in ("/farm/settings", "/tokens", "/audit", "/farm", "/workers")])
    for secret in (*TOKENS.values(), (world.home / "admin.token").read_text().strip()):
        assert secret not in told
        assert secret not in "".join(log.read_text() for log in (world.home / "logs").glob("*.log"))
    assert (world.home / "admin.token").stat().st_mode & 0o077 == 0


def test_too_many_requests_of_one_are_refused_and_others_go_on(tmp_path: Path) -> None:
    from apps.api.entry import Rates
    from infra.errors import KinofarmError

    rates = Rates(3)
    for _ in range(3):
        rates.count("token a")
    with pytest.raises(KinofarmError, match="API-005") as refused:
        rates.count("token a")
    assert 1 <= refused.value.params["seconds"] <= 60
    rates.count("token b")
