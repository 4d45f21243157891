"""The page of a media file: what it looks and sounds like, and what is known of it."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from pathlib import PurePath
from urllib.parse import urlencode

from nicegui import context

from apps.ui import media_analyses
from apps.ui.frame import say
from apps.ui.house import Visit
from apps.ui.parts.media_words import clock, moment, numbers, of_picture, of_sound, view_address
from apps.ui.parts.tags import button, empty, error_box, facts, link, panel, tag
from apps.ui.parts.words import size
from flows.commands.media import kind_of
from flows.commands.projects import Accepted
from infra.errors import KinofarmError
from infra.uploads.records import Upload
from tasks.media.facts import MediaFacts
from tasks.media.views.table import VIEWS
from tasks.security.formats import PILLOW


async def show(visit: Visit, path: str = "", upload: str = "", at: str = "") -> None:
    """Draw it.

    Args:    path: of a file in a media root; or upload: the id of one. at: seconds, whose picture is shown first.
    Raises:  KinofarmError UPLOAD-001.
    """
    named = {"path": path} if path else {"upload": upload}
    above = str(PurePath(path).parent) if path else ""
    link("Media", f"/media?{urlencode({'folder': above})}" if above else "/media", "back")
    if not path and not upload:
        tag("h1", "No file is named")
        empty("There is nothing to show", "Choose a file in the library.", "film")
        return
    name = PurePath(path).name if path else (await visit.ask(Upload, "upload.show", upload=upload)).name
    context.client.title = f"{name} · Kinofarm"
    with tag("header", "", "page-head"):
        tag("h1", name)
        actions = tag("div", "", "actions")
    if not visit.may("submit"):
        with panel():
            empty("This token may not look into files", "It needs the scope “submit”.", "tokens")
        return
    try:
        found = await visit.ask(MediaFacts, "media.probe", **named)
    except KinofarmError as error:
        error_box(error, "large")
        return
    if kind_of(found) == "film" and found.demuxer not in PILLOW and found.numbered is None:
        with actions:
            button("Make a proxy", _proxying(visit, named), "", "play")
    with tag("div", "", "job"):
        with tag("div", "", "job-main"):
            _moment(found, named, name, at)
            _views(found, named, name)
            await media_analyses.draw(visit, named, found)
        with tag("aside", "", "job-side", aria_label="About the file"):
            _about(found)


def _proxying(visit: Visit, named: dict[str, str]) -> Callable[[], Awaitable[None]]:
    async def make() -> None:
        try:
            made = await visit.ask(Accepted, "media.proxy", **named)
        except KinofarmError as error:
            say(f"{error.code}: {error.message}", "wrong")
            return
        visit.client.open(f"/jobs/{made.job.id}")

    return make


def _moment(found: MediaFacts, named: dict[str, str], name: str, at: str) -> None:
    """Show a film at a moment that somebody was led to."""
    try:
        seconds = min(max(0.0, float(at)), float(found.duration))
    except ValueError:
        return
    if kind_of(found) == "film" and math.isfinite(seconds):
        with panel(f"At {moment(seconds)}"):
            tag("img", "", "preview", src=view_address("thumbnail", named, width=960, at=round(seconds, 3)), alt=f"{name} at {moment(seconds)}")  # fmt: skip


def _views(found: MediaFacts, named: dict[str, str], name: str) -> None:
    kind = kind_of(found)
    if kind == "film":
        with panel("Preview"):
            still, moving = view_address("thumbnail", named, width=960), view_address("animation", named, width=640)
            with tag("picture"):
                tag("source", "", "", srcset=still, media="(prefers-reduced-motion: reduce)")
                tag("img", "", "preview", src=moving, alt=f"Pictures of {name}, one after the other")
        with panel("Storyboard"):
            tag("img", "", "storyboard", src=view_address("storyboard", named), alt=f"Pictures of {name} at even distances", loading="lazy")  # fmt: skip
    elif kind == "picture":
        with panel("Picture"):
            tag("img", "", "preview", src=view_address("thumbnail", named, width=1280), alt=name)
    if found.sounds:
        with panel("Sound"):
            tag("img", "", "waveform", src=view_address("waveform", named, points=1200), alt=f"The waveform of {name}", loading="lazy")  # fmt: skip


def _about(found: MediaFacts) -> None:
    rows = [("Size", size(found.size)), ("Read as", found.demuxer)]
    rows += [("Numbered", numbers(found.numbered))] if found.numbered else []
    rows += [("Length", clock(float(found.duration)))] if found.duration else []
    rows += [("First timecode", f"{float(found.timecode):.3f} s")] if found.timecode is not None else []
    with panel("About"):
        facts(rows, "stacked")
        facts([("sha256", found.sha256)], "stacked hashes")
    for number, picture in enumerate(found.pictures):
        with panel(f"Picture {number + 1}" if len(found.pictures) > 1 else "Picture"):
            facts(of_picture(picture), "stacked")
    for number, sound in enumerate(found.sounds):
        with panel(f"Sound {number + 1}" if len(found.sounds) > 1 else "Sound"):
            facts(of_sound(sound), "stacked")
    missing = [f"no {view.name}: {reason}" for view in VIEWS.values() if (reason := view.lacks(found))]
    if missing:
        tag("p", f"It has {'; '.join(missing)}.", "note")
