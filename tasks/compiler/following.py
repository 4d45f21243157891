"""Following: a media file as a film of other proportions, in which a window moves over the picture and fills the frame.

The window's way comes from elsewhere, as plain numbers; here it becomes the keyframes of a clip's transform, so that it can be changed by
hand like any other. Windows are in pixels of the picture as displayed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

from tasks.compiler.keyframes import MOST, Keyframe
from tasks.compiler.model import Animated, Clip, Size, Timeline, Transform

Place = tuple[int, float, float]
"""A frame, and the window's left and top in it."""

_SIDES = 16, 16384
"""Smallest and largest side of a film."""


def own_size(window: tuple[Fraction, Fraction]) -> Size:
    """Return the size of a film that shows a window pixel by pixel, as nearly as even sides allow."""
    width, height = (min(_SIDES[1], max(_SIDES[0], 2 * round(side / 2))) for side in window)
    return Size(width=width, height=height)


def following(
    film: Timeline,
    picture: tuple[Fraction, Fraction],
    window: tuple[Fraction, Fraction],
    places: Sequence[Place],
    size: Size,
) -> Timeline:
    """Return a film of a media file (`imports.media.read`) that shows nothing but a moving window.

    Args:
        picture: size of the file's picture as displayed. window: of the same pixels; it lies in the picture.
        places: of the window, in rising frames of the film; between them it moves straight, before and after them it rests.
        size: of the film. Where its proportions are not quite the window's, it is filled and a little is cut off.
    Returns: the film with one clip; with several, one right after the other, where one holds no more keyframes.
    Raises:  ValueError for a film of another shape, and for a window that is less than a hundredth of the picture.
    """
    if len(film.tracks) != 1 or len(film.tracks[0].clips) != 1 or film.tracks[0].kind != "video" or not places:
        raise ValueError("a film of one video clip and at least one place are wanted")
    (track,) = film.tracks
    (whole,) = track.clips
    scale = max(Fraction(size.width) / window[0], Fraction(size.height) / window[1])
    fitted = min(Fraction(size.width) / picture[0], Fraction(size.height) / picture[1])
    zoom = float(scale / fitted)
    clips = []
    for number, (start, end, inside) in enumerate(_pieces(places, whole.end - whole.start)):
        keys: dict[Animated, tuple[Keyframe, ...]] = {
            "transform.position_x": _offsets(inside, 1, picture[0], window[0], scale / size.width),
            "transform.position_y": _offsets(inside, 2, picture[1], window[1], scale / size.height),
        }
        rest = {name.removeprefix("transform."): moved[0].value for name, moved in keys.items()}
        clips.append(
            whole.model_copy(
                update={
                    "id": f"{whole.id}-{number + 1}" if number else whole.id,
                    "start": whole.start + start,
                    "end": whole.start + end,
                    "source_start": whole.source_start + start * whole.speed / film.rate,
                    "transform": Transform(scale_x=zoom, scale_y=zoom, **rest),
                    "keyframes": {name: moved for name, moved in keys.items() if len(moved) > 1},
                }
            )
        )
    checked = tuple(Clip.model_validate(clip.model_dump()) for clip in clips)
    return film.model_copy(update={"size": size, "tracks": (track.model_copy(update={"clips": checked}),)})


def _pieces(places: Sequence[Place], frames: int) -> Iterator[tuple[int, int, list[Place]]]:
    """Yield the frames [start, end) of each clip and its places, counted from its first frame."""
    begins = list(range(0, max(1, len(places) - 1), MOST - 1))
    edges = [0, *(places[begin][0] for begin in begins[1:]), frames]
    for begin, (start, end) in zip(begins, pairwise(edges), strict=True):
        inside = places[begin : begin + MOST]  # the last one is the next clip's first
        yield start, end, [(frame - start, left, top) for frame, left, top in inside]


def _offsets(
    places: Sequence[Place], side: int, picture: Fraction, window: Fraction, scale: Fraction
) -> tuple[Keyframe, ...]:
    """Return by how much the picture's middle is off the film's, as a share of the film; one where it never moves."""
    moved = [float((picture - window) / 2) - place[side] for place in places]
    if len(set(moved)) == 1:
        moved = moved[:1]
    return tuple(Keyframe(frame=place[0], value=off * float(scale)) for place, off in zip(places, moved, strict=False))
