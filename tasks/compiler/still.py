"""One frame of a film as a PNG, here and now: the same graph as the film's, without a farm and without the encoder."""

from __future__ import annotations

import tempfile
from pathlib import Path

from infra.errors import KinofarmError
from tasks.compiler.check import CheckedProject
from tasks.compiler.execute import Renderer, execute
from tasks.compiler.plan import Way, plan_frame
from tasks.filesystem.publish import check_target, publish


def render_still(project: CheckedProject, way: Way, frame: int, output: Path, renderer: Renderer) -> None:
    """Render the frame `frame` of the timeline into the PNG `output`.

    Raises:  KinofarmError CLI-007 for a frame past the end, PUBLISH-00x, FFMPEG-00x.
    """
    if not 0 <= frame < project.timeline.duration:
        raise KinofarmError("CLI-007", frame=frame, frames=project.timeline.duration)
    target = check_target(output, keep=[media.path for media in project.media.values()])
    with tempfile.TemporaryDirectory(prefix="kinofarm-frame-") as folder:
        picture = execute(plan_frame(project, way, frame), Path(folder), renderer)
        publish(picture, target)
