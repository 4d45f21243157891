"""Commands that say what a project is made of, and what could be better about it."""

from __future__ import annotations

from pydantic import Field

from flows.commands.projects import EXAMPLE, PartNamed, ProjectNamed, opened, plan_project
from infra.commands import Call, Command, Name
from infra.values import Value
from tasks.compiler.editing.advice import Suggestion, advice
from tasks.compiler.editing.figures import Figures, figures


class Share(Value):
    """What of a film would be rendered."""

    chunks: int
    cached: int = Field(description="Chunks that are in the cache.")
    frames: int
    cached_frames: int
    share: float = Field(ge=0, le=1, description="Of the frames that are in the cache; 1: nothing would be encoded.")


class Analysis(Value):
    """What a project is made of."""

    figures: Figures
    render: Share


class AdviceWanted(ProjectNamed):
    """What could be better about a project."""

    platform: Name | None = Field(None, description="An export preset whose platform is to take the film.")


class Advised(Value):
    """Suggestions; none: nothing is to be gained that the compiler knows of."""

    suggestions: tuple[Suggestion, ...]


def analyse_project(call: Call, given: ProjectNamed) -> Analysis:
    """Say what a project is made of: lengths, layers, media, effects, languages, and how much of it is rendered already."""
    with opened(call, given) as found:
        counted = figures(found.read.timeline)
    plan = plan_project(call, PartNamed.model_validate(given.model_dump()))
    cached = [chunk for chunk in plan.chunks if chunk.cached]
    frames, held = (sum(chunk.end - chunk.start for chunk in each) for each in (plan.chunks, cached))
    share = Share(
        chunks=len(plan.chunks),
        cached=len(cached),
        frames=frames,
        cached_frames=held,
        share=held / frames if frames else float(plan.cached),
    )
    return Analysis(figures=counted, render=share)


def optimise_project(call: Call, given: AdviceWanted) -> Advised:
    """Suggest what would make a project better, or quicker to render: resampled media, covered clips, idle effects.

    Raises:  KinofarmError CLI-004, FORMAT-0xx, CHECK-0xx, PATH-0xx, MEDIA-0xx.
    """
    with opened(call, given) as found:
        return Advised(suggestions=advice(found.read.timeline, found.checked, given.platform))


COMMANDS: tuple[Command, ...] = (
    Command("project.analyse", analyse_project, "POST /projects/analyse", scope="submit", example=EXAMPLE),
    Command("project.optimise", optimise_project, "POST /projects/optimise", scope="submit", example={**EXAMPLE, "platform": "youtube-1080p"}),
)  # fmt: skip
"""Of this module."""
