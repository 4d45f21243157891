"""Every script in the farm's own fonts: none boxed, Arabic joined and from right to left."""

from __future__ import annotations

import io
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fontTools.ttLib import TTFont

from infra.process import run_ffmpeg
from tasks.compiler.model import Size
from tasks.subtitles.ass import AssScript, overlay_script
from tasks.subtitles.fonts import FontCatalogue
from tasks.subtitles.model import Subtitle, TextStyle
from tasks.subtitles.scripts import direction, han_region

SIZE = Size(width=320, height=96)
ELEVEN = {
    "Latin": "Vidéo",
    "Cyrillic": "Кино",
    "Greek": "Ταινία",
    "Arabic": "مرحبا",
    "Hebrew": "סרט",
    "Devanagari": "फ़िल्म",
    "Thai": "ภาพยนตร์",
    "Chinese": "电影",
    "Japanese": "映画です",
    "Korean": "영화",
    "emoji": "🎬😀",
}
INK = TextStyle(font_size=400)


def script(fonts: FontCatalogue, text: str, language: str = "", style: TextStyle = INK) -> AssScript:
    line = Subtitle(text=text, start=0, end=1, y=1, language=language, style=style)
    made = overlay_script((), [line], 0, 1, SIZE, 25, fonts)  # type: ignore[arg-type]
    assert made is not None
    return made


def families(made: AssScript) -> list[str]:
    return re.findall(r"\\fn([^\\]+)", made.text)


def test_eleven_scripts_find_a_face_that_has_every_character(fonts: FontCatalogue) -> None:
    for name, text in ELEVEN.items():
        assert script(fonts, text).warnings == (), name
    made = {name: families(script(fonts, text)) for name, text in ELEVEN.items()}
    assert made["Latin"] == made["Cyrillic"] == made["Greek"] == ["Roboto"]
    assert made["Arabic"] == ["kinofarm Noto Sans Arabic 400"]
    assert made["Japanese"] == ["kinofarm Noto Sans CJK JP 400"]
    assert made["emoji"] == ["kinofarm Noto Emoji 400"]
    assert all(len(used) == 1 for used in made.values()), "a word is not torn apart"


def drawn_by_ffmpeg(folder: Path, text: str, fonts: tuple[Path, ...], binary: str) -> np.ndarray:
    """What libass draws of a script, as grey values."""
    (folder / "fonts").mkdir(parents=True)
    (folder / "t.ass").write_text(text, encoding="utf-8")
    for path in fonts:
        shutil.copy(path, folder / "fonts" / path.name)
    chain = f"color=black:s={SIZE.width}x{SIZE.height}:r=25,format=gbrp,ass=t.ass:fontsdir=fonts,format=gray"
    argv = ["-f", "lavfi", "-i", chain, "-frames:v", "1", "-f", "rawvideo", "o.raw"]
    run_ffmpeg(argv, cwd=folder, binary=Path(binary))
    return np.fromfile(folder / "o.raw", np.uint8).reshape(SIZE.height, SIZE.width)


def test_every_script_is_drawn_and_none_as_boxes(fonts: FontCatalogue, ffmpeg_binary: str, tmp_path: Path) -> None:
    seen = {}
    for name, text in ELEVEN.items():
        made = script(fonts, text, style=TextStyle(font_size=300))
        paths = tuple(font.path for font in made.fonts)
        seen[name] = drawn_by_ffmpeg(tmp_path / name, made.text, paths, ffmpeg_binary)
        # The same script with its characters moved to code points that no font has is drawn as boxes.
        boxes = re.sub(r"\}[^{]+$", lambda found: "}" + "\ue000" * len(found[0][1:].rstrip()), made.text.rstrip())
        boxed = drawn_by_ffmpeg(tmp_path / f"{name} boxed", boxes, paths, ffmpeg_binary)
        assert seen[name].max() > 200, name
        assert (seen[name] > 128).sum() > 150, name
        assert np.abs(seen[name].astype(int) - boxed).max() > 100, name
    pictures = {picture.tobytes() for picture in seen.values()}
    assert len(pictures) == len(ELEVEN)


HAND_WRITTEN = """[Script Info]
ScriptType: v4.00+
PlayResX: 320
PlayResY: 96
WrapStyle: 2
ScaledBorderAndShadow: yes
YCbCr Matrix: None

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Noto Sans Arabic,{height},&H00FFFFFF,&H00FFFFFF,&H00000000,&H00000000,0,0,0,0,100,100,0,0,1,0,0,8,0,0,0,-1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:00.00,0:00:05.00,Default,,0,0,0,,{{\\pos({x},{y})}}{text}
"""


