"""Stacks and tracks inside each other, laid flat: every clip at its place on the timeline, in a row of its track.

A composition is seen through a window: which of its own seconds are shown, where on the timeline, how fast, and in which
direction. What lies inside is cut to the window and gets a window of its own, so that trims, speeds, reversals and freeze
frames of any depth end up on the clips. Layers of a stack go to rows of their own above the track that holds it.

Source: OpenTimelineIO's "Time Ranges" and "Nested Compositions": an effect on time leaves an item's length as it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import opentimelineio as otio

from infra.errors import KinofarmError
from tasks.compiler.imports.counts import MAX_CLIPS
from tasks.compiler.imports.imported import Warnings
from tasks.compiler.imports.interchange.times import seconds, span

MAX_NESTING = 24
"""Compositions inside each other."""

VIDEO, AUDIO = otio.schema.TrackKind.Video, otio.schema.TrackKind.Audio


@dataclass(frozen=True)
class Window:
    """Which seconds of an item are shown, and where.

    start: the first second shown, in the item's own time (the frozen one, where speed is 0). at, lasts: place and length
    on the timeline. speed: own seconds per second of film. reverse: the range is shown backwards.
    """

    start: Fraction
    at: Fraction
    lasts: Fraction
    speed: Fraction = Fraction(1)
    reverse: bool = False

    @property
    def end(self) -> Fraction:
        """The first second that is shown no more, in the item's own time."""
        return self.start + self.lasts * self.speed

    def moment(self, own: Fraction) -> Fraction:
        """Return where on the timeline a second of the item is shown."""
        if not self.speed:
            return self.at
        return self.at + (self.end - own if self.reverse else own - self.start) / self.speed


@dataclass(frozen=True)
class Piece:
    """A clip (or a gap that a transition needs) at its place. place: where it stands in the file."""

    item: Any
    window: Window
    place: str


@dataclass(frozen=True)
class Passage:
    """A transition over [start, end) seconds of the timeline, whose cut lies at `cut`."""

    item: Any
    start: Fraction
    cut: Fraction
    end: Fraction
    place: str


@dataclass
class Row:
    """What becomes one track of the model."""

    pieces: list[Piece] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)


def length_of(item: Any, where: str, depth: int = 0) -> Fraction:
    """Return how many seconds an item takes on its track.

    Raises:  FORMAT-070 for a clip whose length nothing says, FORMAT-007 for endless nesting.
    """
    return own_range(item, where, depth)[1]


def own_range(item: Any, where: str, depth: int = 0) -> tuple[Fraction, Fraction]:
    """Return the start of what an item shows, in its own time, and its length.

    Raises:  FORMAT-070 for a clip without a range whose media have none, FORMAT-007 for endless nesting.
    """
    if depth > MAX_NESTING:
        raise KinofarmError("FORMAT-007", where=where, limit=MAX_NESTING)
    if isinstance(item, otio.core.Item) and item.source_range is not None:
        return span(item.source_range, where)
    if isinstance(item, otio.schema.Clip):
        reference = item.media_reference
        if reference is None or reference.available_range is None:
            raise KinofarmError("FORMAT-070", where=where, clip=item.name)
        return span(reference.available_range, where)
    if isinstance(item, otio.core.Composition):
        lengths = [length_of(one, where, depth + 1) for one in item if not isinstance(one, otio.schema.Transition)]
        together = max if isinstance(item, otio.schema.Stack) else sum
        return Fraction(0), Fraction(together(lengths)) if lengths else Fraction(0)
    return Fraction(0), Fraction(0)


