"""What is heard in sounds whose truth is known to the sample."""

from __future__ import annotations

import wave
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from infra import ffmpeg
from tasks.media.analysis.channels import Channels
from tasks.media.analysis.loudness import Loudness
from tasks.media.analysis.silence import Silence
from tasks.media.loudness import measure
from tests.media_factory import MediaFactory
from tests.tasks.media.analysis.conftest import seen

F = Fraction
SAMPLE = F(1, 48_000)


def made(
    factory: MediaFactory, name: str, *channels: str, seconds: float = 4, layout: str = "", encode: str = ""
) -> Path:
    source = "|".join(channels)
    return factory.make(
        name,
        *("-f", "lavfi", "-i", f"aevalsrc='{source}':s=48000:d={seconds}{f':c={layout}' if layout else ''}"),
        *(("-c:a", encode) if encode else ()),
    )


def test_a_pause_is_found_to_the_sample(film: Path) -> None:
    silence = seen(film, "silence").of(Silence)
    assert silence is not None
    assert silence.count == 1
    pause = silence.ranges[0]
    assert abs(pause.start - 2) <= 2 * SAMPLE
    assert abs(pause.end - F(7, 2)) <= 2 * SAMPLE


def test_a_pause_shorter_than_the_least_is_none(film: Path) -> None:
    assert seen(film, "silence", least_silence=F(8, 5)).of(Silence).count == 0  # type: ignore[union-attr]
    assert seen(film, "silence", least_silence=F(7, 5)).of(Silence).count == 1  # type: ignore[union-attr]


def test_silence_at_both_ends_and_below_the_level_only(media_factory: MediaFactory) -> None:
    path = made(media_factory, "ends.wav", "(0.5*between(t,1,3)+0.002)*sin(2*PI*400*t)")
    found = seen(path, "silence").of(Silence)
    assert found is not None
    assert [(round(float(one.start), 2), round(float(one.end), 2)) for one in found.ranges] == [(0, 1), (3, 4)]
    assert found.ranges[-1].end == 4
    assert seen(path, "silence", silence_level=-60).of(Silence).count == 0  # type: ignore[union-attr]


def test_short_pauses_inside_a_block_are_found(media_factory: MediaFactory) -> None:
    path = made(media_factory, "pulses.wav", "0.5*lt(mod(t,0.1),0.08)", seconds=1)
    found = seen(path, "silence", least_silence=F(1, 100)).of(Silence)
    assert found is not None
    assert found.count == 10
    assert abs(found.ranges[3].start - F(38, 100)) <= 2 * SAMPLE
    assert float(found.total) == pytest.approx(0.2, abs=0.001)


def test_where_samples_are_missing_nothing_sounds(media_factory: MediaFactory) -> None:
    path = media_factory.make(
        "gap.mkv",
        *("-f", "lavfi", "-i", "sine=r=48000:d=3", "-af", "aselect='not(between(t,1,2))'", "-c:a", "pcm_s16le"),
    )
    found = seen(path, "silence", "channels").of(Silence)
    assert found is not None
    assert [(round(float(one.start), 1), round(float(one.end), 1)) for one in found.ranges] == [(1.0, 2.0)]


