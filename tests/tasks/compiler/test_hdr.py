"""HDR: films of BT.2020 with PQ or HLG keep HDR clips as they are, and lead SDR to its brightness; HDR in SDR is tone mapped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from infra.errors import KinofarmError
from infra.process import run_ffmpeg
from tasks.compiler.exports import check_export
from tasks.compiler.model import Timeline
from tasks.compiler.signals import HDR
from tests.tasks.compiler.films import Studio, clip, join, timeline, title, track
from tests.tasks.compiler.test_exports import made

WHITE = {"hdr10": 573, "hlg": 721}
"""Reference white of BT.2408 in ten bits, limited range: 58 % of PQ, 75 % of HLG."""

NUMBERS = {"hdr10": (9, 9, 16), "hlg": (9, 9, 18)}
"""H.273's numbers of matrix, primaries and transfer."""

HEVC = {"codec": "hevc", "preset": "ultrafast", "crf": 4}


def shot(path: Path, kind: str, luma: int) -> Path:
    """Ten frames of a grey of HDR, 64 x 64."""
    signal = HDR[kind]  # type: ignore[index]
    tags = ":".join(f"{name}={value}" for name, value in signal.tags.items())
    graph = f"color=black:s=64x64:r=25:d=0.4,format=yuv420p10le,geq=lum={luma}:cb=512:cr=512,setparams={tags}"
    colours = f"colorprim={signal.primaries}:transfer={signal.transfer}:colormatrix={signal.matrix}:log-level=error"
    encoder = ("-c:v", "libx265", "-x265-params", f"lossless=1:range=limited:{colours}", *signal.arguments)
    run_ffmpeg(("-f", "lavfi", "-i", graph, *encoder, f"file:{path}"), cwd=path.parent)
    return path


def film(kind: str | None, *tracks: Any, **more: Any) -> Timeline:
    export = {"video": HEVC | ({"hdr": kind} if kind else {}), **more.pop("export", {})}
    return timeline(*tracks, duration=5, export=export, **more)


def white_clip(studio: Studio) -> str:
    return studio.counted("white.mp4", 260)


def seen(studio: Studio, one: Timeline, frame: int = 0) -> tuple[np.ndarray, Any]:
    """A frame's luma as the chunk holds it, and the stream's colour numbers."""
    with av.open(str(studio.rendered(studio.plan(one).chunks[0].work))) as file:
        context = file.streams.video[0].codec_context
        frames = list(file.decode(video=0))
        tags = context.colorspace, context.color_primaries, context.color_trc
        picture = frames[frame]
        luma = np.frombuffer(bytes(picture.planes[0]), np.uint16 if "10" in picture.format.name else np.uint8)
        across = picture.planes[0].line_size // luma.itemsize
        return luma.reshape(-1, across)[:, : picture.width].astype(int), tags


@pytest.mark.parametrize("kind", HDR)
def test_an_hdr_clip_keeps_its_values_and_the_film_says_which_hdr_it_is(studio: Studio, kind: str) -> None:
    name = studio.source(f"{kind}-700.mp4", lambda path: shot(path, kind, 700))
    luma, tags = seen(studio, film(kind, track(clip("a", name, 0, 5))))
    assert abs(luma - 700).max() <= 1
    assert tags == NUMBERS[kind]


@pytest.mark.parametrize("kind", HDR)
def test_what_is_white_in_sdr_is_reference_white(studio: Studio, kind: str) -> None:
    white = track(clip("a", white_clip(studio), 0, 5, source_start="219/25"))
    luma, tags = seen(studio, film(kind, white))
    assert abs(luma - WHITE[kind]).max() <= 3
    assert tags == NUMBERS[kind]
    luma, _ = seen(studio, film(kind, track(title("t", 0, 5, colour="#ffffff"))))
    assert abs(luma - WHITE[kind]).max() <= 3
    luma, _ = seen(studio, film(kind, track(title("t", 0, 5, colour="#000000"))))
    assert abs(luma - 64).max() <= 1


