"""Commands that look media through, and that ask what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from pydantic import Base64Bytes, Field, ValidationError

from flows.commands.media import MediaNamed, looked_into, looked_into_again
from flows.wishes import Wish, begin, wish_for
from infra.commands import Call, Command, Name, Text
from infra.errors import KinofarmError
from infra.jobs.commands import Limit
from infra.library.analyses import AnalysisEntry, AnalysisStore
from infra.library.findings import FindingStore, FindingsWanted, Found, SeenName
from infra.values import Value
from tasks.recognition.findings import Finding
from tasks.recognition.reports import FORMS, Film

MOST_EXPORTED = 100_000
"""Findings that are taken at once, into a file or a project; where there are more it is an error."""
LONGEST_CURSOR = 12_000
"""Characters: it holds a file's whole path."""
USUAL_RATE = Fraction(25)
"""Frames a second of a film that has no rate of its own."""

Seconds = float
Form = Literal["json", "csv", "vtt", "otio"]


class LookedFor(Value):
    """What media are to be looked through for."""

    model: Name | None = Field(None, description="A model of the farm's; none: the media's own analyses.")
    kinds: tuple[Name, ...] = Field((), max_length=50, description="Of the media's own analyses; none: all.")
    options: Mapping[Name, Any] = Field(
        default_factory=dict,
        description="Of a model: look, tracks, findings, device, batch; else settings. See docs/media.md.",
    )


class AnalysisWanted(MediaNamed, LookedFor):
    """A media file, and what it is to be looked through for."""


class AnalysisNamed(Value):
    """An analysis."""

    analysis: UUID = Field(description="Its id.")


class AnalysesWanted(Value):
    """Which analyses."""

    limit: Limit = Field(50, description="Most that are answered.")
    content: Text | None = Field(None, description="Of this content only: the sha256 of a media file.")


class Analyses(Value):
    """Analyses, the newest first."""

    analyses: tuple[AnalysisEntry, ...]


class FindingsAsked(Value):
    """A question: all that is given must hold."""

    name: tuple[Name, ...] = Field(
        (), max_length=100, description="Classes, or scene, silence, black, frozen; any of them."
    )
    content: Text | None = Field(None, description="In this content only: the sha256 of a media file.")
    analysis: UUID | None = Field(None, description="Of this analysis only.")
    model: Name | None = Field(None, description="Found by this model only.")
    least: float = Field(0, ge=0, le=1, description="Its highest score at least.")
    begin: Seconds | None = Field(None, ge=0, le=10**7, description="Seen after this second.")
    end: Seconds | None = Field(None, ge=0, le=10**7, description="Seen before this second.")
    over: Seconds = Field(0, ge=0, le=10**7, description="Seen for longer than so many seconds, within that time.")
    limit: int = Field(1000, ge=1, le=10_000, description="Most findings on a page.")
    after: str | None = Field(None, max_length=LONGEST_CURSOR, description="The field `following` of the page before.")


class Findings(Value):
    """What was found, by file and time."""

    findings: tuple[Found, ...]
    following: str | None = Field(description="For the next page; null: there is none.")


class SummaryWanted(AnalysisNamed):
    """An analysis, and how finely it is told when something is seen."""

    spans: int = Field(
        100, ge=1, le=1000, description="Most spans of a name; what begins at about the same time is one."
    )


class Summary(Value):
    """What an analysis found in short."""

    names: tuple[SeenName, ...] = Field(
        description="Classes, or scene, silence, black, frozen; the longest seen first."
    )


class ExportWanted(AnalysisNamed):
    """An analysis by a model, and the form in which its findings are wanted."""

    form: Form = "json"


class Exported(Value):
    """Findings as a file."""

    name: str
    content: Base64Bytes = Field(description="The file, in base64.")


def begin_analysis(call: Call, given: AnalysisWanted) -> AnalysisEntry:
    """Look a media file through, for its scenes, silence, loudness and the like, or for what a model recognises.

    The same wish of the same content is one analysis: what is known is not looked for again.

    Raises:  KinofarmError PATH-0xx, MEDIA-0xx, SECURITY-0xx, ANALYSIS-002, ANALYSIS-009, MODEL-020, API-009, FARM-02x.
    """
    wish = wish_asked_for(given, "analysis.begin")
    file, facts = looked_into(call, given)
    return begin(call.services, file, facts, wish, given.model, call.name)


def wish_asked_for(given: LookedFor, command: str) -> Wish:
    """Return the wish that a request means.

    Raises:  KinofarmError API-009.
    """
    wanted = dict(given.options) | ({"kinds": given.kinds} if given.model is None else {})
    try:
        return wish_for(given.model, wanted)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(["options", *(str(part) for part in first["loc"])])
        raise KinofarmError("API-009", where=place, name=command, reason=f"{place}: {first['msg']}") from None


def list_analyses(call: Call, given: AnalysesWanted) -> Analyses:
    """List the analyses of media, the newest first: how far they are, or what they gave."""
    return Analyses(analyses=call.services.get(AnalysisStore).newest(given.limit, given.content))


def show_analysis(call: Call, given: AnalysisNamed) -> AnalysisEntry:
    """Show an analysis: how far it is, or what it gave."""
    return call.services.get(AnalysisStore).get(given.analysis)


