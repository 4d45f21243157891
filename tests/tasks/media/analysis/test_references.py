"""Our figures beside those of others: ffmpeg's own filters, and signals of which the norms say what they measure."""

from __future__ import annotations

import re
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from infra import ffmpeg
from tasks.media.analysis.black import Black
from tasks.media.analysis.frozen import Frozen
from tasks.media.analysis.interlacing import Interlacing
from tasks.media.analysis.loudness import Loudness
from tasks.media.analysis.silence import Silence
from tests.media_factory import MediaFactory
from tests.tasks.media.analysis.conftest import SIZE, joined, seen

F = Fraction

MADE = {
    "ladder": ("0.5*sin(2*PI*997*t)*pow(10,-floor(t/4)/2)", 16),
    "noise": ("0.3*(random(0)-0.5)*(1.1+sin(t*2))", 10),
    "quiet": ("0.008*sin(2*PI*5000*t+0.4)*(1+0.2*sin(t))*min(1,8-t)", 8),
}
"""Sounds: a tone that falls by 10 dB every 4 s, noise that swells, and what is so quiet that three decimals are too few."""

MINUS = "pow(10,{0}/20)*sin(2*PI*1000*t)"


def told(path: Path, kind: str, filters: str) -> str:
    """Return what ffmpeg says of the first stream of that kind, v or a, behind these filters."""
    argv = [str(ffmpeg.binary(None)), "-hide_banner", "-nostats", "-i", f"file:{path}", "-map", f"0:{kind}:0"]
    run = subprocess.run([*argv, f"-{kind}f", filters, "-f", "null", "-"], capture_output=True, text=True, check=True)
    return run.stderr


def sound(factory: MediaFactory, name: str, source: str, seconds: float, rate: int = 48_000) -> Path:
    """A stereo sound."""
    made = f"aevalsrc='{source}|{source}':s={rate}:d={seconds}"
    return factory.make(f"reference-{name}.wav", "-f", "lavfi", "-i", made, "-c:a", "pcm_s24le")


def beside_ebur128(path: Path) -> None:
    """Compare; the filter's summary has one decimal."""
    summary = told(path, "a", "ebur128=peak=true").rpartition("Summary:")[2]
    integrated, spread, peak = (
        float(re.findall(rf"{name}: +(-?[0-9.]+)", summary)[0]) for name in (r"\bI", "LRA", "Peak")
    )
    found = seen(path, "loudness").of(Loudness)
    assert found is not None
    assert found.integrated == pytest.approx(integrated, abs=0.1)
    assert found.range == pytest.approx(spread, abs=0.1)
    assert found.true_peak == pytest.approx(peak, abs=0.1)


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("rate", [48_000, 44_100])
def test_loudness_range_and_true_peak_are_ebur128_s(media_factory: MediaFactory, name: str, rate: int) -> None:
    source, seconds = MADE[name]
    beside_ebur128(sound(media_factory, f"{name}-{rate}", source, seconds, rate))


@pytest.mark.parametrize("name", ["big_buck_bunny_0_30.webm", "rain.mp3", "fire2.mp4", "eac3.mp4"])
def test_loudness_of_real_media_is_ebur128_s(real_media: Path, name: str) -> None:
    beside_ebur128(real_media / name)


@pytest.mark.parametrize(
    ("name", "levels", "integrated", "spread"),
    [
        ("3341-1", ((-23, 20),), -23, None),
        ("3341-2", ((-33, 20),), -33, None),
        ("3341-3", ((-36, 10), (-23, 60), (-36, 10)), -23, None),
        ("3342-1", ((-20, 20), (-30, 20)), None, 10),
        ("3342-2", ((-20, 20), (-15, 20)), None, 5),
        ("3342-3", ((-40, 20), (-20, 20)), None, 20),
    ],
)
def test_the_signals_of_the_norm_measure_what_it_says(
    media_factory: MediaFactory,
    name: str,
    levels: tuple[tuple[int, int], ...],
    integrated: float | None,
    spread: float | None,
) -> None:
    """EBU Tech 3341 and 3342: within 0.1 LU, and the range within 1 LU."""
    begin, source = 0, "0"
    for level, seconds in levels:
        source += f"+{MINUS.format(level)}*gte(t,{begin})*lt(t,{begin + seconds})"
        begin += seconds
    found = seen(sound(media_factory, name, source, begin), "loudness").of(Loudness)
    assert found is not None
    if integrated is not None:
        assert found.integrated == pytest.approx(integrated, abs=0.1)
    if spread is not None:
        assert found.range == pytest.approx(spread, abs=1)


@pytest.mark.parametrize(
    ("name", "source", "peak"),
    [
        ("15", "0.5*sin(2*PI*12000*t)", -6.0),
        ("16", "0.5*sin(2*PI*12000*t+PI/4)", -6.0),
        ("17", "0.5*sin(2*PI*8000*t+PI/3)", -6.0),
        ("18", "0.5*sin(2*PI*6000*t+3*PI/8)", -6.0),
        ("19", "1.41*sin(2*PI*12000*t+PI/4)", 3.0),
        ("quiet", "0.005*sin(2*PI*12000*t+PI/4)", -46.0),
    ],
)
def test_a_true_peak_between_two_samples_is_found(
    media_factory: MediaFactory, name: str, source: str, peak: float
) -> None:
    """EBU Tech 3341, signals 15 to 19, faded in and out: from 0.4 below to 0.2 above."""
    faded = f"({source})*min(1,min(t,2-t)/0.1)"
    made = sound(media_factory, f"peak-{name}", faded, 2)
    found = seen(made, "loudness").of(Loudness)
    assert found is not None
    assert found.true_peak is not None
    assert peak - 0.4 <= found.true_peak <= peak + 0.2


