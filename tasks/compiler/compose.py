"""Compose: the picture of a range of frames, from the base up: cuts and transitions, overlays, then text.

Each source is opened once for each stretch in which it shows. A transition between two neighbours of the base
chains onto the streams that are open anyway; one that is only partly seen is made whole and cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.compiler.check import CheckedProject
from tasks.compiler.conform import BT709, Conform
from tasks.compiler.effects.row import Stream
from tasks.compiler.graph import Sources, concatenated, joined
from tasks.compiler.layers import Item, Run, Shown, is_text, picture
from tasks.compiler.model import Clip, Transition
from tasks.compiler.text import TextFiles, drawn
from tasks.compiler.transitions import TRANSITIONS


@dataclass
class _Shot:
    """One source of the base over [start, end); join: the transition that leads into it from the shot before."""

    start: int
    end: int
    item: Item | None
    clip: Clip | None
    join: Transition | None = None


def composed(project: CheckedProject, sources: Sources, texts: TextFiles, shown: Shown, start: int, end: int) -> Stream:
    """Return the frames [start, end) of the film: yuv420p, BT.709 limited, timestamps from 0 at the timeline's rate.

    Args:    shown: what the project's tracks show.
    """
    conform = Conform(project, sources, texts)
    seen = picture(shown, start, end)
    stream = _base(conform, seen.base)
    waiting: list[Clip] = []
    for run in seen.overlays:
        item = run.item
        assert item is not None
        whole = (run.start, run.end) == (max(item.start, start), min(item.end, end))
        if is_text(item) and whole:
            waiting.append(item.clip)
            continue
        if waiting:
            stream = drawn(stream, waiting, (), start, end, project.timeline, texts)
            waiting = []
        stream = _overlaid(conform, stream, run, item, run.start - start)
    burnt = project.timeline.subtitles if project.timeline.export.subtitles != "soft" else ()
    subtitles = [line for line in burnt if line.start < end and start < line.end]
    if waiting or subtitles:
        stream = drawn(stream, waiting, subtitles, start, end, project.timeline, texts)
    return stream


def _base(conform: Conform, runs: Sequence[Run]) -> Stream:
    """Join the runs: shots that a whole transition links are cross-faded, the others follow each other."""
    groups: list[list[_Shot]] = []
    for run in runs:
        item = run.item
        last = groups[-1][-1] if groups else None
        if item is None or (item.into is not None and (run.start, run.end) != (item.start, item.end)):
            groups.append([_Shot(run.start, run.end, item, None)])
            continue
        if last is not None and last.clip is item.clip and last.end == run.start:
            last.end = run.end
        else:
            groups.append([_Shot(run.start, run.end, item, item.clip)])
        if item.into is not None:
            groups[-1].append(_Shot(run.start, run.end, item, item.into, item.transition))
    return concatenated([_chained(conform, group) for group in groups], conform.rate)


def _chained(conform: Conform, shots: Sequence[_Shot]) -> Stream:
    first = shots[0]
    if first.item is None:
        return conform.blank("black", first.end - first.start)
    if first.clip is None:
        return _passage(conform, first.item, first.start, first.end, clear=False)
    stream = conform.frame(first.clip, first.item.track, first.start, first.end)
    for shot in shots[1:]:
        assert shot.join is not None
        assert shot.clip is not None
        assert shot.item is not None
        after = conform.frame(shot.clip, shot.item.track, shot.start, shot.end)
        stream = _crossed(conform, stream, after, shot.join, shot.start - first.start)
    return stream


def _passage(conform: Conform, item: Item, start: int, end: int, clear: bool) -> Stream:
    """The frames [start, end) of a transition, made whole and cut."""
    assert item.into is not None
    assert item.transition is not None
    make = conform.canvas if clear else conform.frame
    before = make(item.clip, item.track, item.start, item.end)
    after = make(item.into, item.track, item.start, item.end)
    if clear:  # what is clear has no colour of its own to mix: the mixing is done on premultiplied values
        before, after = _weighed("premultiply", before), _weighed("premultiply", after)
    stream = _crossed(conform, before, after, item.transition, 0)
    if clear:
        stream = _weighed("unpremultiply", stream).filter("format", "yuva420p").filter("setparams", **BT709)
    if (start, end) == (item.start, item.end):
        return stream
    stream = stream.filter("trim", start_frame=start - item.start, end_frame=end - item.start)
    return stream.filter("setpts", "PTS-STARTPTS")


def _crossed(conform: Conform, before: Stream, after: Stream, join: Transition, offset: int) -> Stream:
    """Lead from one stream to the next with an xfade that begins `offset` frames into the first."""
    row = TRANSITIONS[join.kind]
    name = row.direction.get(str(join.parameters.get("direction", "")), row.xfade)
    options = {
        "transition": name,
        "duration": _seconds(conform, join.end - join.start),
        "offset": _seconds(conform, offset),
    }
    return joined("xfade", [before, after], **options)


def _weighed(name: str, stream: Stream) -> Stream:
    """(Un)premultiply, in a pixel format that the filter takes.

    The range stays limited: where a change of range made ffmpeg convert by itself, it stood still (measured: 16 of 40 runs).
    """
    return stream.filter("format", "yuva444p").filter(name, inplace=1)


def _seconds(conform: Conform, frames: int) -> str:
    """Frames as seconds in whole microseconds: xfade takes no finer, and rounds to the nearest frame itself."""
    micros = round(frames / conform.rate * 1_000_000)
    return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"


def _overlaid(conform: Conform, below: Stream, run: Run, item: Item, offset: int) -> Stream:
    """Lay a run of an item over the picture, `offset` frames into it."""
    if item.into is not None:
        stream, x, y = _passage(conform, item, run.start, run.end, clear=True), 0, 0
    else:
        stream, box = conform.layer(item.clip, item.track, run.start, run.end)
        x, y = box.x, box.y
    if offset:
        stream = stream.filter("setpts", f"PTS+{offset}")
    over = joined("overlay", [below, stream], x=x, y=y, eof_action="pass")
    return over.filter("setparams", **BT709)
