"""Prerendering, backups and parts of projects over the REST API of a farm that is up."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from tasks.compiler.load import load
from tests.acceptance import films
from tests.acceptance.kinofarm import Kinofarm
from tests.acceptance.projects import media_clip, timeline, track, written
from tests.media_factory import MediaFactory


@pytest.fixture
def project(farm: Kinofarm, media_factory: MediaFactory) -> Iterator[Path]:
    """A film of 200 frames in a media root: four chunks of two seconds."""
    folder = farm.footage / "work"
    folder.mkdir()
    (folder / "clip.mp4").write_bytes(media_factory.video(60, pattern="mandelbrot").read_bytes())
    clips = [media_clip("clip.mp4", n * 50, n * 50 + 50, n * 0.1, id=f"c{n}") for n in range(4)]
    yield written(folder / "work.kinofarm.json", timeline(200, track("V", *clips), crf=21))
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


def _ok(answer: httpx.Response) -> Any:
    assert answer.is_success, f"{answer.status_code} {answer.text}"
    return answer.json()


def test_what_was_rendered_ahead_is_not_rendered_again(farm: Kinofarm, project: Path) -> None:
    named = {"project": "work/work.kinofarm.json"}
    with farm.api() as api:
        before = _ok(api.post("/projects/plan", json=named))["chunks"]
        assert not any(chunk["cached"] for chunk in before)
        first, last = before[1]["start"] + 3, before[2]["end"] - 3
        wanted = {**named, "range": f"f{first}-f{last}", "idempotency_key": "ahead"}
        job = _ok(api.post("/prerenders", json=wanted))["job"]
        assert _ok(api.post("/prerenders", json=wanted))["job"]["id"] == job["id"]
        farm.wait(job["id"])
        shown = _ok(api.get(f"/jobs/{job['id']}"))
        assert (shown["job"]["state"], shown["outputs"], shown["job"]["film_key"]) == ("done", [], None)
        after = _ok(api.post("/projects/plan", json=named))
        assert [chunk["cached"] for chunk in after["chunks"]] == [False, True, True, *[False] * (len(before) - 3)]
        assert not after["sound"]["cached"]
        made = _ok(api.post("/jobs", json={**named, "output": "after.mp4"}))["job"]
        farm.wait(made["id"])
        (film,) = (
            Path(each["location"]) for each in _ok(api.get(f"/jobs/{made['id']}"))["outputs"] if each["kind"] == "film"
        )
        assert films.count(film) == 200
        manifest = json.loads(film.with_suffix(".manifest.json").read_text())
        assert [chunk["reused"] for chunk in manifest["chunks"]] == [False, True, True, *[False] * (len(before) - 3)]
        again = _ok(api.post("/prerenders", json=named))["job"]
        farm.wait(again["id"])
        assert _ok(api.get(f"/jobs/{again['id']}"))["job"]["state"] == "done"


def test_a_backup_is_downloaded_and_opens_elsewhere(farm: Kinofarm, project: Path, desk: Path) -> None:
    with farm.api() as api:
        made = api.post("/projects/backup", json={"project": "work/work.kinofarm.json"})
        assert made.status_code == 201
        backup = made.json()
        place = f"/backups/{backup['name']}"
        assert int(api.head(place).headers["content-length"]) == backup["size"]
        whole = api.get(place)
        assert whole.headers["content-type"] == "application/zip"
        part = api.get(place, headers={"Range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, whole.content[10:20])
        for name in ("none.otioz", "..", "%2e%2e%2fadmin.token", "a%00.otioz", "admin.token"):
            assert api.get(f"/backups/{name}").status_code in (404, 422)
    (desk / "copy.otioz").write_bytes(whole.content)
    found = load(desk / "copy.otioz", desk / "unpacked")
    assert (found.timeline.duration, len(found.timeline.tracks[0].clips)) == (200, 4)
    assert (found.base / "media" / "clip.mp4").read_bytes() == (project.parent / "clip.mp4").read_bytes()
    assert farm.run("check", desk / "copy.otioz").code == 0


def test_parts_that_were_split_render_as_the_film_did(farm: Kinofarm, project: Path) -> None:
    named = {"project": "work/work.kinofarm.json"}
    with farm.api() as api:
        parts = _ok(api.post("/projects/split", json={**named, "at": ["f100"]}))["parts"]
        stills = [
            _ok(api.post("/projects/frame", json={**what, "at": at}))["png"]
            for what, at in ((named, "f130"), ({"timeline": parts[1]}, "f30"))
        ]
        assert stills[0] == stills[1]
        whole = _ok(api.post("/projects/merge", json={"projects": [{"timeline": part} for part in parts]}))["document"]
        keys = [
            [chunk["key"] for chunk in _ok(api.post("/projects/plan", json=what))["chunks"]]
            for what in (named, {"timeline": whole})
        ]
        assert keys[0] == keys[1]


def _seen(answer: httpx.Response) -> np.ndarray:
    """The picture of a preview, (height, width, rgb)."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(_ok(answer)["png"]))).convert("RGB")).astype(int)


def test_what_an_effect_does_is_seen_on_a_test_card_and_on_a_file(farm: Kinofarm, project: Path) -> None:
    size = {"width": 320, "height": 180}
    with farm.api() as api:

        def tried(effect: str, **more: Any) -> np.ndarray:
            return _seen(api.post("/previews/effect", json={"effect": effect, "size": size, **more}))

        card = tried("brightness", parameters={"intensity": 1})
        assert card.shape == (180, 320, 3)
        assert len({tuple(pixel) for pixel in card[20, 20::45]}) == 7, "seven bars"
        assert np.abs(tried("invert", parameters={"intensity": 1}) - (255 - card)).mean() < 3
        media = {"path": "work/clip.mp4"}
        early, late = (tried("grayscale", media=media, at=at) for at in (0, 1.5))
        assert np.ptp(early, axis=2).max() <= 3, "greys only"
        assert np.abs(early - late).mean() > 1, "another frame"
        for wrong, code in (
            ({"effect": "no-such"}, "CHECK-"),
            ({"effect": "blur", "parameters": {"radius": -5}}, "CHECK-"),
            ({"effect": "audio-fade-in"}, "API-013"),
            ({"effect": "blur", "media": {"path": "/etc/passwd"}}, "PATH-002"),
        ):
            answer = api.post("/previews/effect", json=wrong)
            assert answer.status_code in (404, 422), answer.text
            assert answer.json()["code"].startswith(code), answer.text


def test_how_far_a_transition_is_is_seen_from_its_first_frame_to_its_last(farm: Kinofarm, project: Path) -> None:
    with farm.api() as api:

        def tried(progress: float, **more: Any) -> np.ndarray:
            wanted = {
                "transition": "wipe-horizontal",
                "progress": progress,
                "size": {"width": 320, "height": 180},
                **more,
            }
            return _seen(api.post("/previews/transition", json=wanted))

        first, middle, last = (tried(progress) for progress in (0, 0.5, 1))
        assert np.abs(first - last).mean() > 20
        halves = [
            np.abs(middle[:, part] - other[:, part]).mean()
            for other in (first, last)
            for part in (slice(0, 120), slice(200, 320))
        ]
        assert halves[2] < 3 < halves[0], "the left half is the second picture already"
        assert halves[1] < 3 < halves[3], "the right half is still the first one"
        media = {"media": {"path": "work/clip.mp4"}}
        assert np.abs(tried(0.5, before=media, after={**media, "at": 1}) - middle).mean() > 5
        answer = api.post("/previews/transition", json={"transition": "no-such"})
        assert (answer.status_code, answer.json()["code"][:6]) == (422, "CHECK-")