def stop_analysis(call: Call, given: AnalysisNamed) -> AnalysisEntry:
    """Stop an analysis; the same wish goes on where it stopped."""
    return call.services.get(AnalysisStore).stop(given.analysis)


def find(call: Call, given: FindingsAsked) -> Findings:
    """Ask what was found: all clips with a dog for over two seconds, every silence, the scenes of a film.

    All of it is told, page by page: while there is `following`, ask again with it as `after`.

    Raises:  KinofarmError ANALYSIS-023.
    """
    wanted = FindingsWanted(
        names=given.name,
        content=given.content,
        analysis=given.analysis,
        model=given.model,
        best=given.least,
        seen_from=given.begin,
        seen_to=given.end,
        over=given.over,
        limit=given.limit,
        after=given.after,
    )
    page = call.services.get(FindingStore).find(wanted)
    return Findings(findings=page.found, following=page.following)


def summarise(call: Call, given: SummaryWanted) -> Summary:
    """Sum up what an analysis found: how often and how long each thing is seen or heard, and when.

    Raises:  KinofarmError ANALYSIS-001.
    """
    row = call.services.get(AnalysisStore).get(given.analysis)
    return Summary(names=call.services.get(FindingStore).seen(row.id, given.spans))


def export(call: Call, given: ExportWanted) -> Exported:
    """Return what a model found as JSON, CSV, WebVTT, or markers on a timeline (OpenTimelineIO).

    Raises:  KinofarmError ANALYSIS-001, ANALYSIS-002, ANALYSIS-007 for one that is not done, ANALYSIS-021 for one by no model,
             ANALYSIS-022 for more findings than fit.
    """
    row = recognition(call, given.analysis)
    film, found = reported(call, row)
    suffix = given.form
    content = FORMS[suffix](found, film)
    return Exported.model_construct(name=f"{Path(row.path).stem}.{row.model}.{suffix}", content=content)


def recognition(call: Call, analysis: UUID) -> AnalysisEntry:
    """Return an analysis by a model that is done.

    Raises:  KinofarmError ANALYSIS-001, ANALYSIS-007, ANALYSIS-021.
    """
    row = call.services.get(AnalysisStore).get(analysis)
    if row.model is None:
        raise KinofarmError("ANALYSIS-021", analysis=str(row.id))
    if row.state != "done":
        raise KinofarmError("ANALYSIS-007", analysis=str(row.id), state=row.state)
    return row


def reported(call: Call, row: AnalysisEntry) -> tuple[Film, tuple[Finding, ...]]:
    """Return what a recognition found, and in what.

    Raises:  KinofarmError ANALYSIS-022 for too many.
    """
    found = found_by(call, row)
    rate, frames = _counted(call, row, found)
    film = Film(
        name=Path(row.path).name,
        sha256=row.content,
        rate=rate,
        frames=frames,
        model=row.model or "",
        model_sha256=str((row.result or {}).get("model", "")),
    )
    return film, found


def found_by(call: Call, row: AnalysisEntry) -> tuple[Finding, ...]:
    """Return what a recognition found.

    Raises:  KinofarmError ANALYSIS-022 for too many.
    """
    found = call.services.get(FindingStore).find_all(FindingsWanted(analysis=row.id, limit=MOST_EXPORTED))
    return tuple(Finding.model_validate(one.finding) for one in found)


def _counted(call: Call, row: AnalysisEntry, found: Sequence[Finding]) -> tuple[Fraction, int]:
    """The rate and the number of a film's frames. Where the film is gone, or another lies in its place: those of what was found."""
    try:
        picture = looked_into_again(call, row.path, row.content, "analysis")[1].picture()
    except KinofarmError as error:
        if error.code.startswith(("DB-", "CACHE-")):
            raise
        picture = None
    if picture is not None:
        return picture.rate or USUAL_RATE, picture.frames
    longest = max(found, key=lambda one: one.last - one.first, default=None)
    measured = None if longest is None or longest.end <= longest.begin else (longest.last + 1 - longest.first) / longest.duration  # fmt: skip
    return measured or USUAL_RATE, max((one.last + 1 for one in found), default=0)


_EXAMPLE = {"analysis": "5ca9ab1e-0000-4000-8000-00000000a0a0"}

COMMANDS: tuple[Command, ...] = (
    Command("analysis.begin", begin_analysis, "POST /analyses", scope="submit", example={"path": "clip.mp4", "kinds": ["scenes"]}, kind="job"),
    Command("analysis.list", list_analyses, "GET /analyses", scope="read", example={"limit": 10}),
    Command("analysis.show", show_analysis, "GET /analyses/{analysis}", scope="read", example=_EXAMPLE),
    Command("analysis.stop", stop_analysis, "POST /analyses/{analysis}/stop", scope="submit", example=_EXAMPLE),
    Command("analysis.export", export, "GET /analyses/{analysis}/export", scope="read", example={**_EXAMPLE, "form": "csv"}),
    Command("analysis.summary", summarise, "GET /analyses/{analysis}/summary", scope="read", example=_EXAMPLE),
    Command("analysis.find", find, "GET /findings", scope="read", example={"name": ["circle"], "over": 1}),
)  # fmt: skip
"""Of this module."""
