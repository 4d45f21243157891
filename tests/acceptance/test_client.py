"""The Python client: media sent, a film rendered of them, heard of as it happens, and downloaded."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import kinofarm
from infra.access.tokens import TokenStore
from tests.acceptance import films
from tests.acceptance.kinofarm import Kinofarm
from tests.acceptance.projects import media_clip, timeline, track
from tests.media_factory import MediaFactory


@pytest.fixture(scope="module")
def client(farm: Kinofarm) -> Iterator[kinofarm.Farm]:
    with farm.services() as services:
        secret = services.get(TokenStore).create("a program", "submit")[1].get_secret_value()
    with farm.client(secret) as made:
        yield made


def test_a_film_is_made_of_media_that_are_sent(
    client: kinofarm.Farm, tmp_path: Path, media_factory: MediaFactory
) -> None:
    told: list[tuple[int, int]] = []
    clip = media_factory.video(60, pattern="smptebars")
    sent = client.send_file(clip, on_progress=lambda done, size: told.append((done, size)))
    assert told[0] == (0, clip.stat().st_size)
    assert told[-1] == (clip.stat().st_size, clip.stat().st_size)
    assert client.upload.show(upload=sent)["sha256"] == hashlib.sha256(clip.read_bytes()).hexdigest()
    project = timeline(50, track("V", media_clip(f"upload://{sent}", 0, 50)))
    heard: list[str] = []
    job = client.render.submit(timeline=project, output="sent.mp4")["job"]["id"]
    done = threading.Thread(target=_hear, args=(client, job, heard), daemon=True)
    done.start()
    client.wait(job, timeout=120)
    film = client.download(job, tmp_path / "film.mp4")
    assert films.count(film) == 50
    outputs = {output["kind"]: output["sha256"] for output in client.job.show(job=job)["outputs"]}
    assert hashlib.sha256(film.read_bytes()).hexdigest() == outputs["film"]
    assert client.download(job, tmp_path / "m.json", "manifest").stat().st_size > 100
    done.join(timeout=30)
    assert not done.is_alive(), f"heard only {heard}"


def _hear(client: kinofarm.Farm, job: str, heard: list[str]) -> None:
    """Listen until the job's film is published, with a client of its own, as another program would."""
    for message in client.events(job):
        heard.append(message["name"])
        if message["name"] in ("kinofarm.job.published", "reset"):
            return
        if client.job.show(job=job)["job"]["state"] == "done":
            return


def test_what_was_broken_off_is_taken_up_where_the_farm_says(client: kinofarm.Farm, tmp_path: Path) -> None:
    file = tmp_path / "take.bin"
    file.write_bytes(bytes(range(256)) * 20_000)
    broken = client._begun("take.mov", file.stat().st_size)
    headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    client._http.patch(f"/uploads/{broken}", content=file.read_bytes()[:1_234_567], headers=headers)
    offsets: list[int] = []
    assert client.send_file(file, resume=broken, on_progress=lambda done, _: offsets.append(done)) == broken
    assert offsets[0] == 1_234_567
    assert client.upload.show(upload=broken)["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()


def test_what_is_not_there_is_not_downloaded(client: kinofarm.Farm, tmp_path: Path) -> None:
    with pytest.raises(kinofarm.Problem) as refused:
        client.download("ffffffff", tmp_path / "film.mp4")
    assert refused.value.status == 404
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(kinofarm.Problem):
        client.send_file(Path(__file__), resume="00000000-0000-0000-0000-000000000000")