def spans(text: str, name: str) -> list[tuple[float, float]]:
    """Read what a detector says: "black_start:1.2 black_end:2" and the like."""
    starts, ends = (re.findall(rf"{name}_{edge}: ?(-?[0-9.]+)", text) for edge in ("start", "end"))
    assert len(starts) == len(ends)
    return [(float(start), float(end)) for start, end in zip(starts, ends, strict=True)]


@pytest.fixture(scope="module")
def pausing(media_factory: MediaFactory) -> Path:
    """A film that moves, is black, moves, stands still, and moves, with a sound that pauses twice."""
    moving, bars, black = f"testsrc2=s={SIZE}:r=25", f"smptehdbars=s={SIZE}:r=25", f"color=black:s={SIZE}:r=25"
    tone = "0.3*sin(2*PI*1000*t)*not(between(t,1.25,2.5)+between(t,5,5.75))"
    return media_factory.make(
        "pausing.mkv",
        *("-f", "lavfi", "-i", f"aevalsrc='{tone}':s=48000:d=8"),
        *joined((moving, 40), (black, 20), (f"{moving},negate", 30), (bars, 60), (moving, 50)),
        *("-map", "0:a", "-c:a", "pcm_s16le", "-c:v", "ffv1"),
    )


def test_black_is_where_blackdetect_finds_it(pausing: Path) -> None:
    wanted = spans(told(pausing, "v", "blackdetect=d=0.1:picture_black_ratio_th=0.98:pixel_black_th=0.1"), "black")
    found = seen(pausing, "black").of(Black)
    assert found is not None
    assert [(float(one.start), float(one.end)) for one in found.ranges] == wanted == [(1.6, 2.4)]


def test_a_film_stands_still_where_freezedetect_finds_it(pausing: Path) -> None:
    wanted = spans(told(pausing, "v", "freezedetect=n=0.001:d=1"), "freeze")
    found = seen(pausing, "frozen").of(Frozen)
    assert found is not None
    assert [(float(one.start), float(one.end)) for one in found.ranges] == wanted == [(3.6, 6.0)]


def test_silence_is_where_silencedetect_finds_it(pausing: Path) -> None:
    wanted = spans(told(pausing, "a", "silencedetect=n=-50dB:d=0.5"), "silence")
    found = seen(pausing, "silence").of(Silence)
    assert found is not None
    assert len(wanted) == 2
    for one, (start, end) in zip(found.ranges, wanted, strict=True):
        assert (float(one.start), float(one.end)) == (pytest.approx(start, abs=0.001), pytest.approx(end, abs=0.001))


@pytest.mark.parametrize("name", ["big_buck_bunny_0_30.webm", "rotate-buck-bunny.mp4", "chaplin.mp4", "nasa_13013.mp4"])
def test_real_films_are_black_frozen_and_silent_where_ffmpeg_finds_them_so(real_media: Path, name: str) -> None:
    path = real_media / name
    said = told(path, "v", "blackdetect=d=0.1:picture_black_ratio_th=0.98:pixel_black_th=0.1,freezedetect=n=0.001:d=1")
    said += told(path, "a", "silencedetect=n=-50dB:d=0.5")
    found = seen(path, "black", "frozen", "silence")
    for kind, name_there in ((Black, "black"), (Frozen, "freeze"), (Silence, "silence")):
        ours = found.of(kind)
        assert ours is not None
        wanted = spans(said, name_there)
        assert len(ours.ranges) == len(wanted)
        for one, (start, end) in zip(ours.ranges, wanted, strict=True):
            assert (float(one.start), float(one.end)) == (pytest.approx(start, abs=0.02), pytest.approx(end, abs=0.02))


SLIDES = "mandelbrot=s=320x180:r={0}:end_pts=1,loop=-1:1,setpts=N/{0}/TB,scroll=horizontal=0.01"


@pytest.mark.parametrize(
    ("name", "source", "verdict"),
    [
        ("tff", f"{SLIDES.format(50)},tinterlace=interleave_top", "top field first"),
        ("bff", f"{SLIDES.format(50)},tinterlace=interleave_bottom", "bottom field first"),
        ("whole", SLIDES.format(25), "progressive"),
    ],
)
def test_fields_are_what_idet_sees(media_factory: MediaFactory, name: str, source: str, verdict: str) -> None:
    path = media_factory.make(
        f"idet-{name}.mkv",
        *("-f", "lavfi", "-i", f"{source},setfield=prog,format=yuv420p", "-frames:v", "60", "-c:v", "ffv1"),
    )
    last = told(path, "v", "idet").rpartition("Multi frame detection:")[2]
    votes = {each: int(count) for each, count in re.findall(r"(TFF|BFF|Progressive): +(\d+)", last)}
    words = {"TFF": "top field first", "BFF": "bottom field first", "Progressive": "progressive"}
    assert words[max(votes, key=votes.__getitem__)] == verdict
    found = seen(path, "interlacing").of(Interlacing)
    assert found is not None
    assert found.verdict == verdict
