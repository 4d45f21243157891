"""What a render publishes beside its film is recorded as what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.making import output_kind
from infra.jobs.records import Output
from tasks.media.manifest import manifest_place
from tasks.media.poster import poster_place

FILM = Path("/films/a.b.mp4")


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        (manifest_place(FILM), "manifest"),
        (poster_place(FILM, "jpg"), "poster"),
        (FILM.with_suffix(".srt"), "subtitles.srt"),
        (FILM.with_suffix(".en.vtt"), "subtitles.en.vtt"),
    ],
)
def test_files_beside_a_film_have_kinds_of_their_own(place: Path, kind: str) -> None:
    assert output_kind(place, FILM) == kind
    for name in (kind, f"{kind}:square"):
        assert Output(kind=name, location=str(place), size=1, sha256="a" * 64).kind == name
