"""Uploads over the real API: broken off anywhere they go on, and nothing that a client sends harms what is there."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil
import pytest
import uvicorn
from hypothesis import HealthCheck, given, settings as hypothesis_settings, strategies as st
from pydantic import SecretStr

from apps.api import uploads as tus
from apps.api.app import application
from infra import services
from infra.access.scopes import Scope
from infra.access.tokens import TokenStore
from infra.sections import ApiSettings, DatabaseSettings, PrefectSettings
from infra.services import Services
from infra.settings import Settings, as_environment
from tests.acceptance.projects import media_clip, timeline, track
from tests.media_factory import MediaFactory

BYTES = bytes(range(256)) * 12
SHA256 = hashlib.sha256(BYTES).hexdigest()
PART = {"Content-Type": "application/offset+octet-stream", "Tus-Resumable": "1.0.0"}
LARGEST = 10**7
MEGABYTE = 10**6
STALL_SECONDS = 4


@dataclass(frozen=True)
class Served:
    """An API that serves, and a client with a token that may submit."""

    url: str
    home: Path
    services: Services
    client: httpx.Client

    def token(self, name: str, scope: Scope) -> dict[str, str]:
        """The header of a new token."""
        _, secret = self.services.get(TokenStore).create(name, scope)
        return {"Authorization": f"Bearer {secret.get_secret_value()}"}

    def begin(self, size: int, name: str = "clip.mp4", **headers: str) -> str:
        """Begin an upload; return its address."""
        named = f"filename {base64.b64encode(name.encode(errors='surrogatepass')).decode()}"
        sent = {"Tus-Resumable": "1.0.0", "Upload-Length": str(size), "Upload-Metadata": named, **headers}
        answer = self.client.post("/api/v1/uploads", headers=sent)
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"]

    def send(self, address: str, content: bytes, at: int = 0, **headers: str) -> httpx.Response:
        """Send a part."""
        return self.client.patch(address, content=content, headers={**PART, "Upload-Offset": str(at), **headers})

    def whole(self, content: bytes = BYTES, name: str = "clip.mp4") -> str:
        """Upload a file; return its id."""
        address = self.begin(len(content), name)
        assert self.send(address, content).status_code == 204
        return address.rpartition("/")[2]

    def offset(self, address: str) -> int:
        """Where an upload goes on."""
        answer = self.client.head(address, headers={"Tus-Resumable": "1.0.0"})
        assert answer.status_code == 200
        return int(answer.headers["Upload-Offset"])

    def break_off(
        self, address: str, at: int, announced: int, content: bytes, linger: float = 0.02, **more: str
    ) -> None:
        """Announce a part, send less of it, and hang up.

        Args:    linger: seconds before that; uvicorn drops what it holds when the line is cut.
        """
        host, _, port = self.url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port))) as wire:
            lines = {
                **PART,
                "Host": host,
                "Upload-Offset": at,
                "Content-Length": announced,
                "Authorization": self.client.headers["Authorization"],
                **more,
            }
            head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
            wire.sendall(f"PATCH {address} HTTP/1.1\r\n{head}\r\n".encode() + content)
            time.sleep(linger)

    def settled(self, address: str) -> int:
        """Where an upload goes on, once nobody is at work on it."""
        deadline = time.monotonic() + 10
        while self.send(address, b"", at := self.offset(address)).status_code != 204:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return at


def settings_of(home: Path, database: str, **api: Any) -> Settings:
    return Settings(
        home=home,
        database=DatabaseSettings(url=SecretStr(database)),
        prefect=PrefectSettings(api_url="http://127.0.0.1:9/api", auth=SecretStr("u:p")),
        api=ApiSettings(
            requests_per_minute=10**6, **{"upload_gigabytes": LARGEST / 10**9, "body_megabytes": 0.001, **api}
        ),
        cache={"min_free_gigabytes": 0},
    )


@pytest.fixture
def served(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(tus, "STALL_SECONDS", STALL_SECONDS)
    with services.opened(settings_of(tmp_path, database)) as container:
        server = uvicorn.Server(uvicorn.Config(application(container), port=0, log_level="warning", access_log=False))
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        url = "http://{}:{}".format(*server.servers[0].sockets[0].getsockname())
        _, secret = container.get(TokenStore).create("anna", "submit")
        headers = {"Authorization": f"Bearer {secret.get_secret_value()}"}
        with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
            yield Served(url, tmp_path, container, client)
        server.should_exit = True
        thread.join(10)


def problem(answer: httpx.Response, status: int, code: str) -> None:
    """See that an answer is this problem, and a problem that tells what to do."""
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["hint"]
    assert answer.headers["Tus-Resumable"] == "1.0.0"


def test_a_file_is_sent_in_parts_and_told_by_name_size_and_hash(served: Served) -> None:
    address = served.begin(len(BYTES), "Día 1.mp4")
    first = served.send(address, BYTES[:1000])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "1000")
    assert first.headers["Upload-Expires"].endswith("GMT")
    head = served.client.head(address)
    assert head.headers["Upload-Length"] == str(len(BYTES))
    assert head.headers["Cache-Control"] == "no-store"
    assert base64.b64decode(head.headers["Upload-Metadata"].partition(" ")[2]).decode() == "Día 1.mp4"
    last = served.send(address, BYTES[1000:], 1000)
    assert last.headers["Upload-Offset"] == str(len(BYTES))
    assert "Upload-Expires" not in last.headers
    shown = served.client.get(address).json()
    assert (shown["name"], shown["size"], shown["received"]) == ("Día 1.mp4", len(BYTES), len(BYTES))
    assert (shown["sha256"], shown["whole"], shown["submitted_by"]) == (SHA256, True, "anna")
    assert served.client.get("/api/v1/uploads", params={"limit": 5}).json()["uploads"] == [shown]


def test_a_small_file_is_sent_with_the_request_that_begins_it(served: Served) -> None:
    headers = {**PART, "Upload-Length": str(len(BYTES))}
    answer = served.client.post("/api/v1/uploads", content=BYTES, headers=headers)
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, str(len(BYTES)))
    assert answer.json()["sha256"] == SHA256
    assert answer.headers["Location"] == f"/api/v1/uploads/{answer.json()['id']}"


def test_the_server_says_what_it_speaks(served: Served) -> None:
    answer = served.client.options("/api/v1/uploads")
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert answer.headers["Tus-Extension"] == "creation,creation-with-upload,termination,checksum,expiration"
    assert answer.headers["Tus-Max-Size"] == str(LARGEST)
    assert answer.headers["Tus-Checksum-Algorithm"] == "sha1,sha256"
    other = served.client.post("/api/v1/uploads", headers={"Tus-Resumable": "0.2.2", "Upload-Length": "5"})
    problem(other, 412, "UPLOAD-010")
    assert other.headers["Tus-Version"] == "1.0.0"


@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(cuts=st.lists(st.integers(0, len(BYTES) - 1), max_size=4).map(sorted))
def test_an_upload_that_broke_off_at_any_byte_goes_on(served: Served, cuts: list[int]) -> None:
    address, at = served.begin(len(BYTES)), 0
    for cut in cuts:
        served.break_off(address, at, len(BYTES) - at, BYTES[at : max(at, cut)])
        told = served.settled(address)
        assert at <= told <= max(at, cut)
        at = told
    assert served.send(address, BYTES[at:], at).status_code == 204
    assert served.client.get(address).json()["sha256"] == SHA256


def test_what_came_before_a_part_broke_off_is_kept(served: Served) -> None:
    address = served.begin(len(BYTES))
    served.break_off(address, 0, len(BYTES), BYTES[:777], linger=1)
    assert served.settled(address) == 777
    digest = base64.b64encode(b"0" * 20).decode()
    checked = {"Upload-Checksum": f"sha1 {digest}"}
    served.break_off(address, 777, len(BYTES) - 777, BYTES[777:800], linger=1, **checked)
    assert served.settled(address) == 777  # nobody can tell whether these were right


def test_of_two_that_send_at_once_one_wins_and_nothing_is_mixed_up(served: Served) -> None:
    address = served.begin(LARGEST)
    contents = [bytes([number]) * LARGEST for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda content: served.send(address, content), contents))
    codes = [answer.status_code for answer in answers]
    assert codes.count(204) == 1
    assert set(codes) <= {204, 409, 423}
    won = contents[codes.index(204)]
    assert served.client.get(address).json()["sha256"] == hashlib.sha256(won).hexdigest()


def test_a_client_that_is_silent_is_hung_up_on_and_what_he_sent_is_kept(served: Served) -> None:
    address = served.begin(len(BYTES))

    def slowly() -> Iterator[bytes]:
        yield BYTES[:500]
        time.sleep(STALL_SECONDS + 1)
        yield BYTES[500:]

    with ThreadPoolExecutor(1) as pool:
        silent = pool.submit(served.client.patch, address, content=slowly(), headers={**PART, "Upload-Offset": "0"})
        while not list((served.home / "uploads" / "incoming").iterdir()):
            time.sleep(0.01)
        problem(served.send(address, BYTES), 423, "UPLOAD-003")
        problem(silent.result(), 408, "UPLOAD-012")
    assert served.offset(address) == 500


def test_eight_uploads_of_one_content_at_once_share_one_object(served: Served) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: served.whole(name=f"{number}.mp4"), range(8)))
    objects = list((served.home / "uploads" / "objects").glob("*/*"))
    assert [each.name for each in objects] == [SHA256]
    assert objects[0].stat().st_nlink == 9
    for upload in found:
        assert served.client.delete(f"/api/v1/uploads/{upload}").status_code == 204
    assert list((served.home / "uploads" / "objects").glob("*/*")) == []


def test_what_has_another_checksum_or_offset_or_size_than_was_said_is_refused(served: Served) -> None:
    address = served.begin(len(BYTES))
    digest = base64.b64encode(hashlib.sha1(BYTES[:9], usedforsecurity=False).digest()).decode()
    problem(served.send(address, BYTES[:8] + b"?", **{"Upload-Checksum": f"sha1 {digest}"}), 460, "UPLOAD-005")
    assert served.offset(address) == 0
    assert served.send(address, BYTES[:9], **{"Upload-Checksum": f"sha1 {digest}"}).status_code == 204
    problem(served.send(address, BYTES[:9], 0), 409, "UPLOAD-002")
    problem(served.send(address, BYTES[:9], 10), 409, "UPLOAD-002")
    problem(served.send(address, BYTES, 9), 413, "UPLOAD-008")
    for words in ("md5 AAAA", "sha1 AAAA", "sha1 ?", "sha256"):
        problem(served.send(address, b"x", 9, **{"Upload-Checksum": words}), 400, "UPLOAD-009")
    problem(served.send(address, b"x", 9, **{"Content-Type": "text/plain"}), 415, "UPLOAD-011")
    assert served.send(address, b"x", 9, **{"Upload-Offset": "-1"}).status_code == 422
    assert served.offset(address) == 9
    large = served.client.post("/api/v1/uploads", headers={"Upload-Length": str(LARGEST + 1)})
    problem(large, 413, "UPLOAD-004")
    nothing = served.client.post("/api/v1/uploads")
    assert (nothing.status_code, nothing.json()["code"]) == (422, "API-001")
    assert served.client.head(f"/api/v1/uploads/{uuid4()}").status_code == 404
    problem(served.send(f"/api/v1/uploads/{uuid4()}", b"x"), 404, "UPLOAD-001")
    problem(served.client.delete(f"/api/v1/uploads/{uuid4()}"), 404, "UPLOAD-001")


def test_a_first_part_that_is_refused_leaves_nothing(served: Served) -> None:
    headers = {**PART, "Upload-Length": "5", "Upload-Checksum": f"sha1 {base64.b64encode(b'0' * 20).decode()}"}
    problem(served.client.post("/api/v1/uploads", content=b"12345", headers=headers), 460, "UPLOAD-005")
    assert served.client.get("/api/v1/uploads").json()["uploads"] == []
    assert list((served.home / "uploads" / "incoming").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../../admin.token", "admin.token"),
        ("a\x00b.mp4", "ab.mp4"),
        ("..", "upload"),
        ("x" * 300 + ".mov", "x" * 196 + ".mov"),
        ("пленка 🎬.mov", "пленка 🎬.mov"),
        ("C:\\Users\\a.mov", "a.mov"),
    ],
)
def test_a_hostile_name_becomes_a_plain_one(served: Served, name: str, kept: str) -> None:
    upload = served.whole(name=name)
    assert served.client.get(f"/api/v1/uploads/{upload}").json()["name"] == kept
    folder = served.home / "uploads" / "files" / upload
    assert [each.name for each in folder.iterdir()] == [kept]


@pytest.mark.parametrize("metadata", ["filename ?", "filename", "", ",,,", "other eA==", "\xe9 eA=="])
def test_odd_metadata_are_refused_or_do_no_harm(served: Served, metadata: str) -> None:
    sent = [(b"Upload-Length", b"5"), (b"Upload-Metadata", metadata.encode("latin-1"))]
    answer = served.client.post("/api/v1/uploads", headers=sent)
    if metadata == "filename ?":
        problem(answer, 400, "UPLOAD-009")
    else:
        assert (answer.status_code, answer.json()["name"]) == (201, "upload")


def test_only_who_may_submits_and_only_who_operates_touches_the_uploads_of_others(served: Served) -> None:
    address = served.begin(len(BYTES))
    for headers, status in (({"Authorization": ""}, 401), (served.token("guest", "read"), 403)):
        assert served.client.options("/api/v1/uploads", headers=headers).status_code == status
        assert served.client.post("/api/v1/uploads", headers={**headers, "Upload-Length": "5"}).status_code == status
        assert served.client.head(address, headers=headers).status_code == status
        assert served.send(address, BYTES, **headers).status_code == status
        assert served.client.delete(address, headers=headers).status_code == status
    other = served.token("bert", "submit")
    problem(served.send(address, BYTES, **other), 403, "UPLOAD-013")
    problem(served.client.delete(address, headers=other), 403, "UPLOAD-013")
    assert served.client.delete(address, headers=served.token("chief", "operate")).status_code == 204
    deeds = served.client.get("/api/v1/audit", headers=served.token("root", "admin")).json()["deeds"]
    upload = address.rpartition("/")[2]
    told = [(deed["who"], deed["command"], deed["outcome"]) for deed in reversed(deeds) if deed["subject"] == upload]
    assert told == [
        ("anna", "upload.create", "ok"),
        ("bert", "upload.append", "UPLOAD-013"),
        ("bert", "upload.delete", "UPLOAD-013"),
        ("chief", "upload.delete", "ok"),
    ]


def test_every_answer_stands_in_the_documentation(served: Served) -> None:
    document = served.client.get("/api/openapi.json").json()
    one = document["paths"]["/api/v1/uploads/{upload}"]
    assert {"get", "head", "patch", "delete"} == set(one)
    assert {
        "204",
        "400",
        "401",
        "403",
        "404",
        "408",
        "409",
        "412",
        "413",
        "415",
        "422",
        "423",
        "429",
        "460",
        "503",
        "507",
    } <= set(one["patch"]["responses"])
    assert "application/offset+octet-stream" in one["patch"]["requestBody"]["content"]
    assert {"get", "post", "options"} == set(document["paths"]["/api/v1/uploads"])


def test_an_upload_is_looked_into_and_used_as_media_and_as_a_project(
    served: Served, media_factory: MediaFactory
) -> None:
    content = media_factory.video(60, pattern="smptebars").read_bytes()
    clip = served.whole(content, "clip.mp4")
    facts = served.client.post("/api/v1/media/probe", json={"upload": clip}).json()
    assert facts["sha256"] == hashlib.sha256(content).hexdigest()
    assert facts["pictures"][0]["frames"] == 60
    project = timeline(50, track("V", media_clip(f"upload://{clip}", 0, 50)))
    sent = served.client.post("/api/v1/projects/check", json={"timeline": project})
    assert (sent.status_code, sent.json()["frames"], sent.json()["media"]) == (200, 50, 1), sent.text
    (used,) = served.client.post("/api/v1/projects/media", json={"timeline": project}).json()["media"]
    assert (used["path"], used["clips"]) == (f"upload://{clip}", 1)
    frame = served.client.post("/api/v1/projects/frame", json={"timeline": project, "at": "f5"})
    assert base64.b64decode(frame.json()["png"]).startswith(b"\x89PNG")
    saved = served.whole(json.dumps(project).encode(), "film.kinofarm.json")
    for upload, frames in ((saved, 50), (clip, 60)):  # a media file is a film of one clip
        checked = served.client.post("/api/v1/projects/check", json={"upload": upload})
        assert (checked.status_code, checked.json()["frames"]) == (200, frames), checked.text


def test_an_upload_that_is_not_there_or_not_whole_is_named_where_it_is_meant(served: Served) -> None:
    begun = served.begin(len(BYTES)).rpartition("/")[2]
    for address, code in (
        (f"upload://{uuid4()}", "PATH-013"),
        (f"upload://{begun}", "PATH-014"),
        ("upload://../../admin.token", "PATH-005"),
    ):
        project = timeline(50, track("V", media_clip(address, 0, 50)))
        answer = served.client.post("/api/v1/projects/check", json={"timeline": project})
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert answer.json()["where"] == "tracks[0].clips[0].source.path"
    for path in ("/media/probe", "/projects/check"):
        answer = served.client.post(f"/api/v1{path}", json={"upload": begun})
        assert (answer.status_code, answer.json()["code"], answer.json()["where"]) == (422, "PATH-014", "upload")
    for named in ({}, {"upload": begun, "project": "film.json"}, {"upload": begun, "timeline": {}}):
        assert served.client.post("/api/v1/projects/check", json=named).json()["code"] == "API-001"
    assert served.client.post("/api/v1/media/probe", json={"path": "/etc/passwd"}).json()["code"] == "PATH-002"


@contextlib.contextmanager
def own_process(home: Path, database: str, port: int, **api: Any) -> Iterator[psutil.Process]:
    """The farm's own server in a process of its own."""
    settings = settings_of(home, database, port=port, **api)
    told = {**os.environ, **as_environment(settings)}
    code = (
        "from apps.api.serving import serve; from infra.front import listen; from infra.settings import in_force;"
        " settings = in_force(); serve(settings, listen(settings.api)[1])"
    )
    with subprocess.Popen([sys.executable, "-c", code], env=told, cwd=Path(__file__).parents[3]) as process:
        try:
            deadline = time.monotonic() + 60
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    httpx.get(f"http://127.0.0.1:{port}/api/v1/health", timeout=1, trust_env=False)
                    break
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
            yield psutil.Process(process.pid)
        finally:
            process.kill()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as trial:
        port: int = trial.getsockname()[1]
        return port


