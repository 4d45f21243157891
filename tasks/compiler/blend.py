"""Blend: a sound effect whose parameters change, mixed from settings of it that stand still.

Each setting treats the whole sound from its first sample on, and a gain of its own lets it be heard while the parameters
are near it. So nothing restarts: echoes, rooms and followed levels have heard what came before, nothing clicks, and every
effect can change that can be heard standing still. docs/adr/0022 has the reasons, and what it costs.

Units: frames from which the effect's keyframes count.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count, product
from math import prod
from typing import Any

from tasks.compiler.effects.row import EffectRow, Setting, Stream
from tasks.compiler.graph import joined
from tasks.compiler.keyframes import Keyframes, value_at
from tasks.compiler.model import Effect
from tasks.compiler.swell import Clock, swelled

SETTINGS_AT_ONCE = 64
"""Settings of which an effect is mixed at most; where that is too few they lie further apart."""

Gains = dict[tuple[float, ...], list[float]]
"""Settings (a value for each moving parameter) → how loud each is at each frame; they add up to 1."""


def blended(stream: Stream, row: EffectRow, effect: Effect, setting: Setting, clock: Clock) -> Stream:
    """Add an effect whose parameters follow its keyframes. setting: with `generate`."""
    names = tuple(effect.keyframes)
    base = row.parameters.model_validate({name: v for name, v in effect.parameters.items() if name not in names})
    curves = [[value_at(effect.keyframes[name], frame) for frame in clock.frames] for name in names]
    heard: dict[Stream, tuple[Any, list[float]]] = {}
    for values, gains in _gains(row, names, curves).items():
        # Within the bounds of each; what may not be together (low above high) may still lie near to what is.
        parameters = base.model_copy(update=dict(zip(names, values, strict=True)))
        alike = heard.setdefault(row.build(stream, parameters, setting), (parameters, [0.0] * len(gains)))
        alike[1][:] = [one + other for one, other in zip(alike[1], gains, strict=True)]
    if len(heard) == 1:
        return next(iter(heard))
    copies, listens = _copies(stream), None if setting.key is None else _copies(setting.key)
    parts: list[Stream] = []
    for parameters, gains in heard.values():
        own = setting if listens is None else replace(setting, key=next(listens))
        parts.append(swelled(row.build(next(copies), parameters, own), gains, clock, setting.generate))
    return joined("amix", parts, inputs=len(parts), normalize=0, duration="first", dropout_transition=0)


def corners(row: EffectRow, effect: Effect) -> Iterator[Any]:
    """The parameters of an effect at the extremes of its keyframes, in each combination; where nothing moves, as they are."""
    ends = {name: (min(values), max(values)) for name, values in _moving(effect.keyframes)}
    base = row.parameters.model_validate({name: v for name, v in effect.parameters.items() if name not in ends})
    for values in product(*ends.values()):
        yield base.model_copy(update=dict(zip(ends, values, strict=True)))


def _moving(lists: Mapping[str, Keyframes]) -> Iterator[tuple[str, list[float]]]:
    for name, keys in lists.items():
        yield name, [value_at(keys, frame) for frame in range(keys[0].frame, keys[-1].frame + 1)]


def _gains(row: EffectRow, names: Sequence[str], curves: Sequence[Sequence[float]]) -> Gains:
    """The settings in use, as fine as they should be or as can be."""
    for coarse in count(1):
        grids = [
            row.sounding.moves[name](min(curve), max(curve), coarse) for name, curve in zip(names, curves, strict=True)
        ]
        found = _on_grid(grids, curves)
        if found is not None:
            return found
    raise AssertionError("two settings of each parameter always suffice")


def _on_grid(grids: Sequence[Sequence[float]], curves: Sequence[Sequence[float]]) -> Gains | None:
    """Share each frame's values out between the settings around them; None where these are too many.

    Two settings of each parameter are never too many: then nothing could be coarser.
    """
    most = max(SETTINGS_AT_ONCE, 2 ** len(grids))
    frames, found = len(curves[0]), Gains()
    for frame, values in enumerate(zip(*curves, strict=True)):
        shares = [tuple(_shares(grid, value)) for grid, value in zip(grids, values, strict=True)]
        for combined in product(*shares):
            key = tuple(setting for setting, _ in combined)
            if key not in found:
                if len(found) == most:
                    return None
                found[key] = [0.0] * frames
            found[key][frame] = prod(share for _, share in combined)
    return found


def _shares(grid: Sequence[float], value: float) -> Iterator[tuple[float, float]]:
    """The one or two settings around a value, and how much of each there is."""
    after = min(bisect_right(grid, value), len(grid) - 1)
    left, right = grid[max(0, after - 1)], grid[after]
    share = 0.0 if left == right else (value - left) / (right - left)
    if share < 1:
        yield left, 1 - share
    if share > 0:
        yield right, share


def _copies(stream: Stream) -> Iterator[Stream]:
    split = stream.filter_multi_output("asplit")
    return (split[number] for number in count())