def test_a_title_half_clear_lies_over_hdr(studio: Studio) -> None:
    name = studio.source("hdr10-700.mp4", lambda path: shot(path, "hdr10", 700))
    half = title("t", 0, 5, colour="#ffffff", opacity=0.5)
    luma, _ = seen(studio, film("hdr10", track(clip("a", name, 0, 5)), track(half)))
    assert abs(luma - (700 + WHITE["hdr10"]) / 2).max() <= 2


def test_burnt_subtitles_are_no_brighter_than_reference_white(studio: Studio) -> None:
    name = studio.source("hdr10-100.mp4", lambda path: shot(path, "hdr10", 100))
    lines = [{"text": "MMM", "start": 0, "end": 5, "style": {"font_size": 500}}]
    luma, _ = seen(studio, film("hdr10", track(clip("a", name, 0, 5)), subtitles=lines))
    assert abs(luma.max() - WHITE["hdr10"]) <= 12
    plain, _ = seen(studio, film("hdr10", track(clip("a", name, 0, 5))))
    assert abs(plain - 100).max() <= 1


def test_one_hdr_becomes_the_other(studio: Studio) -> None:
    name = studio.source("hlg-721.mp4", lambda path: shot(path, "hlg", 721))
    luma, tags = seen(studio, film("hdr10", track(clip("a", name, 0, 5))))
    assert abs(luma - WHITE["hdr10"]).max() <= 4
    assert tags == NUMBERS["hdr10"]


@pytest.mark.parametrize(("kind", "values"), [("hdr10", (64, 440, 573, 723)), ("hlg", (64, 500, 721, 940))])
def test_hdr_in_an_sdr_film_is_tone_mapped_and_told(studio: Studio, kind: str, values: tuple[int, ...]) -> None:
    found = []
    for value in values:
        name = studio.source(f"{kind}-{value}.mp4", lambda path, value=value: shot(path, kind, value))  # type: ignore[misc]
        one = film(None, track(clip("a", name, 0, 5)))
        assert "CHECK-901" in {notice.code for notice in studio.check(one).warnings}
        assert not {notice.code for notice in studio.check(film(kind, track(clip("a", name, 0, 5)))).warnings}
        luma, tags = seen(studio, one)
        assert tags == (1, 1, 1)
        assert np.ptp(luma) <= 2
        found.append(int(np.median(luma)))
    black, grey, white, bright = found
    assert abs(black - 16) <= 1
    assert black < grey < white < bright <= 236
    assert 205 <= white <= 220  # nine tenths of SDR's white leave room for what is brighter


def test_a_clear_hdr_clip_is_tone_mapped_as_a_solid_one_is(studio: Studio) -> None:
    def clear(path: Path) -> None:
        tags = ":".join(f"{name}={value}" for name, value in HDR["hlg"].tags.items())
        graph = f"color=black:s=64x64:r=25:d=0.4,format=yuva444p10le,geq=lum=721:cb=512:cr=512:a=1023,setparams={tags}"
        encoder = ("-c:v", "ffv1", *HDR["hlg"].arguments)
        run_ffmpeg(("-f", "lavfi", "-i", graph, *encoder, f"file:{path}"), cwd=path.parent)

    solid = studio.source("hlg-721.mp4", lambda path: shot(path, "hlg", 721))
    both = []
    for name in (solid, studio.source("clear.mkv", clear)):
        ground = track(title("t", 0, 5, colour="#000000"))
        luma, _ = seen(studio, film(None, ground, track(clip("a", name, 0, 5, opacity=0.5))))
        both.append(int(np.median(luma)))
    assert abs(both[0] - both[1]) <= 3
    assert both[0] > 80


def test_an_hdr_clip_under_an_effect_in_an_sdr_film(studio: Studio) -> None:
    name = studio.source("hdr10-573.mp4", lambda path: shot(path, "hdr10", 573))
    invert = {"kind": "invert", "parameters": {"intensity": 100}}
    plain, _ = seen(studio, film(None, track(clip("a", name, 0, 5))))
    luma, _ = seen(studio, film(None, track(clip("a", name, 0, 5, effects=[invert]))))
    assert abs(int(np.median(luma)) - (251 - int(np.median(plain)))) <= 2


