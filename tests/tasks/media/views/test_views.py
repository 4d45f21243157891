"""Views of media: what is on them is what the media show and sound like there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageSequence

from infra.errors import KinofarmError
from tasks.media.probe import probe
from tasks.media.views.storyboard import Storyboard, as_webvtt, frames_of
from tasks.media.views.table import VIEWS
from tests.media_factory import MediaFactory

Make = Callable[..., tuple[Path, Any]]
GREY = "color=0x808080:s=160x90:r=25"
STEPS = "geq=lum='16+5*floor(N/10)':cb=128:cr=128"
"""Each ten frames of a film are a little brighter."""


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes a view of a file; returns it and what is told of it."""

    def made(view: str, path: Path, **options: Any) -> tuple[Path, Any]:
        row = VIEWS[view]
        out = tmp_path / f"view{row.suffix}"
        return out, row.make(path, probe(path), row.options.model_validate(options), out)

    return made


@pytest.fixture
def steps(media_factory: MediaFactory) -> Path:
    """400 frames, 16 seconds: longer than what is decoded as a whole."""
    return media_factory.make(
        "view-steps.mp4", "-f", "lavfi", "-i", GREY, "-vf", f"{STEPS},format=yuv420p", "-frames:v", "400", "-g", "50",
        "-c:v", "libx264", "-preset", "ultrafast", "-color_range", "tv",
    )  # fmt: skip


def _step(image: Image.Image) -> int:
    """Which ten frames of `steps` a picture is of."""
    level = float(np.asarray(image.convert("L")).mean())
    return round((level / 255 * 219) / 5)


def test_a_thumbnail_shows_the_frame_of_its_time(make: Make, steps: Path) -> None:
    for second, step in ((0, 0), (7.21, 18), (15.9, 39), (99, 39)):
        out, told = make("thumbnail", steps, at=second)
        with Image.open(out) as image:
            assert abs(_step(image) - step) <= 1, second
            assert image.size == (told["width"], told["height"]) == (160, 90), "it is never made larger"


def test_a_thumbnail_is_of_a_place_where_something_is_to_be_seen(make: Make, media_factory: MediaFactory) -> None:
    late = media_factory.make(
        "view-late.mp4", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25", "-vf", "drawbox=t=fill:c=black:enable='lt(t,3)',format=yuv420p",
        "-frames:v", "200", "-c:v", "libx264", "-preset", "ultrafast",
    )  # fmt: skip
    _, told = make("thumbnail", late)
    assert told["at"] == 3.2, "a tenth and a quarter of the film are black"
    black = media_factory.make(
        "view-black.mp4", "-f", "lavfi", "-i", "color=black:s=320x180:r=25", "-frames:v", "50", "-c:v", "libx264"
    )
    assert make("thumbnail", black, width=80)[1]["width"] == 80, "a film with nothing to see has one all the same"


def test_pictures_are_turned_as_a_player_turns_them(make: Make, media_factory: MediaFactory, tmp_path: Path) -> None:
    half = media_factory.make(
        "view-half.mp4", "-f", "lavfi", "-i", "color=red:s=320x180:r=25", "-vf", "drawbox=x=0:y=0:w=160:h=180:t=fill:c=blue,format=yuv420p",
        "-frames:v", "10", "-c:v", "libx264",
    )  # fmt: skip
    turned = media_factory.make("view-turned.mp4", "-display_rotation", "-90", "-i", str(half), "-c", "copy")
    out, told = make("thumbnail", turned)
    assert (told["width"], told["height"]) == (180, 320)
    with Image.open(out) as image:
        top, bottom = image.getpixel((90, 40)), image.getpixel((90, 280))
    assert top[2] > 150 > top[0], "what was on the left is on top"
    assert bottom[0] > 150 > bottom[2]


def test_a_board_is_seen_through_what_is_transparent(make: Make, media_factory: MediaFactory, tmp_path: Path) -> None:
    still = tmp_path / "logo.png"
    Image.new("RGBA", (64, 64), (255, 0, 0, 0)).save(still)
    film = media_factory.make(
        "view-alpha.webm",
        "-f",
        "lavfi",
        "-i",
        "color=red@0:s=64x64:r=25,format=yuva420p",
        "-frames:v",
        "5",
        "-c:v",
        "libvpx-vp9",
    )
    for path in (still, film):
        out, _ = make("thumbnail", path)
        with Image.open(out) as image:
            greys = np.asarray(image.convert("RGB")).reshape(-1, 3).astype(int)
        assert np.abs(greys[:, 0] - greys[:, 2]).max() < 40, f"{path.name}: nothing is red"
        assert len({round(level / 20) for level in greys[:, 1]}) >= 2, f"{path.name}: two greys"


