"""Broken and hostile files: damage is counted and survived, up to a limit; nothing else than a KinofarmError comes out."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from infra.errors import KinofarmError
from tasks.media.analysis.analyse import analyse
from tasks.media.analysis.settings import AnalysisSettings
from tasks.media.facts import MediaFacts
from tasks.media.probe import probe
from tests.media_factory import MediaFactory
from tests.tasks.media.analysis.conftest import edited, seen


@pytest.fixture(scope="module")
def whole(media_factory: MediaFactory) -> Path:
    return edited(media_factory, "edited.ts", "-c:v", "mpeg2video", "-q:v", "4", "-g", "5", "-bf", "0")


@pytest.fixture(scope="module")
def damaged(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, MediaFacts]:
    """The film with a twentieth of its bytes blotted out before the cut to the bars, and the facts that it had before."""
    data = bytearray(whole.read_bytes())
    at, length = len(data) // 10, len(data) // 20
    data[at : at + length] = bytes(length)
    place = tmp_path_factory.mktemp("damaged") / "damaged.ts"
    place.write_bytes(data)
    return place, probe(whole)


def test_damage_in_the_middle_is_counted_and_what_comes_after_stands_where_it_stood(
    whole: Path, damaged: tuple[Path, MediaFacts]
) -> None:
    path, facts = damaged
    found, before = analyse(path, facts, {"black", "scenes"}), seen(whole, "black", "scenes")
    assert found.damaged > 0 == before.damaged
    assert 100 < found.frames < 160
    assert found.found["black"] == before.found["black"]
    assert found.found["scenes"].cuts[-2:] == before.found["scenes"].cuts[-2:] == (80, 110)  # type: ignore[attr-defined]


def test_a_file_with_more_damage_than_allowed_is_given_up(damaged: tuple[Path, MediaFacts]) -> None:
    path, facts = damaged
    with pytest.raises(KinofarmError) as caught:
        analyse(path, facts, settings=AnalysisSettings(most_damaged=0))
    assert caught.value.code == "MEDIA-031"


def test_a_cut_tail_that_the_probe_lets_pass_is_analysed_as_far_as_it_goes(whole: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.ts"
    short.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3 // 188 * 188])
    found = analyse(short, probe(short), {"black", "key_frames"})
    assert 50 < found.frames < 160


def test_a_file_that_is_not_the_one_that_was_probed_is_refused(whole: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.ts"
    other.write_bytes(whole.read_bytes() + bytes(188))
    with pytest.raises(KinofarmError) as caught:
        analyse(other, probe(whole))
    assert caught.value.code == "MEDIA-008"


def test_a_playlist_that_took_the_files_place_is_refused(whole: Path, tmp_path: Path) -> None:
    playlist = tmp_path / "list.ts"
    playlist.write_bytes(b"#EXTM3U\n".ljust(whole.stat().st_size, b"\n"))
    with pytest.raises(KinofarmError) as caught:
        analyse(playlist, probe(whole))
    assert caught.value.code == "SECURITY-001"


@pytest.mark.parametrize("suffix", ["mkv", "ts"])
def test_garbage_with_the_facts_of_a_film_ends_in_an_error_of_ours(
    media_factory: MediaFactory, tmp_path: Path, suffix: str
) -> None:
    made = media_factory.video(frames=10, suffix=f".{suffix}")
    garbage = tmp_path / f"garbage.{suffix}"
    garbage.write_bytes(random.Random(6).randbytes(made.stat().st_size))
    with pytest.raises(KinofarmError) as caught:
        analyse(garbage, probe(made))
    assert caught.value.code.startswith(("MEDIA-", "SECURITY-"))


def test_flipped_bits_end_in_a_result_or_in_an_error_of_ours(media_factory: MediaFactory, tmp_path: Path) -> None:
    made = media_factory.video(frames=12)
    facts, data, chance = probe(made), made.read_bytes(), random.Random(36)
    ends = {"result": 0, "error": 0}
    for number in range(60):
        changed = bytearray(data)
        for _ in range(chance.randrange(1, 40)):
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        place = tmp_path / f"{number}.mp4"
        place.write_bytes(changed)
        try:
            analyse(place, facts)
            ends["result"] += 1
        except KinofarmError:
            ends["error"] += 1
    assert min(ends.values()) > 0
