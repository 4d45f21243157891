"""Sound effects by their samples, through real ffmpeg: each row's own property, its length, its place and its neutral."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import ffmpeg
import numpy as np
import pytest
from annotated_types import Ge, Gt, Le, Lt
from pydantic import ValidationError

from tasks.compiler.effects import EFFECTS
from tasks.compiler.effects.row import Setting

RATE = 48_000
Heard = Callable[..., np.ndarray]
SOUND = [name for name, row in EFFECTS.items() if row.on == "sound"]


@pytest.fixture
def heard(ffmpeg_binary: str) -> Heard:
    """Send stereo float samples (n x 2) through an effect and read them back; key: what it listens to."""

    def through(
        name: str, parameters: dict[str, Any], samples: np.ndarray, rate: int = RATE, key: np.ndarray | None = None
    ) -> np.ndarray:
        row = EFFECTS[name]
        stream = ffmpeg.input("pipe:0", f="f32le", ar=rate, ac=2).audio.filter("aformat", "fltp")
        listens = None
        if key is not None:
            copies = stream.filter_multi_output("asplit")
            stream = copies[0].filter("atrim", end_sample=len(samples))
            listens = copies[1].filter("atrim", start_sample=len(samples)).filter("asetpts", "PTS-STARTPTS")
        setting = Setting(rate=Fraction(25), samples=len(samples), sample_rate=rate, key=listens)
        stream = row.build(stream, row.parameters.model_validate(parameters), setting)
        command = stream.output("pipe:1", f="f32le", ac=2, ar=rate)
        raw = (samples if key is None else np.concatenate([samples, key])).astype("<f4").tobytes()
        out, _ = command.run(cmd=ffmpeg_binary, input=raw, capture_stdout=True, quiet=True)
        return np.frombuffer(out, "<f4").reshape(-1, 2)

    return through


def ones(seconds: float) -> np.ndarray:
    return np.full((round(seconds * RATE), 2), 0.5)


def tone(hertz: float, peak: float = 0.5, seconds: float = 1) -> np.ndarray:
    wave = peak * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)
    return np.stack([wave, wave], axis=1)


def noise(peak: float, seconds: float = 1) -> np.ndarray:
    return np.random.default_rng(5).uniform(-peak, peak, (round(seconds * RATE), 2))


def impulse(seconds: float = 1, at: int = 1000) -> np.ndarray:
    samples = np.zeros((round(seconds * RATE), 2))
    samples[at] = 1
    return samples


def burst(rate: int = RATE, at: float = 0.3, seconds: float = 0.6) -> np.ndarray:
    """A tone of 1 kHz that swells and fades within a hundredth of a second, about `at` seconds."""
    times = np.arange(round(seconds * rate)) / rate - at
    wave = 0.5 * np.exp(-((times / 0.006) ** 2)) * np.sin(2 * np.pi * 1000 * times)
    return np.stack([wave, wave], axis=1)


def level(samples: np.ndarray) -> float:
    """RMS of the second half, where a filter has settled, in dB."""
    settled = samples[len(samples) // 2 :].astype(float)
    return float(20 * np.log10(np.sqrt((settled**2).mean()) + 1e-12))


def strength(samples: np.ndarray, hertz: float) -> float:
    """Level of one frequency, in dB."""
    spectrum = np.abs(np.fft.rfft(samples[:, 0] * np.hanning(len(samples))))
    return float(20 * np.log10(spectrum[round(hertz * len(samples) / RATE)] + 1e-12))


def fade_in(heard: Heard) -> None:
    got = heard("audio-fade-in", {"duration": 0.25}, ones(1))
    assert (got[0, 0], (got[12_000:] == 0.5).all()) == (0, True)
    assert abs(got[6000, 0] - 0.25) < 1e-3
    assert abs(got[11_999, 0] - 0.5) < 1e-3


def fade_out(heard: Heard) -> None:
    got = heard("audio-fade-out", {"duration": "1/4"}, ones(1))
    assert (got[:36_000] == 0.5).all()
    assert abs(got[42_000, 1] - 0.25) < 1e-3
    assert 0 <= got[-1, 0] < 1e-3


def fade(heard: Heard) -> None:
    got = heard("audio-fade", {"fade_in": 0.1, "fade_out": 30}, ones(0.5))
    assert got[0, 0] == 0
    assert 0 <= got[-1, 0] < 1e-3


def equalizer(heard: Heard) -> None:
    for name, hertz in (("bass", 100), ("mid", 1000), ("treble", 10_000)):
        for gain in (-12, 6):
            got = level(heard("audio-equalizer", {name: gain}, tone(hertz, 0.1))) - level(tone(hertz, 0.1))
            assert abs(got - gain) < 0.1, (name, gain)
    bands = {"bands": (0, 0, 0, 0, 0, -9)}
    assert abs(level(heard("audio-equalizer", bands, tone(1000))) - level(tone(1000)) + 9) < 0.1
    assert abs(level(heard("audio-equalizer", bands, tone(62.5))) - level(tone(62.5))) < 0.3


def compressor(heard: Heard) -> None:
    def gain(peak: float, **more: float) -> float:
        parameters = {"threshold": -30, "ratio": 4} | more
        return level(heard("audio-compressor", parameters, tone(500, peak))) - level(tone(500, peak))

    loud, louder = gain(0.2), gain(0.4)
    assert abs((loud - louder) - 0.75 * 20 * np.log10(2)) < 0.1  # three of four dB over the threshold are taken
    assert abs(gain(0.4, makeup=6) - louder - 6) < 0.05
    assert abs(gain(0.005)) < 0.05


def limiter(heard: Heard) -> None:
    got = heard("audio-limiter", {"ceiling": -6}, tone(500, 0.9))
    assert 0.45 < np.abs(got).max() <= 10 ** (-6 / 20) + 1e-6
    quiet = tone(500, 0.4)
    assert np.abs(heard("audio-limiter", {"ceiling": -6}, quiet) - quiet).max() < 1e-6


def gate(heard: Heard) -> None:
    parameters = {"threshold": -30, "reduction": 40}
    assert abs(level(heard("audio-gate", parameters, tone(500, 0.2))) - level(tone(500, 0.2))) < 0.01
    assert abs(level(heard("audio-gate", parameters, tone(500, 0.01))) - level(tone(500, 0.01)) + 40) < 0.1


def expander(heard: Heard) -> None:
    def gain(peak: float) -> float:
        return level(heard("audio-expander", {"threshold": -20, "ratio": 3}, tone(500, peak))) - level(tone(500, peak))

    assert abs(gain(0.5)) < 0.01
    assert abs((gain(0.05) - gain(0.025)) - 2 * 20 * np.log10(2)) < 0.2  # another two dB go for each below


def reverb(heard: Heard) -> None:
    parameters = {"mix": 0.5, "decay": 0.8, "pre_delay": 10}
    got = heard("audio-reverb", parameters, impulse(1.5)).astype(float)
    assert abs(got[1000, 0] - 1) < 0.01
    assert np.abs(got[1001:1470]).max() < 1e-5
    room = got[1480:]
    assert np.abs((room**2).sum(0) - 0.25).max() < 0.02  # its energy is `mix` squared
    assert abs(np.corrcoef(room[:20_000].T)[0, 1]) < 0.05
    fallen = 10 * np.log10((room[:2400] ** 2).sum() / (room[19_200:21_600] ** 2).sum())
    assert abs(fallen - 30) < 2  # 60 dB in 0.8 s
    half = heard("audio-reverb", parameters | {"mix": 0.25}, impulse(1.5))[1480:]
    assert np.abs(half * 2 - room).max() < 1e-4
    for corner in (1000, 6000):  # 3 dB down there, and 7 an octave above
        damped = heard("audio-reverb", parameters | {"damping": corner}, impulse(1.5))[1001:]
        above = _power(damped, 1.9 * corner, 2.1 * corner) - _power(damped, 40, 0.2 * corner)
        assert abs(above + 10 * np.log10(5)) < 2, corner


def _power(samples: np.ndarray, low: float, high: float) -> float:
    """Power of a band, per Hz, in dB."""
    spectrum, hertz = np.abs(np.fft.rfft(samples.astype(float), axis=0)) ** 2, np.fft.rfftfreq(len(samples), 1 / RATE)
    return float(10 * np.log10(spectrum[(hertz > low) & (hertz < high)].mean()))


def delay(heard: Heard) -> None:
    got = heard("audio-delay", {"delay": 100, "mix": 0.5, "feedback": 0.5}, impulse())
    found = np.flatnonzero(np.abs(got[:, 0]) > 0.02)
    assert list(found) == [1000, 5800, 10_600, 15_400, 20_200, 25_000]
    assert np.allclose(got[found, 1], [1, 0.5, 0.25, 0.125, 0.0625, 0.03125], atol=1e-6)


def chorus(heard: Heard) -> None:
    got = heard("audio-chorus", {"mix": 0.5, "delay": 25, "depth": 2, "speed": 4}, tone(440))
    other = heard("audio-chorus", {"mix": 0.2, "delay": 25, "depth": 2, "speed": 4}, tone(440))
    swing = [np.ptp([np.abs(part[at : at + 480]).max() for at in range(4800, 40_000, 480)]) for part in (got, other)]
    assert swing[0] > swing[1] > 0.05
    alone = heard("audio-chorus", {"mix": 0.5}, impulse())
    assert (alone[1000, 0], np.flatnonzero(np.abs(alone[1001:, 0]) > 0.1)[0] > 1150) == (1, True)


def distortion(heard: Heard) -> None:
    third = []
    for drive in (3, 12, 30):
        got = heard("audio-distortion", {"drive": drive}, tone(1000))
        third.append(strength(got, 3000) - strength(got, 1000))
        assert np.abs(got).max() < 1.05
    assert -60 < third[0] < third[1] - 10 < third[2] - 10
    high = heard("audio-distortion", {"drive": 20}, tone(9000))
    assert strength(high, 3000) - strength(high, 9000) < -35  # 45 kHz hardly comes back as 3; by itself -14


def denoise(heard: Heard) -> None:
    hiss = noise(0.002)
    fallen = [level(heard("audio-denoise", {"amount": amount}, hiss)) - level(hiss) for amount in (6, 12, 30)]
    assert -8 < fallen[0] < -4
    assert fallen[2] < fallen[1] < -9
    loud = tone(1000, 0.3)
    assert abs(level(heard("audio-denoise", {"amount": 12}, loud)) - level(loud)) < 0.2


def pitch(heard: Heard) -> None:
    for semitones in (-12, -3, 0.5, 7, 12):
        got = heard("audio-pitch", {"semitones": semitones}, tone(440, 0.5, 1.5))
        middle = got[12_000:60_000]
        spectrum = np.abs(np.fft.rfft(middle[:, 0] * np.hanning(len(middle)), 1 << 19))
        found = spectrum.argmax() * RATE / (1 << 19)
        assert abs(found / (440 * 2 ** (semitones / 12)) - 1) < 0.001, semitones
        assert abs(level(got) - level(tone(440))) < 0.5


def ducking(heard: Heard) -> None:
    bed, voice = tone(300, 0.3, 3), np.zeros((3 * RATE, 2))
    for loud in (0.02, 0.8):  # however loud the voice is
        voice[RATE // 2 : RATE] = tone(700, loud, 0.5)
        for amount in (3, 12, 40):
            parameters = {"track": "voice", "amount": amount, "attack": 50, "release": 200}
            got = heard("audio-ducking", parameters, bed, key=voice)
            at = [level(got[start : start + 9600]) - level(bed) for start in (0, 30_000, 110_000)]
            assert np.abs(np.array(at) - [0, -amount, 0]).max() < 0.1, (loud, amount)
    half = 20 * np.log10(np.abs(got[25_200:25_400]).max() / 0.3)
    assert -30 < half < -12  # half-way down after half of the attack, which may begin 10 ms before the voice


def pan(heard: Heard) -> None:
    assert np.allclose(heard("audio-pan", {"pan": -0.4}, ones(0.1)), [0.5, 0.3], atol=1e-6)


def stereo_width(heard: Heard) -> None:
    sides = np.tile([0.4, 0.1], (4800, 1))
    for width, wanted in ((0, (0.25, 0.25)), (0.5, (0.325, 0.175)), (2, (0.55, -0.05))):
        assert np.allclose(heard("audio-stereo-width", {"width": width}, sides), wanted, atol=1e-6)


def highpass(heard: Heard) -> None:
    _keeps(heard, "audio-highpass", {"frequency": 500}, 4000, 40)


def lowpass(heard: Heard) -> None:
    _keeps(heard, "audio-lowpass", {"frequency": 500}, 40, 12_000)


def bandpass(heard: Heard) -> None:
    _keeps(heard, "audio-bandpass", {"low": 300, "high": 3000}, 1000, 50)
    _keeps(heard, "audio-bandpass", {"low": 300, "high": 3000}, 1000, 15_000)
    with pytest.raises(ValidationError):
        EFFECTS["audio-bandpass"].parameters.model_validate({"low": 300, "high": 200})


def _keeps(heard: Heard, name: str, parameters: dict[str, Any], kept: float, lost: float) -> None:
    for hertz, low, high in ((kept, 0.95, 1.05), (lost, 0, 0.1)):
        ratio = np.abs(heard(name, parameters, tone(hertz))[RATE // 2 :]).max() / 0.5
        assert low <= ratio <= high


PROPERTIES: dict[str, Callable[[Heard], None]] = {
    "audio-fade-in": fade_in,
    "audio-fade-out": fade_out,
    "audio-fade": fade,
    "audio-equalizer": equalizer,
    "audio-compressor": compressor,
    "audio-reverb": reverb,
    "audio-delay": delay,
    "audio-chorus": chorus,
    "audio-distortion": distortion,
    "audio-denoise": denoise,
    "audio-pitch": pitch,
    "audio-ducking": ducking,
    "audio-gate": gate,
    "audio-limiter": limiter,
    "audio-expander": expander,
    "audio-pan": pan,
    "audio-stereo-width": stereo_width,
    "audio-highpass": highpass,
    "audio-lowpass": lowpass,
    "audio-bandpass": bandpass,
}
"""What is heard of each effect that has filters."""

IN_THE_MIX = {"audio-crossfade", "audio-tempo", "audio-normalize"}
"""Effects that the mix makes: tests/tasks/compiler/test_mix.py hears them."""

USED: dict[str, dict[str, Any]] = {
    "audio-equalizer": {"bass": 3, "treble": -3},
    "audio-compressor": {"threshold": 0},
    "audio-pitch": {"semitones": -4},
    "audio-ducking": {"track": "voice"},
    "audio-pan": {"pan": 0.3},
    "audio-stereo-width": {"width": 1.6},
    "audio-fade-in": {"duration": 0.1},
    "audio-fade-out": {"duration": 0.1},
    "audio-fade": {"fade_in": 0.1, "fade_out": 0.1},
    "audio-gate": {"threshold": -60},
}
"""Parameters with which an effect does something, where its defaults don't."""

