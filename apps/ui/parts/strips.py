"""Heat strips: when something is seen or heard in a film, a row for each kind, as wide as the film is long."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from apps.ui.parts.media_words import clock
from apps.ui.parts.tags import tag
from apps.ui.parts.words import first_up, several
from infra.library.findings import FindingEntered

MOST_SPANS = 400
"""Of a row: what comes closer than that is one span."""
FAINT = 0.35
"""Strength in which what is hardly sure is drawn."""


def heat_strips(found: Sequence[FindingEntered], length: float) -> None:
    """Draw a row for each name, the most seen first.

    Args:    length: of the film, in seconds.
    """
    by_name = {name: list(each) for name, each in groupby(sorted(found, key=_name), key=_name)}
    with tag("ul", "", "strips"):
        for name, each in sorted(by_name.items(), key=lambda item: -_seen(item[1])):
            said = f"{several(len(each), 'time')}, {_seen(each):.1f} s in all"
            with tag("li", "", "strip-row"):
                tag("span", first_up(name), "strip-name")
                first, last = min(one.seen_from for one in each), max(one.seen_to for one in each)
                words = f"{name}: {said}, between {clock(first)} and {clock(last)}"
                with tag("div", "", "strip", role="img", aria_label=words):
                    for start, end, sure in _spans(each, length):
                        span = tag("span", "", "strip-span", title=f"{clock(start)} to {clock(end)}")
                        strength = FAINT + (1 - FAINT) * sure
                        span.style(f"left: {100 * start / length:.3f}%; width: {100 * (end - start) / length:.3f}%; opacity: {strength:.2f}")  # fmt: skip
                tag("span", said, "sub")


def _name(one: FindingEntered) -> str:
    return one.name


def _seen(found: Sequence[FindingEntered]) -> float:
    """Seconds in which any of them is seen."""
    total, reached = 0.0, 0.0
    for one in sorted(found, key=lambda each: each.seen_from):
        total += max(0.0, one.seen_to - max(one.seen_from, reached))
        reached = max(reached, one.seen_to)
    return total


def _spans(found: Sequence[FindingEntered], length: float) -> list[tuple[float, float, float]]:
    """Start, end and how sure it is; what could not be told apart is drawn as one."""
    least = length / MOST_SPANS
    spans: list[tuple[float, float, float]] = []
    for one in sorted(found, key=lambda each: each.seen_from):
        start, end = max(0.0, one.seen_from), min(length, max(one.seen_to, one.seen_from + least / 2))
        if spans and start - spans[-1][1] < least and end - spans[-1][0] < 4 * least:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]), max(one.best, spans[-1][2]))
        else:
            spans.append((start, end, one.best))
    return spans
