"""Looking into media files: those of the farm's media roots over the network, any that the user may read on the command line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pydantic import ValidationError

from flows.commands.media import MediaNamed, probe_media
from flows.commands.projects import address_of, file_of
from infra.commands import Call
from infra.errors import KinofarmError
from infra.services import Services
from infra.uploads.library import Uploads
from tasks.media.probe import content_hash
from tests.media_factory import MediaFactory


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


@pytest.mark.parametrize("given", [{}, {"path": "clip.mp4", "upload": "0b7ef1a2-5d0c-4c57-9a57-3f8f2f6f0c11"}])
def test_a_file_is_named_in_one_way(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        MediaNamed.model_validate(given)