NEUTRAL: dict[str, dict[str, Any]] = {
    "audio-fade-in": {"duration": 0},
    "audio-fade-out": {"duration": 0},
    "audio-fade": {"fade_in": 0, "fade_out": 0},
    "audio-equalizer": {"bands": (0, 0)},
    "audio-compressor": {"ratio": 1},
    "audio-reverb": {"mix": 0},
    "audio-delay": {"mix": 0},
    "audio-chorus": {"mix": 0},
    "audio-distortion": {"drive": 0},
    "audio-denoise": {"amount": 0},
    "audio-pitch": {"semitones": 0},
    "audio-ducking": {"track": "voice", "amount": 0},
    "audio-gate": {"reduction": 0},
    "audio-expander": {"ratio": 1},
    "audio-pan": {"pan": 0},
    "audio-stereo-width": {"width": 1},
    "audio-lowpass": {"frequency": 30_000},
    "audio-crossfade": {},
    "audio-tempo": {},
    "audio-normalize": {},
}
"""Parameters that change nothing; audio-limiter is neutral below its ceiling, the other passes have no such."""

LATE = {"audio-pitch": 0.01, "audio-highpass": 0.0002, "audio-bandpass": 0.0002}
"""Seconds by which a burst may stand elsewhere: what pitches has no exact place, and steep filters turn the phase."""


