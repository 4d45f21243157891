"""Quality: how blurred a picture is, and whether it is exposed as a picture should be.

Blur is how little a picture changes when it is blurred once more: 0 sharp, 1 without any detail. It is seen on the small copy, so
that only blur that is seen at 320 pixels is found; a picture without any detail, as black, has none to lose and counts nothing.

Source: F. Crete and others, The blur effect: perception and estimation with a new no-reference perceptual blur metric (2007).
"""

from __future__ import annotations

import cv2
import numpy as np
from pydantic import Field

from infra.values import Value
from tasks.media.analysis.curve import Curve
from tasks.media.analysis.parts import Ending, Frames, Scope
from tasks.media.analysis.shot import Pixels, Shot

REACH = 9
"""Pixels over which the picture is blurred once more; the source's."""

NO_DETAIL = 0.5
"""Mean difference of neighbouring pixels, of 255, below which a picture has no detail to be blurred."""


class Quality(Value):
    """How good the pictures of a film are; shares are of all its frames."""

    blurred: float = Field(description="Share of frames that are blurred.")
    under_exposed: float = Field(description="Share of frames that are too dark.")
    over_exposed: float = Field(description="Share of frames that are too bright.")
    blur: Curve = Field(description="0 sharp, 1 without any detail; None: nothing in it to be blurred.")
    dark: Curve = Field(description="Share of pixels that are too dark.")
    bright: Curve = Field(description="Share of pixels that are too bright.")
    brightness: Curve = Field(description="Mean luma, 0 black to 1 white.")


class QualityCollector:
    """Measures each frame.

    Args:  scope: whose settings say what is blurred, dark and bright.
    """

    def __init__(self, scope: Scope) -> None:
        settings = scope.settings
        self._blurred_from, self._share = settings.blurred_from, settings.exposure_share
        self._dark_levels = int(settings.dark_level * 255) + 1
        self._first_bright = round(settings.bright_level * 255)
        self._frames, self._blurred, self._under, self._over = 0, 0, 0, 0
        self._blur, self._dark, self._bright, self._brightness = (scope.frame_curve() for _ in range(4))

    def look(self, shot: Shot) -> None:
        """Take in a frame."""
        shares = shot.histogram / shot.luma.size
        dark, bright = float(shares[: self._dark_levels].sum()), float(shares[self._first_bright :].sum())
        self._frames += 1
        self._under += dark >= self._share
        self._over += bright >= self._share
        self._dark.add(shot.time, dark)
        self._bright.add(shot.time, bright)
        self._brightness.add(shot.time, float(shares @ _LEVELS))
        if (blur := blur_of(shot.luma)) is not None:
            self._blurred += blur >= self._blurred_from
            self._blur.add(shot.time, blur)

    def result(self, end: Ending) -> Quality:
        """Return the shares and curves."""
        del end
        frames = max(1, self._frames)
        return Quality(
            blurred=round(self._blurred / frames, 6),
            under_exposed=round(self._under / frames, 6),
            over_exposed=round(self._over / frames, 6),
            blur=self._blur.result(),
            dark=self._dark.result(),
            bright=self._bright.result(),
            brightness=self._brightness.result(),
        )


_LEVELS = np.arange(256) / 255


def blur_of(luma: Pixels) -> float | None:
    """Return how blurred a picture is, from 0 to 1; None where it has no detail."""
    picture = luma.astype(np.float32)
    worst = None
    for reach, (before, after) in (
        ((REACH, 1), (np.s_[:, :-1], np.s_[:, 1:])),
        ((1, REACH), (np.s_[:-1, :], np.s_[1:, :])),
    ):
        softer = cv2.blur(picture, reach)
        own = cv2.absdiff(picture[before], picture[after])
        lost = cv2.subtract(own, cv2.absdiff(softer[before], softer[after]))
        detail = cv2.mean(own)[0]
        if detail < NO_DETAIL:
            continue
        kept = 1 - cv2.mean(cv2.max(lost, 0.0))[0] / detail  # type: ignore[call-overload]
        worst = kept if worst is None else max(worst, kept)
    return worst


QUALITY = Frames(Quality, QualityCollector)
