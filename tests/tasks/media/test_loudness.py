"""Loudness: reading a meter, finding the level, and telling a sound that misses what was wanted."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.errors import KinofarmError
from tasks.media.loudness import (
    CLOSE,
    Level,
    Loudness,
    Measured,
    corrected,
    first_level,
    holds,
    measure,
    read_meter,
    require_loudness,
)
from tests.media_factory import MediaFactory

WANTED = Loudness(target=-16, peak=-1)


def test_a_tone_measures_what_it_is_known_to(media_factory: MediaFactory, ffmpeg_binary: str, tmp_path: Path) -> None:
    """A stereo sine of 1 kHz at -6.02 dBFS has -6.02 LUFS: EBU Tech 3341, case 1, at another level."""
    found = measure(media_factory.sound(96_000), Path(ffmpeg_binary), tmp_path)
    assert found.integrated is not None
    assert found.true_peak is not None
    assert abs(found.integrated + 6.02) < 0.2
    assert abs(found.true_peak + 6.02) < 0.5  # AAC swings over at the ends


def test_silence_measures_nothing_and_gets_no_gain(
    media_factory: MediaFactory, ffmpeg_binary: str, tmp_path: Path
) -> None:
    found = measure(media_factory.sound(96_000, amplitude=0), Path(ffmpeg_binary), tmp_path)
    assert found == Measured(None, None)
    assert first_level(WANTED, found).gain == 0
    assert corrected(Level(0, -1), WANTED, found) is None
    assert holds(WANTED, found)


def test_a_meter_s_last_figures_count(tmp_path: Path) -> None:
    log = tmp_path / "meter.log"
    lines = [f"frame:{n}\nlavfi.r128.I={-70 + n / 100}\nlavfi.r128.true_peak={n / 10_000}\n" for n in range(5001)]
    log.write_text("".join(lines), encoding="ascii")
    assert read_meter(log) == Measured(-70 + 50, -6.020599913279624)
    log.write_text("lavfi.r128.I=-70.000\nlavfi.r128.true_peak=nan\n", encoding="ascii")
    assert read_meter(log) == Measured(None, None)


def test_a_level_is_corrected_until_a_limiter_that_takes_half_leads_to_the_target() -> None:
    """What a limiter leaves of each dB is found from the levels before: plain steps would need twice as many rounds."""
    level, before, rounds = first_level(WANTED, Measured(-30, -12)), None, 0
    assert level == Level(14, -1.1)
    while True:
        measured = Measured(-30 + 10 + (level.gain - 10) / 2, -1.05)
        better = corrected(level, WANTED, measured, before)
        if better is None:
            break
        before, level, rounds = (level, measured), better, rounds + 1
    assert rounds <= 3
    assert measured.integrated is not None
    assert abs(measured.integrated + 16) <= CLOSE


def test_a_peak_over_the_limit_lowers_the_ceiling_by_more_than_that() -> None:
    better = corrected(Level(3, -1.1), WANTED, Measured(-16, -0.6))
    assert better is not None
    assert better.gain == 3
    assert -1.6 < better.ceiling < -1.5


@pytest.mark.parametrize(("integrated", "peak"), [(-16.6, -3.0), (-15.4, -3.0), (-16.0, -0.9)])
def test_a_sound_that_misses_its_loudness_or_its_peak_is_refused(integrated: float, peak: float) -> None:
    require_loudness(WANTED, Measured(-16.4, -1.0), "VERIFY-021")
    with pytest.raises(KinofarmError) as caught:
        require_loudness(WANTED, Measured(integrated, peak), "VERIFY-021", "the film's sound")
    assert caught.value.code == "VERIFY-021"
    assert f"{integrated:.2f} LUFS" in caught.value.message
