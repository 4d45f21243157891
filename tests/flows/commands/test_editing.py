"""The commands that make projects of projects, on real files and a real database; what comes out is checked as any project."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from flows.commands.advising import AdviceWanted, analyse_project, optimise_project
from flows.commands.backups import BackupWanted, back_up_project, backup_file, forget_backups
from flows.commands.editing import (
    ExportWanted,
    MergeWanted,
    RelinkWanted,
    SplitWanted,
    SubtitlesGiven,
    SubtitlesWanted,
    add_subtitles,
    export_project,
    merge_projects,
    relink_project,
    split_project,
    subtitles_of_project,
)
from flows.commands.projects import ProjectNamed, check_project
from infra import services
from infra.commands import Call
from infra.errors import KinofarmError
from infra.sections import ApiSettings, DatabaseSettings, PrefectSettings
from infra.services import Services
from infra.settings import Settings
from tasks.compiler.load import load
from tasks.compiler.model import TitleSource
from tests.acceptance.projects import media_clip, timeline, title_clip, track, written
from tests.media_factory import MediaFactory


@pytest.fixture
def container(database: str, tmp_path: Path) -> Iterator[Services]:
    (tmp_path / "media" / "elsewhere").mkdir(parents=True)
    settings = Settings(
        home=tmp_path / "home",
        media_roots=(tmp_path / "media",),
        database=DatabaseSettings(url=SecretStr(database)),
        prefect=PrefectSettings(api_url="http://127.0.0.1:9/api", auth=SecretStr("u:p")),
        api=ApiSettings(backup_gigabytes=0.001),
    )
    with services.opened(settings) as opened:
        yield opened


@pytest.fixture
def call(container: Services) -> Call:
    return Call(container, "tester", "submit")


@pytest.fixture
def media(tmp_path: Path, container: Services, media_factory: MediaFactory) -> Path:
    """A media root with a film, a picture and a project of both."""
    root = tmp_path / "media"
    (root / "clip.mp4").write_bytes(media_factory.video(60, pattern="smptebars").read_bytes())
    (root / "elsewhere" / "clip.mp4").write_bytes((root / "clip.mp4").read_bytes())
    picture = {"kind": "picture", "path": "elsewhere/clip.mp4", "x": 0.5, "y": 0.5, "width": 0.4, "height": 0.4}
    title = title_clip("hello", 0, 40)
    title["source"]["elements"].append(picture)
    lines = [{"text": "Hi {you}.", "start": 5, "end": 20, "language": "en"}]
    film = timeline(50, track("V", media_clip("clip.mp4", 0, 50)), track("T", title), subtitles=lines, name="My film")
    written(root / "film.kinofarm.json", film)
    return root


FILM = "film.kinofarm.json"


def sent(call: Call, document: Any) -> int:
    """Send a project back as JSON, as a client does; returns its frames."""
    return check_project(call, ProjectNamed(timeline=json.loads(json.dumps(document)))).frames


def answered(answer: BaseModel) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.model_dump_json())
    return found


@pytest.mark.parametrize("form", ["kinofarm", "otio"])
def test_an_exported_project_is_the_same_project_anywhere(call: Call, media: Path, form: Any, tmp_path: Path) -> None:
    made = answered(export_project(call, ExportWanted(project=FILM, format=form)))
    assert sent(call, made["document"]) == 50
    assert str(media / "elsewhere" / "clip.mp4") in json.dumps(made["document"])


def test_missing_files_are_found_in_a_folder_of_a_media_root_and_nowhere_else(call: Call, media: Path) -> None:
    written(media / "lost.json", timeline(50, track("V", media_clip("gone/CLIP.mov", 0, 50))))
    with pytest.raises(KinofarmError, match="PATH-001"):
        check_project(call, ProjectNamed(project="lost.json"))
    found = answered(relink_project(call, RelinkWanted(project="lost.json", folder="elsewhere")))
    assert [(clip["how"], clip["file"]) for clip in found["clips"]] == [("name", str(media / "elsewhere" / "clip.mp4"))]
    assert sent(call, found["document"]) == 50
    (media / "out").symlink_to("/etc")
    for folder in ("/etc", "..", "out", "none", "clip.mp4", "a\x01b", "x" * 4000):
        with pytest.raises(KinofarmError, match="PATH-002"):
            relink_project(call, RelinkWanted(project="lost.json", folder=folder))


def test_a_project_is_split_and_merged_again(call: Call, media: Path) -> None:
    parts = split_project(call, SplitWanted(project=FILM, at=("f41", "00:00:01.80")))
    assert parts.frames == (41, 4, 5)
    assert [sent(call, part) for part in parts.parts] == [41, 4, 5]
    whole = merge_projects(
        call, MergeWanted(projects=tuple(ProjectNamed(timeline=dict(part)) for part in parts.parts), name="again")
    )
    assert (sent(call, whole.document), whole.document["name"]) == (50, "again")
    with pytest.raises(KinofarmError, match="EDIT-003"):
        split_project(call, SplitWanted(project=FILM, at=("f10",)))  # the film in the title would begin anew
    alone = split_project(call, SplitWanted(project=FILM, range="f40-f45"))
    assert alone.frames == (5,)
    for wrong in ({}, {"at": ["f3"], "range": "f1-f2"}):
        with pytest.raises(ValidationError):
            SplitWanted.model_validate({"project": FILM, **wrong})


def test_subtitles_go_out_and_come_in(call: Call, media: Path) -> None:
    (file,) = subtitles_of_project(call, SubtitlesWanted(project=FILM, form="vtt")).files
    assert "Hi {you}." in file.text
    made = add_subtitles(call, SubtitlesGiven(project=FILM, text=file.text, language="de"))
    assert made.lines == 1
    assert sent(call, made.document) == 50
    lines = {line["language"]: (line["text"], line["start"], line["end"]) for line in made.document["subtitles"]}
    assert lines["de"] == lines["en"] == ("Hi {you}.", 5, 20)


def test_an_analysis_says_how_much_would_be_rendered(call: Call, media: Path) -> None:
    found = analyse_project(call, ProjectNamed(project=FILM))
    assert (found.figures.frames, found.render.frames, found.render.cached, found.render.share) == (50, 50, 0, 0)
    assert optimise_project(call, AdviceWanted(project=FILM)).suggestions == ()
    at_a_platform = optimise_project(call, AdviceWanted(project=FILM, platform="instagram-reel")).suggestions
    assert {one.gain for one in at_a_platform} == {"platform"}
    with pytest.raises(KinofarmError, match="CLI-004"):
        optimise_project(call, AdviceWanted(project=FILM, platform="nowhere"))


def test_a_backup_opens_elsewhere_with_all_that_the_project_reads(call: Call, media: Path, tmp_path: Path) -> None:
    done = back_up_project(call, BackupWanted(project=FILM))
    assert (done.media, done.name.startswith("My-film-")) == (2, True)
    file = backup_file(call.services.get(Settings), done.name)
    assert file.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(file) as archive:
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        assert {"project.kinofarm.json", "content.otio", "version.txt", "media/clip.mp4", "media/2-clip.mp4"} == {
            *archive.namelist()
        }
    for path in media.rglob("*.mp4"):
        path.unlink()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    moved = file.rename(elsewhere / done.name)
    opened = load(moved, elsewhere / "unpacked")
    original = load(media / FILM).timeline
    assert (opened.timeline.subtitles, opened.timeline.export) == (original.subtitles, original.export)
    title = opened.timeline.tracks[1].clips[0].source
    assert isinstance(title, TitleSource)
    assert (opened.base / title.elements[-1].path).is_file()  # type: ignore[union-attr]
    at_home = Call(call.services, "user", "admin", remote=False)
    assert check_project(at_home, ProjectNamed(project=str(moved))).frames == 50


def test_a_backup_without_media_is_small_and_leads_to_where_they_lie(call: Call, media: Path) -> None:
    (media / "clip.mp4").unlink()
    done = back_up_project(call, BackupWanted(project=FILM, media=False, name="..\\Ünter wegs.."))
    assert (done.media, done.size < 50_000, "/" in done.name) == (0, True, False)
    assert load(Path(done.file)).timeline.tracks[0].clips[0].source.path == str(media / "clip.mp4")  # type: ignore[union-attr]


def test_a_backup_that_is_too_large_is_refused_and_leaves_nothing(call: Call, media: Path) -> None:
    with (media / "elsewhere" / "clip.mp4").open("ab") as file:
        file.write(b"\x00" * 1_100_000)
    with pytest.raises(KinofarmError, match="EDIT-011"):
        back_up_project(call, BackupWanted(project=FILM))
    assert not list((call.services.get(Settings).home / "backups").iterdir())
    here = Call(call.services, "user", "admin", remote=False)
    assert back_up_project(here, BackupWanted(project=str(media / FILM))).media == 2


def test_old_backups_are_forgotten_and_no_other_file_is_one(call: Call, media: Path) -> None:
    import os

    settings = call.services.get(Settings)
    old = back_up_project(call, BackupWanted(project=FILM))
    young = back_up_project(call, BackupWanted(project=FILM))
    long_ago = Path(old.file).stat().st_mtime - settings.housekeeping.backup_days * 86_400 - 60
    os.utime(old.file, (long_ago, long_ago))
    assert forget_backups(settings) == 1
    assert backup_file(settings, young.name).is_file()
    (settings.home / "backups" / "link.otioz").symlink_to("/etc/passwd")
    for name in (old.name, "../admin.token", "link.otioz", "..", "", "a/b.otioz", "none.otioz"):
        with pytest.raises(KinofarmError, match="EDIT-013"):
            backup_file(settings, name)