def test_every_sound_effect_has_its_case() -> None:
    assert set(PROPERTIES) | IN_THE_MIX == set(SOUND)
    assert set(SOUND) - set(NEUTRAL) == {"audio-limiter", "audio-highpass", "audio-bandpass"}


@pytest.mark.parametrize("name", PROPERTIES)
def test_an_effect_sounds_as_it_says(heard: Heard, name: str) -> None:
    PROPERTIES[name](heard)


@pytest.mark.parametrize("name", PROPERTIES)
def test_an_effect_gives_as_many_samples_as_it_got_and_moves_none(heard: Heard, name: str) -> None:
    rate = 44_100 if name in ("audio-denoise", "audio-pitch", "audio-distortion", "audio-ducking") else RATE
    sent = burst(rate)[: round(0.6 * rate) - 7]
    got = heard(name, USED.get(name, {}), sent, rate, key=np.zeros_like(sent) if name == "audio-ducking" else None)
    assert len(got) == len(sent)
    if name == "audio-pitch":  # another tone: its envelope is compared
        energy = got[:, 0].astype(float) ** 2
        late = (energy * np.arange(len(got))).sum() / energy.sum() - 0.3 * rate
    else:
        alike = np.fft.irfft(np.fft.rfft(got[:, 0], 1 << 16) * np.fft.rfft(sent[:, 0], 1 << 16).conj())
        late = (int(alike.argmax()) + (1 << 15)) % (1 << 16) - (1 << 15)
    assert abs(late) / rate < LATE.get(name, 0.0001)


