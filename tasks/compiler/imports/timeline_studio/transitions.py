"""Transitions: which two clips one joins, and over which frames it lies.

By clip ids, or without them by the cut that lies nearest to its start_time. The window is [start_time, start_time +
duration) if that contains the cut, else it is centred on the cut and the odd frame belongs to the incoming clip;
where the clips overlap, the window is the overlap.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any

from pydantic import Field

from infra.errors import KinofarmError
from tasks.compiler.imports.imported import Warnings
from tasks.compiler.imports.places import problem
from tasks.compiler.imports.timeline_studio.fields import Id, Parameters, Read, Seconds, kebab, number, shaped
from tasks.compiler.imports.timeline_studio.grid import Grid
from tasks.compiler.imports.timeline_studio.names import TRANSITIONS, XFADE_DURATION, transition_name
from tasks.compiler.model import MAX_FRAMES, Clip, Track, Transition


def _duration(value: Any) -> Fraction:
    """Read a duration in any shape: a number, {value}, or {min, max, default, current}: current, value, default."""
    if isinstance(value, dict):
        value = next((value[name] for name in ("current", "value", "default") if value.get(name) is not None), None)
    read = number(value)
    if read < 0:
        raise problem("FORMAT-023", value=str(value))
    if read > 3600:
        raise problem("FORMAT-020", problem="no transition lasts for more than an hour")
    return read


class TransitionObject(Read):
    """`transitions[]`."""

    id: Id = ""
    transition_type: Id
    name: Any = None
    duration: Annotated[Fraction, shaped(_duration)] | None = None
    from_clip_id: Id = ""
    to_clip_id: Id = ""
    start_time: Seconds | None = None
    parameters: Parameters = Field(default_factory=dict)
    easing: Id | None = None
    direction: Id | None = None
    enabled: bool = True


@dataclass(frozen=True)
class _Joint:
    """Two neighbouring clips of a track that touch or overlap: the first is the track's clip number `position`."""

    row: int
    position: int
    before: Clip
    after: Clip


class Joints:
    """Every place where two neighbouring clips meet, to be found by clip or by time."""

    def __init__(self, tracks: Sequence[Track]) -> None:
        self._clips: dict[str, tuple[int, int]] = {}
        self._tracks = tracks
        cuts: list[tuple[int, bool, int, int]] = []
        for row, track in enumerate(tracks):
            for position, clip in enumerate(track.clips):
                self._clips.setdefault(clip.id, (row, position))
                if position and clip.start <= track.clips[position - 1].end:
                    # An overlap is met at both of its ends.
                    ends = {clip.start, track.clips[position - 1].end}
                    last_choice = not (track.enabled and track.kind == "video")
                    cuts.extend((cut, last_choice, row, position - 1) for cut in ends)
        self._cuts = sorted(cuts)

    def between(self, before: str, after: str, transition: str, where: str) -> _Joint:
        """Return the joint of the clips with these ids; one of them may be left out.

        Raises:  FORMAT-031 for an id that no clip has, FORMAT-035 when they are no neighbours of one track.
        """
        positions = []
        for name, field in ((before, "from_clip_id"), (after, "to_clip_id")):
            if name and name not in self._clips:
                user = f'transition "{transition}"'
                raise KinofarmError("FORMAT-031", where=f"{where}.{field}", user=user, kind="clip", id=name)
            positions.append(self._clips.get(name))
        first, second = positions
        if first is None and second is not None:
            first = (second[0], second[1] - 1)
        if second is None and first is not None:
            second = (first[0], first[1] + 1)
        if first is None or second is None or first[0] != second[0] or second[1] != first[1] + 1:
            reason = f'"{after}" does not follow "{before}" on one track'
        elif first[1] < 0 or second[1] >= len(self._tracks[second[0]].clips):
            reason = f'"{before or after}" has no neighbour on that side'
        else:
            return self._joint(*first)
        raise KinofarmError("FORMAT-035", where=where, id=transition, reason=reason)

    def nearest(self, start: int, within: int, transition: str, where: str) -> _Joint:
        """Return the joint whose cut lies nearest to a frame; on equal distance a video track's, then the lowest's.

        Raises:  FORMAT-036 when no cut lies within that many frames.
        """
        after = bisect_left(self._cuts, (start, False, -1, -1))
        near = self._cuts[after : after + 1]
        if after:
            before = self._cuts[after - 1][0]
            near.append(self._cuts[bisect_left(self._cuts, (before, False, -1, -1))])
        near = [cut for cut in near if abs(cut[0] - start) <= within]
        if not near:
            raise KinofarmError("FORMAT-036", where=where, id=transition, start=start, duration=within)
        _, _, row, position = min(near, key=lambda cut: (abs(cut[0] - start), *cut[1:]))
        return self._joint(row, position)

    def _joint(self, row: int, position: int) -> _Joint:
        clips = self._tracks[row].clips
        return _Joint(row, position, clips[position], clips[position + 1])


