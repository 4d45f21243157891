"""Heat strips: when something is seen or heard in a film, a row for each kind, as wide as the film is long."""

from __future__ import annotations

from collections.abc import Sequence

from apps.ui.parts.media_words import clock
from apps.ui.parts.tags import tag
from apps.ui.parts.words import first_up, several
from infra.library.findings import SeenName, SeenSpan

MOST_SPANS = 400
"""Of a row: what comes closer than that is one span."""
FAINT = 0.35
"""Strength in which what is hardly sure is drawn."""


def heat_strips(seen: Sequence[SeenName], length: float) -> None:
    """Draw a row for each name, in this order.

    Args:    seen: with `MOST_SPANS` spans each. length: of the film, in seconds.
    """
    with tag("ul", "", "strips"):
        for one in seen:
            said = f"{several(one.times, 'time')}, {one.seconds:.1f} s in all"
            with tag("li", "", "strip-row"):
                tag("span", first_up(one.name), "strip-name")
                words = f"{one.name}: {said}, between {clock(one.first)} and {clock(one.last)}"
                with tag("div", "", "strip", role="img", aria_label=words):
                    for start, end, sure in _spans(one.spans, length):
                        span = tag("span", "", "strip-span", title=f"{clock(start)} to {clock(end)}")
                        strength = FAINT + (1 - FAINT) * sure
                        span.style(f"left: {100 * start / length:.3f}%; width: {100 * (end - start) / length:.3f}%; opacity: {strength:.2f}")  # fmt: skip
                tag("span", said, "sub")


def _spans(seen: Sequence[SeenSpan], length: float) -> list[tuple[float, float, float]]:
    """Start, end and how sure it is; what could not be told apart is drawn as one."""
    least = length / MOST_SPANS
    spans: list[tuple[float, float, float]] = []
    for one in seen:
        start, end = max(0.0, one.begin), min(length, max(one.end, one.begin + least / 2))
        if spans and start - spans[-1][1] < least and end - spans[-1][0] < 4 * least:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]), max(one.best, spans[-1][2]))
        else:
            spans.append((start, end, one.best))
    return spans
