"""Sound effects by their samples, through real ffmpeg."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import ffmpeg
import numpy as np
import pytest

from tasks.compiler.effects import EFFECTS
from tasks.compiler.effects.row import Setting

RATE = 48_000
Heard = Callable[[str, dict[str, Any], np.ndarray], np.ndarray]


@pytest.fixture
def heard(ffmpeg_binary: str) -> Heard:
    """Send stereo float samples (n x 2) through an effect and read them back."""

    def through(name: str, parameters: dict[str, Any], samples: np.ndarray) -> np.ndarray:
        row = EFFECTS[name]
        setting = Setting(rate=Fraction(25), samples=len(samples), sample_rate=RATE)
        stream = ffmpeg.input("pipe:0", f="f32le", ar=RATE, ac=2).audio.filter("aformat", "fltp")
        stream = row.build(stream, row.parameters.model_validate(parameters), setting)
        command = stream.output("pipe:1", f="f32le", ac=2)
        raw = samples.astype("<f4").tobytes()
        out, _ = command.run(cmd=ffmpeg_binary, input=raw, capture_stdout=True, quiet=True)
        return np.frombuffer(out, "<f4").reshape(-1, 2)

    return through


def ones(seconds: float) -> np.ndarray:
    return np.full((round(seconds * RATE), 2), 0.5)


def tone(hertz: float) -> np.ndarray:
    wave = 0.5 * np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE)
    return np.stack([wave, wave], axis=1)


def test_a_fade_in_rises_in_a_straight_line_over_exactly_its_samples(heard: Heard) -> None:
    got = heard("audio-fade-in", {"duration": 0.25}, ones(1))
    assert len(got) == RATE
    assert got[0, 0] == 0
    assert abs(got[6000, 0] - 0.25) < 1e-3
    assert abs(got[11_999, 0] - 0.5) < 1e-3
    assert (got[12_000:] == 0.5).all()


def test_a_fade_out_ends_in_silence_at_the_last_sample(heard: Heard) -> None:
    got = heard("audio-fade-out", {"duration": "1/4"}, ones(1))
    assert (got[:36_000] == 0.5).all()
    assert abs(got[42_000, 1] - 0.25) < 1e-3
    assert 0 <= got[-1, 0] < 1e-3


def test_a_fade_at_both_ends_is_at_most_as_long_as_the_clip(heard: Heard) -> None:
    got = heard("audio-fade", {"fade_in": 0.1, "fade_out": 30}, ones(0.5))
    assert len(got) == RATE // 2
    assert got[0, 0] == 0
    assert 0 <= got[-1, 0] < 1e-3


@pytest.mark.parametrize(("name", "kept", "lost"), [("audio-highpass", 4000, 40), ("audio-lowpass", 40, 12_000)])
def test_a_pass_filter_keeps_its_side_of_the_corner(heard: Heard, name: str, kept: int, lost: int) -> None:
    for hertz, low, high in ((kept, 0.95, 1.05), (lost, 0, 0.1)):
        got = heard(name, {"frequency": 500}, tone(hertz))
        assert len(got) == RATE
        ratio = np.abs(got[RATE // 2 :]).max() / 0.5
        assert low <= ratio <= high


def test_panning_lowers_the_far_side_only(heard: Heard) -> None:
    got = heard("audio-pan", {"pan": -0.4}, ones(0.1))
    assert np.allclose(got, [0.5, 0.3], atol=1e-6)