def test_a_frame_of_an_hdr_film_is_shown_in_srgb(studio: Studio) -> None:
    red, green, blue = studio.rgb(film("hdr10", track(title("t", 0, 5, colour="#ffffff"))))
    assert red == green == blue
    assert 220 <= red <= 238
    assert studio.rgb(film("hdr10", track(title("t", 0, 5, colour="#000000")))) == (0, 0, 0)
    red, green, blue = studio.rgb(film("hdr10", track(title("t", 0, 5, colour="#c00000"))))
    assert red > 150 > 40 > max(green, blue)


CONTAINERS = [("mp4", HEVC), ("mkv", HEVC), ("mov", HEVC), ("mp4", {"codec": "av1", "preset": "ultrafast"}),
              ("webm", {"codec": "vp9", "preset": "ultrafast", "crf": 10})]  # fmt: skip


@pytest.mark.parametrize(("container", "video"), CONTAINERS)
@pytest.mark.parametrize("kind", HDR)
def test_the_joined_film_has_its_tags_in_every_container(
    studio: Studio, kind: str, container: str, video: dict[str, Any]
) -> None:
    name = studio.source(f"{kind}-700.mp4", lambda path: shot(path, kind, 700))
    sdr = white_clip(studio)
    cut = track(clip("a", name, 0, 3), clip("b", sdr, 3, 5, source_start="219/25"))
    more = {"size": {"width": 64, "height": 64}}
    one = film(kind, cut, export={"container": container, "video": video | {"hdr": kind}}, **more)
    path, measured, found = made(studio, one)
    assert len(found.chunks) == 2
    assert (measured.shape.matrix, measured.shape.transfer) == ("bt2020nc", HDR[kind].transfer)  # type: ignore[index]
    with av.open(str(path)) as file:
        context = file.streams.video[0].codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc) == NUMBERS[kind]
        assert sum(1 for _ in file.decode(video=0)) == 5


def test_two_hdr_clips_fade_into_each_other(studio: Studio) -> None:
    name = studio.source("hdr10-700.mp4", lambda path: shot(path, "hdr10", 700))
    other = studio.source("hdr10-100.mp4", lambda path: shot(path, "hdr10", 100))
    shots = clip("a", name, 0, 3), clip("b", other, 3, 5, source_start="0.2")
    luma, _ = seen(studio, film("hdr10", track(*shots, joins=[join("a", "b", 1, 5)])), frame=3)
    assert abs(luma - 400).max() <= 4


BLUR = {"kind": "blur"}
REFUSED: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ("tracks[0].clips[0].effects[0]", {"effects": [BLUR]}, {}, {}),
    ("tracks[0].clips[0].colour_correction", {"colour_correction": {"contrast": 2}}, {}, {}),
    ("tracks[0].effects[0]", {}, {"effects": [BLUR]}, {}),
    ("tracks[0].transitions[0]", {}, {"joins": [join("a", "b", 1, 5, kind="glitch")]}, {}),
    ("export.video.bits", {}, {}, {"video": {"bits": 8}}),
    ("export.poster", {}, {}, {"poster": {"frame": 0}}),
]


@pytest.mark.parametrize(("where", "of_clip", "of_track", "export"), REFUSED)
def test_what_works_on_sdr_only_is_refused_with_its_place(
    studio: Studio, where: str, of_clip: Any, of_track: Any, export: Any
) -> None:
    name = studio.source("hdr10-700.mp4", lambda path: shot(path, "hdr10", 700))
    shots = clip("a", name, 0, 3, **of_clip), clip("b", name, 3, 5, source_start="0.2")
    export = {"video": HEVC | {"hdr": "hdr10"} | export.get("video", {})} | {
        key: value for key, value in export.items() if key != "video"
    }
    one = timeline(track(*shots, **of_track), duration=5, export=export)
    with pytest.raises(KinofarmError, match="CHECK-085") as refused:
        list(check_export(one))
    assert refused.value.where == where


@pytest.mark.parametrize("codec", ["h264", "prores", "png"])
def test_a_codec_without_hdr_says_so(codec: str) -> None:
    container = {"h264": "mp4"}.get(codec, "mov")
    one = timeline(duration=5, export={"container": container, "video": {"codec": codec, "hdr": "hlg"}})
    with pytest.raises(KinofarmError, match="CHECK-063") as refused:
        list(check_export(one))
    assert refused.value.where == "export.video.hdr"
