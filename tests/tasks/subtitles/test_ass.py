"""The ASS script by what libass draws from it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from infra.errors import KinofarmError
from tasks.compiler.model import Size
from tasks.subtitles.ass import AssScript, Title, overlay_script
from tasks.subtitles.fonts import FontCatalogue
from tasks.subtitles.kinds import KINDS
from tasks.subtitles.markup import escaped
from tasks.subtitles.model import Animation, ShapeElement, Subtitle, TextElement, TextStyle, TitleSource
from tasks.subtitles.shapes import SHAPES

SMALL = Size(width=320, height=180)
RATE = Fraction(25)


def box(**fields: Any) -> ShapeElement:
    """A red rectangle in the middle of the frame: pixels 80..239 by 45..134 of the small one."""
    return ShapeElement(**{"x": 0.25, "y": 0.25, "width": 0.5, "height": 0.5, "fill": "#ff0000"} | fields)


def title(*elements: Any, start: int = 0, end: int = 50, background: str | None = None) -> Title:
    return Title(TitleSource(elements=elements, background=background), start, end)


def script(fonts: FontCatalogue, *titles: Title, subtitles: Any = (), start: int = 0, end: int = 50) -> AssScript:
    made = overlay_script(titles, subtitles, start, end, SMALL, RATE, fonts)
    assert made is not None
    return made


def lit(frames: np.ndarray) -> list[bool]:
    """Does anything show, frame by frame?"""
    return [bool(frame.max() > 40) for frame in frames]


def extent(frame: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what shows, the latter two exclusive."""
    rows, columns = np.where(frame.max(axis=2) > 60)
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


@pytest.mark.parametrize("colour", ["#ff0000", "#00ff00", "#0000ff", "#ffffff", "#808080", "#ffb020"])
def test_a_colour_comes_out_as_itself(fonts: Any, rendered: Any, colour: str) -> None:
    frame = rendered(script(fonts, title(box(fill=colour))), SMALL)[0]
    wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    assert np.abs(frame[90, 160].astype(int) - wanted).max() <= 6


def test_a_shape_fills_its_box_to_the_pixel(fonts: Any, rendered: Any) -> None:
    frame = rendered(script(fonts, title(box(fill="#ffffff"))), SMALL)[0]
    assert extent(frame) == (80, 45, 240, 135)
    assert frame[45:135, 80:240].min() > 250


@pytest.mark.parametrize("rate", ["24000/1001", "24", "25", "30000/1001", "48", "50", "60000/1001", "60", "120", "240"])
def test_a_line_shows_on_exactly_its_frames_at_every_rate(fonts: Any, rendered: Any, rate: str) -> None:
    frames = 70
    shown = [(0, 1), (3, 4), (5, 7), (30, 43), (68, 69)]
    titles = [title(box(), start=s, end=e) for s, e in shown]
    made = overlay_script(titles, (), 0, frames, SMALL, Fraction(rate), fonts)
    assert made is not None
    got = lit(rendered(made, Size(width=64, height=36), frames, Fraction(rate)))
    assert got == [any(s <= frame < e for s, e in shown) for frame in range(frames)]
    assert made.visible == tuple(shown)


@pytest.mark.parametrize("rate", ["24000/1001", "60000/1001"])
def test_a_line_a_thousand_frames_on_shows_on_exactly_its_frames(fonts: Any, rendered: Any, rate: str) -> None:
    size = Size(width=16, height=16)
    made = overlay_script([title(box(), start=1497, end=1499)], (), 0, 1500, size, Fraction(rate), fonts)
    assert made is not None
    assert [n for n, on in enumerate(lit(rendered(made, size, 1500, Fraction(rate)))) if on] == [1497, 1498]


PATH = ((0.0, 0.0), (0.2, 0.1), (0.0, 0.2))
LATER = {"slide-out": 10, "scale-out": 12, "slide-in": 2, "bounce": 3, "shake": 3, "blink": 1}
MOVES = [
    Animation(
        kind=kind,  # type: ignore[arg-type]
        duration=9,
        delay=LATER.get(kind, 0),
        direction="up" if kind == "slide-in" else "right",
        path=PATH if kind == "motion-path" else (),
    )
    for kind in KINDS
]


