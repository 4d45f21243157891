"""Which ffmpeg is used, and what is said when it can't be."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra import ffmpeg
from infra.errors import KinofarmError


def test_the_shipped_ffmpeg_is_found_and_tells_its_version() -> None:
    path = ffmpeg.binary(None)
    assert path.is_absolute()
    assert ffmpeg.version(path).startswith("ffmpeg version ")


def test_the_environment_does_not_change_which_ffmpeg_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/bin/true")
    assert ffmpeg.binary(None).name.startswith("ffmpeg-")


def test_a_configured_ffmpeg_is_taken_as_it_is(tmp_path: Path) -> None:
    own = tmp_path / "ffmpeg"
    own.write_text("#!/bin/sh\necho ffmpeg version 1.2.3 Copyright\n")
    own.chmod(0o755)
    assert ffmpeg.binary(own) == own
    assert ffmpeg.version(own) == "ffmpeg version 1.2.3 Copyright"
    own.write_text("#!/bin/sh\necho ffmpeg version 1.2.34 Copyright\n")
    assert ffmpeg.version(own) == "ffmpeg version 1.2.34 Copyright"


def test_what_is_missing_or_no_ffmpeg_is_said(tmp_path: Path) -> None:
    with pytest.raises(KinofarmError) as caught:
        ffmpeg.binary(tmp_path / "nothing")
    assert caught.value.code == "FFMPEG-010"
    for text in ("#!/bin/sh\necho hello\n", "#!/bin/sh\nexit 3\n", "no program"):
        own = tmp_path / "ffmpeg"
        own.write_text(text)
        own.chmod(0o755)
        with pytest.raises(KinofarmError) as caught:
            ffmpeg.version(own)
        assert caught.value.code == "FFMPEG-012"
