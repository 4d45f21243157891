"""What is seen and heard in a media file, on its page: analyses that go on or are done, and what they found over time."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import PurePath
from typing import Any
from uuid import UUID

from apps.ui.frame import say
from apps.ui.house import Visit
from apps.ui.parts.form import Form
from apps.ui.parts.media_words import OWN_ANALYSES, looked_for
from apps.ui.parts.strips import MOST_SPANS, heat_strips
from apps.ui.parts.tags import button, facts, icon, link, panel, set_attribute, tag
from apps.ui.parts.words import first_up, several
from apps.ui.refreshed import refreshed
from flows.commands.analysing import Analyses, Summary
from flows.commands.marking import Marked
from flows.commands.models import Models
from flows.commands.projects import Accepted
from flows.commands.reframing import SheetShown
from infra.errors import KinofarmError
from infra.library.analyses import AnalysisEntry
from infra.library.findings import SeenName
from infra.values import Value
from tasks.media.analysis.channels import Channels
from tasks.media.analysis.findings import MediaAnalysis
from tasks.media.analysis.frame_times import FrameTimes
from tasks.media.analysis.interlacing import Interlacing
from tasks.media.analysis.loudness import Loudness
from tasks.media.analysis.motion import Motion
from tasks.media.analysis.quality import Quality
from tasks.media.facts import MediaFacts
from tasks.security.formats import PILLOW

EACH_SECONDS = 2.0
FORMS = {"csv": "CSV", "json": "JSON", "vtt": "WebVTT", "otio": "OTIO"}
"""In which findings are downloaded."""
MARKED = ".marked.kinofarm.json"
"""Ends the name of a project with markers."""


class Seen(Value):
    """What the part shows: analyses with what each saw."""

    analyses: tuple[AnalysisEntry, ...]
    names: tuple[tuple[SeenName, ...], ...]


class Markable(Value):
    """The analyses that are done, by id and title: their findings can become markers."""

    analyses: tuple[tuple[str, str], ...]


async def draw(visit: Visit, named: dict[str, str], found: MediaFacts) -> None:
    """Draw the part, and look again every few seconds.

    Raises:  KinofarmError when the models can't be listed.
    """
    models = (await visit.look(Models, "model.list")).models
    picture = found.picture()
    choices = looked_for(model.name for model in models if picture is not None)

    async def begin(given: dict[str, str]) -> None:
        await visit.ask(AnalysisEntry, "analysis.begin", **named, model=given.get("model") or None)
        await again()

    with panel("What is in it"):
        form = Form("analysis", "Look through it", begin)
        with form.fields():
            form.choice("model", "Look for", choices)

        summed: dict[UUID, tuple[SeenName, ...]] = {}  # of what is done, which changes no more

        async def read() -> Seen:
            rows = (await visit.look(Analyses, "analysis.list", content=found.sha256, limit=20)).analyses
            for row in rows:
                if row.state == "done" and row.id not in summed:
                    told = await visit.look(Summary, "analysis.summary", analysis=str(row.id), spans=MOST_SPANS)
                    summed[row.id] = told.names
            return Seen(analyses=rows, names=tuple(summed.get(row.id, ()) for row in rows))

        async def read_done() -> Markable:
            rows = (await visit.look(Analyses, "analysis.list", content=found.sha256, limit=20)).analyses
            return Markable(analyses=tuple((str(row.id), _title(row)) for row in rows if row.state == "done"))

        again = await refreshed(visit, read, lambda seen: _all(visit, seen, found), EACH_SECONDS)
        if found.numbered is None:  # a timeline can't hold numbered pictures
            await refreshed(visit, read_done, lambda done: _marking(visit, done), EACH_SECONDS)


def _all(visit: Visit, seen: Seen, medium: MediaFacts) -> None:
    length = float(medium.duration)
    for row, names in zip(seen.analyses, seen.names, strict=True):
        with tag("section", "", "analysis", aria_label=_title(row)):
            with tag("div", "", "analysis-head"):
                tag("h3", _title(row))
                if not row.ended and not row.stop_requested:
                    button("Stop", _stopping(visit, row), "small", "stop", aria_label=f"Stop: {_title(row)}")
            _state(row)
            if row.state != "done":
                continue
            if row.model is None and row.result is not None:
                facts(list(_measured(MediaAnalysis.model_validate(row.result))))
            if names:
                if length:
                    heat_strips(names, length)
                else:
                    tag("p", _at_once(row, names))
                if row.model is not None:
                    _uses(visit, row, renders=medium.numbered is None and medium.demuxer not in PILLOW)
            elif row.model is not None:
                tag("p", "Nothing of it was found.", "note")


def _title(row: AnalysisEntry) -> str:
    return first_up(OWN_ANALYSES) if row.model is None else f"What {row.model} finds"


def _state(row: AnalysisEntry) -> None:
    if row.state == "done":
        return
    words = {"waiting": "It waits for its turn", "running": f"{100 * row.progress:.0f} %", "stopped": "It was stopped", "failed": "It failed"}  # fmt: skip
    tag("p", words.get(row.state, row.state), "sub")
    if row.state == "running":
        with tag(
            "div", "", "bar", role="progressbar", aria_label=_title(row), aria_valuemin=0, aria_valuemax=100
        ) as bar:
            tag("span", "", "fill rendering").style(f"transform: scaleX({row.progress:.4f})")
        set_attribute(bar, "aria-valuenow", round(100 * row.progress))
    if row.error:
        tag("p", f"{row.error.get('code', '')}: {row.error.get('message', '')}", "sub wrong")


def _at_once(row: AnalysisEntry, names: Sequence[SeenName]) -> str:
    """What is in a picture that has no length, the surest first."""
    surest = sorted(names, key=lambda one: (-one.best, one.name))
    if row.model is None:
        return ", ".join(first_up(one.name) for one in surest)
    often = {one.name: f"{one.times} times, " if one.times > 1 else "" for one in surest}
    return ", ".join(f"{one.name} {often[one.name]}{100 * one.best:.0f} %" for one in surest)


def _uses(visit: Visit, row: AnalysisEntry, *, renders: bool) -> None:
    """What can be made of what was found. renders: a timeline can hold the medium."""

    def rendering(command: str) -> Callable[[], Awaitable[None]]:
        async def render() -> None:
            try:
                made = await visit.ask(Accepted, command, analysis=str(row.id))
            except KinofarmError as error:
                say(f"{error.code}: {error.message}", "wrong")
                return
            visit.client.open(f"/jobs/{made.job.id}")

        return render

    async def sheet() -> None:
        try:
            shown = await visit.ask(SheetShown, "analysis.sheet", analysis=str(row.id))
        except KinofarmError as error:
            say(f"{error.code}: {error.message}", "wrong")
            return
        place.clear()
        with place:
            told = base64.b64encode(shown.jpeg).decode()
            tag("img", "", "sheet", src=f"data:image/jpeg;base64,{told}", alt=f"{shown.findings} things, each where it was surest", width=shown.width, height=shown.height)  # fmt: skip

    with tag("div", "", "actions"):
        button("Contact sheet", sheet, "small")
        if renders and visit.may("submit"):
            button("Reframe to 9:16", rendering("render.reframe"), "small")
            button("Draw the boxes in", rendering("render.boxes"), "small")
        for form, words in FORMS.items():
            with link("", f"/api/v1/analyses/{row.id}/export/{form}", "button small", download="", aria_label=f"Download what was found as {words}"):  # fmt: skip
                icon("download")
                tag("span", words)
    place = tag("div", "", "")


def _marking(visit: Visit, markable: Markable) -> None:
    """The form by which what was found becomes markers of a project: a file that is downloaded."""
    if not markable.analyses:
        return

    async def mark(given: dict[str, str]) -> None:
        names = [part.strip() for part in given.get("name", "").split(",") if part.strip()]
        project = given.get("project", "")
        made = await visit.ask(Marked, "analysis.mark", analysis=given.get("analysis"), project=project, name=names)
        file = f"{PurePath(project).name.partition('.')[0]}{MARKED}"
        told = base64.b64encode(json.dumps(made.document, indent=1).encode()).decode()
        with tag("p", "", "marked"):
            tag("span", f"{several(made.markers, 'marker')} in this project:")
            link(file, f"data:application/json;base64,{told}", "", download=file)
        for one in made.warnings:
            tag("p", f"{one.code}: {one.message}", "sub")

    with tag("details", "", "fold marking"):
        tag("summary", "Mark it in a project")
        form = Form("mark", "Make the markers", mark)
        with form.fields():
            form.choice("analysis", "What to mark", dict(markable.analyses))
            form.text("project", "Project file", "wide", required=True, maxlength=4096, placeholder="On the farm’s machine, in a media root")  # fmt: skip
            form.text("name", "Only", maxlength=1000, placeholder="All that was found")


def _stopping(visit: Visit, row: AnalysisEntry) -> Callable[[], Awaitable[None]]:
    async def stop() -> None:
        try:
            await visit.ask(AnalysisEntry, "analysis.stop", analysis=str(row.id))
        except KinofarmError as error:
            say(f"{error.code}: {error.message}", "wrong")

    return stop


def _measured(found: MediaAnalysis) -> Iterator[tuple[str, str]]:
    """What was measured, in words."""
    loudness, channels = found.of(Loudness), found.of(Channels)
    if loudness is not None:
        yield "Loudness", "silence" if loudness.integrated is None else f"{loudness.integrated:.1f} LUFS"
        if loudness.true_peak is not None:
            yield "True peak", f"{loudness.true_peak:.1f} dBTP"
    if channels is not None:
        yield "Channels", channels.kind
    interlacing, times = found.of(Interlacing), found.of(FrameTimes)
    if interlacing is not None:
        yield "Fields", interlacing.verdict
    if times is not None:
        yield "Frame times", f"variable, {_ms(times.least)} to {_ms(times.largest)}" if times.variable else "constant"
    quality, motion = found.of(Quality), found.of(Motion)
    if quality is not None:
        yield "Blurred", f"{100 * quality.blurred:.0f} % of the frames"
        yield "Too dark, too bright", f"{100 * quality.under_exposed:.0f} %, {100 * quality.over_exposed:.0f} %"
    if motion is not None and motion.mean is not None:
        yield "Motion", f"{100 * motion.mean:.1f} % of the width a second"
    if found.damaged:
        yield "Damaged packets", str(found.damaged)


def _ms(seconds: Fraction | None) -> Any:
    return "–" if seconds is None else f"{1000 * float(seconds):.1f} ms"
