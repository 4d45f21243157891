"""Compose: the picture of a range of frames, from the base up: cuts and transitions, overlays, then text.

Each source is opened once for each stretch in which it shows. A transition between two neighbours of the base
takes the streams that are open anyway: a plain one chains an xfade onto them, any other is built of their parts over
its frames alone. One that is only partly seen is made whole and cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.compiler.check import CheckedProject
from tasks.compiler.conform import Conform
from tasks.compiler.effects.row import Stream
from tasks.compiler.graph import Sources, concatenated, joined
from tasks.compiler.layers import Item, Run, Shown, is_text, picture
from tasks.compiler.model import Clip, Transition
from tasks.compiler.signals import SDR
from tasks.compiler.text import TextFiles, drawn
from tasks.compiler.transitions import TRANSITIONS
from tasks.compiler.transitions.mixing import part
from tasks.compiler.transitions.row import Setting

LONGEST_XFADE = 60
"""Seconds that ffmpeg's xfade takes at most."""


@dataclass
class _Shot:
    """One source of the base over [start, end); join: the transition that leads into it from the shot before."""

    start: int
    end: int
    item: Item | None
    clip: Clip | None
    join: Transition | None = None


def composed(project: CheckedProject, sources: Sources, texts: TextFiles, shown: Shown, start: int, end: int) -> Stream:
    """Return the frames [start, end) of the film: in the canvas's format and signal, timestamps from 0 at its rate.

    Args:    shown: what the project's tracks show.
    """
    conform = Conform(project, sources, texts, shown)
    seen = picture(shown, start, end)
    stream = _base(conform, seen.base)
    waiting: list[Clip] = []
    for run in seen.overlays:
        item = run.item
        assert item is not None
        whole = (run.start, run.end) == (max(item.start, start), min(item.end, end))
        if is_text(item) and whole and not conform.formats.drawn_apart:
            waiting.append(item.clip)
            continue
        if waiting:
            stream = drawn(stream, waiting, (), start, end, project.timeline, texts)
            waiting = []
        stream = _overlaid(conform, stream, run, item, run.start - start)
    burnt = project.timeline.subtitles if project.timeline.export.subtitles != "soft" else ()
    subtitles = [line for line in burnt if line.start < end and start < line.end]
    if subtitles and conform.formats.drawn_apart:
        lines = conform.lines(subtitles, start, end)
        return stream if lines is None else _laid(conform, stream, lines, 0, 0)
    if waiting or subtitles:
        stream = drawn(stream, waiting, subtitles, start, end, project.timeline, texts)
    return stream


def _base(conform: Conform, runs: Sequence[Run]) -> Stream:
    """Join the runs: shots that a whole transition links are cross-faded, the others follow each other."""
    groups: list[list[_Shot]] = []
    for run in runs:
        item = run.item
        last = groups[-1][-1] if groups else None
        cut = item is not None and (run.start, run.end) != (item.start, item.end)
        if item is None or (item.into is not None and (cut or conform.formats.alpha)):
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
    first, clear = shots[0], conform.formats.alpha
    if first.item is None:
        ground = conform.formats.ground
        return conform.blank("black@0" if clear else "black", first.end - first.start, ground)
    if first.clip is None:
        return _passage(conform, first.item, first.start, first.end, clear=clear)
    if clear:
        return conform.canvas(first.clip, first.item.track, first.start, first.end)
    stream = conform.frame(first.clip, first.item.track, first.start, first.end)
    for shot in shots[1:]:
        assert shot.join is not None
        assert shot.clip is not None
        assert shot.item is not None
        after = conform.frame(shot.clip, shot.item.track, shot.start, shot.end)
        stream = _joined(conform, stream, after, shot.join, shot.start - first.start, shot.end - shot.start)
    return stream


def _joined(conform: Conform, before: Stream, after: Stream, join: Transition, offset: int, length: int) -> Stream:
    """Lead from one solid stream to the next, `length` frames long, over a transition that begins `offset` frames into the first."""
    frames = join.end - join.start
    if (name := _plain(conform, join)) is not None:
        return _faded(conform, before, after, name, frames, offset)
    pieces: list[Stream] = []
    if offset:
        copies = before.filter_multi_output("split", 2)
        pieces.append(part(copies[0], 0, offset))
        before = copies[1]
    rest: Stream | None = None
    if length > frames:
        copies = after.filter_multi_output("split", 2)
        after, rest = copies[0], part(copies[1], frames, length)
    window = (part(before, offset, offset + frames), part(after, 0, frames))
    pieces.append(_built(conform, *window, join, clear=False))
    if rest is not None:
        pieces.append(rest)
    return concatenated(pieces, conform.rate).filter("fps", fps=str(conform.rate))


def _passage(conform: Conform, item: Item, start: int, end: int, clear: bool) -> Stream:
    """The frames [start, end) of a transition, made whole and cut."""
    assert item.into is not None
    assert item.transition is not None
    make = conform.canvas if clear else conform.frame
    before = make(item.clip, item.track, item.start, item.end)
    after = make(item.into, item.track, item.start, item.end)
    stream = _built(conform, before, after, item.transition, clear=clear)
    if (start, end) == (item.start, item.end):
        return stream
    stream = stream.filter("trim", start_frame=start - item.start, end_frame=end - item.start)
    return stream.filter("setpts", "PTS-STARTPTS")


def _built(conform: Conform, before: Stream, after: Stream, join: Transition, *, clear: bool) -> Stream:
    """The frames of a transition, from those of its two pictures."""
    frames = join.end - join.start
    if not clear and (name := _plain(conform, join)) is not None:
        return _faded(conform, before, after, name, frames, 0)
    row = TRANSITIONS[join.kind]
    parameters = row.parameters.model_validate(dict(join.parameters))
    setting = Setting(
        rate=conform.rate,
        width=conform.size.width,
        height=conform.size.height,
        frames=frames,
        clear=clear,
        easing=parameters.easing,
        sources=conform.sources,
    )
    before, after = (_full_chroma(stream, setting) for stream in (before, after))
    stream = row.build(before, after, parameters, setting).filter("scale", flags="area")
    made = conform.formats.clear if clear else conform.formats.solid
    return stream.filter("format", made).filter("setparams", **conform.formats.signal.tags)


def _full_chroma(stream: Stream, setting: Setting) -> Stream:
    """4:2:0 by repeated values, of which the mean leads back: what a transition leaves alone stays as it is."""
    return stream.filter("scale", flags="neighbor").filter("format", setting.pixels).filter("setparams", **SDR.tags)


def _plain(conform: Conform, join: Transition) -> str | None:
    """The xfade that a transition is, where it runs at an even pace and no longer than one can."""
    row = TRANSITIONS[join.kind]
    parameters = row.parameters.model_validate(dict(join.parameters))
    even = parameters.easing == "linear" and (join.end - join.start) / conform.rate <= LONGEST_XFADE
    return row.plain(parameters) if even else None


def _faded(conform: Conform, before: Stream, after: Stream, name: str, frames: int, offset: int) -> Stream:
    times = {"duration": _seconds(conform, frames), "offset": _seconds(conform, offset)}
    return joined("xfade", [before, after], transition=name, **times)


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
    return _laid(conform, below, stream, x, y)


def _laid(conform: Conform, below: Stream, stream: Stream, x: int, y: int) -> Stream:
    over = joined("overlay", [below, stream], x=x, y=y, eof_action="pass", **conform.formats.overlaying)
    return over.filter("setparams", **conform.formats.signal.tags)
