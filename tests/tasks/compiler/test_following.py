"""Following: a moving window as a clip's keyframes, by what the film shows."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasks.compiler import following as module
from tasks.compiler.following import Place, following, own_size
from tasks.compiler.model import Size, Timeline
from tests.tasks.compiler.films import FAST, Studio, clip, timeline, track

PICTURE = Fraction(320), Fraction(180)
PORTRAIT = Fraction(405, 4), Fraction(180)


def ramp(studio: Studio) -> str:
    """A picture of 320 x 180 whose luma rises from left to right."""

    def make(path: Path) -> None:
        grey = np.tile(np.linspace(20, 235, 320).round().astype(np.uint8), (180, 1))
        Image.fromarray(np.repeat(grey[..., None], 3, 2)).save(path)

    return studio.source("following-ramp.png", make)


def shown(studio: Studio, places: list[Place], size: Size, frames: int = 11) -> Timeline:
    film = timeline(track(clip("a", ramp(studio), 0, frames)), duration=frames, export=FAST)
    return following(film, PICTURE, PORTRAIT, places, size)


def middles(studio: Studio, film: Timeline) -> list[float]:
    """Where the middle of each frame lies in the picture, in its pixels."""
    seen = [studio.to_rgb(planes) for planes in studio.pictures(film)]
    return [(float(rgb[40:-40, :, 1].mean()) - 20) / 215 * 319 + 0.5 for rgb in seen]


def test_each_frame_shows_what_the_window_is_over(studio: Studio) -> None:
    places = [(0, 0.0, 0.0), (5, 100.0, 0.0), (6, 200.0, 0.0), (10, 218.75, 0.0)]
    wanted = [20.0 * n for n in range(6)] + [200 + 18.75 / 4 * n for n in range(5)]
    for size in (own_size(PORTRAIT), Size(width=90, height=160)):
        film = shown(studio, places, size)
        assert film.size == size
        assert middles(studio, film) == pytest.approx([left + 405 / 8 for left in wanted], abs=1.5)


def test_a_window_that_stands_still_needs_no_keyframes(studio: Studio) -> None:
    film = shown(studio, [(0, 30.0, 0.0), (10, 30.0, 0.0)], own_size(PORTRAIT))
    assert not film.tracks[0].clips[0].keyframes
    assert middles(studio, film) == pytest.approx([30 + 405 / 8] * 11, abs=1.5)


def test_more_keyframes_than_a_clip_holds_are_shared_by_several(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [(frame, 7.0 * frame if frame % 2 else 9.0 * frame, 0.0) for frame in range(11)]
    whole = middles(studio, shown(studio, places, own_size(PORTRAIT)))
    monkeypatch.setattr(module, "MOST", 4)
    film = shown(studio, places, own_size(PORTRAIT))
    assert [(one.start, one.end) for one in film.tracks[0].clips] == [(0, 3), (3, 6), (6, 9), (9, 11)]
    assert all(len(keys) <= 4 for one in film.tracks[0].clips for keys in one.keyframes.values())
    assert [one.source_start for one in film.tracks[0].clips] == [Fraction(start, 25) for start in (0, 3, 6, 9)]
    assert middles(studio, film) == pytest.approx(whole, abs=0.6)


def test_a_film_of_several_clips_is_refused(studio: Studio) -> None:
    film = timeline(track(clip("a", ramp(studio), 0, 5), clip("b", ramp(studio), 5, 10)), duration=10)
    with pytest.raises(ValueError, match="one video clip"):
        following(film, PICTURE, PORTRAIT, [(0, 0.0, 0.0)], own_size(PORTRAIT))
