"""Numbered pictures read as a film: by views, analyses and timelines."""

from __future__ import annotations

import json
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from infra.errors import KinofarmError
from tasks.compiler.check import check
from tasks.compiler.imports import media
from tasks.compiler.model import Timeline
from tasks.filesystem.roots import MediaRoots
from tasks.media.analysis.analyse import analyse
from tasks.media.analysis.frame_times import FrameTimes
from tasks.media.analysis.keyframes import KeyFrames
from tasks.media.analysis.reading import Openers
from tasks.media.analysis.settings import AnalysisSettings
from tasks.media.analysis.table import ALL
from tasks.media.facts import MediaFacts
from tasks.media.numbered import parsed
from tasks.media.numbered_container import NumberedContainer
from tasks.media.numbered_probe import probe_numbered
from tasks.media.probe import probe
from tasks.media.reading import probed
from tasks.media.untrusted import opened
from tasks.media.views.pictures import pictures as pictures_at
from tasks.media.views.storyboard import Storyboard, frames_of
from tasks.media.views.table import VIEWS
from tests.media_factory import MediaFactory, pictures
from tests.tasks.media.analysis.conftest import PARTS, edited


def facts_of(path: Path) -> MediaFacts:
    """The facts of a sequence."""
    sequence = parsed(path)
    assert sequence is not None
    return probe_numbered(path, sequence)


@pytest.fixture
def shot(tmp_path: Path) -> Path:
    """Pictures 11 to 110, each a little brighter than the one before."""
    return pictures(tmp_path / "shot", "f%04d.png", 100, first=11)


def number(image: Image.Image) -> int:
    """Which of the pictures of `shot` is shown."""
    return 11 + round(float(np.asarray(image.convert("L")).mean()) / 2)


def shown(path: Path, facts: MediaFacts, *ticks: float) -> list[int]:
    """Which pictures are shown at these times, in pictures from the first on."""
    found = pictures_at(path, facts, [Fraction(tick) / 25 for tick in ticks], (64, 48))
    return [number(one.image) for one in found]


def view(name: str, path: Path, out: Path, **options: Any) -> tuple[Path, Any]:
    """Make a view of a sequence."""
    row = VIEWS[name]
    place = out / f"view{row.suffix}"
    return place, row.make(path, facts_of(path), row.options.model_validate(options), place)


def test_a_container_gives_the_pictures_at_their_times_and_goes_on_where_it_was_sent(shot: Path) -> None:
    shot.with_name("f0020.png").unlink()
    facts = facts_of(shot)
    with NumberedContainer(shot, facts) as container:
        (stream,) = container.streams
        assert (stream.index, stream.type, stream.time_base, container.format.name) == (
            0,
            "video",
            Fraction(1, 25),
            "image2",
        )
        packets = list(container.demux(stream))
        assert [packet.pts for packet in packets] == [*range(9), *range(10, 100), None]
        assert packets[-1].size == 0
        assert all(packet.is_keyframe and packet.stream_index == 0 and packet.duration == 1 for packet in packets[:-1])
        for offset, first in ((50, 50), (9, 8), (-5, 0), (1000, 99), (0, 0)):
            container.seek(offset, stream=stream)
            assert next(iter(container.demux(stream))).pts == first
    with pytest.raises(OSError):
        NumberedContainer(shot.with_name("f0011.png"), facts)


def test_a_thumbnail_shows_the_picture_of_its_time(shot: Path, tmp_path: Path) -> None:
    for at, wanted in ((0, 11), (1, 36), (2.01, 61), (3.99, 110), (99, 110)):
        out, told = view("thumbnail", shot, tmp_path, at=at)
        with Image.open(out) as image:
            assert (image.size, number(image)) == ((told["width"], told["height"]), wanted)
    faster = shot.with_name("f%04d.png@50")
    with Image.open(view("thumbnail", faster, tmp_path, at=1)[0]) as image:
        assert number(image) == 61


