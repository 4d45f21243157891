"""Submitting a project: its file is dropped onto the page or chosen, and becomes a job with the timeline in it."""

from __future__ import annotations

from nicegui.element import Element

from apps.ui.house import Visit
from apps.ui.parts.tags import panel, set_attribute, tag
from infra.jobs.states import HIGHEST_PRIORITY, LOWEST_PRIORITY, NORMAL_PRIORITY
from tasks.compiler.commands import Presets

SUFFIXES = (".json", ".tlsp", ".otio")
MEGABYTE = 10**6


class Drop(Element, component="parts/drop.js"):
    """Where project files are dropped. Each goes to the API as the visitor's own request, with his session's CSRF word."""

    def __init__(self, csrf: str, most: int) -> None:
        super().__init__()
        self.props["csrf"] = csrf
        self.props["most"] = most
        self.props["suffixes"] = list(SUFFIXES)


async def show(visit: Visit) -> None:
    """Draw it.

    Raises:  KinofarmError when the presets can't be listed.
    """
    presets = (await visit.ask(Presets, "catalogue.presets")).presets
    with tag("header", "", "page-head"):
        tag("h1", "Submit a project")
    with panel(classes="submit"):
        with tag("div", "", "submit-options"):
            with tag("div", "", "field"):
                tag("label", "Export", for_="submit-preset")
                with tag("select") as preset:
                    tag("option", "As the project says", "", value="")
                    for name in presets:
                        tag("option", name, "", value=name)
                set_attribute(preset, "id", "submit-preset")
            with tag("div", "", "field short"):
                tag("label", "Priority", for_="submit-priority")
                priority = tag("input", "", "", type="number", min=LOWEST_PRIORITY, max=HIGHEST_PRIORITY, value=NORMAL_PRIORITY)  # fmt: skip
                set_attribute(priority, "id", "submit-priority")
        Drop(visit.visitor.csrf, int(visit.house.settings.api.body_megabytes * MEGABYTE))
    roots = visit.house.settings.media_roots
    with panel("Where its media lie"):
        if roots:
            tag(
                "p",
                "A project sent from here names its media as uploads (upload://ID), or by paths on the farm’s machine, whole or relative to one of these folders:",
                "note",
            )
            with tag("ul", "", "roots"):
                for root in roots:
                    with tag("li"):
                        tag("code", str(root), "path")
        else:
            tag("p", "A project sent from here names its media as uploads (upload://ID). Folders from which media may be read are named by the setting media_roots; there is none.", "note")  # fmt: skip
