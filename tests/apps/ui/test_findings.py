"""What was found, on the page: searched over the library, downloaded, marked in a project; models; what failed in a batch."""

from __future__ import annotations

import csv
import json
import re
import shutil
from fractions import Fraction
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import pytest
from playwright.sync_api import Page

from flows.looking import entered
from infra.access.tokens import TokenStore
from infra.errors import KinofarmError
from infra.library.analyses import AnalysisStore
from infra.library.batches import BatchStore
from infra.library.findings import FindingEntered
from infra.library.vision import VisionModels
from infra.services import Services
from tasks.media.probe import content_hash
from tasks.recognition.findings import Finding, PathPoint
from tests.acceptance.kinofarm import Kinofarm
from tests.acceptance.projects import media_clip, timeline, track, written
from tests.apps.ui.desk import NARROW, WIDE, Desk, address, until
from tests.apps.ui.test_media import LOADED, _fits
from tests.apps.ui.test_screens import _looked_at
from tests.fakes.analyses import looked_through
from tests.media_factory import MediaFactory

pytestmark = pytest.mark.timeout(600)

DETECTOR = Path(__file__).parents[2] / "models" / "shapes" / "shapes.onnx"


@pytest.fixture(scope="module")
def place(media: Path, media_factory: MediaFactory) -> Path:
    """A folder with two films, a project that shows one of them, and a model's file."""
    made = media / "found"
    made.mkdir()
    shutil.copy(media_factory.video(150, pattern="smptebars"), made / "Quay, morning.mp4")
    shutil.copy(media_factory.video(100, pattern="testsrc2"), made / "street.mp4")
    written(made / "evening.json", timeline(100, track("V", media_clip("Quay, morning.mp4", 0, 100))))
    shutil.copy(DETECTOR, made / "shapes.onnx")
    return made


@pytest.fixture(scope="module")
def batch(farm: Kinofarm, place: Path) -> str:
    """What models found in the two films, more than a page of it in one, and a batch in which files failed."""
    with farm.services() as services:
        _seen(services, place / "Quay, morning.mp4", "herons", [("heron", 1, 3.5, 0.93), ("gull", 2, 3, 0.4)])
        _seen(services, place / "street.mp4", "herons", [("gull", at / 40, at / 40 + 0.5, 0.7) for at in range(70)])
        quiet = [FindingEntered(name="silence", seen_from=1, seen_to=9, finding={})]
        looked_through(services.get(AnalysisStore), "e" * 64, "/elsewhere/away.mp4", None, quiet)
        batches, made = services.get(BatchStore), uuid4()
        batches.add(made, str(place), "herons", {"what": "recognition"}, "anna")
        batches.start(made)
        batches.tell_found(made, 105)
        for number in range(103):
            error = KinofarmError(
                "MEDIA-004" if number else "MEDIA-011", file=f"bad {number:03}.mov", reason="it ends too early"
            )
            batches.enter(
                made,
                str(place / "a rather long name of a folder" / f"bad {number:03}.mov"),
                None,
                error=error.as_dict(),
            )
        batches.enter(made, str(place / "atmosphere.wav"), None, error={"code": "MODEL-020", "message": "a sound"})
        batches.end(made, "done")
    return str(made)


def _seen(services: Services, film: Path, model: str, things: list[tuple[str, float, float, float]]) -> None:
    box = (10.0, 10.0, 90.0, 90.0)
    found = [
        Finding(
            name=name, track=number, first=round(begin * 25), last=round(end * 25) - 1, begin=Fraction(begin), end=Fraction(end),
            seen=9, best=best, mean=best, best_frame=round(begin * 25), best_seconds=Fraction(begin), best_box=box,
            path=(PathPoint(frame=round(begin * 25), seconds=Fraction(begin), box=box),),
        )
        for number, (name, begin, end, best) in enumerate(things)
    ]  # fmt: skip
    store, told = services.get(AnalysisStore), tuple(entered(found))
    looked_through(store, content_hash(film), str(film), model, told, result={"model": "ab" * 32})