@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.kind)
def test_a_title_cut_in_two_looks_as_it_does_in_one(fonts: Any, rendered: Any, move: Animation) -> None:
    text = TextElement(
        text="Moving\ntitle", x=0.2, y=0.2, width=0.6, height=0.6, style=TextStyle(font_size=200), animations=(move,)
    )
    moving = title(text, box(animations=(move,), width=0.1), end=24)
    whole = rendered(script(fonts, moving, end=24), SMALL, 24)
    cuts = []
    for start, end in [(0, 5), (5, 12), (12, 24)]:
        part = overlay_script([moving], (), start, end, SMALL, RATE, fonts)
        cuts.append(rendered(part, SMALL, end - start))
    assert (np.concatenate(cuts) == whole).all()
    assert (whole != whole[12]).any()


def test_a_script_holds_no_timeline_position(fonts: Any) -> None:
    def at(offset: int, start: int, end: int) -> AssScript | None:
        moving = title(box(animations=tuple(MOVES)), start=offset + 10, end=offset + 60)
        line = Subtitle(text="Words", start=offset + 5, end=offset + 90)
        return overlay_script([moving], [line], offset + start, offset + end, SMALL, RATE, fonts)

    assert at(0, 12, 40) == at(7777, 12, 40)
    assert at(0, 12, 40) != at(0, 13, 41)


def test_a_resting_line_gives_the_same_script_wherever_it_is_cut(fonts: Any) -> None:
    line = Subtitle(text="Words", start=0, end=1000)
    first = overlay_script([], [line], 100, 150, SMALL, RATE, fonts)
    assert first == overlay_script([], [line], 400, 450, SMALL, RATE, fonts)


def test_nothing_that_shows_gives_no_script(fonts: Any) -> None:
    hidden = [title(box(), start=10, end=20), title(box(opacity=0)), title(box(fill="#ff000000")), title()]
    assert overlay_script(hidden, [Subtitle(text=" \n", start=0, end=9)], 0, 10, SMALL, RATE, fonts) is None


def test_a_users_text_can_hold_no_tag(fonts: Any, rendered: Any) -> None:
    assert escaped("a{\\pos(1,2)}\\N\r\nb") == "a\\{\\\u2060pos(1,2)}\\\u2060N  b"
    hostile = "{\\fs1}{\\alpha&HFF&}\\NWW{"
    line = Subtitle(text=hostile, start=0, end=1, style=TextStyle(font_size=120))
    made = script(fonts, subtitles=[line])
    dialogue = [row for row in made.text.splitlines() if row.startswith("Dialogue")]
    assert len(dialogue) == 1, "its \\N is no line break"
    left, _, right, _ = extent(rendered(made, SMALL)[0])
    assert right - left > 150


def test_a_dialogue_line_can_not_be_forged_by_a_newline(fonts: Any) -> None:
    text = "one\nDialogue: 0,0:00:00.00,0:00:09.00,Default,,0,0,0,,forged\u2028two\x0b\x85"
    made = script(fonts, subtitles=[Subtitle(text=text, start=0, end=9, style=TextStyle(font_size=10))])
    rows = made.text.splitlines()
    assert [row for row in rows if row.startswith("Dialogue") and "\\pos" not in row] == []


@pytest.mark.parametrize(("align_x", "align_y"), [("left", "top"), ("right", "bottom"), ("center", "center")])
def test_a_subtitles_anchor_lies_where_its_position_says(fonts: Any, rendered: Any, align_x: Any, align_y: Any) -> None:
    style = TextStyle(font_size=120, background_colour="#ffffff", colour="#ffffff", padding=30)
    line = Subtitle(text="Ag", start=0, end=1, x=0.5, y=0.5, align_x=align_x, align_y=align_y, style=style)
    left, top, right, bottom = extent(rendered(script(fonts, subtitles=[line]), SMALL)[0])
    across = {"left": left, "center": (left + right) / 2, "right": right}[align_x]
    down = {"top": top, "center": (top + bottom) / 2, "bottom": bottom}[align_y]
    assert abs(across - 160) <= 1
    assert abs(down - 90) <= 1
    assert bottom - top == pytest.approx(120 * 1.2 / 6 + 2 * 30 / 6, abs=1)