class Rows:
    """The rows that one track of the file becomes: by kind and layer."""

    def __init__(self, warnings: Warnings) -> None:
        self._rows: dict[tuple[str, int], Row] = defaultdict(Row)
        self._warnings = warnings
        self.count = 0

    def of(self, kind: str) -> list[Row]:
        """Return the rows of a kind, bottom first."""
        return [self._rows[key] for key in sorted(self._rows) if key[0] == kind]

    def lay(self, item: Any, window: Window, kind: str, layer: int, place: str, depth: int = 0) -> int:
        """Lay an item, of which `window` is shown, and whatever is in it into rows from `layer` on.

        Returns: how many layers it takes.
        Raises:  FORMAT-007 for endless nesting, FORMAT-016 for too many clips.
        """
        if depth > MAX_NESTING:
            raise KinofarmError("FORMAT-007", where=place, limit=MAX_NESTING)
        if isinstance(item, otio.schema.Stack):
            return self._stack(item, window, kind, layer, place, depth)
        if isinstance(item, otio.core.Composition):
            return self._track(item, window, kind, layer, place, depth)
        self.count += 1
        if self.count > MAX_CLIPS:
            raise KinofarmError("FORMAT-016", where=place, things="clips", count=self.count, limit=MAX_CLIPS)
        self._rows[kind, layer].pieces.append(Piece(item, window, place))
        return 1

    def _stack(self, stack: Any, window: Window, kind: str, layer: int, place: str, depth: int) -> int:
        sounds = [one for one in stack if isinstance(one, otio.schema.Track) and one.kind == AUDIO]
        used = {VIDEO: layer, AUDIO: layer}
        for number, part in enumerate(stack):
            own = part.kind if isinstance(part, otio.schema.Track) else kind
            if kind == AUDIO and own == VIDEO and sounds:
                continue  # an audio track shows no pictures, and their sound has tracks of its own
            if own not in used:
                self._warnings.add("FORMAT-117", where=f"{place}.children[{number}]", track=part.name, kind=own)
                continue
            own = AUDIO if kind == AUDIO else own
            at = f"{place}.children[{number}]"
            if seen := through(part, (Fraction(0), length_of(part, at)), window):
                if not part.enabled:
                    self._left_out(part, at)
                    continue
                self._unread_effects(part, at)
                used[own] += self.lay(part, seen, own, used[own], at, depth + 1)
        return max(1, used[kind] - layer)

    def _track(self, track: Any, window: Window, kind: str, layer: int, place: str, depth: int) -> int:
        most, now = 1, Fraction(0)
        placed: list[tuple[Any, Fraction, Fraction, int]] = []
        for number, part in enumerate(track):
            at = f"{place}.children[{number}]"
            if isinstance(part, otio.schema.Transition):
                placed.append((part, now, now, number))
                continue
            length = length_of(part, at, depth)
            placed.append((part, now, now + length, number))
            now += length
        for position, (part, begin, end, number) in enumerate(placed):
            at = f"{place}.children[{number}]"
            if isinstance(part, otio.schema.Transition):
                self._transition(part, placed, position, window, kind, layer, at)
            elif isinstance(part, otio.schema.Gap):
                beside = (placed[n][0] for n in (position - 1, position + 1) if 0 <= n < len(placed))
                seen = through(part, (begin, end), window)
                if seen and any(isinstance(one, otio.schema.Transition) for one in beside):
                    self.lay(part, seen, kind, layer, at, depth + 1)
            elif seen := through(part, (begin, end), window):
                if not part.enabled:
                    self._left_out(part, at)
                    continue
                if isinstance(part, otio.core.Composition):
                    self._unread_effects(part, at)
                most = max(most, self.lay(part, seen, kind, layer, at, depth + 1))
        return most

    def _transition(
        self,
        item: Any,
        placed: list[tuple[Any, Fraction, Fraction, int]],
        position: int,
        window: Window,
        kind: str,
        layer: int,
        place: str,
    ) -> None:
        """Lay a transition between two neighbours that both stay whole where it is seen."""
        cut = placed[position][1]
        begin, end = cut - seconds(item.in_offset, place), cut + seconds(item.out_offset, place)
        beside = [placed[n][0] for n in (position - 1, position + 1) if 0 <= n < len(placed)]
        reason = _why_not(beside)
        if not reason and (not window.speed or begin < window.start or end > window.end):
            reason = "what holds it is cut inside it"
        if reason:
            self._warnings.add("FORMAT-118", where=place, transition=item.name or item.transition_type, reason=reason)
            return
        if window.reverse:
            begin, end = end, begin
        moments = (window.moment(begin), window.moment(cut), window.moment(end))
        self._rows[kind, layer].passages.append(Passage(item, *moments, place))

    def _left_out(self, item: Any, place: str) -> None:
        self._warnings.add("FORMAT-119", where=place, clip=item.name)

    def _unread_effects(self, composition: Any, place: str) -> None:
        for effect in unread_effects(composition):
            name = effect.name or effect.effect_name or "without a name"
            self._warnings.add("FORMAT-120", where=place, clip=composition.name, effect=name)


