"""The media library on the page: a folder is scanned, its files are seen and heard of, and one of them is looked at closely."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page

import tasks.media.pictures  # noqa: F401 (registers the writer of HEIF)
from infra.library.analyses import AnalysisStore
from infra.library.findings import FindingEntered
from tasks.media.probe import content_hash
from tests.acceptance.kinofarm import Kinofarm
from tests.apps.ui.desk import NARROW, SCREENS, WIDE, Desk, until
from tests.apps.ui.test_screens import _looked_at
from tests.fakes.analyses import looked_through
from tests.media_factory import MediaFactory, pictures
from tests.models.shapes.drawn import write_film
from tests.tasks.recognition.conftest import FRAMES, MOVERS, RATE, frames_of_shapes

pytestmark = pytest.mark.timeout(300)

DETECTOR = Path(__file__).parents[2] / "models" / "shapes" / "shapes.onnx"
LOADED = "name => document.querySelector(name).naturalWidth > 0"


@pytest.fixture(scope="module")
def folder(media: Path, media_factory: MediaFactory) -> Path:
    """A folder with a film, a sound, pictures, and a file that is none of these."""
    made = media / "library"
    (made / "day 2").mkdir(parents=True)
    shutil.copy(media_factory.video(100, pattern="smptebars"), made / "Harbour at night, take 12.mp4")
    shutil.copy(media_factory.sound(96_000), made / "atmosphere.wav")
    Image.effect_mandelbrot((800, 600), (-2, -1.2, 0.8, 1.2), 60).convert("RGB").save(made / "plate.png")
    (made / "broken.mov").write_bytes(b"\x00\x00\x00\x18ftypqt  " + bytes(300))
    shutil.copy(media_factory.video(30, pattern="testsrc2"), made / "day 2" / "second.mp4")
    return made


def _shown(page: Page, name: str) -> bool:
    """Whether the card of a file has a picture that is loaded."""
    card = page.locator(f".medium:has-text('{name}') img")
    return bool(card.count()) and bool(card.first.evaluate("image => image.complete && image.naturalWidth > 0"))


def _fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_a_folder_is_scanned_on_the_page_and_its_files_are_seen(desk: Desk, folder: Path) -> None:
    context = desk.context()
    page = desk.open(context, "/media")
    page.click(f".folder:has-text('{folder.parent.name}')")
    page.wait_for_selector(".crumbs")
    page.click(".folder:has-text('library')")
    page.wait_for_selector(".medium")
    assert page.locator(".medium").count() == 4, "files are listed before they were looked into"
    assert page.locator(".medium img").count() == 0
    page.click("text=Scan this folder")
    until(
        lambda: "5 files, 0 of them known before, 1 with an error" in page.inner_text(".scan"),
        90,
        "the scan is over and counts the files below as well",
    )
    until(lambda: _shown(page, "Harbour") and _shown(page, "plate"), 30, "films and pictures have thumbnails")
    until(lambda: _shown(page, "atmosphere"), 30, "a sound has a waveform")
    assert "0:04" in page.inner_text(".medium:has-text('Harbour')")
    assert "MEDIA-00" in page.inner_text(".medium:has-text('broken')")
    assert _looked_at(page, "media-folder") == []

    page.fill("input[type=search]", "HARB")
    page.keyboard.press("Enter")
    until(lambda: page.locator(".medium").count() == 1, 20, "one file has that in its name")
    page.click(".medium-link")
    page.wait_for_selector(".storyboard")
    until(lambda: page.evaluate(LOADED, ".preview"), 30, "the animated preview is loaded")
    until(lambda: page.evaluate(LOADED, ".storyboard"), 30, "the storyboard is loaded")
    told = page.inner_text(".job-side")
    assert "h264" in told
    assert "100" in told
    page.click("text=Make a proxy")
    page.wait_for_url("**/jobs/*", timeout=30_000)
    until(lambda: page.inner_text(".page-head .badge") == "Done", 120, "the proxy is made")
    until(lambda: page.evaluate("document.querySelector('video.film')?.readyState >= 1"), 20, "it plays in a browser")
    assert page.evaluate("document.querySelector('video.film').duration") == pytest.approx(4, abs=0.05)
    assert page.evaluate("document.querySelector('video.film').videoWidth") == 320, "it is not made larger"
    context.close()


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("name", ["Harbour at night, take 12.mp4", "atmosphere.wav", "broken.mov"])
def test_the_page_of_a_file_can_be_used_by_everybody_and_fits(
    desk: Desk, folder: Path, name: str, viewport: dict[str, int]
) -> None:
    context: BrowserContext = desk.context(viewport=viewport)
    page = desk.open(context, f"/media/file?path={quote(str(folder / name))}")
    page.wait_for_load_state("networkidle")
    assert _looked_at(page, f"media-{name.split('.')[-1]}") == []
    assert _fits(page)
    assert ("MEDIA-00" in page.inner_text("main")) == (name == "broken.mov")
    context.close()


def test_a_film_is_looked_through_and_what_is_in_it_is_shown_over_time(
    desk: Desk, farm: Kinofarm, folder: Path
) -> None:
    assert farm.run("models", "add", "shapes", DETECTOR).code == 0
    film = folder / "shapes.mp4"
    write_film(str(film), frames_of_shapes(), 23, RATE)
    context = desk.context()
    page = desk.open(context, f"/media/file?path={quote(str(film))}")
    page.click("text=Look through it")
    until(lambda: page.locator(".analysis .facts").count(), 90, "its own analyses are done")
    assert "LUFS" not in page.inner_text(".analysis"), "it has no sound"
    assert "constant" in page.inner_text(".analysis")
    page.select_option("#analysis-model", "shapes")
    page.click("text=Look through it")
    until(lambda: page.locator(".strip-name:has-text('Circle')").count(), 90, "the model is done")
    rows = page.locator(".analysis:has(h3:has-text('shapes')) .strip-row")
    assert rows.count() == len({mover.shape.kind for mover in MOVERS})
    circle = page.locator(".strip-row:has-text('Circle')")
    assert "2 times" in circle.inner_text()
    first = circle.locator(".strip-span >> nth=0")
    assert first.evaluate("span => parseFloat(span.style.left)") == pytest.approx(100 * 12 / FRAMES, abs=1.5)
    page.click("text=Contact sheet")
    until(lambda: page.locator("img.sheet").count() and page.evaluate(LOADED, "img.sheet"), 30, "the sheet is drawn")
    assert _looked_at(page, "media-analysed") == []
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    assert _looked_at(page, "media-analysed") == []
    assert _fits(page)
    film_page = page.url
    page.goto(page.url.partition("/media")[0] + f"/media?folder={quote(str(folder))}")
    page.click("summary:has-text('Look through all of this folder')")
    page.select_option("#batch-model", "shapes")
    assert _looked_at(page, "media-batch") == []
    page.click("text=Look through it")
    until(lambda: "Search with shapes of library" in page.inner_text("main"), 30, "the batch is shown while it goes on")
    said = "6 files, 1 of them known before, 1 without pictures, 1 with an error"
    until(lambda: said in page.inner_text(".scan:has-text('Search with shapes')"), 90, "the batch is over")
    page.goto(film_page)
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    page.click("text=Reframe to 9:16")
    page.wait_for_url("**/jobs/*", timeout=30_000)
    until(lambda: page.inner_text(".page-head .badge") == "Done", 120, "the upright film is made")
    until(lambda: page.evaluate("document.querySelector('video.film')?.videoHeight == 180"), 20, "it is loaded")
    assert page.evaluate("document.querySelector('video.film').videoWidth") == 102
    context.close()


def test_a_photo_is_looked_through_and_what_is_in_it_is_told(desk: Desk, farm: Kinofarm, media: Path) -> None:
    assert farm.run("models", "add", "shapes", DETECTOR).code == 0
    photo = media / "photo of a phone.heic"
    Image.fromarray(list(frames_of_shapes())[75]).save(photo, quality=90)
    context = desk.context()
    page = desk.open(context, f"/media/file?path={quote(str(photo))}")
    page.click("text=Look through it")
    until(lambda: page.locator(".analysis .facts").count(), 90, "its own analyses are done")
    assert "Blurred" in page.inner_text(".analysis")
    page.select_option("#analysis-model", "shapes")
    page.click("text=Look through it")
    found = page.locator(".analysis:has(h3:has-text('shapes'))")
    until(lambda: "circle 9" in found.inner_text(), 90, "the model is done")
    assert found.locator("text=Reframe to 9:16").count() == 0, "a timeline can't hold it"
    page.click("text=Contact sheet")
    until(lambda: page.locator("img.sheet").count() and page.evaluate(LOADED, "img.sheet"), 30, "the sheet is drawn")
    assert _looked_at(page, "media-photo") == []


def test_a_film_in_which_thousands_of_things_were_found_is_summed_up_whole(
    desk: Desk, farm: Kinofarm, folder: Path
) -> None:
    film = folder / "Harbour at night, take 12.mp4"
    with farm.services() as services:
        found = [FindingEntered(name="gull", seen_from=at / 400, seen_to=at / 400 + 0.001, best=0.8, finding={}) for at in range(1500)]  # fmt: skip
        looked_through(services.get(AnalysisStore), content_hash(film), str(film), "gulls", found)
    context = desk.context()
    page = desk.open(context, f"/media/file?path={quote(str(film))}")
    said = page.locator(".analysis:has(h3:has-text('gulls')) .strip-row")
    said.wait_for()
    assert "1\u202f500 times, 1.5 s in all" in said.inner_text()
    assert "between 0:00 and 0:04" in str(said.locator(".strip").get_attribute("aria-label"))
    spans = said.locator(".strip-span")
    assert 0 < spans.count() <= 400
    right = "span => parseFloat(span.style.left) + parseFloat(span.style.width)"
    assert spans.last.evaluate(right) == pytest.approx(100 * 3.75 / 4, abs=1)
    context.close()


def test_numbered_pictures_are_one_medium_on_the_page(desk: Desk, media: Path) -> None:
    shot = pictures(media / "100% shots", "frame @ %04d.png", 240, source="testsrc2=s=160x90:r=24")
    for gone in (17, 18, 100):
        shot.with_name(f"frame @ {gone:04}.png").unlink()
    context = desk.context()
    page = desk.open(context, f"/media?folder={quote(str(shot.parent))}")
    page.wait_for_selector(".medium")
    assert page.locator(".medium").count() == 1
    assert "237 pictures" in page.inner_text(".medium")
    assert page.locator(".medium img").count() == 0, "it was not looked into yet"
    page.click("text=Scan this folder")
    until(lambda: "1 file, 0 of them known before, 0 with an error" in page.inner_text(".scan"), 90, "the scan is over")
    until(lambda: _shown(page, "frame @ %04d.png"), 30, "it has a thumbnail")
    assert "frames 1–240, 3 missing" in page.inner_text(".medium")
    page.click(".medium-link")
    page.wait_for_selector(".storyboard")
    until(lambda: page.evaluate(LOADED, ".preview"), 30, "the animated preview is loaded")
    until(lambda: page.evaluate(LOADED, ".storyboard"), 30, "the storyboard is loaded")
    told = page.inner_text(".job-side")
    assert "frames 1–240, 3 missing" in told
    assert "25 a second" in told
    assert page.inner_text("h1") == shot.name
    assert page.locator("text=Make a proxy").count() == 0, "a timeline can't hold it"
    page.click("text=Look through it")
    until(lambda: page.locator(".analysis .facts").count(), 90, "its analyses are done")
    assert "variable" in page.inner_text(".analysis"), "pictures are missing"
    assert _looked_at(page, "media-numbered") == []
    page = desk.open(context, f"/media/file?path={quote(str(shot) + '@24')}")
    page.wait_for_selector(".storyboard")
    assert "24 a second" in page.inner_text(".job-side")
    context.close()


def test_a_folder_outside_the_media_roots_is_not_shown(desk: Desk) -> None:
    context = desk.context()
    page = desk.open(context, "/media?folder=/etc")
    assert "PATH-002" in page.inner_text("main")
    page.goto(page.url.replace("folder=/etc", f"folder={quote('../..')}"))
    page.wait_for_selector("main h1")
    assert "PATH-002" in page.inner_text("main")
    SCREENS.mkdir(parents=True, exist_ok=True)
    context.close()
