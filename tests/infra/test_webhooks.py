"""Requests of webhooks, held against the reference library's check; what a receiver may answer."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from hypothesis import given, strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from infra import webhooks
from infra.errors import KinofarmError

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Receiver(ThreadingHTTPServer):
    """Answers with the statuses that it is told, the last one for ever, and keeps what it got."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.statuses = [204]
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        statuses = self.server.statuses
        self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
        self.send_header("location", "http://127.0.0.1:9/elsewhere")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@given(
    st.dictionaries(st.text(), st.text() | st.integers() | st.none()),
    st.text(min_size=1).filter(lambda t: "." not in t),
)
def test_the_reference_library_takes_our_signatures(payload: dict[str, Any], secret: str) -> None:
    now, body = int(time.time()), webhooks.body_of(payload)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(now)}
    signed = webhooks.signature(SECRET, "msg_1", now, body)
    assert Webhook(SECRET).verify(body, {**headers, "webhook-signature": signed}) == payload
    other = webhooks.signature(f"own{secret}", "msg_1", now, body)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body, {**headers, "webhook-signature": other})


def test_a_secret_that_is_none_is_refused() -> None:
    with pytest.raises(KinofarmError, match="NEWS-002"):
        webhooks.signature("whsec_???", "a", 1, b"")


def test_a_request_arrives_whole_and_signed(receiver: Receiver) -> None:
    with webhooks.client() as client:
        status = webhooks.send(client, receiver.url, SECRET, "id-1", int(time.time()), {"text": "größer"})
        webhooks.send(client, receiver.url, None, "id-2", 1, {})
    assert status == 204
    (headers, body), (bare, _) = receiver.got
    assert Webhook(SECRET).verify(body, headers) == {"text": "größer"}
    assert json.loads(body) == {"text": "größer"}
    assert headers["webhook-id"] == "id-1"
    assert "webhook-signature" not in bare


@pytest.mark.parametrize("status", [302, 400, 404, 410, 500, 503])
def test_whatever_is_no_success_is_a_failure_and_no_redirect_is_followed(receiver: Receiver, status: int) -> None:
    receiver.statuses = [status]
    with webhooks.client() as client, pytest.raises(KinofarmError, match="NEWS-003") as refused:
        webhooks.send(client, receiver.url, SECRET, "id", 1, {})
    assert refused.value.params["status"] == status
    assert len(receiver.got) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "nonsense", "http://[::1", "ftp://127.0.0.1/x"])
def test_an_address_that_does_not_answer_is_a_failure_without_a_status(url: str) -> None:
    with webhooks.client() as client, pytest.raises(KinofarmError, match="NEWS-003") as refused:
        webhooks.send(client, url, SECRET, "id", 1, {})
    assert refused.value.params["status"] is None
