"""Ranges of files: what is sent is what slicing gives, and what can't be is said."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings, strategies as st

from apps.api.ranges import disposition, file_answer, wanted_ranges

CONTENT = bytes(range(256)) * 5
TAG = "a" * 64
MODIFIED = datetime(2026, 11, 26, 12, 0, 5, 999999, UTC)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app = FastAPI()
    files = tmp_path_factory.mktemp("files")
    (files / "film").write_bytes(CONTENT)
    (files / "empty").write_bytes(b"")

    @app.api_route("/{name}", methods=["GET", "HEAD"])
    def serve(name: str, request: Request) -> Response:
        path = files / name
        return file_answer(
            request,
            path.open("rb", buffering=0),
            size=path.stat().st_size,
            tag=TAG,
            modified=MODIFIED,
            media_type="video/mp4",
            headers={"Content-Disposition": "inline"},
        )

    with TestClient(app) as made:
        yield made


def parts_of(answer: Any) -> list[tuple[str, bytes]]:
    """The parts of a multipart/byteranges answer, as any reader of MIME sees them."""
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + answer.content, policy=email.policy.HTTP)
    return [(str(part["Content-Range"]), part.get_payload(decode=True)) for part in message.iter_parts()]  # type: ignore[union-attr,misc]  # fmt: skip


SIZE = len(CONTENT)
BOUNDS = st.one_of(st.integers(0, SIZE + 50), st.just(10**17))
SPECS = st.one_of(
    st.tuples(BOUNDS, st.integers(0, SIZE)).map(lambda pair: (pair[0], pair[0] + pair[1])),
    st.tuples(BOUNDS, st.none()),
    st.tuples(st.none(), BOUNDS),
)


def sliced(spec: tuple[int | None, int | None]) -> bytes:
    """What RFC 9110 says that a range is, by slicing."""
    first, last = spec
    if first is None:
        assert last is not None
        return CONTENT[-last:] if last else b""
    return CONTENT[first:] if last is None else CONTENT[first : last + 1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(specs=st.lists(SPECS, min_size=1, max_size=4), space=st.sampled_from(["", " ", "\t"]))
def test_ranges_are_what_slicing_gives(
    client: TestClient, specs: list[tuple[int | None, int | None]], space: str
) -> None:
    header = f",{space}".join(f"{'' if a is None else a}-{'' if b is None else b}" for a, b in specs)
    answer = client.get("/film", headers={"Range": f"bytes={header}"})
    wanted = [each for each in map(sliced, specs) if each]
    assert int(answer.headers["content-length"]) == len(answer.content)
    if not wanted:
        assert (answer.status_code, answer.json()["code"]) == (416, "RESULT-006")
        assert answer.headers["content-range"] == f"bytes */{SIZE}"
    elif len(wanted) > 1 and sum(map(len, wanted)) > SIZE:
        assert (answer.status_code, answer.content) == (200, CONTENT)
    elif len(wanted) == 1:
        assert (answer.status_code, answer.content) == (206, wanted[0])
        start, _, stop = answer.headers["content-range"].removeprefix("bytes ").partition("/")[0].partition("-")
        assert CONTENT[int(start) : int(stop) + 1] == wanted[0]
    else:
        assert answer.status_code == 206
        parts = parts_of(answer)
        assert [content for _, content in parts] == wanted
        for place, content in parts:
            start, _, stop = place.removeprefix("bytes ").partition("/")[0].partition("-")
            assert (CONTENT[int(start) : int(stop) + 1], place.partition("/")[2]) == (content, str(SIZE))


@pytest.mark.parametrize("header", ["bytes", "bytes=", "bytes=,", "bytes=-", "bytes=a-b", "bytes=5-2", "bytes=1-2,x", "items=0-1", "bytes=+1-2", "bytes=1_0-20", "bytes=٣-٤", "bytes=0-1;2-3", "bytes=" + "9" * 40 + "-", "bytes=" + "0-0," * 40 + "1-1"])  # fmt: skip
def test_ranges_that_are_not_understood_are_passed_over(client: TestClient, header: str) -> None:
    answer = client.get("/film", headers={"Range": header.encode()})
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert "content-range" not in answer.headers


@given(st.text(max_size=60))
def test_no_header_breaks_it(header: str) -> None:
    found = wanted_ranges(f"bytes={header}", SIZE)
    assert found is None or all(0 <= each.start < each.stop <= SIZE for each in found)


def test_a_file_is_answered_whole_with_what_tells_it_from_others(client: TestClient) -> None:
    answer = client.get("/film")
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["etag"] == f'"{TAG}"'
    assert answer.headers["last-modified"] == "Thu, 26 Nov 2026 12:00:05 GMT"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-type"] == "video/mp4"


@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=3-9"}, {"Range": "bytes=3-9,100-"}, {"Range": "bytes=9999-"}, {"If-None-Match": f'"{TAG}"'}])  # fmt: skip
def test_head_says_what_get_would_and_sends_nothing(client: TestClient, headers: dict[str, str]) -> None:
    head, get = client.head("/film", headers=headers), client.get("/film", headers=headers)
    assert head.status_code == get.status_code
    assert head.content == b""
    for name in ("content-length", "content-range", "etag", "last-modified", "accept-ranges"):
        assert head.headers.get(name) == get.headers.get(name)


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (f'"{TAG}"', 206),
        ('"other"', 200),
        (f'W/"{TAG}"', 200),
        (format_datetime(MODIFIED, usegmt=True), 206),
        (format_datetime(MODIFIED + timedelta(seconds=1), usegmt=True), 200),
        ("yesterday", 200),
    ],
)
def test_if_range_gives_the_whole_file_when_it_is_another_one(client: TestClient, given: str, status: int) -> None:
    answer = client.get("/film", headers={"Range": "bytes=0-9", "If-Range": given})
    assert (answer.status_code, len(answer.content)) == (status, 10 if status == 206 else SIZE)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-None-Match": f'"{TAG}"'}, 304),
        ({"If-None-Match": f'"x", W/"{TAG}"'}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"x"', "If-Modified-Since": format_datetime(MODIFIED, usegmt=True)}, 200),
        ({"If-Modified-Since": format_datetime(MODIFIED, usegmt=True)}, 304),
        ({"If-Modified-Since": format_datetime(MODIFIED - timedelta(seconds=1), usegmt=True)}, 200),
        ({"If-Modified-Since": "never"}, 200),
    ],
)
def test_a_file_that_the_client_has_is_not_sent_again(client: TestClient, headers: dict[str, str], status: int) -> None:
    answer = client.get("/film", headers=headers)
    assert (answer.status_code, len(answer.content)) == (status, 0 if status == 304 else SIZE)


def test_an_empty_file_has_no_ranges(client: TestClient) -> None:
    assert client.get("/empty").status_code == 200
    assert client.get("/empty", headers={"Range": "bytes=0-"}).status_code == 416


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("film.mp4", 'inline; filename="film.mp4"'),
        ('a "b".mp4', "inline; filename=\"a _b_.mp4\"; filename*=UTF-8''a%20%22b%22.mp4"),
        ("Müller.mp4", "inline; filename=\"M_ller.mp4\"; filename*=UTF-8''M%C3%BCller.mp4"),
        ("a\r\nSet-Cookie: x.mp4", "inline; filename=\"a__Set-Cookie_ x.mp4\"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x.mp4"),
        ("100%.mp4", "inline; filename=\"100_.mp4\"; filename*=UTF-8''100%25.mp4"),
        ("\udcff.mp4", "inline; filename=\"_.mp4\"; filename*=UTF-8''%3F.mp4"),
    ],
)  # fmt: skip
def test_names_of_files_are_told_as_rfc_6266_wants(name: str, header: str) -> None:
    assert disposition(name, attachment=False) == header
    assert disposition(name, attachment=True) == header.replace("inline", "attachment")
    header.encode("ascii")


def test_a_file_that_becomes_shorter_while_it_is_sent_is_no_whole_file(tmp_path: Path) -> None:
    app, path = FastAPI(), tmp_path / "film"
    path.write_bytes(CONTENT)

    @app.get("/film")
    def serve(request: Request) -> Response:
        file = path.open("rb", buffering=0)
        path.write_bytes(CONTENT[:100])
        return file_answer(request, file, size=SIZE, tag=TAG, modified=MODIFIED, media_type="video/mp4", headers={})

    with TestClient(app) as client, pytest.raises(EOFError):
        client.get("/film")
