"""The media library: the folders of the media roots, their files with thumbnails and waveforms, scans, and what was uploaded."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from apps.ui.frame import say
from apps.ui.house import Visit
from apps.ui.parts.form import Form
from apps.ui.parts.media_words import in_short, looked_for, view_address
from apps.ui.parts.tags import button, empty, icon, link, panel, set_attribute, tag
from apps.ui.parts.words import count, several, size
from apps.ui.refreshed import refreshed
from flows.commands.batches import Batches
from flows.commands.media import MediaItem, MediaPage
from flows.commands.models import Models
from flows.commands.scanning import Scans
from infra.errors import KinofarmError
from infra.library.batches import Batch
from infra.library.scans import Scan
from infra.uploads.commands import UploadList
from infra.uploads.records import Upload
from infra.values import Value

EACH_SECONDS = 3.0
ON_A_PAGE = 60
UPLOADS = 24
PICTURES = {"sound": "sound", "unknown": "film"}
"""What stands for a medium of which there is no picture."""


class Shown(Value):
    """What the page shows."""

    page: MediaPage
    scans: tuple[Scan, ...]
    batches: tuple[Batch, ...]
    uploads: tuple[Upload, ...]


async def show(visit: Visit, folder: str = "", q: str = "", after: str = "") -> None:
    """Draw a folder of the library.

    Args:    folder: its path; "": the media roots. q: part of the names of its files. after: the last name of the page before.
    Raises:  KinofarmError PATH-002, LIBRARY-003.
    """
    wanted: dict[str, Any] = {"limit": ON_A_PAGE}
    wanted |= {name: value for name, value in (("folder", folder), ("q", q), ("after", after)) if value}
    first = await visit.ask(MediaPage, "media.list", **wanted)
    with tag("header", "", "page-head"):
        tag("h1", "Media")
        if folder and visit.may("submit"):
            button("Scan this folder", _scanning(visit, folder), "primary", "search")
    if first.folder:
        _way(first, visit)
        _search(first.folder, q)
        if visit.may("submit"):
            await _looking_through(visit, first.folder)

    async def read() -> Shown:
        page = await visit.look(MediaPage, "media.list", **wanted)
        scans = (await visit.look(Scans, "scan.list", limit=20)).scans
        batches = (await visit.look(Batches, "batch.list", limit=5)).batches
        uploads = () if folder else (await visit.look(UploadList, "upload.list", limit=UPLOADS)).uploads
        return Shown(
            page=page,
            scans=tuple(one for one in scans if not one.ended or one.folder == page.folder)[:3],
            batches=tuple(one for one in batches if not one.ended or one.path == page.folder)[:3],
            uploads=tuple(one for one in uploads if one.whole),
        )

    await refreshed(visit, read, lambda found: _all(visit, found, q), EACH_SECONDS)


def _scanning(visit: Visit, folder: str) -> Callable[[], Awaitable[None]]:
    async def begin() -> None:
        try:
            await visit.ask(Scan, "scan.begin", folder=folder)
        except KinofarmError as error:
            say(f"{error.code}: {error.message}", "wrong")
            return
        say("The scan begins")

    return begin


async def _looking_through(visit: Visit, folder: str) -> None:
    """The form by which all media of a folder are looked through."""
    models = (await visit.look(Models, "model.list")).models

    async def begin(given: dict[str, str]) -> None:
        await visit.ask(Batch, "batch.begin", folder=folder, model=given.get("model") or None)
        say("The batch begins")

    with tag("details", "", "panel"):
        tag("summary", "Look through all of this folder")
        form = Form("batch", "Look through it", begin)
        with form.fields():
            form.choice("model", "Look for", looked_for(model.name for model in models))


def _way(page: MediaPage, visit: Visit) -> None:
    """The way from the media roots to this folder."""
    assert page.folder is not None
    with tag("nav", "", "crumbs", aria_label="Folders above"):
        link("Media roots", "/media")
        roots = [Path(os.path.realpath(each)) for each in visit.house.settings.media_roots]
        root = next((str(each) for each in roots if Path(page.folder).is_relative_to(each)), page.folder)
        steps = [root]
        for part in page.folder.removeprefix(root).strip("/").split("/"):
            if part:
                steps.append(f"{steps[-1]}/{part}")
        for step in steps[:-1]:
            link(step.rpartition("/")[2] or step, _address(step))
        tag("span", steps[-1].rpartition("/")[2] or steps[-1], "", aria_current="page")


def _search(folder: str, q: str) -> None:
    with tag("form", "", "filters", method="get", action="/media", role="search"):
        tag("input", "", "", type="hidden", name="folder", value=folder)
        with tag("div", "", "field search"):
            icon("search")
            tag("input", "", "", type="search", name="q", value=q, placeholder="Part of a name", aria_label="Find files by name")  # fmt: skip


def _all(visit: Visit, found: Shown, q: str) -> None:
    for scan in found.scans:
        _scan(visit, scan)
    for batch in found.batches:
        _batch(visit, batch)
    page = found.page
    if page.folder is None and not page.folders:
        with panel():
            empty("There is no media root", "Name the folders in which media lie in the setting media_roots.", "film")
    if page.folders:
        with panel("Folders" if page.folder else "Media roots"), tag("ul", "", "folders"):
            for each in page.folders:
                with tag("li"), link("", _address(each.path), "folder", title=each.path):
                    icon("watching")
                    tag("span", each.name)
    if page.folder is not None:
        with panel("Files"):
            if not page.items:
                empty(
                    f"No file here has “{q}” in its name" if q else "No media lie here",
                    "Films, sounds and pictures are listed by what their names end in.",
                    "film",
                )
            else:
                with tag("ul", "", "media-grid"):
                    for item in page.items:
                        _item(item)
            if page.following is not None:
                more = {"folder": page.folder, "after": page.following, **({"q": q} if q else {})}
                link("The next files", f"/media?{urlencode(more)}", "button more")
    if found.uploads:
        with panel("Uploads", note="The newest"), tag("ul", "", "media-grid"):
            for upload in found.uploads:
                _card(upload.name, {"upload": str(upload.id)}, "film", None, size(upload.size))


def _item(item: MediaItem) -> None:
    said = in_short(item.facts) if item.facts else several(item.pictures, "picture") if item.pictures > 1 else ""
    trouble = f"{item.error.code}: {item.error.message}" if item.error else ""
    picture = None
    if item.facts and item.kind in ("film", "picture"):
        picture = view_address("thumbnail", {"path": item.path})
    elif item.kind == "sound":
        picture = view_address("waveform", {"path": item.path}, points=320, height=120)
    _card(item.name, {"path": item.path}, PICTURES.get(item.kind, "film"), picture, said or size(item.size), trouble)


def _card(name: str, named: dict[str, str], stands_for: str, picture: str | None, said: str, trouble: str = "") -> None:
    with tag("li", "", "medium"), link("", f"/media/file?{urlencode(named)}", "medium-link"):
        with tag("span", "", "medium-picture"):
            if picture:
                tag("img", "", "", src=picture, alt="", loading="lazy", decoding="async")
            else:
                icon("warning" if trouble else stands_for)
        tag("span", name, "medium-name", title=name)
        tag("span", trouble or said, "sub wrong" if trouble else "sub")


def _scan(visit: Visit, scan: Scan) -> None:
    words = {
        "waiting": "waits for its turn",
        "scanning": f"{count(scan.done)} of {several(scan.found, 'file')}",
        "done": f"{several(scan.found, 'file')}, {count(scan.known)} of them known before, {count(scan.broken)} with an error",
        "failed": "failed",
        "stopped": f"was stopped after {several(scan.done, 'file')}",
    }[scan.state]
    share = scan.done / scan.found if scan.found else 0.0
    _going_on(visit, "Scan", scan.folder, words, share, scan, "scan.stop", {"scan": str(scan.id)})


def _batch(visit: Visit, batch: Batch) -> None:
    done = [f"{several(batch.found, 'file')}, {count(batch.known)} of them known before"]
    done += [f"{count(batch.skipped)} without pictures"] if batch.skipped else []
    done += [f"{count(batch.failed)} with an error"] if batch.failed else []
    words = {
        "waiting": "waits for its turn",
        "running": f"{count(batch.over)} of {several(batch.found, 'file')}",
        "done": ", ".join(done),
        "failed": "failed",
        "stopped": f"was stopped after {several(batch.over, 'file')}",
    }[batch.state]
    title = f"Search with {batch.model}" if batch.model else "Analysis"
    _going_on(visit, title, batch.path, words, batch.progress, batch, "batch.stop", {"batch": str(batch.id)})


def _going_on(
    visit: Visit,
    title: str,
    folder: str,
    words: str,
    share: float,
    what: Scan | Batch,
    command: str,
    named: dict[str, str],
) -> None:
    """A scan or batch of a folder: how far it is, and how it is stopped."""

    async def stop() -> None:
        try:
            await visit.ask(type(what), command, **named)
        except KinofarmError as error:
            say(f"{error.code}: {error.message}", "wrong")

    with panel(classes="scan"):
        with tag("div", "", "scan-head"):
            told = f"{title} of {folder.rpartition('/')[2] or folder}: {words}"
            if isinstance(what, Batch):
                link(told, f"/batches/{what.id}", "path")
            else:
                tag("p", told, "path")
            if not what.ended and not what.stop_requested and visit.may("submit"):
                button("Stop", stop, "small", "stop", aria_label=f"Stop: {title} of {folder}")
        if not what.ended:
            with tag("div", "", "bar large", role="progressbar", aria_label=title, aria_valuemin=0, aria_valuemax=100) as bar:  # fmt: skip
                tag("span", "", "fill rendering").style(f"transform: scaleX({share:.4f})")
            set_attribute(bar, "aria-valuenow", round(100 * share))
        if what.error:
            tag("p", f"{what.error.get('code', '')}: {what.error.get('message', '')}", "sub wrong")


def _address(folder: str) -> str:
    return f"/media?{urlencode({'folder': folder})}"
