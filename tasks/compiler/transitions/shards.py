"""Shards: the old picture breaks into pieces that fly apart and fall off the next one.

What looks like chance is drawn from a fixed seed: a transition looks the same wherever it is rendered.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, hypot, pi
from random import Random

from pydantic import Field

from tasks.compiler.effects.row import Stream
from tasks.compiler.transitions.expression import by_time
from tasks.compiler.transitions.mixing import mixed, premultiplied, straight
from tasks.compiler.transitions.moves import between
from tasks.compiler.transitions.placing import EDGE, arriving, laid
from tasks.compiler.transitions.row import Paced, Setting, TransitionRow

SEED = 41

SMALLEST = 8
"""Pixels along the longer side below which a piece does not break again."""


class Shatter(Paced):
    pieces: int = Field(20, ge=2, le=100, description="How many.")
    gravity: float = Field(0.5, ge=0, le=5, description="How fast they fall.")
    randomness: float = Field(0.7, ge=0, le=1, description="How uneven they are, and how wildly they fly.")
    rotation: bool = Field(True, description="Whether they turn.")


@dataclass(frozen=True)
class _Shard:
    """A piece of the frame, in even pixels, and how it flies: over how many pixels, with what turn, from when on."""

    left: int
    top: int
    width: int
    height: int
    drift: float = 0
    leap: float = 0
    spin: float = 0
    delay: float = 0


def shatter(before: Stream, after: Stream, parameters: Shatter, setting: Setting) -> Stream:
    """The old picture breaks and falls off the next."""
    shards = _broken(setting, parameters)
    new = after.filter_multi_output("split", 2)
    copies = before.filter_multi_output("split", len(shards))
    stream = arriving(new[1], setting)
    for number, shard in enumerate(shards):
        stream = _flying(stream, copies[number], shard, parameters, setting)
    return mixed(stream, new[0], lambda time: between(setting.progress(time), 0.75, 1), setting)


def _flying(below: Stream, picture: Stream, shard: _Shard, parameters: Shatter, setting: Setting) -> Stream:
    """Lay one shard over what lies below, on its way."""

    def flown(time: float) -> float:
        return between(setting.progress(time), shard.delay, 1)

    piece = picture.filter("crop", shard.width, shard.height, shard.left, shard.top)
    left, top = shard.left, shard.top
    if parameters.rotation:
        piece = premultiplied(piece) if setting.clear else piece.filter("format", "yuva444p")
        # rotate draws the outermost pixels twice: they are clear ones.
        piece = piece.filter("pad", f"iw+{2 * EDGE}", f"ih+{2 * EDGE}", EDGE, EDGE, color="black@0")
        side = 2 * ceil(hypot(shard.width + 2 * EDGE, shard.height + 2 * EDGE) / 2)
        left, top = left - (side - shard.width) // 2, top - (side - shard.height) // 2
        angle = by_time(lambda time: shard.spin * flown(time), setting.frames, setting.rate)
        piece = straight(piece.filter("rotate", angle, ow=side, oh=side, c="black@0"))
    fall = 3 * parameters.gravity * setting.height
    return laid(
        below,
        piece,
        lambda time: round(left + shard.drift * flown(time)),
        lambda time: round(top + shard.leap * flown(time) + fall * flown(time) ** 2),
        setting,
    )


def _broken(setting: Setting, parameters: Shatter) -> list[_Shard]:
    """Break the frame, each time the largest shard across its longer side; all fly away from the middle."""
    chance, wild = Random(SEED), parameters.randomness
    shards = [_Shard(0, 0, setting.width, setting.height)]
    while len(shards) < parameters.pieces:
        shard = max(shards, key=lambda one: one.width * one.height)
        if max(shard.width, shard.height) < SMALLEST:
            break
        shards.remove(shard)
        share = 0.5 + 0.5 * wild * (chance.random() - 0.5)
        if shard.width >= shard.height:
            cut = 2 * round(shard.width * share / 2)
            shards.append(_Shard(shard.left, shard.top, cut, shard.height))
            shards.append(_Shard(shard.left + cut, shard.top, shard.width - cut, shard.height))
        else:
            cut = 2 * round(shard.height * share / 2)
            shards.append(_Shard(shard.left, shard.top, shard.width, cut))
            shards.append(_Shard(shard.left, shard.top + cut, shard.width, shard.height - cut))
    return [_thrown(shard, chance, wild, setting) for shard in shards]


def _thrown(shard: _Shard, chance: Random, wild: float, setting: Setting) -> _Shard:
    right = (shard.left + shard.width / 2) / setting.width - 0.5 + wild * (chance.random() - 0.5)
    down = (shard.top + shard.height / 2) / setting.height - 0.5 + wild * (chance.random() - 0.5)
    return _Shard(
        shard.left,
        shard.top,
        shard.width,
        shard.height,
        drift=right * setting.width,
        leap=down * setting.height,
        spin=(chance.random() - 0.5) * 4 * pi,
        delay=0.3 * wild * chance.random(),
    )


SHATTER = TransitionRow(
    "shatter", "The old picture breaks and falls off the next.", Shatter, shatter, seconds=(1.0, 3.0)
)