def to_transitions(
    written: Sequence[TransitionObject], tracks: Sequence[Track], grid: Grid, warnings: Warnings
) -> tuple[list[list[Transition]], Mapping[tuple[int, int], str]]:
    """Return the transitions of each track, and the place in the file of each by track and number.

    Raises:  FORMAT-024… see the functions here; whether a window fits into its clips is checked for all formats alike.
    """
    joints = Joints(tracks)
    found: list[list[Transition]] = [[] for _ in tracks]
    places: dict[tuple[int, int], str] = {}
    for number_, transition in enumerate(written):
        if not transition.enabled:
            continue
        where = f"transitions[{number_}]"
        name = transition.id or where
        joint, made = _to_transition(transition, name, joints, grid, where, warnings)
        places[joint.row, len(found[joint.row])] = where
        found[joint.row].append(made)
    return found, places


def _to_transition(
    transition: TransitionObject, name: str, joints: Joints, grid: Grid, where: str, warnings: Warnings
) -> tuple[_Joint, Transition]:
    kind = transition_name(transition.transition_type)
    if kind is None:
        user = f'transition "{name}"'
        if transition.from_clip_id:
            user += f' of the clip "{transition.from_clip_id}"'
        written = transition.transition_type
        raise KinofarmError("FORMAT-032", where=f"{where}.transition_type", kind="transition", name=written, user=user)
    seconds = transition.duration
    if seconds is None:
        seconds = number(TRANSITIONS.get(kind, XFADE_DURATION))
    length = grid.frames(seconds, f"{where}.duration")
    start = None if transition.start_time is None else grid.frames(transition.start_time, f"{where}.start_time")
    if length < 1:
        begin = start or 0
        raise KinofarmError(
            "FORMAT-025", where=f"{where}.duration", thing="transition", id=name, start=begin, end=begin + length
        )
    if transition.from_clip_id or transition.to_clip_id:
        joint = joints.between(transition.from_clip_id, transition.to_clip_id, name, where)
    elif start is None:
        raise KinofarmError("FORMAT-021", where=f"{where}.start_time", field="start_time")
    else:
        joint = joints.nearest(start, length, name, where)
    window = _window(joint, start, length)
    if joint.after.start < joint.before.end and window[1] - window[0] != length:
        warnings.add("FORMAT-105", where=where, id=name, overlap=window[1] - window[0], duration=length)
    if window[0] < 0 or window[1] > MAX_FRAMES:
        raise KinofarmError(
            "FORMAT-037",
            where=where,
            id=name,
            start=window[0],
            end=window[1],
            first=joint.before.start,
            last=joint.after.end,
            cut=joint.after.start,
        )
    made = Transition(
        id=name,
        kind=kind,
        from_clip=joint.before.id,
        to_clip=joint.after.id,
        start=window[0],
        end=window[1],
        parameters=_parameters(transition),
    )
    return joint, made


def _window(joint: _Joint, start: int | None, length: int) -> tuple[int, int]:
    """Return the frames [start, end) that a transition lies over."""
    if joint.after.start < joint.before.end:
        return joint.after.start, joint.before.end
    cut = joint.after.start
    if start is not None and start <= cut < start + length:
        return start, start + length
    return cut - length // 2, cut + length - length // 2


def _parameters(transition: TransitionObject) -> dict[str, Any]:
    """Return the parameters with easing and direction among them, names and words in the catalogue's spelling."""
    found = {kebab(name).replace("-", "_"): value for name, value in transition.parameters.items()}
    for name in ("easing", "direction"):
        if getattr(transition, name):
            found[name] = getattr(transition, name)
    for name in ("easing", "direction", "shape"):
        if isinstance(found.get(name), str):
            found[name] = kebab(found[name])
    if found.get("easing") == "none":
        del found["easing"]
    if isinstance(found.get("direction"), str):
        found["direction"] = found["direction"].replace("-", "")  # "TopLeft" and "top-left" are topleft
    return found
