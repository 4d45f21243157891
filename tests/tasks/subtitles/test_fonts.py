"""The font catalogue: only the farm's fonts, read without trust."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from tasks.subtitles.fonts import FontCatalogue, font_catalogue


def renamed(source: Path, target: Path, family: str) -> None:
    """Copy a font under another family name."""
    with TTFont(source) as font:
        for record in list(font["name"].names):
            if record.nameID in (1, 4, 16):
                font["name"].setName(family, record.nameID, record.platformID, record.platEncID, record.langID)
        font.save(target)


def test_the_shipped_font_is_the_answer_to_no_family(fonts: FontCatalogue) -> None:
    found = fonts.resolve("")
    assert (found.family, found.path.name, found.substituted) == ("Roboto", "Roboto-Regular.ttf", False)
    assert found.sha256 == hashlib.sha256(found.path.read_bytes()).hexdigest()


def test_weight_and_slant_choose_the_face(fonts: FontCatalogue) -> None:
    assert fonts.resolve("roboto", weight=700, italic=True).path.stem == "Roboto-BoldItalic"
    assert fonts.resolve("Roboto Medium").path.stem == "Roboto-Medium"
    assert fonts.resolve("Roboto Medium").weight == 500


def test_a_css_list_takes_the_first_family_that_is_there(fonts: FontCatalogue) -> None:
    found = fonts.resolve("'Helvetica Neue', \"Roboto\", sans-serif")
    assert (found.family, found.substituted) == ("Roboto", False)


def test_a_family_that_is_not_there_is_substituted_and_says_so(fonts: FontCatalogue) -> None:
    found = fonts.resolve("DejaVu Sans", weight=700)
    assert (found.family, found.weight, found.substituted) == ("Roboto", 700, True)


def test_a_font_of_the_setting_is_found_by_its_name(fonts: FontCatalogue, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    renamed(fonts.resolve("").path, tmp_path / "deep" / "x.ttf", "House Sans")
    catalogue = font_catalogue([tmp_path, tmp_path / "not there"])
    found = catalogue.resolve("house sans", weight=700)
    assert (found.family, found.substituted) == ("House Sans", False)
    assert found.weight == 700, "libass draws the bold that the family lacks"


@pytest.mark.parametrize("family", ["Evil{\\b1}", "a,b", "x" * 200, "tab\tname", "@vertical"])
def test_a_family_name_that_could_say_something_in_ass_is_left_out(
    fonts: FontCatalogue, tmp_path: Path, family: str
) -> None:
    renamed(fonts.resolve("").path, tmp_path / "x.ttf", family)
    assert len(font_catalogue([tmp_path]).faces) == len(fonts.faces)


def test_broken_fonts_are_left_out(fonts: FontCatalogue, tmp_path: Path) -> None:
    whole = fonts.resolve("").path.read_bytes()
    broken = {
        "empty": b"",
        "text": b"not a font",
        "cut": whole[:3000],
        "header": whole[:12],
        "noise": whole[:200] + bytes(range(256)) * 400,
        "tables": b"\x00\x01\x00\x00\xff\xff" + whole[6:9000],
    }
    for name, data in broken.items():
        (tmp_path / f"{name}.ttf").write_bytes(data)
    (tmp_path / "loop.otf").symlink_to(tmp_path / "loop.otf")
    (tmp_path / "folder.ttf").mkdir()
    shutil.copy(fonts.resolve("").path, tmp_path / "notes.txt")
    assert len(font_catalogue([tmp_path]).faces) == len(fonts.faces)


def test_a_font_that_has_a_character_is_found_for_it(fonts: FontCatalogue) -> None:
    regular = fonts.resolve("")
    assert fonts.covering("Ω", regular) == regular
    assert fonts.covering("漢", regular) == fonts.resolve("Noto Sans CJK SC")
    assert fonts.covering("漢", regular, "JP") == fonts.resolve("Noto Sans CJK JP")
    assert fonts.covering("\U0001f9ff\U0001f9ff"[0], regular) == fonts.resolve("Noto Emoji")
    assert fonts.covering("\ue000", regular) is None
