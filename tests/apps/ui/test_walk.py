"""The page in a browser, at a real farm: from logging in to the film that plays, and what survives a restart."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from playwright.sync_api import Page

from apps.demo import make_project
from tests.acceptance.kinofarm import Kinofarm
from tests.apps.ui.desk import SCREENS, Desk, address, film_project, states, until
from tests.media_factory import MediaFactory

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def clip(media: Path, media_factory: MediaFactory) -> Path:
    """A clip in the farm's folder of media."""
    made = media / "clip.mp4"
    made.write_bytes(media_factory.video(260, pattern="smptebars").read_bytes())
    return made


def _submitted(desk: Desk, page: Page, project: Path) -> str:
    """Choose a project file on the page, and return the id of the job that it became."""
    desk.go(page, "/submit")
    page.set_input_files("input[type=file]", str(project))
    page.wait_for_url("**/jobs/*", timeout=30_000)
    page.wait_for_selector("main h1")
    return page.url.rpartition("/")[2]


def _shot(page: Page, name: str) -> None:
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENS / f"{name}.png", full_page=True)


def test_a_project_that_is_dropped_becomes_a_film_that_plays_and_seeks_and_is_there_after_a_restart(
    desk: Desk, farm: Kinofarm, media: Path, clip: Path
) -> None:
    context = desk.context()
    page = desk.open(context, "/jobs")
    job = _submitted(desk, page, film_project(media, "harbour", 12, clip))

    until(lambda: len(states(page)) == 13, 60, "the chunk grid is drawn")
    seen: set[int] = set()

    def filled() -> bool:
        seen.add(states(page).count("done"))
        return page.inner_text(".page-head .badge") == "Done"

    until(lambda: page.locator("img.preview[src]").count(), 60, "a frame of what is finished is shown")
    until(
        lambda: page.evaluate("document.querySelector('img.preview')?.naturalWidth > 0"), 20, "the frame is a picture"
    )
    _shot(page, "job-rendering-1440-light")
    until(filled, 120, "the job is done")
    assert len(seen) > 3, f"the grid fills as chunks finish: {sorted(seen)}"
    assert states(page) == ["done"] * 13

    page.wait_for_selector("video.film[src]")
    until(lambda: page.evaluate("document.querySelector('video.film').readyState >= 1"), 20, "the film is loaded")
    assert page.evaluate("document.querySelector('video.film').duration") == pytest.approx(120, abs=0.1)
    page.evaluate("document.querySelector('video.film').currentTime = 90")
    until(lambda: page.evaluate("document.querySelector('video.film').readyState >= 2"), 20, "it has sought")
    page.evaluate("document.querySelector('video.film').play()")
    until(lambda: page.evaluate("document.querySelector('video.film').currentTime > 90.3"), 20, "it plays")

    page.click(".manifest summary")
    until(lambda: page.locator(".manifest tbody tr").count() == 12, 20, "the manifest is read")
    told = page.inner_text(".manifest")
    assert "Frames counted\n3\u202f000 at 25 a second" in told
    assert "Joins between chunks\n11, 11 decoded for this film" in told
    film = context.request.get(f"{address(farm)}{page.get_attribute('video.film', 'src')}").body()
    assert hashlib.sha256(film).hexdigest() in told, "it is of the film that was published"
    _shot(page, "job-manifest-1440-light")
    page.click(".manifest summary")

    page.click(".chunk >> nth=2")
    page.wait_for_selector(".chunk-details table tbody tr")
    assert "Frames" in page.inner_text(".chunk-details")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.place") == "3"
    page.keyboard.press("Enter")
    until(lambda: page.inner_text(".chunk-details h3") == "Chunk 4", 10, "the next chunk is shown")
    _shot(page, "job-done-1440-light")

    first = address(farm)
    assert farm.run("down").code == 0
    banner = page.locator("#popup")
    until(lambda: banner.is_visible(), 15, "the page says that the connection is lost")
    assert farm.run("up", "--json").code == 0
    if address(farm) == first:  # the page is at the same address, and heals itself
        until(lambda: not banner.is_visible(), 30, "the page is connected again")
    page.goto("about:blank")  # it knocks no more at a door that was closed, or is another farm's by now
    desk.wrong = [each for each in desk.wrong if "ERR_CONNECTION" not in each and "WebSocket" not in each]
    desk.go(page, f"/jobs/{job}")
    assert page.inner_text(".page-head .badge") == "Done"
    until(lambda: page.evaluate("document.querySelector('video.film').readyState >= 1"), 20, "the film is there")
    context.close()


def test_the_demo_is_dropped_onto_the_page_and_watched_until_it_plays(desk: Desk, media: Path) -> None:
    sent = make_project(media).read_text(encoding="utf-8")  # it names its media relative to a folder of the farm's
    context = desk.context()
    page = desk.open(context, "/submit")
    carried = page.evaluate_handle(
        "text => { const data = new DataTransfer(); data.items.add(new File([text], 'demo.json')); return data; }", sent
    )
    page.dispatch_event(".drop", "dragenter", {"dataTransfer": carried})
    assert page.locator(".drop.over").count() == 1, "the field shows that a file may be dropped"
    _shot(page, "submit-dragged-1440-light")
    page.dispatch_event(".drop", "drop", {"dataTransfer": carried})
    page.wait_for_url("**/jobs/*", timeout=60_000)
    page.wait_for_selector(".chunks .chunk", timeout=60_000)
    chunks = len(states(page))
    assert chunks > 1
    until(lambda: page.inner_text(".page-head .badge") == "Done", 240, "the job is done")
    assert states(page) == ["done"] * chunks
    page.wait_for_selector("video.film[src]")
    until(lambda: page.evaluate("document.querySelector('video.film').readyState >= 1"), 20, "the film is loaded")
    seconds = page.evaluate("document.querySelector('video.film').duration")
    assert seconds == pytest.approx(json.loads(sent)["timeline"]["duration"], abs=0.1)
    page.evaluate(f"document.querySelector('video.film').currentTime = {seconds / 2}")
    until(lambda: page.evaluate("document.querySelector('video.film').readyState >= 2"), 20, "it has sought")
    page.evaluate("document.querySelector('video.film').play()")
    until(lambda: page.evaluate("document.querySelector('video.film').currentTime") > seconds / 2 + 0.3, 20, "it plays")
    _shot(page, "job-demo-1440-light")
    context.close()


