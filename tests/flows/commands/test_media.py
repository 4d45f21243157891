"""Looking into media files: those of the farm's media roots over the network, any that the user may read on the command line."""

from __future__ import annotations

import io
import shutil
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image
from pydantic import ValidationError

from flows.commands.media import MediaNamed, MediaWanted, ViewWanted, list_media, probe_media, view_media
from flows.commands.places import address_of, file_of
from flows.commands.proxies import make_proxy
from infra.commands import Call
from infra.errors import KinofarmError
from infra.services import Services
from infra.uploads.library import Uploads
from tasks.media.probe import content_hash
from tests.media_factory import MediaFactory, pictures


@pytest.fixture
def clip(media_root: Path, media_factory: MediaFactory) -> Path:
    return shutil.copy(media_factory.video(60, pattern="smptebars"), media_root / "clip.mp4")


def test_a_file_of_a_media_root_and_the_same_one_uploaded_have_the_same_facts(container: Services, clip: Path) -> None:
    call = Call(container, "anna", "submit")
    facts = probe_media(call, MediaNamed(path="clip.mp4"))
    assert (facts.pictures[0].frames, facts.sha256) == (60, content_hash(clip))
    uploads = container.get(Uploads)
    upload = uploads.begin("clip.mp4", clip.stat().st_size, "anna").id
    with uploads.appending(upload, 0) as appended:
        appended.write(clip.read_bytes())
        appended.keep()
    assert probe_media(call, MediaNamed(upload=upload)) == facts
    assert address_of(call, file_of(call, None, upload, "upload")) == f"upload://{upload}", "what a timeline may read"
    assert address_of(call, file_of(call, "clip.mp4", None, "path")) == str(clip)


def test_what_lies_elsewhere_is_looked_into_on_the_command_line_only(
    container: Services, clip: Path, tmp_path: Path
) -> None:
    outside = clip.rename(tmp_path / "outside.mp4")
    with pytest.raises(KinofarmError) as caught:
        probe_media(Call(container, "anna", "admin"), MediaNamed(path=str(outside)))
    assert (caught.value.code, caught.value.where) == ("PATH-002", "path")
    here = Call(container, "anna", "admin", remote=False)
    assert probe_media(here, MediaNamed(path=str(outside))).pictures[0].frames == 60
    with pytest.raises(KinofarmError) as caught:
        probe_media(here, MediaNamed(path=str(clip)))
    assert caught.value.code == "MEDIA-009"


def test_numbered_pictures_are_one_medium_in_every_command(container: Services, tmp_path: Path) -> None:
    call = Call(container, "anna", "submit")
    shot = pictures(tmp_path / "media" / "100% done", "f_%03d.png", 30)
    shutil.copy(shot.with_name("f_001.png"), shot.with_name("still.png"))
    listed = list_media(call, MediaWanted(folder="100% done"))
    sequence, still = listed.items
    assert (sequence.name, sequence.path, sequence.pictures, sequence.kind) == ("f_%03d.png", str(shot), 30, "film")
    assert (sequence.facts, still.name, still.kind) == (None, "still.png", "unknown")
    files = [file for file in shot.parent.iterdir() if file.name != "still.png"]
    assert sequence.size == sum(file.stat().st_size for file in files)
    assert sequence.modified.timestamp() == pytest.approx(max(file.stat().st_mtime for file in files), abs=1e-3)

    facts = probe_media(call, MediaNamed(path=f"{sequence.path}@24"))
    assert (facts.duration, facts.demuxer) == (Fraction(30, 24), "image2")
    probe_media(call, MediaNamed(path="100% done/f_%03d.png"))
    (sequence,) = list_media(call, MediaWanted(folder="100% done", limit=1)).items
    assert sequence.facts is not None
    assert sequence.facts.duration == Fraction(30, 25)
    shown = view_media(call, ViewWanted(path="100% done/f_%03d.png@10", view="thumbnail", options={"at": 2}))
    with Image.open(io.BytesIO(shown.content)) as image:
        assert image.convert("L").getpixel((30, 20)) == pytest.approx(40, abs=1), "the picture 21 of 30"

    assert [one.name for one in list_media(call, MediaWanted(folder="100% done", q="F_017")).items] == ["f_%03d.png"]
    first = list_media(call, MediaWanted(folder="100% done", limit=1))
    assert first.following == "f_%03d.png"
    assert [one.name for one in list_media(call, MediaWanted(folder="100% done", after=first.following)).items] == ["still.png"]  # fmt: skip
    alone = list_media(call, MediaWanted(folder="100% done", sequences=False))
    assert (len(alone.items), {one.pictures for one in alone.items}) == (31, {1})
    with pytest.raises(KinofarmError) as caught:
        make_proxy(call, MediaNamed(path="100% done/f_%03d.png"))
    assert caught.value.code == "MEDIA-042"


def test_a_sequence_lies_in_a_media_root_whatever_links_say(container: Services, tmp_path: Path) -> None:
    call = Call(container, "anna", "submit")
    outside = pictures(tmp_path / "outside", "f_%03d.png", 10)
    (tmp_path / "media" / "linked").symlink_to(outside.parent)
    pictures(tmp_path / "media" / "inside", "f_%03d.png", 10)
    (tmp_path / "media" / "also").symlink_to(tmp_path / "media" / "inside")
    (tmp_path / "media" / "of links").mkdir()
    for file in outside.parent.iterdir():
        (tmp_path / "media" / "of links" / file.name).symlink_to(file)
    for path, code in (
        (str(outside), "PATH-002"),
        ("../outside/f_%03d.png", "PATH-002"),
        ("linked/f_%03d.png@24", "PATH-003"),
        ("of links/f_%03d.png", "PATH-001"),
        ("inside/g_%03d.png", "PATH-001"),
        ("none/f_%03d.png", "PATH-001"),
        ("inside/f_%s.png", "PATH-001"),
        ("inside/f_%03d_%03d.png", "PATH-001"),
        ("inside/f_%03d.png\n", "PATH-005"),
    ):
        with pytest.raises(KinofarmError) as caught:
            probe_media(call, MediaNamed(path=path))
        assert (caught.value.code, caught.value.where) == (code, "path"), path
    assert file_of(call, "also/f_%03d.png@24", None, "path") == tmp_path / "media" / "inside" / "f_%03d.png@24"
    here = Call(container, "anna", "admin", remote=False)
    assert probe_media(here, MediaNamed(path=str(outside))).pictures[0].frames == 10


@pytest.mark.parametrize("given", [{}, {"path": "clip.mp4", "upload": "0b7ef1a2-5d0c-4c57-9a57-3f8f2f6f0c11"}])
def test_a_file_is_named_in_one_way(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        MediaNamed.model_validate(given)