def test_a_storyboard_shows_even_times_and_its_track_names_them(make: Make, steps: Path) -> None:
    out, told = make("storyboard", steps, pictures=8, columns=3, width=80)
    board = Storyboard.model_validate(told)
    assert (board.columns, board.width, board.height) == (3, 80, 45)
    assert board.times == (0, 2, 4, 6, 8, 10, 12, 14)
    with Image.open(out) as sheet:
        assert sheet.size == (240, 135)
        seen = [_step(picture) for picture in frames_of(sheet, board)]
    assert all(abs(step - wanted) <= 1 for step, wanted in zip(seen, range(2, 40, 5), strict=True)), seen
    track = as_webvtt(board, "sheet.jpg?x=1")
    assert track.startswith("WEBVTT\n")
    assert "00:00:06.000 --> 00:00:08.000\nsheet.jpg?x=1#xywh=0,45,80,45\n" in track
    assert track.count("-->") == 8


def test_an_animation_plays_pictures_of_all_of_the_film(make: Make, steps: Path) -> None:
    out, told = make("animation", steps, pictures=4, milliseconds=200)
    assert told["times"] == [2, 6, 10, 14]
    with Image.open(out) as image:
        image.load()
        assert (image.format, image.n_frames, image.info["duration"], image.info["loop"]) == ("WEBP", 4, 200, 0)
        seen = [_step(frame) for frame in ImageSequence.Iterator(image)]
    assert all(abs(step - wanted) <= 1 for step, wanted in zip(seen, (5, 15, 25, 35), strict=True)), seen


def test_peaks_are_those_of_the_samples_whatever_the_span(make: Make, media_factory: MediaFactory) -> None:
    # two seconds of silence, then a tone at half scale whose second channel is silent
    tone = media_factory.make(
        "view-late-tone.wav",
        "-f",
        "lavfi",
        "-i",
        "aevalsrc='if(lt(t,2),0,0.5*sin(2*PI*500*t))|0':s=48000:d=4",
        "-c:a",
        "pcm_s16le",
    )
    for points in (10, 100, 4000):
        out, told = make("peaks", tone, points=points)
        document = json.loads(out.read_text())
        pairs = np.array(document["data"]).reshape(-1, 2)
        assert (
            (document["version"], document["bits"], document["length"])
            == (2, 16, len(pairs))
            == (2, 16, told["length"])
        )
        assert (
            document["samples_per_pixel"] * len(pairs) >= 4 * 48_000 > document["samples_per_pixel"] * (len(pairs) - 1)
        )
        quiet, loud = pairs[: len(pairs) // 2 - 1], pairs[len(pairs) // 2 + 1 :]
        assert (quiet == 0).all()
        if points < 1000:  # a span holds a whole period
            assert (abs(loud[:, 1] - 16384) < 40).all()
            assert (abs(loud[:, 0] + 16384) < 40).all()


def test_a_waveform_is_drawn_as_high_as_its_peaks(make: Make, media_factory: MediaFactory) -> None:
    out, told = make("waveform", media_factory.sound(96_000, amplitude=0.5), points=200, height=101)
    with Image.open(out) as image:
        assert image.size == (told["width"], told["height"]) == (200, 101)
        ink = np.asarray(image)[..., 3] > 0
    assert abs(int(ink[:, 100].sum()) - 51) <= 3
    assert ink[50].all(), "the middle is always drawn"


@pytest.mark.parametrize(
    ("view", "kind", "reason"),
    [("thumbnail", "sound", "no picture"), ("storyboard", "still", "a single picture"), ("animation", "sound", "no picture"),
     ("waveform", "still", "no sound"), ("peaks", "still", "no sound")],
)  # fmt: skip
def test_what_a_medium_has_not_is_said(
    media_factory: MediaFactory, tmp_path: Path, view: str, kind: str, reason: str
) -> None:
    still = tmp_path / "still.png"
    Image.new("RGB", (20, 20)).save(still)
    assert reason in VIEWS[view].lacks(probe(still if kind == "still" else media_factory.sound(4800)))


def test_the_same_wish_has_the_same_key_and_gives_the_same_bytes(make: Make, steps: Path) -> None:
    for row in (VIEWS["thumbnail"], VIEWS["storyboard"], VIEWS["animation"]):
        first = make(row.name, steps)[0].read_bytes()
        assert make(row.name, steps)[0].read_bytes() == first
        assert row.key("ab" * 32, row.options()) == row.key("ab" * 32, row.options(width=row.options().width))  # type: ignore[attr-defined]
        assert row.key("ab" * 32, row.options()) != row.key("cd" * 32, row.options())


def test_a_sound_that_is_not_there_is_an_error(make: Make, media_factory: MediaFactory) -> None:
    with pytest.raises(KinofarmError) as caught:
        make("peaks", media_factory.sound(4800), sound=3)
    assert caught.value.code == "MEDIA-014"


def test_a_sound_of_many_channels_has_peaks(make: Make, media_factory: MediaFactory) -> None:
    sixteen = media_factory.make(
        "view-sixteen.wav",
        "-f",
        "lavfi",
        "-i",
        f"aevalsrc='{'|'.join(['0'] * 15 + ['0.25*sin(2*PI*500*t)'])}':s=48000:d=0.5",
        "-c:a",
        "pcm_s16le",
    )
    out, _ = make("peaks", sixteen, points=10)
    assert max(json.loads(out.read_text())["data"]) == pytest.approx(8192, abs=30)
