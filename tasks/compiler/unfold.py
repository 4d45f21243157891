"""Unfold: titles that hold pictures, as the tracks that they are: text and shapes below a picture, the picture, what
lies above it.

A picture of a title is a clip of its own on a track right above the title's, silent and in the element's box as a
cell; its motions are keyframes of that clip. Everything past this knows titles of text and shapes only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest

from pydantic import ValidationError

from infra.errors import KinofarmError
from tasks.compiler.model import Cell, Clip, MediaSource, PictureElement, Timeline, TitleSource, Track
from tasks.compiler.posed import posed


@dataclass(frozen=True)
class Unfolded:
    """A timeline without pictures in titles.

    tracks: each track's place in the project. clips: each clip's place, by track and position.
    """

    timeline: Timeline
    tracks: tuple[str, ...]
    clips: tuple[tuple[str, ...], ...]


def unfolded(timeline: Timeline) -> Unfolded:
    """Lay the pictures of titles on tracks of their own.

    Raises:  KinofarmError TEXT-011 for a title with pictures that is placed, graded or joined as a whole, TEXT-012 for a
             picture whose box leaves the frame, TEXT-021 for one that moves as letters alone can.
    """
    tracks: list[Track] = []
    at: list[str] = []
    clips: list[tuple[str, ...]] = []
    for number, track in enumerate(timeline.tracks):
        place = f"tracks[{number}]"
        rows: list[list[tuple[Clip, str]]] = [[]]
        for position, clip in enumerate(track.clips):
            where = f"{place}.clips[{position}]"
            for level, layer in enumerate(_layers(clip, track, timeline, where)):
                if level == len(rows):
                    rows.append([])
                rows[level].append((layer, where))
        for level, row in enumerate(rows):
            found = tuple(clip for clip, _ in row)
            update: dict[str, object] = {"clips": found}
            if level:
                update |= {"id": f"{track.id}/{level}", "transitions": ()}
            same = len(found) == len(track.clips) and all(
                new is old for new, old in zip(found, track.clips, strict=True)
            )
            tracks.append(track if same else track.model_copy(update=update))
            at.append(place)
            clips.append(tuple(where for _, where in row))
    changed = any(row is not track for row, track in zip_longest(tracks, timeline.tracks))
    made = timeline.model_copy(update={"tracks": tuple(tracks)}) if changed else timeline
    return Unfolded(made, tuple(at), tuple(clips))


def _layers(clip: Clip, track: Track, timeline: Timeline, where: str) -> Iterator[Clip]:
    """A clip's layers from the bottom up: the clip itself, unless it is a title with pictures."""
    source = clip.source
    if not isinstance(source, TitleSource) or not any(_is_picture(element) for element in source.elements):
        yield clip
        return
    _require_bare(clip, track, where)
    first: dict[str, object] = {"background": source.background}
    level = 0
    if source.background is not None and _is_picture(source.elements[0]):
        yield clip.model_copy(update={"source": TitleSource(background=source.background)})
        first, level = {}, 1
    position = 0
    for is_picture, elements in groupby(source.elements, _is_picture):
        group: Sequence[object] = tuple(elements)
        for element in group if is_picture else (group,):
            name = clip.id if level == 0 else f"{clip.id}/{level}"
            if isinstance(element, PictureElement):
                if element.start >= clip.end - clip.start:
                    position += 1
                    continue
                yield _picture(clip, name, element, timeline, f"{where}.source.elements[{position}]")
                position += 1
            else:
                words = TitleSource.model_validate({**first, "elements": element})
                yield clip.model_copy(update={"id": name, "source": words})
                position += len(group)
            first, level = {}, level + 1


def _is_picture(element: object) -> bool:
    return isinstance(element, PictureElement)


def _require_bare(clip: Clip, track: Track, where: str) -> None:
    joined = any(clip.id in (join.from_clip, join.to_clip) for join in track.transitions)
    moved = any(name.startswith(("crop.", "transform.", "colour_correction.")) for name in clip.keyframes)
    if joined or moved or clip.transform or clip.crop or clip.cell or clip.colour_correction or clip.effects:
        raise KinofarmError("TEXT-011", where=where, clip=clip.name or clip.id)


def _picture(clip: Clip, name: str, element: PictureElement, timeline: Timeline, where: str) -> Clip:
    start = clip.start + element.start
    end = clip.end if element.end is None else min(clip.end, clip.start + element.end)
    try:
        cell = Cell(
            x=max(0.0, round(element.x, 9)),
            y=max(0.0, round(element.y, 9)),
            width=element.width,
            height=element.height,
            fit=element.fit,
        )
        if min(element.x, element.y) < -_EDGE or max(cell.x + cell.width, cell.y + cell.height) > 1 + _EDGE:
            raise ValueError("outside")
    except (ValidationError, ValueError):
        raise KinofarmError("TEXT-012", where=where, element=element.id or where) from None
    end = max(end, start + 1)
    made = Clip(
        id=name,
        name=clip.name,
        source=MediaSource(path=element.path),
        start=start,
        end=end,
        volume=0,
        cell=cell,
    )
    return made.model_copy(update=posed(element, clip, end - start, timeline, where))


_EDGE = 1e-6
"""How far, in fractions of the frame, a box may lie beyond the edge after rounding."""