@pytest.mark.parametrize(("suffix", "encode"), [("mkv", "pcm_s16le"), ("mp4", "aac"), ("ts", "aac")])
def test_a_film_is_silent_before_its_sound_begins_and_after_it_ends(
    media_factory: MediaFactory, suffix: str, encode: str
) -> None:
    path = media_factory.make(
        f"late.{suffix}",
        *(
            "-f",
            "lavfi",
            "-i",
            "color=gray:s=64x48:r=25:d=8",
            "-itsoffset",
            "3",
            "-f",
            "lavfi",
            "-i",
            "sine=r=48000:d=2",
        ),
        *("-map", "0", "-map", "1", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", encode),
    )
    found = seen(path, "silence").of(Silence)
    assert found is not None
    before, after = found.ranges
    assert (before.start, after.end) == (0, pytest.approx(8, abs=0.03))
    assert (float(before.end), float(after.start)) == (pytest.approx(3, abs=0.03), pytest.approx(5, abs=0.05))
    assert float(found.total) == pytest.approx(6, abs=0.1)


def test_silence_that_goes_on_from_where_nothing_sounds_is_one(media_factory: MediaFactory) -> None:
    path = media_factory.make(
        "late-silence.mkv",
        *("-f", "lavfi", "-i", "color=gray:s=64x48:r=25:d=6", "-itsoffset", "1", "-f", "lavfi", "-i"),
        *("aevalsrc='0.5*sin(2*PI*440*t)*between(t,1,2)':s=48000:d=3", "-map", "0", "-map", "1", "-c:v", "ffv1"),
        *("-c:a", "pcm_s16le"),
    )
    found = seen(path, "silence").of(Silence)
    assert found is not None
    assert [(round(float(one.start), 2), round(float(one.end), 2)) for one in found.ranges] == [(0, 2), (3, 6)]


def test_a_tone_of_minus_23_measures_so(media_factory: MediaFactory) -> None:
    amplitude = 10 ** (-23 / 20)
    path = made(
        media_factory, "analysed-tone.wav", *[f"{amplitude}*sin(2*PI*997*t)"] * 2, seconds=8, encode="pcm_s24le"
    )
    found = seen(path, "loudness").of(Loudness)
    assert found is not None
    assert found.integrated == pytest.approx(-23, abs=0.1)
    assert found.true_peak == pytest.approx(-23, abs=0.2)
    assert found.range == 0
    assert found.short_term.values[40:] == pytest.approx([-23] * (len(found.short_term.values) - 40), abs=0.1)
    assert found.short_term.values[:20] == (None,) * 20


@pytest.mark.parametrize(
    ("name", "channels", "layout", "encode"),
    [
        ("swell.m4a", ["0.8*t/4*sin(2*PI*220*t)", "0.3*sin(2*PI*3000*t)"], "", "aac"),
        ("noise.flac", ["0.4*(random(0)-0.5)*(1+sin(t*3))"], "", "flac"),
        ("six.wav", [f"0.{place + 1}*sin(2*PI*{200 + 90 * place}*t)" for place in range(6)], "5.1", "pcm_s16le"),
        ("short.wav", ["0.5*sin(2*PI*500*t)"], "", "pcm_s16le"),
    ],
)
def test_loudness_is_what_ffmpeg_itself_measures(
    media_factory: MediaFactory, tmp_path: Path, name: str, channels: list[str], layout: str, encode: str
) -> None:
    path = made(
        media_factory, name, *channels, layout=layout, encode=encode, seconds=0.25 if name == "short.wav" else 4
    )
    found, wanted = seen(path, "loudness").of(Loudness), measure(path, ffmpeg.binary(None), tmp_path)
    assert found is not None
    assert found.integrated == pytest.approx(wanted.integrated, abs=0.05)
    assert found.true_peak == pytest.approx(wanted.true_peak, abs=0.05)


def test_more_channels_than_a_frame_has_room_for_are_heard_one_by_one(
    media_factory: MediaFactory, tmp_path: Path
) -> None:
    time, peaks = np.arange(24_000) / 48_000, 0.5 / 2 ** (np.arange(12) / 2)
    samples = np.sin(2 * np.pi * 440 * time)[:, None] * peaks
    path = tmp_path / "twelve.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((12, 2, 48_000, 0, "NONE", ""))
        file.writeframes((samples * 32_767).astype("<i2").tobytes())
    found = seen(path, "channels", "loudness")
    heard = [channel.peak for channel in found.of(Channels).channels]  # type: ignore[union-attr]
    assert heard == pytest.approx(20 * np.log10(peaks), abs=0.1)
    alone = made(media_factory, "as-loud.wav", f"{np.sqrt((peaks**2).sum())}*sin(2*PI*440*t)", seconds=0.5)
    wanted = measure(alone, ffmpeg.binary(None), tmp_path)
    assert found.of(Loudness).integrated == pytest.approx(wanted.integrated, abs=0.05)  # type: ignore[union-attr]


def test_silence_has_no_loudness(media_factory: MediaFactory) -> None:
    found = seen(made(media_factory, "nothing.wav", "0", "0", seconds=1), "loudness", "channels", "silence")
    assert found.of(Loudness).integrated is None  # type: ignore[union-attr]
    assert found.of(Loudness).true_peak is None  # type: ignore[union-attr]
    assert found.of(Channels).kind == "silent"  # type: ignore[union-attr]
    assert found.of(Silence).total == 1  # type: ignore[union-attr]


TONE, OTHER = "0.5*sin(2*PI*440*t)", "0.25*sin(2*PI*1000*t)"


@pytest.mark.parametrize(
    ("name", "channels", "kind", "correlation"),
    [
        ("mono", [TONE], "mono", None),
        ("twice", [TONE, TONE], "dual mono", 1.0),
        ("against", [TONE, f"-{TONE}"], "inverted", -1.0),
        ("two", [TONE, OTHER], "stereo", 0.0),
        ("left", [TONE, "0"], "one channel", None),
        ("louder", [TONE, f"0.5*{TONE}"], "stereo", 1.0),
        ("four", [TONE, OTHER, TONE, "0"], "multichannel", None),
    ],
)
def test_channels_are_what_they_are(
    media_factory: MediaFactory, name: str, channels: list[str], kind: str, correlation: float | None
) -> None:
    found = seen(made(media_factory, f"channels-{name}.wav", *channels, seconds=1), "channels").of(Channels)
    assert found is not None
    assert (found.kind, found.correlation) == (
        kind,
        pytest.approx(correlation, abs=0.01) if correlation is not None else None,
    )
    assert found.channels[0].peak == pytest.approx(-6.02, abs=0.02)
    assert found.channels[0].rms == pytest.approx(-9.03, abs=0.02)
    assert [channel.silent for channel in found.channels] == [channel == "0" for channel in channels]


def test_mono_in_stereo_is_still_found_after_a_lossy_encoder(media_factory: MediaFactory) -> None:
    path = made(media_factory, "twice.mp3", TONE, TONE, seconds=1, encode="libmp3lame")
    assert seen(path, "channels").of(Channels).kind == "dual mono"  # type: ignore[union-attr]


def test_samples_that_are_no_numbers_do_no_harm(media_factory: MediaFactory) -> None:
    path = made(
        media_factory, "odd.wav", "if(between(t,0.2,0.4),0/0,0.5*sin(2*PI*440*t))", seconds=1, encode="pcm_f32le"
    )
    found = seen(path, "silence", "loudness", "channels")
    assert found.of(Channels).channels[0].peak == pytest.approx(-6.02, abs=0.1)  # type: ignore[union-attr]
    assert found.of(Loudness).integrated is not None  # type: ignore[union-attr]
