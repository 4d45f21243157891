"""Reading .cube files: what is a table, what is too much, and that nothing of the author's text comes through."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.errors import KinofarmError
from tasks.media import colour_table
from tasks.media.colour_table import parse_colour_table, read_colour_table

ROWS = "0 0 0\n1 0 0\n0 1 0\n1 1 0\n0 0 1\n1 0 1\n0 1 1\n1 1 1\n"


def test_a_table_is_written_anew_from_its_numbers() -> None:
    read = parse_colour_table(f'\ufeff# mine\r\nTITLE "x"\nLUT_3D_SIZE 2\nLUT_3D_INPUT_RANGE 0.0 1.0\n{ROWS}', "a.cube")
    assert (read.dimensions, read.size) == (3, 2)
    assert read.text.splitlines()[:3] == ["LUT_3D_SIZE 2", "0.000000 0.000000 0.000000", "1.000000 0.000000 0.000000"]
    assert parse_colour_table(read.text, "b.cube") == read


def test_a_table_of_one_dimension() -> None:
    assert parse_colour_table("LUT_1D_SIZE 2\n0 0 0\n-0.1 1.2 1e-3\n", "a.cube").text.endswith(
        "-0.100000 1.200000 0.001000\n"
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "MEDIA-020"),
        ("LUT_3D_SIZE 2\n0 0 0\n", "MEDIA-020"),
        (f"LUT_3D_SIZE 2\n{ROWS}0 0 0\n", "MEDIA-020"),
        (f"{ROWS}LUT_3D_SIZE 2\n", "MEDIA-020"),
        ("LUT_3D_SIZE 2\nLUT_1D_SIZE 2\n", "MEDIA-020"),
        ("LUT_3D_SIZE 1\n0 0 0\n", "MEDIA-020"),
        ("LUT_3D_SIZE two\n", "MEDIA-020"),
        ("LUT_3D_SIZE -2\n", "MEDIA-020"),
        ("LUT_1D_SIZE 2\n0 0\n1 1 1\n", "MEDIA-020"),
        ("LUT_1D_SIZE 2\n0 0 nan\n1 1 1\n", "MEDIA-020"),
        ("LUT_1D_SIZE 2\n0 0 1e9\n1 1 1\n", "MEDIA-020"),
        ("LUT_1D_SIZE 2\n0 0 red\n1 1 1\n", "MEDIA-020"),
        ("LUT_3D_SIZE 66\n", "MEDIA-021"),
        ("LUT_1D_SIZE 999999999\n", "MEDIA-021"),
        ("LUT_1D_SIZE 2\nDOMAIN_MAX 4 4 4\n0 0 0\n1 1 1\n", "MEDIA-022"),
        ("LUT_1D_SIZE 2\nDOMAIN_MIN 0 0\n0 0 0\n1 1 1\n", "MEDIA-022"),
    ],
)
def test_what_is_no_table_is_refused(text: str, code: str) -> None:
    with pytest.raises(KinofarmError, match=code):
        parse_colour_table(text, "a.cube")


def test_a_file_that_is_too_large_or_binary_or_gone_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.cube"
    with pytest.raises(KinofarmError, match="MEDIA-009"):
        read_colour_table(file)
    file.write_bytes(bytes(range(256)) * 4)
    with pytest.raises(KinofarmError, match="MEDIA-020"):
        read_colour_table(file)
    with file.open("wb") as sparse:
        sparse.truncate(colour_table.LARGEST_FILE + 1)
    with pytest.raises(KinofarmError, match="MEDIA-021"):
        read_colour_table(file)
