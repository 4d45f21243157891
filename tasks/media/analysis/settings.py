"""What counts as a scene, as silence, as black: the thresholds of the analyses."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from pydantic import Field

from infra.values import Exact, Value


class AnalysisSettings(Value):
    """Thresholds of all analyses; lengths are in seconds, levels of pictures are shares of the way from black to white."""

    sound: int | None = Field(None, ge=0, description="Which sound, counted from 0; None: the default one.")
    threads: int = Field(
        0, ge=0, le=64, description="Threads of the picture's decoder; 0: one more than there are cores."
    )
    most_damaged: int = Field(1_000, ge=0, description="Damaged packets and frames after which a file is given up.")

    scene_detector: Literal["content", "adaptive"] = Field(
        "content",
        description="content: a cut is a change beyond a threshold; adaptive: one that stands out of its neighbours.",
    )
    scene_threshold: float = Field(27.0, gt=0, le=255, description="Change of hue, saturation and value, of 255.")
    scene_ratio: float = Field(
        3.0, gt=1, description="Adaptive: how many times its neighbours' change a cut's must be."
    )
    least_scene: Exact = Field(Fraction(3, 5), ge=0, description="Scenes shorter than this are joined to a neighbour.")

    silence_level: float = Field(-50.0, ge=-120, lt=0, description="Peak in dBFS below which a sound is silent.")
    least_silence: Exact = Field(Fraction(1, 2), gt=0, description="Seconds that silence must last.")

    black_level: float = Field(0.1, gt=0, lt=1, description="A pixel is black up to this level.")
    black_share: float = Field(0.98, gt=0, le=1, description="A picture is black with this share of black pixels.")
    least_black: Exact = Field(Fraction(1, 10), ge=0, description="Seconds that black must last.")

    frozen_level: float = Field(0.001, ge=0, lt=1, description="Mean change of a picture that stands still.")
    frozen_peak: float = Field(
        0.08, ge=0, le=1, description="Most change at any one place of a picture that stands still."
    )
    least_frozen: Exact = Field(Fraction(1), ge=0, description="Seconds that a picture must stand still.")

    blurred_from: float = Field(
        0.5, gt=0, lt=1, description="Blur (0 sharp, 1 none of the detail left) from which on a frame is blurred."
    )
    dark_level: float = Field(0.08, ge=0, le=1, description="A pixel is too dark up to this level.")
    bright_level: float = Field(0.97, ge=0, le=1, description="A pixel is too bright from this level on.")
    exposure_share: float = Field(
        0.5,
        gt=0,
        le=1,
        description="A frame is under- or over-exposed with this share of too dark or too bright pixels.",
    )

    interlaced_ratio: float = Field(1.25, gt=1, description="How much better one order of fields fits than the other.")
    progressive_ratio: float = Field(
        1.5, gt=1, description="How much better a frame's own rows fit than its neighbours'."
    )
