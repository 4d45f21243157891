"""Sound: which samples stand where in the film, and how loud."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tests.tasks.compiler.films import FAST, NTSC, PAL, Studio, clip, join, timeline, title, track

RATE = 48_000
FRAME = 1920
"""Samples of a frame at 25 frames a second."""

HALF_POWER = 0.5**0.5


def heard(*clips: dict[str, Any], **more: Any) -> Any:
    return track(*clips, kind="audio", **more)


def noise(seconds: float = 4, rate: int = RATE, peak: float = 0.4, channels: int = 2) -> np.ndarray:
    """The same noise in every channel, and the same each time."""
    samples = np.random.default_rng(7).uniform(-peak, peak, int(seconds * rate))
    return np.repeat(samples[None].astype(np.float32), channels, 0)


def level(value: float, seconds: float = 4, channels: int = 2) -> np.ndarray:
    return np.full((channels, int(seconds * RATE)), value, np.float32)


def bumps(rate: int, seconds: float = 4) -> np.ndarray:
    """A smooth bump each half second, at .25, .75, ... seconds: its centre can be found to a fraction of a sample."""
    at = np.arange(int(seconds * rate)) / rate
    return np.repeat((0.5 * np.exp(-(((at % 0.5 - 0.25) / 0.004) ** 2)))[None].astype(np.float32), 2, 0)


def lateness(samples: np.ndarray, source_start: Fraction) -> list[float]:
    """By how many samples each bump of `bumps` stands late."""
    found = []
    for number in range(200):
        place = float((number * Fraction(1, 2) + Fraction(1, 4) - source_start) * RATE)
        near = np.arange(round(place) - 1500, round(place) + 1500)
        if near[0] >= 0 and near[-1] < len(samples):
            weight = np.clip(samples[near, 0].astype(float), 0.05, None) - 0.05
            found.append(float((weight * near).sum() / weight.sum() - place))
    assert found
    return found


@pytest.mark.parametrize("start", ["0", "0.04", "1.2", "1.2345"])
@pytest.mark.parametrize("file", ["n.wav", "n.flac"])
def test_a_clip_stands_on_its_samples_with_silence_around_it(studio: Studio, file: str, start: str) -> None:
    codec = "flac" if file.endswith("flac") else "pcm_f32le"
    name = studio.recorded(file, noise(), codec=codec)
    samples = studio.samples(timeline(heard(clip("a", name, 5, 30, source_start=start)), duration=40))
    wanted = np.zeros((40 * FRAME, 2))
    begin = round(Fraction(start) * RATE)
    wanted[5 * FRAME : 30 * FRAME] = noise().T[begin : begin + 25 * FRAME]
    assert np.abs(samples - wanted).max() < 2e-5


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 96000])
def test_a_source_of_another_sample_rate_is_within_a_sample(studio: Studio, rate: int) -> None:
    name = studio.recorded(f"bumps-{rate}.wav", bumps(rate), rate)
    for start in (Fraction(0), Fraction(1), Fraction("1.61")):
        samples = studio.samples(timeline(heard(clip("a", name, 0, 25, source_start=start)), duration=25))
        assert max(map(abs, lateness(samples, start))) < 1


@pytest.mark.parametrize(
    ("file", "codec"), [("a.m4a", "aac"), ("a.mp3", "libmp3lame"), ("a.flac", "flac"), ("a.mkv", "aac")]
)
def test_a_compressed_source_is_aligned_wherever_reading_starts(studio: Studio, file: str, codec: str) -> None:
    name = studio.recorded(f"long-{file}", bumps(44_100, 20), 44_100, codec=codec)
    coarse = 25 if file.endswith("mkv") else 0  # its timestamps are rounded to a millisecond
    for start in (Fraction(0), Fraction("7.33"), Fraction(16)):
        samples = studio.samples(timeline(heard(clip("a", name, 0, 75, source_start=start)), duration=75))
        assert max(map(abs, lateness(samples, start))) < 1.2 + coarse, start


def test_the_sound_of_a_razor_cut_goes_on_without_a_seam(studio: Studio) -> None:
    at = np.arange(44_100 * 4) / 44_100
    tone = np.repeat((0.5 * np.sin(2 * np.pi * 997 * at))[None].astype(np.float32), 2, 0)
    for file, codec in (("tone.wav", "pcm_s16le"), ("tone.m4a", "aac"), ("tone.mp3", "libmp3lame")):
        name = studio.recorded(file, tone, 44_100, codec=codec)
        cut = studio.samples(
            timeline(heard(clip("a", name, 0, 20), clip("b", name, 20, 40, source_start="0.8")), duration=40)
        )
        whole = studio.samples(timeline(heard(clip("a", name, 0, 40)), duration=40))
        assert np.abs(cut - whole).max() < 1e-4, file


@pytest.mark.parametrize("rate", [PAL, NTSC, Fraction(24000, 1001), Fraction(7)])
def test_the_sound_is_as_long_as_the_film_to_the_sample(studio: Studio, rate: Fraction) -> None:
    name = studio.recorded("n.wav", noise())
    film = timeline(heard(clip("a", name, 3, 17), clip("b", name, 17, 20)), duration=20, rate=rate)
    samples = studio.samples(film)
    assert len(samples) == int(20 * RATE / rate)
    begin = int(3 * RATE / rate)
    assert np.array_equal(samples[begin : begin + 9000], noise().T[:9000])


@pytest.mark.parametrize("rate", [8_000, 44_100, 96_000])
def test_the_film_may_have_any_sample_rate(studio: Studio, rate: int) -> None:
    name = studio.recorded("n.wav", noise())
    assert len(studio.samples(timeline(heard(clip("a", name, 0, 20)), duration=20, sample_rate=rate))) == rate * 4 // 5


def test_a_range_of_the_film_has_the_samples_of_the_whole(studio: Studio) -> None:
    name = studio.recorded("n.wav", noise())
    film = timeline(heard(clip("a", name, 3, 30, volume=0.5), clip("b", name, 32, 60)), duration=60)
    assert np.array_equal(studio.samples(film, 10, 40), studio.samples(film)[10 * FRAME : 40 * FRAME])


def test_clips_under_a_transition_cross_over_at_equal_power(studio: Studio) -> None:
    loud, quiet = studio.recorded("dc.wav", level(0.25)), studio.recorded("none.wav", level(0))
    begin, end = 15 * FRAME, 25 * FRAME
    done = np.arange(end - begin) / (end - begin) * np.pi / 2
    for names, curve in (((loud, quiet), np.cos(done)), ((quiet, loud), np.sin(done))):
        row = [clip("a", names[0], 0, 20), clip("b", names[1], 20, 40, source_start=1)]
        samples = studio.samples(timeline(heard(*row, joins=[join("a", "b", 15, 25)]), duration=40))[:, 0]
        assert np.abs(samples[begin:end] - 0.25 * curve).max() < 1e-6
        assert (samples[begin - 1], samples[end]) == ((0.25, 0) if names[0] == loud else (0, 0.25))


def test_a_handle_that_is_too_short_is_silent_where_the_project_lets_the_picture_stand_still(studio: Studio) -> None:
    loud = studio.recorded("dc.wav", level(0.25))
    short = studio.recorded("dc-22.wav", level(0.25)[:, : 22 * FRAME])
    row = [clip("a", short, 0, 20, volume=0), clip("b", loud, 20, 40, source_start="2/25")]
    joins = [join("a", "b", 15, 25)]
    rises = np.sin(np.arange(10 * FRAME) / (10 * FRAME) * np.pi / 2) * 0.25
    rises[: 3 * FRAME] = 0
    samples = studio.samples(timeline(heard(*row, joins=joins), duration=40, freeze_handles=True))[:, 0]
    assert np.abs(samples[15 * FRAME : 25 * FRAME] - rises).max() < 1e-6
    row = [clip("a", short, 0, 20), clip("b", loud, 20, 40, source_start="2/25", volume=0)]
    falls = np.cos(np.arange(10 * FRAME) / (10 * FRAME) * np.pi / 2) * 0.25
    falls[7 * FRAME :] = 0
    samples = studio.samples(timeline(heard(*row, joins=joins), duration=40, freeze_handles=True))[:, 0]
    assert np.abs(samples[15 * FRAME : 25 * FRAME] - falls).max() < 1e-6


def test_volumes_multiply_and_tracks_are_summed(studio: Studio) -> None:
    name = studio.recorded("dc.wav", level(0.25))
    cases = [
        ([heard(clip("a", name, 0, 5, volume=0.5), volume=0.5)], 0.0625),
        ([heard(clip("a", name, 0, 5, volume=0))], 0),
        ([heard(clip("a", name, 0, 5), volume=0)], 0),
        ([heard(clip("a", name, 0, 5), enabled=False)], 0),
        ([heard(clip("a", name, 0, 5)), heard(clip("b", name, 0, 5)), track(clip("c", name, 0, 5, volume=2))], 1.0),
    ]
    for tracks, wanted in cases:
        samples = studio.samples(timeline(*tracks, duration=5))
        assert np.abs(samples - wanted).max() < 1e-6


def test_the_limiter_keeps_to_full_scale_and_leaves_the_rest_alone(studio: Studio) -> None:
    name, hot = studio.recorded("n.wav", noise()), studio.recorded("hot.wav", noise(peak=2.5))
    sum_ = timeline(heard(clip("a", name, 0, 50)), heard(clip("b", name, 0, 50, volume=5)), duration=50)
    assert 0.9 < np.abs(studio.samples(sum_)).max() <= 1
    assert 0.9 < np.abs(studio.samples(timeline(heard(clip("a", hot, 0, 50)), duration=50))).max() <= 1
    calm = timeline(heard(clip("a", name, 0, 25)), heard(clip("b", name, 0, 25)), duration=25)
    assert np.array_equal(studio.samples(calm), 2 * noise().T[: 25 * FRAME])


def test_a_clip_without_sound_and_a_title_are_silent(studio: Studio) -> None:
    name = studio.counted("v.mp4", 100)
    film = timeline(track(clip("a", name, 0, 5), title("t", 5, 10)), duration=10)
    assert not studio.samples(film).any()


@pytest.mark.parametrize("speed", ["2", "0.5", "1.5", "0.1", "3.7"])
@pytest.mark.parametrize("keep_pitch", [True, False])
def test_speed_keeps_the_length_and_with_it_the_pitch_or_not(studio: Studio, speed: str, keep_pitch: bool) -> None:
    at = np.arange(RATE * 4) / RATE
    name = studio.recorded("a440.wav", np.repeat((0.5 * np.sin(2 * np.pi * 440 * at))[None], 2, 0))
    frames = min(60, int(96 / float(speed)))
    film = timeline(heard(clip("a", name, 0, frames, speed=speed, keep_pitch=keep_pitch)), duration=frames + 5)
    samples = studio.samples(film)[:, 0]
    assert len(samples) == (frames + 5) * FRAME
    assert not samples[frames * FRAME :].any()
    sounding = samples[: frames * FRAME]
    middle = sounding[len(sounding) // 4 : 3 * len(sounding) // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 1 << 18))
    wanted = 440 if keep_pitch else 440 * float(speed)
    assert abs(spectrum.argmax() * RATE / (1 << 18) - wanted) < max(1.5, wanted * 0.004)
    assert np.sqrt((sounding[:2000] ** 2).mean()) > 0.25


def test_mono_goes_to_both_sides(studio: Studio) -> None:
    name = studio.recorded("mono.wav", level(0.3, channels=1))
    assert np.abs(studio.samples(timeline(heard(clip("a", name, 0, 5)), duration=5)) - 0.3).max() < 1e-6


@pytest.mark.parametrize(
    ("channel", "left", "right"),
    [(0, 1, 0), (1, 0, 1), (2, HALF_POWER, HALF_POWER), (3, 0, 0), (4, HALF_POWER, 0), (5, 0, HALF_POWER)],
)
def test_surround_folds_down_to_stereo(studio: Studio, channel: int, left: float, right: float) -> None:
    samples = level(0, 1, 6)
    samples[channel] = 0.5
    name = studio.recorded(f"surround-{channel}.wav", samples, layout="5.1")
    found = studio.samples(timeline(heard(clip("a", name, 0, 5)), duration=5))[5000]
    assert np.abs(found - np.array([left, right]) / 2).max() < 1e-6


def test_every_layout_becomes_stereo(studio: Studio) -> None:
    for layout, channels in (("2.1", 3), ("3.1", 4), ("4.0", 4), ("quad", 4), ("6.1", 7), ("hexagonal", 6)):
        name = studio.recorded(f"{layout}.wav", level(0.1, 1, channels), layout=layout)
        found = studio.samples(timeline(heard(clip("a", name, 0, 5)), duration=5))[5000]
        assert abs(found[0] - found[1]) < 1e-6, layout
        assert found[0] >= 0.1 - 1e-6, layout


def test_an_effect_treats_the_frames_that_it_names(studio: Studio) -> None:
    name = studio.recorded("dc.wav", level(0.25))
    right = {"kind": "audio-pan", "parameters": {"pan": 1}}
    for span, treated in (({}, range(40)), ({"start": 10, "end": 20}, range(10, 20)), ({"start": 30}, range(30, 40))):
        film = timeline(heard(clip("a", name, 0, 40, effects=[right | span])), duration=40)
        samples = studio.samples(film)
        left = [0 if frame in treated else 0.25 for frame in range(40)]
        assert np.abs(samples[FRAME // 2 :: FRAME] - np.array([left, [0.25] * 40]).T).max() < 1e-6


def test_fades_are_linear_and_end_with_the_clip(studio: Studio) -> None:
    name = studio.recorded("dc.wav", level(0.25))
    fade = {"kind": "audio-fade", "parameters": {"fade_in": "0.4", "fade_out": "0.2"}}
    samples = studio.samples(timeline(heard(clip("a", name, 0, 25, effects=[fade])), duration=25))[:, 0]
    rise, fall = 10 * FRAME, 5 * FRAME
    assert np.abs(samples[:rise] - 0.25 * np.arange(rise) / rise).max() < 1e-4
    assert np.abs(samples[-fall:] - 0.25 * (1 - np.arange(fall) / fall)).max() < 1e-4


def test_many_clips_are_mixed_in_stages_to_the_same_samples(studio: Studio) -> None:
    voice, bed = (
        studio.recorded("voice.wav", noise(peak=0.2)),
        studio.recorded("bed.wav", noise(90, 11_025, 0.2), 11_025),
    )
    row = [clip(f"c{n}", voice, n, n + 1, source_start=Fraction(n, 100)) for n in range(90)]
    under = heard(clip("bed", bed, 0, 90))
    both = {"rate": Fraction(1), "sample_rate": 8000, "duration": 90}
    many = studio.plan(timeline(heard(*row), under, **both)).sound
    assert len(many.stages) == 3
    assert [stage.argv.count("-ss") for stage in many.stages][-2:] == [12, 0]  # the bed is not read from its start
    apart = studio.samples(timeline(heard(*row[:50]), **both)).astype(float)
    apart += studio.samples(timeline(heard(*row[50:]), under, **both))
    assert np.abs(studio.heard(many) - apart).max() < 1e-5


def test_the_chosen_sound_of_a_file_is_the_one_that_plays(studio: Studio) -> None:
    quiet, loud = studio.recorded("low.wav", level(0.1, 1)), studio.recorded("high.wav", level(0.4, 1))
    name = studio.together("two.mkv", quiet, loud)
    for number, wanted in ((None, 0.1), (0, 0.1), (1, 0.4)):
        source = {"kind": "media", "path": name, "audio_stream": number}
        film = timeline(heard({"id": "a", "source": source, "start": 0, "end": 5}), duration=5)
        assert np.abs(studio.samples(film) - wanted).max() < 1e-6


def test_the_encoded_sound_has_its_length(studio: Studio) -> None:
    name = studio.recorded("n.wav", noise())
    work = studio.plan(timeline(heard(clip("a", name, 0, 33)), duration=33, export=FAST)).sound
    assert (work.samples, work.sample_rate, work.channels, work.suffix) == (33 * FRAME, RATE, 2, ".m4a")
    assert studio.probe(studio.rendered(work)).sounds[0].end * RATE == 33 * FRAME