def seen_inside(item: Any, window: Window, place: str) -> Window:
    """Return what is seen of an item's content: its own trim and its effects on time, inside the window on the item.

    Args:    window: on the item as its track holds it, 0 being its beginning.
    """
    start, length = own_range(item, place)
    speed, reverse = _timing(item, place)
    seen_first = (length - (window.end if window.speed else window.start)) if reverse else window.start
    begin = start + seen_first * speed
    return Window(begin, window.at, window.lasts, window.speed * speed, window.reverse != reverse)


def unread_effects(item: Any) -> Iterator[Any]:
    """Yield the effects of an item that mean nothing to the farm: all but those on time and those it wrote itself."""
    for effect in item.effects:
        if not isinstance(effect, otio.schema.LinearTimeWarp):
            yield effect


def through(part: Any, place: tuple[Fraction, Fraction], window: Window) -> Window | None:
    """Return what is seen of a part that lies at `place` in what the window shows; None where it is not seen.

    For compositions in their own time; for clips in the time of their media.
    """
    begin, end = place
    if not window.speed:
        if not begin <= window.start < end:
            return None
        seen = Window(window.start - begin, window.at, window.lasts, Fraction(0), window.reverse)
    else:
        low, high = max(begin, window.start), min(end, window.end)
        if low >= high:
            return None
        at = min(window.moment(low), window.moment(high))
        seen = Window(low - begin, at, (high - low) / window.speed, window.speed, window.reverse)
    if isinstance(part, otio.schema.Gap):
        return seen
    return seen_inside(part, seen, "")


def _timing(item: Any, place: str) -> tuple[Fraction, bool]:
    """Return an item's speed from its effects on time (0: it stands still), and whether it runs backwards."""
    speed, reverse = Fraction(1), False
    for effect in item.effects:
        if isinstance(effect, otio.schema.LinearTimeWarp):
            still = isinstance(effect, otio.schema.FreezeFrame)
            scalar = Fraction(0) if still else seconds(otio.opentime.RationalTime(effect.time_scalar, 1), place)
            speed, reverse = speed * abs(scalar), reverse != (scalar < 0)
    return speed, reverse


def _why_not(beside: Sequence[Any]) -> str:
    """Say why a transition cannot join what lies beside it; "" where it can."""
    if len(beside) < 2 or any(isinstance(one, otio.schema.Transition) for one in beside):
        return "it does not lie between two clips"
    if any(not one.enabled for one in beside if not isinstance(one, otio.schema.Gap)):
        return "one of its clips is switched off"
    return "it joins a stack of several layers" if any(_layers(one) > 1 for one in beside) else ""


def _layers(item: Any) -> int:
    """Return how many layers an item takes at most."""
    if isinstance(item, otio.schema.Stack):
        return sum(_layers(part) for part in item)
    if isinstance(item, otio.core.Composition):
        return max((_layers(part) for part in item if not isinstance(part, otio.schema.Transition)), default=1)
    return 1
