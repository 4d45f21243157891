"""Numbered pictures by their names: what a name means, which pictures are there, and which of a folder are one medium."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import pytest

from infra.errors import KinofarmError
from tasks.media import numbered
from tasks.media.numbered import Numbered, content_of, listed, medium_at, parsed, sequence_at
from tasks.media.numbered_groups import grouped


def names(pattern: str, numbers: Iterable[int]) -> list[str]:
    return [pattern % number for number in numbers]


def sequences(files: list[str]) -> dict[str, int]:
    """The sequences among files, with how many pictures each has."""
    return {group.name: len(group.files) for group in grouped(files) if group.numbers}


@pytest.mark.parametrize(
    ("name", "number", "picture", "rate"),
    [
        ("frame_%04d.png", 7, "frame_0007.png", Fraction(25)),
        ("frame_%04d.png", 12345, "frame_12345.png", Fraction(25)),
        ("frame_%d.JPG", 7, "frame_7.JPG", Fraction(25)),
        ("%06d.tiff", 0, "000000.tiff", Fraction(25)),
        ("shot.%03d.left.webp@24", 3, "shot.003.left.webp", Fraction(24)),
        ("img@2x_%03d.png@12.5", 3, "img@2x_003.png", Fraction(25, 2)),
        ("100%% crop %03d.bmp@23.976", 3, "100% crop 003.bmp", Fraction(24000, 1001)),
        ("a%02d.png@23.98", 3, "a03.png", Fraction(24000, 1001)),
        ("a%02d.png@29.97", 3, "a03.png", Fraction(30000, 1001)),
        ("a%02d.png:1-50@59.94", 3, "a03.png", Fraction(60000, 1001)),
        ("a%02d.png@24.00", 3, "a03.png", Fraction(24)),
    ],
)
def test_a_name_means_pictures_at_a_rate(name: str, number: int, picture: str, rate: Fraction) -> None:
    sequence = parsed(Path("/media/50%d off") / name)
    assert sequence is not None
    assert sequence.folder == Path("/media/50%d off"), "folders have no numbers"
    assert (sequence.name_of(number), sequence.number_of(picture), sequence.rate) == (picture, number, rate)


@pytest.mark.parametrize(
    "name",
    [
        *("plain.png", "a%s.png", "a%n.png", "a%99999999d.png", "a%0999d.png", "a%00d.png", "a%4d.png", "a%-4d.png", "a%x.png"),
        *("a%04d_%04d.png", "a%%04d.png", "a%04d.mp4", "a%04d", "a%04d.heic", "a%04d.gif", "a%04lld.png"),
        *("a\n%04d.png", "a%04d.png\n", "a%04d\x00.png", "a%٠٤d.png", "a%04d.png@٢٤", "a%04d.png@", "a%04d.png@0"),
        *("a%04d.png@0.0", "a%04d.png@-1", "a%04d.png@1e9", "a%04d.png@99999", "a%04d.png@nan", "a%04d.png:-5@24"),
        *("a%04d.png@24/1", "a%04d.png:1-99999999999"),
    ],
)  # fmt: skip
def test_other_names_are_files(name: str) -> None:
    assert parsed(Path("/media") / name) is None


@pytest.mark.parametrize("name", ["a٣.png", "a007.png", "a 7.png", "a+7.png", "a-7.png", "a1_0.png", "a.png", "a1234567890.png", "b7.png"])  # fmt: skip
def test_what_printf_would_not_write_is_no_picture_of_a_sequence(name: str) -> None:
    sequence = parsed(Path("a%d.png"))
    assert sequence is not None
    assert sequence.number_of(name) is None


def test_hostile_names_take_no_time() -> None:
    begun = time.process_time()
    for name in ("%" * 4000 + ".png", "%%" * 2000 + "d.png", "%d" + ".png" * 1000, "%d.png:" + "1" * 4000, "a%04d.png@" + "9." * 2000):  # fmt: skip
        parsed(Path(name))
    assert time.process_time() - begun < 0.5


def test_pictures_that_are_there_are_found_and_links_and_folders_are_none(tmp_path: Path) -> None:
    folder = tmp_path / "shot"
    folder.mkdir()
    for number in (9, 10, 11, 13, 9999, 10000):
        (folder / f"f{number:04}.png").write_bytes(bytes(number % 100))
    (tmp_path / "outside.png").write_bytes(b"x")
    (folder / "f0014.png").symlink_to(tmp_path / "outside.png")
    (folder / "f0015.png").mkdir()
    os.mkfifo(folder / "f0016.png")
    for other in ("f00017.png", "f18.png", "f0019.jpg"):
        (folder / other).touch()
    sequence = sequence_at(folder / "f%04d.png")
    assert sequence is not None
    found = listed(sequence)
    assert list(found.numbers) == [9, 10, 11, 13, 9999, 10000]
    assert medium_at(folder / "f%04d.png:10-13@24")[1:] == (
        listed(parsed(folder / "f%04d.png:10-13") or sequence).state,
        3,
    )
    assert found.state.size == sum(number % 100 for number in found.numbers)
    with pytest.raises(FileNotFoundError):
        medium_at(folder / "g%04d.png")
    (folder / "f%04d.png").write_bytes(b"a file that is called so")
    assert sequence_at(folder / "f%04d.png") is None
    assert medium_at(folder / "f%04d.png").state.size == 24


def test_a_picture_that_changes_comes_or_goes_is_another_state(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"{number}.png").write_bytes(b"picture")
        os.utime(tmp_path / f"{number}.png", ns=(10**18, 10**18 + number))
    path = tmp_path / "%d.png"
    states = [medium_at(path).state]

    def note() -> None:
        assert medium_at(path).state == medium_at(path).state
        states.append(medium_at(path).state)

    os.utime(tmp_path / "2.png", ns=(10**18, 10**18 - 1))
    note()
    (tmp_path / "other").write_bytes(b"picture")
    os.utime(tmp_path / "other", ns=(10**18, 10**18 + 3))
    (tmp_path / "other").replace(tmp_path / "3.png")
    note()
    (tmp_path / "5.png").write_bytes(b"")
    note()
    (tmp_path / "1.png").unlink()
    note()
    (tmp_path / "0.png").rename(tmp_path / "6.png")
    note()
    assert len({state.inode for state in states}) == 6
    assert medium_at(path).state.modified_ns == max(each.stat().st_mtime_ns for each in tmp_path.iterdir())


def test_a_picture_is_read_only_as_a_regular_file_of_bounded_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "1.png").write_bytes(b"picture")
    (tmp_path / "2.png").symlink_to(tmp_path / "1.png")
    os.mkfifo(tmp_path / "3.png")
    assert content_of(tmp_path / "1.png") == b"picture"
    for name in ("2.png", "3.png", "4.png"):
        with pytest.raises(OSError):
            content_of(tmp_path / name)
    monkeypatch.setattr(numbered, "MOST_BYTES", 6)
    with pytest.raises(KinofarmError) as caught:
        content_of(tmp_path / "1.png")
    assert caught.value.code == "MEDIA-005"


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (names("f_%03d.png", range(990, 1020)), {"f_%03d.png": 30}),
        (names("f%d.png", range(1001, 1050)), {"f%04d.png": 49}),
        (names("f%d.jpg", range(1, 50)), {"f%d.jpg": 49}),
        (names("%04d.tif", range(10)), {"%04d.tif": 10}),
        (names("f%04d.png", range(9)), {}),
        (names("f%04d.png", [*range(1, 101), *range(5000, 5101)]), {"f%04d.png:1-100": 100, "f%04d.png:5000-5100": 101}),
        (names("f%04d.png", [*range(1, 101), 500]), {"f%04d.png:1-100": 100}),
        (names("f%04d.png", [*range(1, 101), *range(150, 201)]), {"f%04d.png": 151}),
        (names("f%04d.png", range(1, 400, 2)), {"f%04d.png": 200}),
        (names("f%04d.png", range(1, 400, 3)), {}),
        (names("IMG_%04d.JPG", [3, 90, 180, 270, 360, 450, 540, 630, 700, 800, 900]), {}),
        (names("a%04d.png", range(20)) + names("b%04d.png", range(20)), {"a%04d.png": 20, "b%04d.png": 20}),
        (names("a%04d.png", range(20)) + names("a%04d.jpg", range(20)), {"a%04d.png": 20, "a%04d.jpg": 20}),
        (names("a%03d.png", range(50)) + names("a%04d.png", range(990, 1050)), {"a%03d.png:0-49": 50, "a%04d.png": 60}),
        (names("a%04d.mov", range(50)) + names("a%04d.gif", range(50)) + names("a%04d.heic", range(50)), {}),
        (names("20261127%06d.png", range(60)), {}),
        (names("100%% x%03d.png", range(20)), {"100%% x%03d.png": 20}),
    ],
)  # fmt: skip
def test_pictures_that_follow_each_other_are_one_medium(files: list[str], found: dict[str, int]) -> None:
    assert sequences(files) == found
    groups = list(grouped(files))
    assert sorted(name for group in groups for name in group.files) == sorted(files), "each file is in one medium"
    for group in groups:
        if group.numbers:
            sequence = parsed(Path(group.name))
            assert sequence is not None
            assert {name for name in files if sequence.number_of(name) is not None} == set(group.files)


def test_a_file_that_is_called_like_a_sequence_leaves_its_pictures_by_themselves() -> None:
    assert sequences([*names("f%03d.png", range(20)), "f%03d.png"]) == {}


def test_a_hundred_thousand_names_are_grouped_in_less_than_a_second() -> None:
    for files in (
        names("shot_%06d.png", range(100_000)),
        names("IMG_%dx.png", range(100_000)),
        [f"s{shot:04}_{number:04}.png" for shot in range(1000) for number in range(100)],
    ):
        begun = time.process_time()
        assert sum(len(group.files) for group in grouped(files)) == 100_000
        assert time.process_time() - begun < 1


def test_no_sequence_has_the_name_of_something_else() -> None:
    files = names("f%04d.png", range(1, 13))
    assert [group.name for group in grouped(files, {"f%04d.png:1-12"}.__contains__)] == ["f%04d.png"]
    assert sorted(group.name for group in grouped(files, {"f%04d.png"}.__contains__)) == files


def test_no_more_pictures_are_listed_than_a_sequence_may_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(100):
        (tmp_path / f"f{number:03}.png").touch()
    looked_at = []
    inner = Numbered.number_of

    def number_of(self: Numbered, name: str) -> int | None:
        looked_at.append(name)
        return inner(self, name)

    monkeypatch.setattr(Numbered, "number_of", number_of)
    monkeypatch.setattr(numbered, "MOST_NUMBERS", 20)
    with pytest.raises(KinofarmError) as caught:
        medium_at(tmp_path / "f%03d.png")
    assert (caught.value.code, len(looked_at)) == ("MEDIA-041", 21)
    assert medium_at(tmp_path / "f%03d.png:10-29").pictures == 20