def _good(page: Page, name: str) -> None:
    """It can be used by everybody, and fits, on a desktop and on a phone."""
    for viewport in (NARROW, WIDE):
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        assert _looked_at(page, name) == []
        assert _fits(page)


def test_clips_are_found_by_what_is_seen_in_them_and_lead_to_that_time(desk: Desk, batch: str, place: Path) -> None:
    context = desk.context()
    page = desk.open(context, "/")
    page.click(".nav-link:has-text('Findings')")
    page.wait_for_selector("#findings-name")
    page.fill("#findings-name", "heron, gull")
    page.fill("#findings-over", "0.9")
    page.fill("#findings-least", "30")
    page.keyboard.press("Enter")
    page.wait_for_selector(".hit")
    assert page.locator(".hit").count() == 1, "what is seen for half a second is no answer"
    assert page.input_value("#findings-name") == "heron, gull"
    times = page.locator(".hit-time")
    assert [each.inner_text().split("\n") for each in times.all()] == [
        ["0:01.0–0:03.5", "Heron, 93 %"],
        ["0:02.0–0:03.0", "Gull, 40 %"],
    ]
    until(lambda: page.evaluate(LOADED, ".hit img"), 30, "its picture is loaded")
    page.fill("#findings-least", "50")
    page.keyboard.press("Enter")
    until(lambda: page.locator(".hit-time").count() == 1, 20, "the gull is not sure enough")
    page.click(".hit-time")
    page.wait_for_selector("h2:has-text('At 0:01.0')")
    assert page.inner_text("h1") == "Quay, morning.mp4"
    until(lambda: page.evaluate(LOADED, "img.preview"), 30, "the picture of that time is loaded")

    desk.go(page, "/findings?name=gull&model=herons")
    page.wait_for_selector(".hit")
    assert page.locator(".hit-time").count() == 60
    assert page.input_value("#findings-model") == "herons", "a model that is no more, whose findings stay"
    _good(page, "findings")
    page.click("text=The next findings")
    until(lambda: page.locator(".hit-time").count() == 11, 20, "the next page has the rest")
    assert page.locator("text=The next findings").count() == 0

    desk.go(page, "/findings?name=silence&over=7")
    assert "outside the media roots" in page.inner_text(".hit")
    assert page.locator(".hit a").count() == 0
    desk.go(page, "/findings?name=unicorn")
    assert "Nothing like that was found" in page.inner_text("main")
    desk.go(page, "/findings?over=often")
    assert "API-009" in page.inner_text("main [role=alert]")
    desk.go(page, "/findings?name=gull&after=nonsense")
    assert "ANALYSIS-023" in page.inner_text("main [role=alert]")
    context.close()


def test_what_was_found_is_downloaded_and_marked_in_a_project(
    desk: Desk, batch: str, place: Path, tmp_path: Path
) -> None:
    context = desk.context(accept_downloads=True)
    page = desk.open(context, f"/media/file?path={quote(str(place / 'Quay, morning.mp4'))}")
    page.wait_for_selector(".analysis .strip-row")
    for form in ("CSV", "JSON", "WebVTT", "OTIO"):
        with page.expect_download() as saved:
            page.click(f".analysis a:has-text('{form}')")
        saved.value.save_as(tmp_path / form)
        assert saved.value.suggested_filename == f"Quay, morning.herons.{form.lower().removeprefix('web')}"
    assert len(list(csv.reader((tmp_path / "CSV").open()))) == 3
    assert {one["name"] for one in json.loads((tmp_path / "JSON").read_text())["findings"]} == {"heron", "gull"}
    page.click("summary:has-text('Mark it in a project')")
    page.fill("#mark-project", "found/none.json")
    page.click("text=Make the markers")
    page.wait_for_selector(".marking [role=alert]")
    assert "PATH-001" in page.inner_text(".marking")
    page.fill("#mark-project", "found/evening.json")
    page.fill("#mark-name", "heron")
    page.keyboard.press("Enter")
    page.wait_for_selector(".marked")
    assert "1 marker" in page.inner_text(".marked")
    _good(page, "media-marked")
    with page.expect_download() as saved:
        page.click(".marked a")
    assert saved.value.suggested_filename == "evening.marked.kinofarm.json"
    saved.value.save_as(tmp_path / "marked.json")
    (marker,) = json.loads((tmp_path / "marked.json").read_text())["markers"]
    assert (marker["name"], marker["time"]) == ("heron", 25)
    context.close()


