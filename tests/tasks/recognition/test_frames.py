"""How long the frames stand for what they show that were looked at."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tasks.media.facts import PictureFacts
from tasks.recognition.frames import Pace, end_of_last

F = Fraction
USUAL, START = F(25), F(0)
EACH, FOURTH, SEVEN_HALVES = Pace(), Pace(every=4), Pace(rate=F(7, 2))


def picture(
    end: Fraction, rate: Fraction | None = USUAL, constant: bool = True, start: Fraction = START
) -> PictureFacts:
    """The facts of 150 frames."""
    return PictureFacts(
        index=0, codec="h264", width=320, height=180, pixel_format="yuv420p", time_base=F(1, 1000), rate=rate,
        constant_rate=constant, start=start, end=end, frames=150, max_gap=F(1), still=rate is None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "pace", "last", "end"),
    [
        (picture(F(6)), EACH, F(149, 25), F(6)),
        (picture(F("6.003")), EACH, F(149, 25), F(6)),  # rounded to ticks
        (picture(F(7), start=F(1)), EACH, F(174, 25), F(7)),
        (picture(F(9)), EACH, F(149, 25), F(9)),  # its last frame is held
        (picture(F(6)), FOURTH, F(148, 25), F(6)),
        (picture(F(6)), SEVEN_HALVES, F(143, 25), F(6)),
        (picture(F(6)), EACH, F(99, 25), F(4)),  # what comes behind can't be decoded
        (picture(F(6)), FOURTH, F(96, 25), F(4)),
        (picture(F(15), constant=False), EACH, F(12), F(15)),
        (picture(F(12), constant=False), EACH, F(12), F("12.08")),  # the file does not say
        (picture(F(0), rate=None), EACH, F(0), F(1, 25)),
    ],
)
def test_the_last_frame_that_was_looked_at_is_shown_until_the_film_ends(
    facts: PictureFacts, pace: Pace, last: Fraction, end: Fraction
) -> None:
    assert end_of_last(last, facts, pace) == end


@pytest.mark.parametrize(
    ("facts", "pace", "period"),
    [
        (picture(F(6)), EACH, F(1, 25)),
        (picture(F(6)), FOURTH, F(4, 25)),
        (picture(F(6)), SEVEN_HALVES, F(2, 7)),
        (picture(F(75), F(2)), Pace(rate=F(5)), F(1, 2)),
        (picture(F(1200), F(1, 8)), EACH, F(1, 2)),  # slides: each is held
        (picture(F(15), F(1000), constant=False), EACH, F(1, 10)),  # 1000 is the rate of the clock
        (picture(F(0), None), EACH, F(1, 25)),
    ],
)
def test_frames_that_are_looked_at_lie_a_period_apart(facts: PictureFacts, pace: Pace, period: Fraction) -> None:
    assert pace.period(facts) == period
