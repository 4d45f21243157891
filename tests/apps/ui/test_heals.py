"""What a page that is open does while a part of the farm is away: it says so, and goes on by itself when it is back."""

from __future__ import annotations

import json
from pathlib import Path

import psutil
import pytest

from tests.acceptance.kinofarm import Kinofarm
from tests.apps.ui.desk import SCREENS, Desk, address, film_project, states, until

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


@pytest.mark.parametrize(
    ("part", "says"),
    [("the REST API", "connection"), ("PostgreSQL", "database"), ("the Prefect server", "Prefect")],
    ids=["api", "database", "prefect"],
)
def test_a_part_that_is_killed_is_told_and_the_page_heals_and_the_job_is_not_disturbed(
    desk: Desk, farm: Kinofarm, media: Path, part: str, says: str
) -> None:
    job = farm.submit(film_project(media, f"healing-{says}", 60), media / f"healing-{says}.mp4")
    context = desk.context()
    page = desk.open(context, f"/jobs/{job}")
    page.wait_for_selector(".chunks .chunk", timeout=60_000)
    origin = address(farm)
    farm.wait_until(
        job, lambda found: found["state"] == "rendering", 60
    )  # so that there is a job that could be disturbed
    killed = _pid(farm, part)
    psutil.Process(killed).kill()

    def told() -> bool:
        popup = page.locator("#popup")
        shown = popup.is_visible() and says in popup.inner_text().lower()
        banner = page.locator(".banner")
        return shown or (banner.is_visible() and says in banner.inner_text())

    until(told, 60, f"the page says that it is away: {says}")
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENS / f"away-{says}-1440-light.png")
    until(
        lambda: page.locator(".banner").is_hidden() and page.locator("#popup").is_hidden(), 120, "the page has healed"
    )
    assert address(farm) == origin
    assert _pid(farm, part) != killed, "another process does its work now"
    until(lambda: page.locator(".page-head .badge").inner_text() == "Done", 300, "the job ends as if nothing had been")
    shown = states(page)  # the sound of a film like one before is at hand
    assert (len(shown), set(shown) - {"reused"}) == (61, {"done"}), "the page that healed has missed nothing"
    ended = farm.job(job)
    assert (ended["state"], ended["error"]) == ("done", None)
    desk.wrong.clear()  # the browser notes each connection that failed
    context.close()


def _pid(farm: Kinofarm, part: str) -> int:
    """The process that a part of the farm is now."""
    return int(json.loads((farm.home / "farm.json").read_text())["parts"][part]["pid"])
