"""What surrounds every page: the way past the navigation, the navigation, the banner of what is away, the main part."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from nicegui import context

from apps.ui.guard import Visitor
from apps.ui.house import Visit
from apps.ui.live import Change
from apps.ui.parts.tags import empty, error_box, icon, link, set_attribute, tag
from infra.access.scopes import Scope, allows
from infra.errors import KinofarmError

if TYPE_CHECKING:
    from apps.ui.page import Page

AWAY = {
    "database": "The database does not answer. What you see is from {at}; this page goes on by itself when it is back.",
    "prefect": "The Prefect server does not answer. What renders goes on; new jobs begin when it is back.",
    "cache": "The chunk cache can’t be reached. Jobs wait for it.",
    "ffmpeg": "ffmpeg does not work on the machine that serves this page.",
    "events": "The Prefect server’s events are away: news comes a few seconds late. This goes away by itself.",
}


@contextmanager
def framed(visit: Visit, path: str, page: Page) -> Iterator[None]:
    """Draw the frame; what is made in the block is the page's main part."""
    client = context.client
    client.content.classes(replace="app")
    client.page_container.default_slot.children[0].tag = "div"  # Quasar makes it a second <main> around the navigation
    link("Skip to the page", "#main", "skip")
    _navigation(visit, path)
    with tag("div", "", "body"):
        with tag("header", "", "topbar"):
            with tag("button", "", "button quiet menu", type="button", aria_expanded="false", aria_controls="nav", data_menu=""):  # fmt: skip
                icon("menu")
                tag("span", "Menu", "unseen")
            with link("", "/", "brand small", aria_label="Kinofarm, overview"):
                tag("img", "", "", src="/ui/static/mark.svg", alt="", width=22, height=22)
                tag("span", "Kinofarm")
        _banner(visit)
        with tag("main", "", f"main page-{(page.show.partition('.')[0])}", id_="main", tabindex=-1) as main:
            set_attribute(main, "id", "main")
            yield
    tag("div", "", "toasts", role="status", aria_live="polite", data_toasts="")


def refused(visitor: Visitor, needed: Scope) -> None:
    """Show that this page needs more than the visitor's token allows."""
    tag("h1", "Not for this token")
    empty(
        f"This page needs the scope “{needed}”",
        f"You are logged in as {visitor.name} with the scope “{visitor.scope}”. Ask the farm’s administrator for another token.",
        "tokens",
    )


def troubled(error: KinofarmError) -> None:
    """Show that a page could not be drawn, and why."""
    tag("h1", "This can’t be shown")
    error_box(error)
    if error.retry:
        tag("p", "The page tries again by itself.", "note", data_again="3000")


def say(text: str, kind: str = "") -> None:
    """Tell the visitor in passing what became of something he did."""
    context.client.run_javascript(f"kinofarm.say({json.dumps(text)}, {json.dumps(kind)})")


def _navigation(visit: Visit, path: str) -> None:
    from apps.ui.page import PAGES

    with tag("nav", "", "nav", aria_label="Pages") as nav:
        set_attribute(nav, "id", "nav")
        with link("", "/", "brand", aria_label="Kinofarm, overview"):
            tag("img", "", "", src="/ui/static/mark.svg", alt="", width=24, height=24)
            tag("span", "Kinofarm")
        shown = [(at, one) for at, one in PAGES.items() if one.group and allows(visit.visitor.scope, one.scope)]
        for group, pages in groupby(shown, key=lambda each: each[1].group):
            tag("p", group, "nav-group")
            with tag("ul", "", "nav-list"):
                for at, one in pages:
                    current = "page" if at == path else "true" if at != "/" and path.startswith(f"{at}/") else None
                    with tag("li"), link("", at, "nav-link", aria_current=current):
                        icon(one.icon)
                        tag("span", one.title)
        with tag("div", "", "nav-foot"):
            if prefect := _prefect(visit):
                with link("", prefect, "nav-link", target="_blank", rel="noopener noreferrer"):
                    icon("out")
                    tag("span", "Prefect’s own page")
            with tag("div", "", "who"):
                with tag("p", "", "who-name"):
                    tag("span", visit.visitor.name)
                    tag("span", visit.visitor.scope, "scope")
                with tag("div", "", "who-buttons"):
                    with tag("button", "", "button quiet small", type="button", data_theme="", aria_label="Light or dark"):  # fmt: skip
                        icon("theme")
                    with tag("form", "", "", method="post", action="/logout"):
                        tag("input", "", "", type="hidden", name="word", value=visit.visitor.csrf)
                        with tag("button", "", "button quiet small", type="submit"):
                            icon("leave")
                            tag("span", "Log out")


def _banner(visit: Visit) -> None:
    with tag("div", "", "banner", role="status", aria_live="polite") as banner:
        icon("warning")
        words = tag("span")

    def show(change: Change | None = None) -> None:
        troubles = visit.live.troubles
        at = time.strftime("%H:%M:%S", time.gmtime(visit.live.read_at)) + " UTC" if visit.live.read_at else "before"
        told = AWAY.get(troubles[0], "{at}").format(at=at) if troubles else ""
        set_attribute(banner, "hidden", None if troubles else True)
        if words.text != told:
            words.set_text(told)

    show()
    visit.follow(show)


def _prefect(visit: Visit) -> str | None:
    """The address of Prefect's own page; None where the visitor's browser can't reach it."""
    target = visit.house.prefect
    here = urlsplit(f"//{context.client.request.headers.get('host', '')}").hostname or ""
    local = ("127.0.0.1", "localhost", "::1")
    return None if urlsplit(target).hostname in local and here not in local else target
