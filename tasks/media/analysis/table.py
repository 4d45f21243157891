"""All analyses, by their names. A further one is a file beside this and a row in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from infra.errors import KinofarmError
from tasks.media.analysis.black import BLACK
from tasks.media.analysis.channels import CHANNELS
from tasks.media.analysis.frame_times import FRAME_TIMES
from tasks.media.analysis.frozen import FROZEN
from tasks.media.analysis.interlacing import INTERLACING
from tasks.media.analysis.keyframes import KEY_FRAMES
from tasks.media.analysis.loudness import LOUDNESS
from tasks.media.analysis.motion import MOTION
from tasks.media.analysis.parts import Analysis
from tasks.media.analysis.quality import QUALITY
from tasks.media.analysis.scenes import SCENES
from tasks.media.analysis.silence import SILENCE

AnalysisKind = str
"""A name in `ANALYSES`."""

ANALYSES: Mapping[AnalysisKind, Analysis] = {
    "scenes": SCENES,
    "black": BLACK,
    "frozen": FROZEN,
    "motion": MOTION,
    "quality": QUALITY,
    "interlacing": INTERLACING,
    "key_frames": KEY_FRAMES,
    "frame_times": FRAME_TIMES,
    "silence": SILENCE,
    "loudness": LOUDNESS,
    "channels": CHANNELS,
}

ALL: frozenset[AnalysisKind] = frozenset(ANALYSES)


def require_known(wanted: Collection[AnalysisKind]) -> tuple[AnalysisKind, ...]:
    """Return the wanted kinds once each, in the table's order.

    Raises:  KinofarmError MEDIA-030 for a name that is not in the table.
    """
    for kind in wanted:
        if kind not in ANALYSES:
            raise KinofarmError("MEDIA-030", kind=kind, known=", ".join(ANALYSES))
    return tuple(kind for kind in ANALYSES if kind in wanted)
