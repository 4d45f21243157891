"""The command line: words, JSON documents and exit codes."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from apps.cli import console
from apps.cli.main import main
from infra.errors import KinofarmError, catalogue
from tests.flows.bench import film_of
from tests.media_factory import MediaFactory


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in which no farm runs, and which no command here may make."""
    folder = tmp_path / "home"
    monkeypatch.setenv("KINOFARM_HOME", str(folder))
    return folder


@pytest.fixture
def project(media_factory: MediaFactory, tmp_path: Path) -> Path:
    media = tmp_path / "clip.mp4"
    media.write_bytes(media_factory.video().read_bytes())
    return film_of(media, tmp_path, title="Hello")


def error_of(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    found: dict[str, str] = json.loads(capsys.readouterr().out)["error"]
    return found


def test_help_names_every_command_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == console.OK
    words = capsys.readouterr().out
    for command in [
        "up",
        "down",
        "status",
        "demo",
        "check",
        "plan",
        "render",
        "jobs",
        "job",
        "cancel",
        "frame",
        "schema",
        "doctor",
        "config",
    ]:
        assert re.search(rf"^  {command} ", words, re.MULTILINE), command
    assert all(re.search(rf"\b{code}\s", words) for code in console.EXIT_CODES)


def test_the_command_line_starts_without_what_costs_time_to_import() -> None:
    heavy = "{'prefect', 'sqlalchemy', 'av', 'numpy', 'fastapi', 'ffmpeg', 'httpx'}"
    check = f"import sys, apps.cli.main; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_misuse_is_exit_code_2_and_one_json_document(capsys: pytest.CaptureFixture[str], project: Path) -> None:
    assert main(["render", str(project), "--json"]) == console.USAGE
    assert error_of(capsys)["code"] == "CLI-006"
    assert main(["rendr"]) == console.USAGE
    assert capsys.readouterr().out == ""


def test_a_missing_project_is_exit_code_3_in_three_lines(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["check", str(tmp_path / "none.json")]) == console.BAD_PROJECT
    said = capsys.readouterr()
    assert said.out == ""
    assert re.match(r"FORMAT-001  .*\n  try: .*\n$", said.err)


def test_check_looks_at_media_and_writes_nothing(capsys: pytest.CaptureFixture[str], project: Path, home: Path) -> None:
    before = sorted(project.parent.iterdir())
    assert main(["check", str(project), "--json"]) == console.OK
    found = json.loads(capsys.readouterr().out)
    assert (found["frames"], found["rate"], found["size"], found["media"]) == (40, "25", [320, 180], 1)
    assert sorted(project.parent.iterdir()) == before
    assert not home.exists()


def test_plan_covers_the_film_once_and_in_order(capsys: pytest.CaptureFixture[str], project: Path) -> None:
    assert main(["plan", str(project), "--json"]) == console.OK
    found = json.loads(capsys.readouterr().out)
    edges = [(chunk["start"], chunk["end"]) for chunk in found["chunks"]]
    assert edges[0][0] == 0
    assert edges[-1][1] == found["frames"] == 40
    assert all(left[1] == right[0] for left, right in itertools.pairwise(edges))
    assert all(re.fullmatch("[0-9a-f]{64}", chunk["key"]) for chunk in found["chunks"])


def test_plan_of_a_range_is_of_that_range(capsys: pytest.CaptureFixture[str], project: Path) -> None:
    assert main(["plan", str(project), "--range", "f10-f20", "--json"]) == console.OK
    assert json.loads(capsys.readouterr().out)["frames"] == 10


def test_frame_writes_a_png(project: Path, tmp_path: Path) -> None:
    picture = tmp_path / "frame.png"
    assert main(["frame", str(project), "--at", "f35", "-o", str(picture)]) == console.OK
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_frame_past_the_end_is_refused(capsys: pytest.CaptureFixture[str], project: Path, tmp_path: Path) -> None:
    assert main(["frame", str(project), "--at", "f40", "-o", str(tmp_path / "x.png"), "--json"]) == console.USAGE
    assert error_of(capsys)["code"] == "CLI-007"
    assert not (tmp_path / "x.png").exists()


def test_render_refuses_what_is_wrong_before_it_looks_for_a_farm(
    capsys: pytest.CaptureFixture[str], project: Path, home: Path
) -> None:
    (project.parent / "clip.mp4").write_bytes(b"no film")
    assert main(["render", str(project), "-o", str(project.parent / "x.mp4"), "--json"]) == console.BAD_PROJECT
    assert error_of(capsys)["code"].startswith("MEDIA-")
    assert not home.exists()


def test_render_does_not_overwrite_what_the_film_is_made_from(
    capsys: pytest.CaptureFixture[str], project: Path
) -> None:
    assert main(["render", str(project), "-o", str(project.parent / "clip.mp4"), "--json"]) == console.BAD_PROJECT
    assert error_of(capsys)["code"] == "PUBLISH-001"


def test_without_a_farm_what_needs_one_is_exit_code_5(capsys: pytest.CaptureFixture[str], project: Path) -> None:
    output = str(project.parent / "x.mp4")
    for command in (["jobs"], ["job", "1"], ["cancel", "1"], ["render", str(project), "-o", output, "--no-wait"]):
        assert main([*command, "--json"]) == console.FARM_UNAVAILABLE
        assert error_of(capsys)["code"] == "FARM-043"
    assert main(["status", "--json"]) == console.FARM_UNAVAILABLE
    assert json.loads(capsys.readouterr().out)["running"] is False


def test_schemas_are_json_schemas(capsys: pytest.CaptureFixture[str]) -> None:
    for document in ("timeline", "manifest"):
        assert main(["schema", document]) == console.OK
        assert "$schema" in json.loads(capsys.readouterr().out)


def test_config_hides_secrets(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINOFARM_DATABASE__URL", "postgresql://me:hunter2@somewhere/db")
    for arguments in (["config"], ["config", "--json"]):
        assert main(arguments) == console.OK
        assert "hunter2" not in capsys.readouterr().out


def test_a_setting_that_is_not_allowed_is_named(
    capsys: pytest.CaptureFixture[str], project: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KINOFARM_WORKER__SLOTS", "many")
    assert main(["check", str(project), "--json"]) == console.FARM_UNAVAILABLE
    error = error_of(capsys)
    assert (error["code"], error["where"]) == ("SETTINGS-001", "worker.slots")
    monkeypatch.delenv("KINOFARM_WORKER__SLOTS")
    home.mkdir()
    (home / "config.toml").write_text("[worker\n")
    assert main(["check", str(project), "--json"]) == console.FARM_UNAVAILABLE
    assert error_of(capsys)["code"] == "SETTINGS-002"


def test_doctor_looks_at_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor", "--json"])
    found = {finding["what"]: finding for finding in json.loads(capsys.readouterr().out)}
    assert found["ffmpeg"]["found"].startswith("ffmpeg version")


def test_a_bug_is_told_with_the_place_of_its_details(
    capsys: pytest.CaptureFixture[str], project: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.compiler.order.read", None)
    assert main(["check", str(project), "--json"]) == console.BUG
    assert error_of(capsys)["code"] == "INTERNAL-001"
    assert "Traceback" in (home / "logs" / "kinofarm-bugs.log").read_text()


def test_every_code_has_an_exit_code_that_is_documented() -> None:
    for code, entry in catalogue().items():
        words = " ".join((entry["message"], entry.get("detail", ""), entry["hint"]))
        error = KinofarmError(code, **dict.fromkeys(re.findall(r"\{(\w+)[^}]*\}", words), 0))
        assert console.exit_code(error) in console.EXIT_CODES
