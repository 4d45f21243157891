"""The contact sheet shows a film at even distances."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from infra.errors import KinofarmError
from tasks.media.assemble import ChunkFile, assemble
from tasks.media.contact_sheet import contact_sheet, even_frames
from tests.tasks.media.conftest import LENGTHS, NTSC


def test_a_sheet_has_a_picture_in_every_cell(chunks: tuple[ChunkFile, ...], tmp_path: Path) -> None:
    assemble(tmp_path / "film.mp4", chunks, None, NTSC)
    contact_sheet(
        tmp_path / "film.mp4", tmp_path / "sheet.png", rate=NTSC, frames=sum(LENGTHS), columns=3, rows=2, width=160
    )
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (3 * 172 + 12, 2 * (90 + 34) + 12)
        cells = [
            sheet.crop((12 + 172 * x, 12 + 124 * y, 172 + 172 * x, 102 + 124 * y)) for x in range(3) for y in range(2)
        ]
        assert all(len(cell.getcolors(100_000) or ()) > 100 for cell in cells)
        assert len({cell.tobytes() for cell in cells}) == 6


def test_a_film_of_one_frame_has_a_sheet_of_one_picture(chunks: tuple[ChunkFile, ...], tmp_path: Path) -> None:
    contact_sheet(chunks[2].path, tmp_path / "sheet.png", rate=NTSC, frames=1, width=160)
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.height == 90 + 34 + 12


def test_frames_are_picked_evenly_and_once() -> None:
    assert even_frames(100, 4) == (12, 37, 62, 87)
    assert even_frames(3, 16) == (0, 1, 2)
    assert even_frames(1, 1) == (0,)


def test_what_is_no_film_has_no_sheet(tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_bytes(b"x")
    with pytest.raises(KinofarmError, match="VERIFY-001"):
        contact_sheet(tmp_path / "x.mp4", tmp_path / "sheet.png", rate=Fraction(25), frames=10)
