"""What was found in the library: in which clips something is seen or heard, when and how surely; page by page."""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from apps.ui.house import Visit
from apps.ui.parts.media_words import moment, view_address
from apps.ui.parts.tags import empty, error_box, icon, link, panel, set_attribute, tag
from apps.ui.parts.words import first_up, several
from flows.commands.analysing import Findings
from flows.commands.models import Models
from infra.errors import KinofarmError
from infra.library.findings import Found
from infra.services import uploads_folder

ON_A_PAGE = 60
HEARD = "silence"
"""What is found in sounds, of which there is no picture."""


async def show(visit: Visit, name: str = "", over: str = "", least: str = "", model: str = "", after: str = "") -> None:
    """Draw it.

    Args:    name: classes, with commas between them. over: seconds. least: how sure, in percent. after: cursor of the page.
    Raises:  KinofarmError when the models can't be listed.
    """
    asked = {"name": name, "over": over, "least": least, "model": model}
    asked = {field: value.strip() for field, value in asked.items() if value.strip()}
    with tag("header", "", "page-head"):
        tag("h1", "Findings")
    models = (await visit.look(Models, "model.list")).models
    with panel(classes="asking"):
        _form(asked, [one.name for one in models])
    if not asked:
        with panel():
            empty("What do you look for?", "Media that were looked through are found by what is seen and heard in them.", "search")  # fmt: skip
        return
    try:
        page = await visit.ask(Findings, "analysis.find", **_question(asked, after))
    except KinofarmError as error:
        error_box(error)
        return
    with panel("Clips", note=f"{several(len(page.findings), 'finding')} on this page"):
        if not page.findings:
            empty("Nothing like that was found", "Ask for less, or look more media through.", "search")
        with tag("ul", "", "hits"):
            for path, found in groupby(page.findings, key=lambda one: one.path):
                _clip(path, list(found), _named(visit, path))
        if page.following is not None:
            link("The next findings", f"/findings?{urlencode({**asked, 'after': page.following})}", "button more")


def _form(asked: Mapping[str, str], models: list[str]) -> None:
    with tag("form", "", "form", method="get", action="/findings", role="search"):
        _field("name", "Seen or heard", asked, "wide", placeholder="dog, cat; or scene, silence, black, frozen", maxlength=1000)  # fmt: skip
        _field("over", "Over, seconds", asked, "short", type="number", min=0, step="any")
        _field("least", "At least, %", asked, "short", type="number", min=0, max=100, step="any")
        with tag("div", "", "field"):
            tag("label", "Found by", for_="findings-model")
            with tag("select", "", "", name="model") as made:
                chosen = asked.get("model", "")
                for name in dict.fromkeys(["", *models, chosen]):  # what a model that was removed had found is there
                    tag("option", name or "anything", "", value=name, selected=True if name == chosen else None)
            set_attribute(made, "id", "findings-model")
        with tag("button", "", "button primary", type="submit"):
            icon("search")
            tag("span", "Find")


def _field(name: str, words: str, asked: Mapping[str, str], classes: str, **attributes: Any) -> None:
    with tag("div", "", f"field {classes}"):
        tag("label", words, for_=f"findings-{name}")
        made = tag("input", "", "", name=name, value=asked.get(name, ""), autocomplete="off", **attributes)
    set_attribute(made, "id", f"findings-{name}")


def _question(asked: Mapping[str, str], after: str) -> dict[str, Any]:
    """The fields of `analysis.find`; what is no number is passed on, and refused there."""
    names = [part.strip() for part in asked.get("name", "").split(",") if part.strip()]
    fields: dict[str, Any] = {**asked, "name": names, "limit": ON_A_PAGE}
    if "least" in asked:
        try:
            fields["least"] = float(asked["least"]) / 100
        except ValueError:
            fields["least"] = asked["least"]
    return fields | ({"after": after} if after else {})


def _named(visit: Visit, path: str) -> dict[str, str] | None:
    """By what the page of a file is found; None: it lies where only who is at the farm's machine may look."""
    settings, place = visit.house.settings, Path(path)
    uploads = uploads_folder(settings) / "files"
    if place.is_relative_to(uploads):
        return {"upload": place.relative_to(uploads).parts[0]}
    roots = [os.path.realpath(root) for root in settings.media_roots]
    return {"path": path} if any(place.is_relative_to(root) for root in roots) else None


def _clip(path: str, found: list[Found], named: dict[str, str] | None) -> None:
    seen = next((one for one in found if one.name != HEARD), None)
    with tag("li", "", "hit"):
        with tag("span", "", "medium-picture"):
            if named is None or seen is None:
                icon("film" if seen else "sound")
            else:
                at = round((seen.seen_from + seen.seen_to) / 2, 3)
                tag("img", "", "", src=view_address("thumbnail", named, at=at), alt="", loading="lazy", decoding="async")  # fmt: skip
        with tag("div", "", "hit-told"):
            name = path.rpartition("/")[2]
            if named is None:
                tag("p", name, "strong")
                tag("p", f"{path} lies outside the media roots", "sub path")
            else:
                link(name, f"/media/file?{urlencode(named)}", "strong")
                tag("p", path.rpartition("/")[0], "sub path")
            with tag("ul", "", "hit-times", aria_label=f"When, in {name}"):
                for one in found:
                    with tag("li"):
                        _time(one, named)


def _time(one: Found, named: dict[str, str] | None) -> None:
    sure = f", {100 * one.best:.0f} %" if one.model else ""
    words = f"{moment(one.seen_from)}–{moment(one.seen_to)}"
    told = f"{first_up(one.name)}{sure}"
    if named is None:
        made = tag("span", "", "hit-time")
    else:
        made = link("", f"/media/file?{urlencode({**named, 'at': round(one.seen_from, 3)})}", "hit-time")
    with made:
        tag("span", words)
        tag("span", told, "sub")