@pytest.mark.parametrize("text", ["مرحبا بالعالم", "مرحبا!"])
def test_arabic_is_joined_and_runs_from_right_to_left(
    fonts: FontCatalogue, ffmpeg_binary: str, tmp_path: Path, text: str
) -> None:
    """Against a script written by hand, with the whole font from its package."""
    style = TextStyle(font_size=300, font_family="Noto Sans Arabic")
    made = script(fonts, text, style=style)
    ours = drawn_by_ffmpeg(tmp_path / "ours", made.text, tuple(f.path for f in made.fonts), ffmpeg_binary)
    face = fonts.resolve("Noto Sans Arabic").face
    place = re.search(r"\\pos\(([\d.]+),(-?[\d.]+)\)", made.text)
    assert place is not None
    size = 300 * SIZE.height / 1080 * (face.ascent + face.descent)
    words = HAND_WRITTEN.format(height=f"{size:.3f}", x=place[1], y=place[2], text=text)
    reference = drawn_by_ffmpeg(tmp_path / "hand", words, (face.path,), ffmpeg_binary)
    assert (reference > 128).sum() > 150
    assert np.abs(ours.astype(int) - reference).mean() < 0.5
    apart = drawn_by_ffmpeg(tmp_path / "apart", words.replace(text, "\u200c".join(text)), (face.path,), ffmpeg_binary)
    assert np.abs(ours.astype(int) - apart).mean() > 2, "letters that are not joined look otherwise"
    turned = drawn_by_ffmpeg(tmp_path / "turned", words.replace(text, "\u202d" + text), (face.path,), ffmpeg_binary)
    assert np.abs(ours.astype(int) - turned).mean() > 2, "left to right looks otherwise"


def test_han_takes_the_forms_of_its_language() -> None:
    assert [han_region("骨", tag) for tag in ("", "ja", "zh-Hant", "zh-HK", "ko-KR", "zh-CN", "fr")] == [
        "SC", "JP", "TC", "HK", "KR", "SC", "SC",
    ]  # fmt: skip
    assert han_region("骨です", "") == "JP"
    assert han_region("骨이", "") == "KR"


def test_a_language_changes_the_face_of_han_characters(fonts: FontCatalogue) -> None:
    assert families(script(fonts, "骨", "zh-Hant")) == ["kinofarm Noto Sans CJK TC 400"]
    assert families(script(fonts, "骨", "ja")) == ["kinofarm Noto Sans CJK JP 400"]


def test_a_weight_is_an_instance_of_its_own(fonts: FontCatalogue, ffmpeg_binary: str, tmp_path: Path) -> None:
    ink = []
    for weight in (100, 400, 900):
        made = script(fonts, "电影", style=TextStyle(font_size=400, weight=weight))
        picture = drawn_by_ffmpeg(tmp_path / str(weight), made.text, (made.fonts[0].path,), ffmpeg_binary)
        ink.append(int(picture.sum()))
    assert ink[0] * 1.5 < ink[1]
    assert ink[1] * 1.3 < ink[2]


def test_a_line_takes_its_paragraph_s_direction(fonts: FontCatalogue) -> None:
    assert direction("  123 שלום abc") == "left"
    assert "Style: Mixed" in script(fonts, "שלום").text
    assert "Style: Mixed" not in script(fonts, "hello").text
    broken = script(fonts, "שלום ABCDEFGH", style=TextStyle(font_size=700)).text
    assert "\u200f" in broken, "a line of Latin in a Hebrew paragraph starts at the right"


def test_a_character_that_no_face_has_is_seen_and_named(fonts: Any) -> None:
    made = script(fonts, "a\ue123b")
    assert [(w.code, dict(w.params)) for w in made.warnings] == [("TEXT-002", {"characters": "\ue123"})]
    assert "\ue123" not in made.text
    assert "\ufffd" in made.text


def test_a_script_carries_only_what_it_needs(fonts: FontCatalogue) -> None:
    assert len(script(fonts, "电影").text) < 10_000
    assert script(fonts, "电影").text == script(fonts, "电影").text


@pytest.mark.parametrize(("text", "parts"), [("คำ", "\u0e4d\u0e32"), ("কো", "\u09c7\u09be"), ("កើ", "\u17c1")])
def test_an_instance_has_what_shaping_takes_its_characters_apart_into(
    fonts: FontCatalogue, text: str, parts: str
) -> None:
    font = fonts.covering(text[0], fonts.resolve(""))
    assert font is not None
    with TTFont(io.BytesIO(font.instance(text))) as cut:
        assert {ord(part) for part in parts} <= set(cut.getBestCmap())