def test_long_subtitles_break_into_lines_of_about_one_length_within_their_width(fonts: Any, rendered: Any) -> None:
    words = "It was the best of times and it was the worst of times"
    line = Subtitle(text=words, start=0, end=1, max_width=0.8, style=TextStyle(font_size=72))
    made = script(fonts, subtitles=[line])
    left, _, right, bottom = extent(rendered(made, SMALL)[0])
    assert left >= 0.1 * 320
    assert right <= 0.9 * 320
    assert bottom <= 0.93 * 180 + 1
    rows = [row.rsplit("}", 1)[1] for row in made.text.splitlines() if row.startswith("Dialogue")]
    assert " ".join(rows) == words
    assert max(map(len, rows)) - min(map(len, rows)) <= 8


def test_a_style_keeps_its_share_of_every_frame_size(fonts: Any, rendered: Any) -> None:
    heights = []
    for size in (Size(width=320, height=180), Size(width=640, height=360)):
        line = Subtitle(text="H", start=0, end=1, style=TextStyle(font_size=300))
        made = overlay_script([], [line], 0, 1, size, RATE, fonts)
        _, top, _, bottom = extent(rendered(made, size)[0])
        heights.append((bottom - top) / size.height)
    # Roboto's capitals are 0.711 em high; the em is 300 of 1080 lines.
    assert heights == pytest.approx([0.711 * 300 / 1080] * 2, abs=0.012)


def test_line_height_sets_the_distance_between_lines(fonts: Any, rendered: Any) -> None:
    def middle(height: float) -> float:
        style = TextStyle(font_size=120, line_height=height)
        lines = TextElement(text="H\nH", x=0, y=0, width=1, height=1, style=style)
        frame = rendered(script(fonts, title(lines)), SMALL)[0]
        rows = np.where(frame.max(axis=(1, 2)) > 120)[0]
        return float(rows.max() - rows.min())

    assert middle(2.0) - middle(1.2) == pytest.approx(0.8 * 120 / 6, abs=1)


def test_a_titles_text_is_aligned_in_its_box(fonts: Any, rendered: Any) -> None:
    def placed(align: Any) -> tuple[int, int, int, int]:
        text = TextElement(
            text="HH", x=0.25, y=0.25, width=0.5, height=0.5, style=TextStyle(font_size=150, align=align, padding=60)
        )
        return extent(rendered(script(fonts, title(text)), SMALL)[0])

    left, middle, right = placed("left"), placed("center"), placed("right")
    assert abs(left[0] - 90) <= 3
    assert abs(right[2] - 230) <= 3
    assert abs((middle[0] + middle[2]) / 2 - 160) <= 1
    assert abs((middle[1] + middle[3]) / 2 - 90) <= 3


def test_stroke_lies_round_the_letters_and_shadow_beside_them(fonts: Any, rendered: Any) -> None:
    def grown(**style: Any) -> tuple[int, int, int, int]:
        text = TextElement(text="I", x=0.2, y=0.2, width=0.6, height=0.6, style=TextStyle(font_size=400, **style))
        return extent(rendered(script(fonts, title(text)), SMALL)[0])

    plain = grown()
    stroked = grown(stroke_width=30, stroke_colour="#00ff00")
    shaded = grown(shadow_x=60, shadow_y=-30, shadow_colour="#0000ff")
    assert [a - b for a, b in zip(stroked, plain, strict=True)] == pytest.approx([-5, -5, 5, 5], abs=1)
    assert [a - b for a, b in zip(shaded, plain, strict=True)] == pytest.approx([0, -5, 10, 0], abs=1)


