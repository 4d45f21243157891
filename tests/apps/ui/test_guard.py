"""The page's door: nobody comes by it without a session, not even to the socket; and what answers carry along."""

from __future__ import annotations

import re

import httpx
import pytest

from apps.ui.login import local
from apps.ui.page import PAGES
from infra.access.tokens import TokenStore
from tests.acceptance.kinofarm import Kinofarm
from tests.apps.ui.desk import address, token

pytestmark = pytest.mark.timeout(600)

SOCKET = "/_nicegui_ws/socket.io/?EIO=4&transport=polling"


@pytest.fixture
def stranger(farm: Kinofarm) -> httpx.Client:
    """A client that has no session."""
    return httpx.Client(base_url=address(farm), timeout=30)


def logged_in(farm: Kinofarm, secret: str) -> httpx.Client:
    """A client that has shown a token to the form."""
    client = httpx.Client(base_url=address(farm), timeout=30)
    form = client.get("/login").text
    word = re.search(r'name="word" value="([^"]+)"', form)
    assert word is not None
    answer = client.post("/login", data={"word": word[1], "token": secret, "next": "/jobs"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/jobs")
    return client


@pytest.mark.parametrize(
    "path", [path.replace("{job}", "0000").replace("{batch}", "0000") for path in PAGES] + ["/nowhere"]
)
def test_a_page_without_a_session_leads_to_the_login_and_back(stranger: httpx.Client, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/login?next={path}"


def test_the_socket_is_closed_to_who_has_no_session(stranger: httpx.Client) -> None:
    assert stranger.get(SOCKET).status_code == 401
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    assert stranger.get(SOCKET.replace("polling", "websocket"), headers=upgrade).status_code == 403
    stranger.cookies.set("kinofarm_session", "guessed")
    assert stranger.get(SOCKET).status_code == 401


def test_the_socket_is_closed_to_pages_of_other_sites(farm: Kinofarm) -> None:
    client = logged_in(farm, token(farm))
    assert client.get(SOCKET).status_code == 200
    assert client.get(SOCKET, headers={"Origin": "https://elsewhere.example"}).status_code == 403
    assert client.get(SOCKET, headers={"Origin": "null"}).status_code == 403
    assert client.get(SOCKET, headers={"Origin": address(farm)}).status_code == 200


def test_the_cookie_is_for_this_site_only_and_no_script_reads_it(farm: Kinofarm) -> None:
    client = httpx.Client(base_url=address(farm), timeout=30)
    word = re.search(r'name="word" value="([^"]+)"', client.get("/login").text)
    assert word is not None
    answer = client.post("/login", data={"word": word[1], "token": token(farm)})
    (session,) = [each for each in answer.headers.get_list("set-cookie") if each.startswith("kinofarm_session=")]
    assert "HttpOnly" in session
    assert "SameSite=strict" in session


def test_a_form_without_its_word_and_a_wrong_token_are_refused(stranger: httpx.Client, farm: Kinofarm) -> None:
    assert stranger.post("/login", data={"token": token(farm)}).status_code == 403
    word = re.search(r'name="word" value="([^"]+)"', stranger.get("/login").text)
    assert word is not None
    refused = stranger.post("/login", data={"word": word[1], "token": "kf_no"})
    assert refused.status_code == 401
    assert "not known" in refused.text
    assert "kinofarm_session" not in stranger.cookies


def test_who_logs_out_has_no_session_any_more(farm: Kinofarm) -> None:
    client = logged_in(farm, token(farm))
    page = client.get("/jobs").text
    word = re.search(r'"name":"word","\^value":"([^"]+)"', page)
    assert word is not None
    cookie = client.cookies["kinofarm_session"]
    client.post("/logout", data={"word": "guessed"})
    assert client.get("/jobs").status_code == 200
    client.post("/logout", data={"word": word[1]})
    client.cookies.set("kinofarm_session", cookie)
    assert client.get("/jobs").status_code == 303


def test_scripts_of_a_page_have_its_nonce_and_no_other_may_run_or_frame_it(farm: Kinofarm) -> None:
    answer = logged_in(farm, token(farm)).get("/jobs")
    policy = answer.headers["content-security-policy"]
    nonce = re.search(r"'nonce-([^']+)'", policy)
    assert nonce is not None
    scripts = re.findall(r"<script[^>]*>", answer.text)
    assert scripts
    assert all(f'nonce="{nonce[1]}"' in script for script in scripts)
    assert "script-src 'self' 'nonce-" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_who_may_only_read_is_not_shown_what_he_may_not_do(farm: Kinofarm) -> None:
    with farm.services() as services:
        _, secret = services.get(TokenStore).create("guard-reader", "read")
    client = logged_in(farm, secret.get_secret_value())
    assert "Not for this token" in client.get("/logs").text
    assert "Not for this token" in client.get("/tokens").text
    assert '"/submit"' not in client.get("/").text


@pytest.mark.parametrize(
    ("target", "found"),
    [
        (None, "/"),
        ("/jobs?state=done", "/jobs?state=done"),
        ("https://elsewhere.example", "/"),
        ("//elsewhere.example", "/"),
        ("/\\elsewhere.example", "/"),
        ("/\t/elsewhere.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/login?next=/login", "/"),
    ],
)
def test_the_login_leads_to_addresses_of_this_page_only(target: str | None, found: str) -> None:
    assert local(target) == found
