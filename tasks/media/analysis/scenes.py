"""Scenes: where the film cuts, by PySceneDetect's detectors, which are fed frame by frame.

Source: PySceneDetect 0.7, ContentDetector and AdaptiveDetector.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field
from scenedetect.common import FrameTimecode  # type: ignore[import-untyped]
from scenedetect.detectors import AdaptiveDetector, ContentDetector  # type: ignore[import-untyped]

from infra.values import Value
from tasks.media.analysis.parts import Ending, Frames, Scope, moving_only
from tasks.media.analysis.ranges import MOST_RANGES, FrameRange, Place
from tasks.media.analysis.settings import AnalysisSettings
from tasks.media.analysis.shot import Shot

UNIT_RATE = 1_000.0
"""Frames a second that the detectors are told: they count in frames, and times are ours."""


class Scenes(Value):
    """The scenes of a film, without gaps from its first frame to its last."""

    detector: str
    scenes: tuple[FrameRange, ...]
    count: int = Field(description="How many there are.")
    truncated: bool = Field(False, description=f"Only the first {MOST_RANGES} are listed.")

    @property
    def cuts(self) -> tuple[int, ...]:
        """The first frames of all listed scenes but the first."""
        return tuple(scene.in_frame for scene in self.scenes[1:])


class _At(FrameTimecode):  # type: ignore[misc]
    """A detector's own timecode that remembers the place that it stands for; detectors give back what they were given."""

    def __init__(self, order: int, place: Place) -> None:
        super().__init__(order, UNIT_RATE)
        self.place = place


class SceneCollector:
    """Feeds a detector.

    Args:  scope: whose settings name the detector and its thresholds.
    """

    def __init__(self, scope: Scope) -> None:
        self._name = scope.settings.scene_detector
        self._detector = _detector(scope.settings, round(scope.settings.least_scene / scope.frame_time))
        self._seen = 0
        self._since: Place | None = None
        self._kept: list[FrameRange] = []
        self._count = 0

    def look(self, shot: Shot) -> None:
        """Take in a frame."""
        if self._since is None:
            self._since = shot.place
        self._cut(self._detector.process_frame(_At(self._seen, shot.place), shot.colour))
        self._seen += 1

    def result(self, end: Ending) -> Scenes:
        """Return the scenes; the last one lasts to the end."""
        self._cut(self._detector.post_process(_At(self._seen, end.picture)))
        self._close(end.picture)
        return Scenes(
            detector=self._name, scenes=tuple(self._kept), count=self._count, truncated=self._count > len(self._kept)
        )

    def _cut(self, found: list[Any]) -> None:
        for at in found:
            self._close(at.place)

    def _close(self, place: Place) -> None:
        since = self._since
        if since is None or place.frame <= since.frame:
            return
        self._since = place
        self._count += 1
        if len(self._kept) < MOST_RANGES:
            self._kept.append(FrameRange(in_frame=since.frame, out_frame=place.frame, start=since.time, end=place.time))


def _detector(settings: AnalysisSettings, least: int) -> Any:
    if settings.scene_detector == "content":
        return ContentDetector(threshold=settings.scene_threshold, min_scene_len=least)
    return AdaptiveDetector(adaptive_threshold=settings.scene_ratio, min_scene_len=least)


SCENES = Frames(Scenes, SceneCollector, moving_only)
