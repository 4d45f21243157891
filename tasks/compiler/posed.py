"""Posed: the motions of a title's picture, as keyframes of the clip that the picture becomes.

They are the motions that texts and shapes have (tasks/subtitles/motion.py), taken frame by frame: the picture is where a
shape in its box would be, as large, as turned and as clear. A blur stays within the picture's box.

Units: frames of the element, from its first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.errors import KinofarmError
from tasks.compiler.keyframes import Keyframe, Keyframes, value_at
from tasks.compiler.model import Clip, Effect, PictureElement, Timeline, Transform
from tasks.subtitles.kinds import KINDS
from tasks.subtitles.motion import Pose, Stage, poses


def posed(element: PictureElement, title: Clip, frames: int, timeline: Timeline, where: str) -> dict[str, Any]:
    """Return what a picture's motions, and its title's opacity, make of the fields of its clip.

    Args:    frames: how long the element shows. where: its place in the project.
    Raises:  KinofarmError TEXT-021 for a motion that letters alone can do.
    """
    for number, animation in enumerate(element.animations):
        if KINDS[animation.kind].letters:
            known = ", ".join(name for name, kind in KINDS.items() if not kind.letters)
            raise KinofarmError(
                "TEXT-021",
                where=f"{where}.animations[{number}].kind",
                element=element.id or where,
                kind=animation.kind,
                known=known,
            )
    lists: dict[str, list[Keyframe]] = {}
    for frame, pose in _poses(element, frames, timeline):
        for name, value in _numbers(element, pose, timeline).items():
            _add(lists.setdefault(name, []), frame, value)
    still = {name: keys[0].value for name, keys in lists.items() if len(keys) == 1}
    moving = {name: tuple(keys) for name, keys in lists.items() if len(keys) > 1}
    _fade(title, element, frames, still, moving)
    made: dict[str, Any] = {"opacity": still.pop("opacity", 1.0)}
    blur = Effect(kind="blur", parameters={"radius": still.pop("blur", 0.0)})
    if keys := moving.pop("blur", None):
        blur = Effect.model_construct(kind="blur", keyframes={"radius": keys})
    if blur.keyframes or blur.parameters["radius"]:
        made["effects"] = (blur,)
    transform = Transform().model_copy(update={name.removeprefix("transform."): n for name, n in still.items()})
    return made | {"transform": None if transform == Transform() else transform, "keyframes": moving}


def _poses(element: PictureElement, frames: int, timeline: Timeline) -> Iterator[tuple[int, Pose | None]]:
    """Where each pose begins; None: hidden."""
    width, height = timeline.size.width, timeline.size.height
    box = (element.x * width, element.y * height, element.width * width, element.height * height)
    reached = 0
    for start, end, pose in poses(element.animations, Stage(*box, width, height, timeline.rate, frames), 0, frames):
        if start > reached:
            yield reached, None
        yield start, pose
        reached = end
    if reached < frames:
        yield reached, None


def _numbers(element: PictureElement, pose: Pose | None, timeline: Timeline) -> dict[str, float]:
    """The clip's numbers in a pose; a hidden picture stays where it is."""
    if pose is None:
        return {"opacity": 0.0}
    return {
        "opacity": element.opacity * pose.opacity,
        "transform.position_x": pose.x / timeline.size.width,
        "transform.position_y": pose.y / timeline.size.height,
        "transform.scale_x": pose.scale_x,
        "transform.scale_y": pose.scale_y,
        "transform.rotation": element.rotation + pose.rotation,
        "blur": pose.blur / 2,  # CSS's Gaussian has half of its radius for a deviation
    }


def _add(keys: list[Keyframe], frame: int, value: float) -> None:
    if not keys or keys[-1].value != value:
        keys.append(Keyframe(frame=frame, value=value, easing="hold"))


def _fade(
    title: Clip, element: PictureElement, frames: int, still: dict[str, float], moving: dict[str, Keyframes]
) -> None:
    """Multiply the title's opacity, which may move too, into the picture's."""
    own = moving.pop("opacity", None) or (Keyframe(frame=0, value=still["opacity"], easing="hold"),)
    keys: list[Keyframe] = []
    if fades := title.keyframes.get("opacity"):
        for frame in range(frames):
            whole = min(1.0, max(0.0, value_at(fades, element.start + frame)))
            _add(keys, frame, whole * value_at(own, frame))
    else:
        keys = [key.model_copy(update={"value": title.opacity * key.value}) for key in own]
    still["opacity"] = keys[0].value
    if len(keys) > 1:
        moving["opacity"] = tuple(keys)