def client_of(home: Path, port: int) -> httpx.Client:
    token = (home / "admin.token").read_text().strip()
    return httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}, timeout=300)


def test_an_upload_whose_server_is_killed_in_the_middle_goes_on_with_the_next_one(
    database: str, tmp_path: Path
) -> None:
    port, content = free_port(), os.urandom(3 * MEGABYTE)
    with own_process(tmp_path, database, port) as server, client_of(tmp_path, port) as client:
        address = client.post("/api/v1/uploads", headers={"Upload-Length": str(len(content))}).headers["Location"]
        assert (
            client.patch(address, content=content[:MEGABYTE], headers={**PART, "Upload-Offset": "0"}).status_code == 204
        )

        def broken() -> Iterator[bytes]:
            yield content[MEGABYTE : 3 * MEGABYTE - 5]
            file = tmp_path / "uploads" / "incoming" / address.rpartition("/")[2]
            while file.stat().st_size <= MEGABYTE:
                time.sleep(0.01)
            server.send_signal(signal.SIGKILL)
            yield content[3 * MEGABYTE - 5 :]

        with pytest.raises(httpx.TransportError):
            client.patch(address, content=broken(), headers={**PART, "Upload-Offset": str(MEGABYTE)})
    with own_process(tmp_path, database, port), client_of(tmp_path, port) as client:
        at = int(client.head(address).headers["Upload-Offset"])
        assert MEGABYTE <= at < len(content)
        assert (
            client.patch(address, content=content[at:], headers={**PART, "Upload-Offset": str(at)}).status_code == 204
        )
        assert client.get(address).json()["sha256"] == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    "megabytes", [256, pytest.param(5000, marks=[pytest.mark.long, pytest.mark.timeout(900)])], ids=["256 MB", "5 GB"]
)
def test_a_large_file_takes_no_more_memory_than_a_small_one(database: str, tmp_path: Path, megabytes: int) -> None:
    size, port = megabytes * MEGABYTE, free_port()
    sparse = tmp_path / "sparse"
    with sparse.open("wb") as file:
        file.truncate(size)

    def parts(file: Any) -> Iterator[bytes]:
        while part := file.read(MEGABYTE):
            yield part

    with own_process(tmp_path, database, port, upload_gigabytes=10) as server, client_of(tmp_path, port) as client:
        small = client.post(
            "/api/v1/uploads", content=b"x" * MEGABYTE, headers={**PART, "Upload-Length": str(MEGABYTE)}
        )
        assert small.status_code == 201
        before, peak, over = server.memory_info().rss, 0, threading.Event()

        def watch() -> None:
            nonlocal peak
            while not over.wait(0.02):
                peak = max(peak, server.memory_info().rss)

        watcher = threading.Thread(target=watch)
        watcher.start()
        address = client.post("/api/v1/uploads", headers={"Upload-Length": str(size)}).headers["Location"]
        began = time.monotonic()
        with sparse.open("rb") as file:
            answer = client.patch(address, content=parts(file), headers={**PART, "Upload-Offset": "0"})
        seconds = time.monotonic() - began
        over.set()
        watcher.join()
        assert answer.status_code == 204, answer.text
        shown = client.get(address).json()
    with sparse.open("rb") as file:
        assert shown["sha256"] == hashlib.file_digest(file, "sha256").hexdigest()
    print(
        f"{megabytes} MB in {seconds:.1f} s; the server grew by {(peak - before) / MEGABYTE:.1f} MB from {before / MEGABYTE:.0f} MB"
    )
    assert peak - before < 64 * MEGABYTE
