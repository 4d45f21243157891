"""The library of a farm that is up: a folder is scanned over REST, and each film of it gets a proxy, once."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import httpx

from tests.acceptance import films
from tests.acceptance.kinofarm import Kinofarm
from tests.media_factory import MediaFactory


def test_a_scan_has_a_proxy_made_of_each_film_and_of_a_content_only_one(
    farm: Kinofarm, media_factory: MediaFactory
) -> None:
    folder = farm.footage / "with proxies"
    folder.mkdir()
    shutil.copy(media_factory.video(37, pattern="smptehdbars"), folder / "harbour.mp4")
    shutil.copy(media_factory.sound(48_000), folder / "sound.wav")
    (folder / "broken.mp4").write_bytes(b"no film")
    with farm.api() as api:
        first = _scanned(api, {"folder": folder.name, "views": ["thumbnail"], "proxies": True})
        assert (first["state"], first["found"], first["broken"]) == ("done", 3, 1)
        (job,) = _proxies(api)
        ended = farm.wait(job["id"])
        assert ended["state"] == "done", ended
        shown = api.get(f"/jobs/{job['id']}").json()
        assert films.count(next(Path(each["location"]) for each in shown["outputs"] if each["kind"] == "film")) == 37
        again = _scanned(api, {"folder": folder.name, "proxies": True})
        assert (again["state"], again["known"]) == ("done", 3)
        assert [one["id"] for one in _proxies(api)] == [job["id"]], "it has one already"


def test_who_is_on_the_farm_s_machine_has_a_proxy_of_any_file_and_of_a_content_only_one(
    farm: Kinofarm, desk: Path, media_factory: MediaFactory
) -> None:
    film = media_factory.video(38, pattern="smptehdbars")
    shutil.copy(film, desk / "away.mp4")
    shutil.copy(film, farm.footage / "here.mp4")
    answer = farm.run("call", "media.proxy", f"path={desk / 'away.mp4'}")
    assert answer.code == 0, answer.err
    job = answer.document["job"]["id"]
    assert farm.wait(job)["state"] == "done"
    with farm.api() as api:
        again = api.post("/media/proxy", json={"path": "here.mp4"}).raise_for_status().json()["job"]
        assert (again["id"], again["state"]) == (job, "done")
        refused = api.post("/media/proxy", json={"path": str(desk / "away.mp4")})
        assert refused.json()["code"] == "PATH-002"


def _scanned(api: httpx.Client, wish: dict[str, Any]) -> dict[str, Any]:
    scan = api.post("/scans", json=wish).raise_for_status().json()["id"]
    deadline = time.monotonic() + 60
    while (now := api.get(f"/scans/{scan}").json())["state"] in ("waiting", "scanning"):
        assert time.monotonic() < deadline, now
        time.sleep(0.2)
    return dict(now)


def _proxies(api: httpx.Client) -> list[dict[str, Any]]:
    jobs = api.get("/jobs", params={"limit": 100}).raise_for_status().json()
    return [job for job in jobs["jobs"] if "harbour-proxy" in job["project"]]