@pytest.mark.parametrize(("width", "height"), [(1, 1), (33, 7), (150, 90), (161, 91), (1000, 20)])
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "bmp", "webp"])
def test_pictures_of_any_size_are_shown(tmp_path: Path, suffix: str, width: int, height: int) -> None:
    for place in range(3):
        Image.new("RGB", (width, height), (60 * place, 60 * place, 60 * place)).save(tmp_path / f"{place}.{suffix}")
    path = tmp_path / f"%d.{suffix}"
    (shown,) = pictures_at(path, facts_of(path), [Fraction(1, 25)], (width, height))
    assert shown.image.size == (width, height)
    assert float(np.asarray(shown.image.convert("L")).mean()) == pytest.approx(60, abs=3)


def test_where_pictures_are_missing_or_damaged_the_one_before_is_shown(shot: Path) -> None:
    for gone in (*range(30, 35), 61):
        shot.with_name(f"f{gone:04}.png").unlink()
    facts = facts_of(shot)
    assert shown(shot, facts, 18, 19, 21.5, 23.9, 24, 50) == [29, 29, 29, 29, 35, 60]
    for gone in (70, 71, 72):
        place = shot.with_name(f"f{gone:04}.png")
        place.write_bytes(place.read_bytes()[:40])
    shot.with_name("f0080.png").unlink()
    shot.with_name("f0080.png").symlink_to(shot.with_name("f0011.png"))
    shot.with_name("f0110.png").write_bytes(b"#EXTM3U\n")
    assert shown(shot, facts, 59, 61, 62, 69, 99) == [69, 69, 73, 79, 109]


def test_a_storyboard_and_an_animation_show_pictures_of_all_of_it(shot: Path, tmp_path: Path) -> None:
    out, told = view("storyboard", shot, tmp_path, pictures=4, columns=2)
    board = Storyboard.model_validate(told)
    assert (board.times, board.end) == ((0, 1, 2, 3), 4)
    with Image.open(out) as sheet:
        assert [number(one) for one in frames_of(sheet, board)] == [23, 48, 73, 98]
    out, told = view("animation", shot, tmp_path, pictures=5)
    assert told["times"] == pytest.approx([0.4, 1.2, 2, 2.8, 3.6])
    with Image.open(out) as image:
        assert image.n_frames == 5  # type: ignore[attr-defined]


def test_pictures_of_a_camera_held_upright_are_turned(tmp_path: Path) -> None:
    for place in range(3):
        image, exif = Image.new("RGB", (64, 48), (0, 0, 255)), Image.Exif()
        image.paste((255, 0, 0), (32, 0, 64, 48))
        exif[0x0112] = 6
        image.save(tmp_path / f"{place}.jpg", exif=exif, quality=95)
    out, told = view("thumbnail", tmp_path / "%d.jpg", tmp_path, at=0.04)
    assert (told["width"], told["height"]) == (48, 64)
    with Image.open(out) as image:
        assert image.getpixel((24, 10))[2] > 150 > image.getpixel((24, 54))[2], "what was on the left is on top"  # type: ignore[index]