@pytest.mark.parametrize("name", PROPERTIES)
@pytest.mark.parametrize("end", [(Ge, Gt), (Le, Lt)])
def test_an_effect_takes_the_ends_of_its_bounds(heard: Heard, name: str, end: tuple[type, type]) -> None:
    parameters: dict[str, Any] = {"track": "voice"} if name == "audio-ducking" else {}
    for field, info in EFFECTS[name].parameters.model_fields.items():
        for limit in info.metadata:
            if isinstance(limit, end):
                value = float(getattr(limit, type(limit).__name__.lower()))
                parameters[field] = value + 1 if isinstance(limit, Gt) else value
    if name == "audio-bandpass":
        parameters["low"] = parameters["high"] / 2
    sent = noise(0.3, 0.1)
    got = heard(name, parameters, sent, key=sent if name == "audio-ducking" else None)
    assert len(got) == len(sent)
    assert np.isfinite(got).all()


@pytest.mark.parametrize("name", NEUTRAL)
def test_a_neutral_effect_adds_no_filter(name: str) -> None:
    row, stream = EFFECTS[name], ffmpeg.input("x").audio
    setting = Setting(rate=Fraction(25), samples=1000)
    assert row.build(stream, row.parameters.model_validate(NEUTRAL[name]), setting) is stream


@pytest.mark.parametrize("name", SOUND)
def test_no_parameter_is_without_bounds(name: str) -> None:
    for field, info in EFFECTS[name].parameters.model_fields.items():
        for value in (-1e9, 1e9, float("nan"), (1e9,) * 11, "x" * 2000):
            with pytest.raises(ValidationError):
                EFFECTS[name].parameters.model_validate({"track": "voice"} | {field: value})
        assert info.description
