"""Every page in four looks: nobody is kept from using it, nothing is asked elsewhere, and there are pictures to look at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

from apps.ui.page import PAGES
from infra.access.tokens import TokenStore
from tests.acceptance.kinofarm import Kinofarm
from tests.apps.ui.desk import NARROW, SCREENS, WIDE, Desk, address, film_project

pytestmark = pytest.mark.timeout(600)

WEIGHTY = ("serious", "critical")
RUNS = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}


@pytest.fixture(scope="module")
def jobs(farm: Kinofarm, media: Path) -> dict[str, str]:
    """Jobs in several states: done, failed, cancelled; a token that was revoked, files that arrived."""
    done = farm.submit(
        film_project(media, "An evening in the harbour with a rather long name", 6), media / "evening.mp4"
    )
    clip = media / "broken.mp4"
    clip.write_bytes(b"no film" * 100)
    (media / "inbox" / "arrived.json").write_text(json.dumps({"format": "kinofarm/1"}))
    cancelled = farm.submit(film_project(media, "cancelled", 100), media / "cancelled.mp4", "--priority", "10")
    farm.run("cancel", cancelled)
    with farm.services() as services:
        services.get(TokenStore).create("newsroom", "submit", days=30)
        services.get(TokenStore).create("an old one", "read")
        services.get(TokenStore).revoke("an old one")
    farm.wait(done, 240)
    farm.wait(cancelled, 120)
    return {"done": done, "cancelled": cancelled}


@pytest.fixture(scope="module", params=["wide", "narrow"])
def window(request: pytest.FixtureRequest, desk: Desk) -> Iterator[BrowserContext]:
    """A window of a desktop's or a phone's width."""
    context = desk.context(viewport=WIDE if request.param == "wide" else NARROW)
    yield context
    context.close()


def _looked_at(page: Page, name: str) -> list[str]:
    """Take pictures of a page in light and dark; return what axe finds weighty in either."""
    found = []
    width = page.viewport_size["width"] if page.viewport_size else 0
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        page.wait_for_timeout(100)
        SCREENS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENS / f"{name}-{width}-{scheme}.png", full_page=True)
        response: dict[str, Any] = Axe().run(page, options=RUNS).response
        for one in response["violations"]:
            if one["impact"] in WEIGHTY:
                places = [each["target"] for each in one["nodes"][:3]]
                found.append(f"{name} {width} {scheme}: {one['id']} ({one['help']}) at {places}")
    return found


@pytest.mark.parametrize("path", [path for path in PAGES if "{" not in path])
def test_a_page_can_be_used_by_everybody_and_fits(
    desk: Desk, window: BrowserContext, jobs: dict[str, str], path: str
) -> None:
    page = desk.open(window, path)
    page.wait_for_timeout(400)
    assert _looked_at(page, path.strip("/") or "overview") == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing lies beside the screen"
    assert page.locator("main h1").count() == 1
    page.close()


@pytest.mark.parametrize("state", ["done", "cancelled"])
def test_the_page_of_a_job_can_be_used_by_everybody_and_fits(
    desk: Desk, window: BrowserContext, jobs: dict[str, str], state: str
) -> None:
    page = desk.open(window, f"/jobs/{jobs[state]}")
    page.wait_for_selector(".chunks .chunk")
    page.click(".chunks .chunk >> nth=0")
    page.wait_for_selector(".chunk-details h3")
    assert _looked_at(page, f"job-{state}") == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.close()


def test_the_login_can_be_used_by_everybody(desk: Desk) -> None:
    for viewport in (WIDE, NARROW):
        context = desk.context(logged_in=False, viewport=viewport)
        page = context.new_page()
        page.goto(address(desk.farm) + "/login")
        page.fill("#token", "kf_wrong")
        page.click("button[type=submit]")
        page.wait_for_selector("[role=alert]")
        assert _looked_at(page, "login-refused") == []
        context.close()
    desk.wrong = [each for each in desk.wrong if "401" not in each]


def test_an_address_with_nothing_and_a_job_that_is_not_there_are_told(desk: Desk) -> None:
    context = desk.context()
    page = desk.open(context, "/nowhere")
    assert "nothing here" in page.inner_text("h1")
    assert _looked_at(page, "nowhere") == []
    desk.go(page, "/jobs/00000000")
    assert "JOB-002" in page.inner_text("main")
    assert _looked_at(page, "job-unknown") == []
    desk.wrong = [each for each in desk.wrong if "404" not in each]
    context.close()


def test_the_menu_opens_by_keyboard_and_closes_with_escape_on_a_narrow_screen(desk: Desk) -> None:
    context = desk.context(viewport=NARROW)
    page = desk.open(context, "/")
    page.focus("[data-menu]")
    page.keyboard.press("Enter")
    page.wait_for_timeout(400)
    assert page.evaluate("document.activeElement.closest('#nav') !== null"), "the focus is in the menu"
    assert _looked_at(page, "menu") == []
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.hasAttribute('data-menu')")
    assert page.locator(".nav-link >> nth=0").is_hidden()
    context.close()


def test_the_first_stop_of_the_keyboard_leads_past_the_navigation(desk: Desk) -> None:
    context = desk.context()
    page = desk.open(context, "/jobs")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the page"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    context.close()


def test_light_and_dark_follow_the_system_until_somebody_chooses(desk: Desk) -> None:
    context = desk.context(color_scheme="dark")
    page = desk.open(context, "/")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.click("[data-theme]:is(button)")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    desk.go(page, "/jobs")
    assert page.evaluate("document.documentElement.dataset.theme") == "light", "the choice is kept"
    context.close()


def test_a_page_whose_token_is_revoked_is_closed(desk: Desk, farm: Kinofarm) -> None:
    with farm.services() as services:
        _, secret = services.get(TokenStore).create("soon revoked", "read")
    context = desk.context(logged_in=False)
    page = context.new_page()
    page.goto(f"{address(farm)}/login?next=/jobs")
    page.fill("#token", secret.get_secret_value())
    page.click("button[type=submit]")
    page.wait_for_selector("main h1")
    with farm.services() as services:
        services.get(TokenStore).revoke("soon revoked")
    page.wait_for_url("**/login*", timeout=20_000)
    context.close()


def test_names_of_projects_and_people_are_text_and_never_html(desk: Desk, farm: Kinofarm, media: Path) -> None:
    name = "<img src=x onerror=document.title='hit'>{{7*7}}"
    project = film_project(media, "hostile", 1)
    hostile = project.rename(project.with_name(f"{name}.json"))
    job = farm.submit(hostile, media / f"{name}.mp4")
    context = desk.context()
    for path in ("/", "/jobs", f"/jobs/{job}"):
        page = desk.open(context, path)
        page.wait_for_timeout(500)
        assert name in page.inner_text("main"), path
        assert page.locator("main img[src=x]").count() == 0
        assert page.title() != "hit"
        page.close()
    context.close()