@pytest.fixture(scope="module")
def cut(media_factory: MediaFactory, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The edited film, and its frames as numbered pictures."""
    film = edited(media_factory, "numbered-edited.mkv", "-c:v", "ffv1")
    folder = tmp_path_factory.mktemp("cut")
    return film, pictures(folder, "c%03d.png", sum(PARTS.values()), first=1, source=f"movie={film}")


def test_all_analyses_find_what_they_find_in_the_film_and_open_it_once(cut: tuple[Path, Path]) -> None:
    film, path = cut
    containers, decoders = [], []

    def container(place: Path, facts: MediaFacts) -> Any:
        containers.append(place)
        return opened(place, facts)

    def decoder(stream: Any) -> Any:
        decoders.append(stream)
        return stream.codec_context

    found = analyse(path, facts_of(path), ALL, openers=Openers(container, decoder))
    assert (containers, len(decoders), found.frames, found.damaged) == ([path], 1, 160, 0)
    theirs = analyse(film, probe(film), ALL)
    assert set(found.skipped) == {"silence", "loudness", "channels"} == set(theirs.skipped)
    for kind in ("scenes", "black", "frozen", "frame_times"):
        ours, other = (json.loads(each.found[kind].model_dump_json()) for each in (found, theirs))
        if kind in ("black", "frozen"):
            assert [(one["start"], one["end"]) for one in ours["ranges"]] == [
                (one["start"], one["end"]) for one in other["ranges"]
            ]
        elif kind == "scenes":
            assert [one["start"] for one in ours["scenes"]] == [one["start"] for one in other["scenes"]]
            assert len(ours["scenes"]) >= 4
        else:
            assert ours["variable"] is other["variable"] is False


def test_an_analysis_of_a_sequence_with_gaps_knows_when_its_pictures_stand(shot: Path) -> None:
    for gone in range(30, 40):
        shot.with_name(f"f{gone:04}.png").unlink()
    found = analyse(shot, facts_of(shot), ALL, settings=AnalysisSettings())
    assert found.frames == 90
    times, keys = found.of(FrameTimes), found.of(KeyFrames)
    assert times is not None
    assert keys is not None
    assert (times.variable, times.least, times.largest) == (True, Fraction(1, 25), Fraction(11, 25))
    assert (keys.longest_gap, keys.count, keys.every_frame) == (Fraction(11, 25), 90, True)
    assert keys.places[19].time == Fraction(29, 25), "picture 40 comes after 29"


def test_a_sequence_that_grew_meanwhile_is_not_analysed_by_its_old_facts(shot: Path) -> None:
    facts = facts_of(shot)
    shutil.copy(shot.with_name("f0110.png"), shot.with_name("f0111.png"))
    with pytest.raises(KinofarmError) as caught:
        analyse(shot, facts, {"black"})
    assert caught.value.code == "MEDIA-008"


def test_a_playlist_is_opened_by_no_reader(shot: Path) -> None:
    """The bytes go to the decoder of the first picture, never to a demuxer that follows what they name."""
    facts = facts_of(shot)
    place = shot.with_name("f0050.png")
    place.write_bytes(b"ffconcat version 1.0\nfile /etc/hostname\n".ljust(place.stat().st_size))
    with NumberedContainer(shot, facts) as container:
        (stream,) = container.streams
        complaints = 0
        for packet in container.demux(stream):
            try:
                stream.codec_context.decode(packet if packet.size else None)
            except av.error.InvalidDataError:
                complaints += 1
    assert complaints == 1


def test_the_reader_knows_files_and_sequences_by_their_names(shot: Path) -> None:
    assert MediaFacts.model_validate(probed(str(shot))) == facts_of(shot)
    one = MediaFacts.model_validate(probed(str(shot.with_name("f0011.png"))))
    assert (one.numbered, one.demuxer) == (None, "png_pipe")
    shutil.copy(shot.with_name("f0011.png"), shot)
    literal = MediaFacts.model_validate(probed(str(shot)))
    assert (literal.numbered, literal.sha256) == (None, one.sha256)


def test_a_timeline_refuses_a_sequence_and_says_what_works(shot: Path) -> None:
    clip = {"id": "c", "source": {"kind": "media", "path": "f%04d.png@24"}, "start": 0, "end": 10}
    timeline = Timeline.model_validate(
        {"rate": 25, "size": {"width": 64, "height": 64}, "duration": 10, "tracks": [{"id": "v", "kind": "video", "clips": [clip]}]}
    )  # fmt: skip
    with pytest.raises(KinofarmError) as caught:
        check(timeline, MediaRoots(shot.parent), probe)
    error = caught.value
    assert (error.code, error.where) == ("MEDIA-042", "tracks[0].clips[0].source.path")
    assert '-framerate 24 -start_number N -i "f%04d.png"' in error.hint
    with pytest.raises(KinofarmError) as caught:
        media.read(shot, probe)
    assert caught.value.code == "MEDIA-042"