def test_models_are_looked_into_added_replaced_and_removed_on_the_page(desk: Desk, farm: Kinofarm, place: Path) -> None:
    context = desk.context()
    page = desk.open(context, "/models")
    page.click("summary:has-text('Look into a model')")
    page.fill("#check-path", "found/shapes.onnx")
    page.click("text=Look into it")
    until(lambda: "circle" in page.inner_text("details.panel"), 60, "its classes are told")
    page.fill("#model-name", "figures")
    page.fill("#model-path", "found/none.onnx")
    page.click("text=Add the model")
    until(lambda: "PATH-001" in page.inner_text("main"), 30, "a file that is not there is told")
    page.fill("#model-path", "found/shapes.onnx")
    page.click("text=Add the model")
    row = page.locator("tr:has-text('figures')")
    until(lambda: row.count() == 1, 60, "it is listed")
    assert "circle" in row.inner_text()
    _good(page, "models")
    page.fill("#model-name", "figures")
    page.fill("#model-path", "found/shapes.onnx")
    page.click("text=Add the model")
    page.wait_for_selector("dialog[open]")
    assert "Replace figures?" in page.inner_text("dialog[open]")
    page.keyboard.press("Escape")
    page.click("[aria-label='Remove figures']")
    page.wait_for_selector("dialog[open]")
    assert _looked_at(page, "model-remove") == []
    page.click("dialog[open] >> text=Keep as it is")
    assert row.count() == 1
    page.click("[aria-label='Remove figures']")
    page.click("dialog[open] >> text=Remove the model")
    until(lambda: row.count() == 0, 30, "it is gone")
    with farm.services() as services:
        assert "figures" not in [one.name for one in services.get(VisionModels).all()]
    context.close()


def test_the_page_of_a_batch_says_which_files_failed_and_why(desk: Desk, batch: str, place: Path) -> None:
    context = desk.context()
    page = desk.open(context, f"/media?folder={quote(str(place))}")
    page.click(".scan a:has-text('Search with herons of found')")
    page.wait_for_url(f"**/batches/{batch}")
    page.wait_for_selector("tbody tr")
    assert page.locator("tbody tr").count() == 100
    assert "The first 100 of 103" in page.inner_text("main")
    first = page.locator("tbody tr >> nth=0").inner_text()
    assert "bad 000.mov" in first
    assert "MEDIA-011" in first
    told = page.inner_text("main .facts")
    assert re.search(r"Without pictures\s+1", told)
    assert re.search(r"With an error\s+103 files", told)
    _good(page, "batch")
    desk.go(page, f"/batches/{uuid4()}")
    assert "ANALYSIS-010" in page.inner_text("main")
    context.close()


def test_who_may_only_read_finds_and_sees_and_changes_nothing(desk: Desk, farm: Kinofarm, batch: str) -> None:
    with farm.services() as services:
        secret = services.get(TokenStore).create(f"reader {uuid4().hex[:8]}", "read")[1].get_secret_value()
    context = desk.context(logged_in=False)
    page = context.new_page()
    page.goto(f"{address(farm)}/login")
    page.fill("#token", secret)
    page.click("button[type=submit]")
    page.wait_for_url(f"{address(farm)}/")
    desk.go(page, "/findings?name=heron")
    page.wait_for_selector(".hit-time")
    desk.go(page, "/models")
    assert page.locator("main form").count() == 0
    assert page.locator("main button:has-text('Remove'), main summary").count() == 0
    desk.go(page, f"/batches/{batch}")
    page.wait_for_selector("tbody tr")
    assert page.locator("main button:has-text('Stop')").count() == 0
    context.close()
