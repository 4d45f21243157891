"""What scripts rely on: the JSON, the exit codes, the manifest, reuse, and Ctrl-C."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path

import jsonschema
import pytest

from tests.acceptance import films
from tests.acceptance.kinofarm import Kinofarm, folder, interrupt
from tests.acceptance.projects import Document, media_clip, timeline, title_clip, track, written
from tests.media_factory import MediaFactory


def _with_titles(media: Path, second: str) -> Document:
    """Eight seconds of cuts; a title in the second and in the seventh second."""
    clips = [media_clip(media, start, start + 25, start / 50) for start in range(0, 200, 25)]
    titles = (title_clip("One", 30, 45), title_clip(second, 155, 170))
    return timeline(200, track("V1", *clips), track("V2", *titles))


def test_render_prints_the_document_that_scripts_rely_on(
    farm: Kinofarm, desk: Path, media_factory: MediaFactory
) -> None:
    project = written(desk / "project.json", _with_titles(media_factory.video(200), "Two"))
    document = farm.render(project, desk / "film.mp4", "--media-root", media_factory.folder)
    assert set(document) >= {"job", "film", "manifest", "frames", "chunks", "seconds"}
    assert Path(document["film"]) == (desk / "film.mp4").resolve()
    assert Path(document["manifest"]) == (desk / "film.manifest.json").resolve()
    assert document["frames"] == films.count(desk / "film.mp4") == 200
    chunks = document["chunks"]
    assert chunks["total"] == chunks["reused"] + chunks["encoded"]
    assert chunks["total"] >= 3
    assert document["seconds"] > 0

    manifest = json.loads((desk / "film.manifest.json").read_text())
    jsonschema.validate(manifest, farm.run("schema", "manifest").document)
    film = (desk / "film.mp4").read_bytes()
    assert (manifest["frames"], manifest["rate"]) == (200, "25")
    assert (manifest["size"], manifest["sha256"]) == (len(film), hashlib.sha256(film).hexdigest())
    assert manifest["chunks"][0]["start"] == 0
    assert sum(chunk["frames"] for chunk in manifest["chunks"]) == 200


def test_unchanged_project_runs_no_encoder_and_a_changed_title_only_its_chunks(
    farm: Kinofarm, desk: Path, media_factory: MediaFactory
) -> None:
    roots = ("--media-root", media_factory.folder)
    media = media_factory.video(210)
    project = written(desk / "project.json", _with_titles(media, "Two"))
    cold = farm.render(project, desk / "film.mp4", *roots)
    assert cold["chunks"]["encoded"] == cold["chunks"]["total"]
    began = (desk / "film.mp4").stat().st_mtime_ns
    unchanged = farm.render(project, desk / "again.mp4", *roots)
    assert unchanged["chunks"]["encoded"] == 0
    assert (desk / "again.mp4").read_bytes() == (desk / "film.mp4").read_bytes()
    assert (desk / "film.mp4").stat().st_mtime_ns == began

    written(project, _with_titles(media, "Changed"))
    changed = farm.render(project, desk / "film.mp4", *roots)
    manifest = json.loads((desk / "film.manifest.json").read_text())
    encoded = [chunk for chunk in manifest["chunks"] if not chunk["reused"]]
    shows_title = [
        chunk for chunk in manifest["chunks"] if chunk["start"] < 170 and chunk["start"] + chunk["frames"] > 155
    ]
    assert [chunk["index"] for chunk in encoded] == [chunk["index"] for chunk in shows_title]
    assert changed["chunks"]["encoded"] == len(encoded) < cold["chunks"]["total"]


def test_schema_prints_the_published_json_schema(farm: Kinofarm, media_factory: MediaFactory) -> None:
    schema = farm.run("schema").document
    jsonschema.validate(_with_titles(Path("a.mp4"), "Two"), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"format": "kinofarm/1", "duration": -3}, schema)


def test_range_renders_a_part(farm: Kinofarm, desk: Path, media_factory: MediaFactory) -> None:
    project = written(desk / "project.json", _with_titles(media_factory.video(200), "Two"))
    more = ("--range", "f40-f90", "--media-root", media_factory.folder)
    assert farm.render(project, desk / "part.mp4", *more)["frames"] == 50
    assert films.count(desk / "part.mp4") == 50


def test_preset_replaces_the_projects_export(farm: Kinofarm, desk: Path, media_factory: MediaFactory) -> None:
    project = written(desk / "project.json", _with_titles(media_factory.video(200), "Two"))
    roots = ("--media-root", media_factory.folder)
    farm.render(project, desk / "own.mp4", *roots)
    farm.render(project, desk / "draft.mp4", "--preset", "draft", *roots)
    assert (desk / "draft.mp4").stat().st_size < (desk / "own.mp4").stat().st_size


@pytest.mark.timeout(240)
def test_ctrl_c_cancels_the_job_and_leaves_no_process(desk: Path) -> None:
    """Without a farm that is up: the embedded one has to go, too."""
    with folder("alone") as home:
        farm = Kinofarm(home)
        clip = title_clip("A long one", 0, 3000)
        project = timeline(3000, track("V", clip), size=(1280, 720), preset="veryslow")
        command = farm.start("render", written(desk / "p.json", project), "-o", desk / "film.mp4", "--json")
        farm.ready()
        farm.process("ffmpeg", "-progress")
        time.sleep(0.5)
        interrupt(command)
        out, err = command.communicate(timeout=60)
        assert command.returncode == 130, err
        assert json.loads(out)["error"]["code"]
        assert not list(desk.glob("*.mp4"))
        assert not list(desk.glob(".*"))
        deadline = time.monotonic() + 10
        while farm.processes() and time.monotonic() < deadline:
            time.sleep(0.2)
        assert farm.processes() == []
        assert farm.scratch() == []


def test_json_is_the_only_thing_on_standard_output(farm: Kinofarm, desk: Path, media_factory: MediaFactory) -> None:
    project = written(desk / "project.json", timeline(25, track("V", media_clip(media_factory.video(50), 0, 25))))
    for command in (
        ("check", project, "--media-root", media_factory.folder),
        ("plan", project, "--media-root", media_factory.folder),
        ("status",),
        ("jobs",),
        ("config",),
        ("doctor",),
    ):
        answer = farm.run(*command, "--json")
        assert answer.code == 0, answer.err
        json.loads(answer.out)