def test_a_job_that_is_cancelled_says_so_and_one_that_is_paused_says_why_it_waits(desk: Desk, media: Path) -> None:
    context = desk.context()
    page = desk.open(context, "/")
    _submitted(desk, page, film_project(media, "never", 200))
    page.click("button:has-text('Pause')")
    page.wait_for_selector(".badge:text-is('Paused')")
    until(lambda: "paused" in page.locator(".why").inner_text().lower() if page.locator(".why").count() else False, 20, "why it waits")  # fmt: skip
    _shot(page, "job-paused-1440-light")
    page.click("button:has-text('Cancel')")
    page.wait_for_selector("dialog[open]")
    _shot(page, "job-confirm-1440-light")
    page.click("dialog button:has-text('Cancel the job')")
    until(lambda: page.inner_text(".page-head .badge") == "Cancelled", 60, "it is cancelled")
    desk.go(page, "/jobs?state=cancelled")
    assert page.locator("tr[data-job] a", has_text="never").count() == 1
    context.close()


def test_many_jobs_are_cancelled_at_once_and_found_by_words(desk: Desk, media: Path) -> None:
    context = desk.context()
    page = desk.open(context, "/")
    for name in ("alder", "birch"):
        _submitted(desk, page, film_project(media, name, 150))
    desk.go(page, "/jobs")
    page.fill("#jobs-search", "alder")
    until(lambda: page.locator("tr[data-job]").count() == 1, 10, "one job has that word")
    page.fill("#jobs-search", "")
    until(lambda: page.locator("tr[data-job]").count() > 1, 10, "all are shown")
    for name in ("alder", "birch"):
        page.locator("tr[data-job]", has_text=name).locator("input").check()
    until(lambda: "2 jobs" in page.inner_text(".bulk-count"), 10, "both are marked")
    _shot(page, "jobs-marked-1440-light")
    page.click(".bulk button:has-text('Cancel')")
    page.click("dialog button:has-text('Cancel jobs')")
    for name in ("alder", "birch"):
        until(lambda name=name: page.locator("tr[data-job]", has_text=name).locator(".badge").inner_text() == "Cancelled", 60, name)  # type: ignore[misc]  # fmt: skip
    context.close()


def test_a_file_that_is_no_project_is_told_with_its_code_and_what_to_do(desk: Desk, media: Path) -> None:
    context = desk.context()
    page = desk.open(context, "/submit")
    wrong = media / "wrong.json"
    wrong.write_text('{"format": "kinofarm/1", "rate": 25}')
    page.set_input_files("input[type=file]", str(wrong))
    page.wait_for_selector(".sent .error")
    told = page.inner_text(".sent .error")
    assert "FORMAT-" in told
    assert "wrong.json" in told
    hostile = media / "<img src=x onerror=alert(1)>.json"
    hostile.write_text("no json <b>at all</b>")
    page.set_input_files("input[type=file]", str(hostile))
    until(lambda: page.locator(".sent .error").count() == 2, 10, "both are told")
    assert page.locator(".sent img, .sent b").count() == 0, "names and words are text"
    _shot(page, "submit-refused-1440-light")
    desk.wrong = [each for each in desk.wrong if "422" not in each]  # the browser notes the answer that was wanted
    context.close()


def test_a_render_is_scheduled_on_the_page_replaced_when_asked_for_and_removed(desk: Desk, media: Path) -> None:
    project = film_project(media, "nightly", 1)
    context = desk.context()
    page = desk.open(context, "/schedules")

    def send(name: str, file: str, cron: str, zone: str = "") -> None:
        for field, value in (("name", name), ("project", file), ("cron", cron), ("timezone", zone)):
            page.fill(f"#schedule-{field}", value)
        page.click("text=Schedule it")

    def rows() -> list[str]:
        return page.locator("main tbody tr").all_inner_texts()

    send("nightly", str(project), "at night")
    page.wait_for_selector(".form-result [role=alert]")
    assert "CLI-023" in page.inner_text(".form-result")
    send("nightly", "/etc/passwd", "0 2 * * *")
    until(lambda: "PATH-0" in page.inner_text(".form-result"), 20, "a file outside the media roots is refused")
    assert page.input_value("#schedule-cron") == "0 2 * * *", "what was typed stays"
    _shot(page, "schedules-refused-1440-light")

    send("nightly", project.name, "0 2 * * *", "Europe/Berlin")
    until(lambda: len(rows()) == 1, 30, "it is in the table")
    assert all(word in rows()[0] for word in ("nightly", "0 2 * * *", "Europe/Berlin", project.name))
    until(lambda: page.locator("main tbody time").count(), 30, "it says when it is rendered next")
    _shot(page, "schedules-one-1440-light")

    send("nightly", project.name, "30 4 * * *")
    page.wait_for_selector("dialog[open]")
    page.click("text=Replace the schedule")
    until(lambda: len(rows()) == 1 and "30 4 * * *" in rows()[0], 30, "the new one is in its place")

    page.click("text=Remove")
    page.click("text=Remove the schedule")
    until(lambda: page.locator(".empty").count(), 30, "nothing is scheduled")
    context.close()