def test_bold_and_italic_take_their_own_faces(fonts: Any) -> None:
    for style, file in [({"bold": True}, "Roboto-Bold"), ({"italic": True}, "Roboto-Italic"), ({}, "Roboto-Regular")]:
        made = script(fonts, subtitles=[Subtitle(text="A", start=0, end=1, style=TextStyle(**style))])
        assert [font.path.stem for font in made.fonts] == [file]


def test_rotation_is_clockwise_about_the_boxs_middle(fonts: Any, rendered: Any) -> None:
    upright = box(x=0.4, y=0.5 - 0.05, width=0.2, height=0.1, rotation=90)
    left, top, right, bottom = extent(rendered(script(fonts, title(upright)), SMALL)[0])
    assert (left, top, right, bottom) == pytest.approx((151, 58, 169, 122), abs=1)
    mark = TextElement(text="L", x=0.25, y=0.1, width=0.5, height=0.8, rotation=90, style=TextStyle(font_size=500))
    frame = rendered(script(fonts, title(mark)), SMALL)[0]
    left, top, right, bottom = extent(frame)
    assert right - left > bottom - top, "an L on its side is wide"
    foot = frame[(top + bottom) // 2 + 8, left + 3]
    assert foot.max() > 100, "turned clockwise its foot points down on the left"


def test_opacity_and_colour_alpha_multiply(fonts: Any, rendered: Any) -> None:
    frame = rendered(script(fonts, title(box(fill="#ffffff80", opacity=0.5))), SMALL)[0]
    assert abs(int(frame[90, 160, 0]) - 64) <= 4


def test_a_background_fills_the_frame_under_the_elements(fonts: Any, rendered: Any) -> None:
    frame = rendered(script(fonts, title(box(), background="#0000ff")), SMALL)[0]
    assert np.abs(frame[2, 2].astype(int) - [0, 0, 255]).max() <= 6
    assert np.abs(frame[177, 317].astype(int) - [0, 0, 255]).max() <= 6
    assert np.abs(frame[90, 160].astype(int) - [255, 0, 0]).max() <= 6


def test_borders_lie_inside_and_holes_stay_open(fonts: Any, rendered: Any) -> None:
    for shape in ("rectangle", "ellipse"):
        framed = box(shape=shape, fill="#ffffff00", border_colour="#ffffff", border_width=60, radius=60)
        frame = rendered(script(fonts, title(framed)), SMALL)[0]
        assert extent(frame) == pytest.approx((80, 45, 240, 135), abs=1)
        assert frame[90, 160].max() < 20
        assert frame[90, 84].min() > 235
    assert frame[46, 81].max() < 20, "an ellipse leaves its box's corners free"


def test_rounded_corners_are_round(fonts: Any, rendered: Any) -> None:
    frame = rendered(script(fonts, title(box(fill="#ffffff", radius=120))), SMALL)[0]
    assert frame[46, 81].max() < 40
    assert frame[45 + 7, 80 + 7].min() > 200
    assert frame[46, 160].min() > 235


def test_the_mask_is_the_coverage_of_what_is_drawn(fonts: Any, rendered: Any) -> None:
    made = script(fonts, title(box(fill="#ff000080", width=0.3), box(fill="#00ff0040", x=0.4)))
    mask = replace(made, text=made.mask)
    frame = rendered(mask, SMALL)[0]
    assert frame[2, 2].max() == 0
    assert np.abs(frame[90, 100].astype(int) - 128).max() <= 3
    assert np.abs(frame[90, 200].astype(int) - 64).max() <= 3
    assert np.abs(frame[90, 150].astype(int) - (255 - 127 * 191 / 255)).max() <= 3
    line = script(fonts, subtitles=[Subtitle(text="\\1c&H00FF00&", start=0, end=1)])
    assert "1c&H00FF00&" in line.mask, "a user's words are not ours to change"


def test_typing_shows_ever_more_letters_and_moves_none(fonts: Any, rendered: Any) -> None:
    move = Animation(kind="typewriter", duration=10)
    text = TextElement(
        text="HHHHHHHHHH", x=0, y=0.3, width=1, height=0.4, style=TextStyle(font_size=150), animations=(move,)
    )
    frames = rendered(script(fonts, title(text)), SMALL, 11)
    spans = [extent(frame) for frame in frames]
    assert len({span[0] for span in spans}) == 1
    ends = [span[2] for span in spans]
    assert ends == sorted(ends)
    assert len(set(ends[:10])) == 10
    assert (frames[9] == frames[10]).all()


def test_fades_are_linear_and_symmetric(fonts: Any, rendered: Any) -> None:
    moves = (Animation(kind="fade-in", duration=4), Animation(kind="fade-out", duration=4))
    frames = rendered(script(fonts, title(box(fill="#ffffff", animations=moves), end=12), end=12), SMALL, 12)
    levels = frames[:, 90, 160, 0].astype(int)
    assert levels.tolist() == pytest.approx([51, 102, 153, 204, 255, 255, 255, 255, 204, 153, 102, 51], abs=4)


def test_a_slide_comes_from_outside_the_frame_and_comes_to_rest(fonts: Any, rendered: Any) -> None:
    sides = {"left": 0, "up": 1, "right": 2, "down": 3}
    for direction, side in sides.items():
        move = Animation(kind="slide-in", duration=10, direction=direction)  # type: ignore[arg-type]
        frames = rendered(script(fonts, title(box(animations=(move,)))), SMALL, 11)
        first, last = frames[0], frames[10]
        assert extent(last) == pytest.approx((80, 45, 240, 135), abs=1)  # red's chroma is half as fine
        seen = extent(first)
        if side < 2:
            assert seen[side + 2] < (240, 135)[side], "it comes from the left or from above"
        else:
            assert seen[side - 2] > (80, 45)[side - 2]


def test_scaling_keeps_the_middle(fonts: Any, rendered: Any) -> None:
    move = Animation(kind="scale-in", duration=6)
    text = TextElement(
        text="HHH\nHHH", x=0.25, y=0.25, width=0.5, height=0.5, style=TextStyle(font_size=200), animations=(move,)
    )
    frames = rendered(script(fonts, title(text)), SMALL, 8)
    spans = [extent(frame) for frame in frames]
    middles = [((span[0] + span[2]) / 2, (span[1] + span[3]) / 2) for span in spans]
    assert all(middle == pytest.approx(middles[-1], abs=1.5) for middle in middles)
    widths = [span[2] - span[0] for span in spans]
    assert widths == sorted(widths)
    assert widths[0] < 0.6 * widths[-1]


def test_an_unknown_family_and_missing_characters_are_named(fonts: Any) -> None:
    line = Subtitle(text="\ue000", start=0, end=1, style=TextStyle(font_family="Nowhere Sans"))
    made = script(fonts, subtitles=[line, line])
    assert [(warning.code, dict(warning.params)) for warning in made.warnings] == [
        ("TEXT-001", {"family": "Nowhere Sans", "used": "Roboto"}),
        ("TEXT-002", {"characters": "\ue000"}),
    ]
    for warning in made.warnings:
        assert KinofarmError(warning.code, **dict(warning.params)).message


def test_more_motion_than_a_script_can_hold_is_an_error(fonts: Any) -> None:
    move = Animation(kind="shake", duration=5000)
    wild = [title(*[box(animations=(move,)) for _ in range(30)], end=5000)]
    with pytest.raises(KinofarmError, match="TEXT-003"):
        overlay_script(wild, (), 0, 5000, SMALL, RATE, fonts)


def test_every_shape_fills_its_box_its_own_way(fonts: Any, rendered: Any) -> None:
    pictures = {}
    for shape in SHAPES:
        frame = rendered(script(fonts, title(box(shape=shape, fill="#ffffff"))), SMALL)[0]
        pictures[shape] = frame.tobytes()
        across = (115, 45, 205, 135) if shape == "circle" else (80, 45, 240, 135)
        assert extent(frame) == pytest.approx(across, abs=2), shape
        assert frame[90, 160].min() > 235, shape
    alike = {"rectangle", "line"}
    assert len({picture for name, picture in pictures.items() if name not in alike}) == len(SHAPES) - 2


@pytest.mark.parametrize("shape", ["triangle", "star", "polygon", "arrow", "circle", "rounded"])
def test_a_border_lies_inside_every_shape(fonts: Any, rendered: Any, shape: str) -> None:
    whole = rendered(script(fonts, title(box(shape=shape, fill="#ffffff"))), SMALL)[0]
    framed = box(shape=shape, fill="#00ff00", border_colour="#ff0000", border_width=20)
    frame = rendered(script(fonts, title(framed)), SMALL)[0].astype(int)
    red, green = frame[..., 0] - frame[..., 1] > 120, frame[..., 1] - frame[..., 0] > 120
    inside = whole[..., 0] > 20
    assert red.sum() > 100
    assert green.sum() > 100
    assert not (red & ~inside).sum() > 12, "chroma is half as fine as luma"
    assert green[90, 160]


def test_polygons_have_their_corners(fonts: Any, rendered: Any) -> None:
    def drawn(**fields: Any) -> np.ndarray:
        return np.asarray(rendered(script(fonts, title(box(fill="#ffffff", **fields))), SMALL)[0])

    assert drawn(shape="polygon", points=4)[47, 82].max() < 20, "a polygon of four stands on its corner"
    assert (drawn(shape="star", inner=0.2) > 128).sum() < (drawn(shape="star", inner=0.8) > 128).sum()
    assert (drawn(shape="star", points=5) != drawn(shape="star", points=9)).any()


def test_an_arrow_points_to_the_right(fonts: Any, rendered: Any) -> None:
    frame = rendered(script(fonts, title(box(shape="arrow", fill="#ffffff"))), SMALL)[0]
    tall = [(frame[:, column, 0] > 128).sum() for column in (90, 165, 235)]
    assert tall[1] > tall[0] > tall[2]


def test_a_subtitle_s_background_may_have_round_corners(fonts: Any, rendered: Any) -> None:
    def corner(radius: float) -> tuple[int, int]:
        style = TextStyle(font_size=120, padding=60, background_colour="#ffffff", colour="#ffffff", radius=radius)
        frame = rendered(script(fonts, subtitles=[Subtitle(text="Hi", start=0, end=50, style=style)]), SMALL)[0]
        left, top, _, _ = extent(frame)
        return int(frame[top, left].max()), int(frame[top + 12, left + 12].min())

    assert corner(0)[0] > 200
    assert corner(60)[0] < 80
    assert corner(60)[1] > 200


def test_letters_ride_a_wave_and_come_back_to_their_line(fonts: Any, rendered: Any) -> None:
    """A wave of no height draws the letters one by one, where they stand in their line anyway."""
    wave = Animation(kind="wave", duration=40, amount=60)
    still = Animation(kind="wave", duration=40, amount=0.001)
    made = {}
    for name, moves in {"rest": (), "still": (still,), "wave": (wave,)}.items():
        text = TextElement(text="HIOHIO", x=0, y=0.2, width=1, height=0.6, animations=moves,
                           style=TextStyle(font_size=200, letter_spacing=6))  # fmt: skip
        made[name] = rendered(script(fonts, title(text)), SMALL, 41)
    assert np.abs(made["still"][20].astype(int) - made["rest"][20]).mean() < 1.5
    assert (made["wave"][40] == made["rest"][40]).all()
    tops = [int(np.argmax((made["wave"][20][:, x] > 100).any(axis=1))) for x in range(320)]
    assert max(tops) - min(top for top in tops if top) >= 8


def test_a_wave_of_joined_letters_moves_the_line_as_a_whole(fonts: Any) -> None:
    wave = Animation(kind="wave", duration=40)
    made = script(fonts, subtitles=[Subtitle(text="مرحبا", start=0, end=40, animations=(wave,))])
    assert made.text.count("Dialogue") <= 40
