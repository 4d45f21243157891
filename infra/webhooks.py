"""Webhooks: one request for each piece of news, signed so that the receiver knows who sent it and that nobody changed it.

    webhook-id           of the delivery: the same at each try, so that a receiver can tell a repetition
    webhook-timestamp    seconds since 1970 of this try: a receiver refuses old ones
    webhook-signature    v1,BASE64 of HMAC-SHA256 over "ID.TIMESTAMP.BODY" with the webhook's secret

Source:  Standard Webhooks 1.0 (standardwebhooks.com), so that its libraries check ours.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any

import httpx

from infra.errors import KinofarmError

SECRET_PREFIX = "whsec_"
TIMEOUT_SECONDS = 10.0


def body_of(payload: Any) -> bytes:
    """Return a payload as it is sent and signed."""
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()


def signature(secret: str, delivery: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a request.

    Args:    secret: whsec_ and base64, or any other text, taken as it is.
    Raises:  KinofarmError NEWS-002 when what follows whsec_ is no base64.
    """
    return (
        "v1,"
        + base64.b64encode(
            hmac.new(_key(secret), f"{delivery}.{timestamp}.".encode() + body, hashlib.sha256).digest()
        ).decode()
    )


def send(client: httpx.Client, url: str, secret: str | None, delivery: str, timestamp: int, payload: Any) -> int:
    """Send one piece of news; return the status of the answer, which is 200 to 299.

    Raises:  KinofarmError NEWS-002, NEWS-003 when it was not taken; `detail` says why, `params["status"]` with what status.
    """
    body = body_of(payload)
    headers = {"content-type": "application/json", "webhook-id": delivery, "webhook-timestamp": str(timestamp)}
    if secret:
        headers["webhook-signature"] = signature(secret, delivery, timestamp, body)
    try:
        answer = client.post(url, content=body, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise KinofarmError("NEWS-003", status=None, reason=str(error) or type(error).__name__) from None
    if not answer.is_success:
        raise KinofarmError("NEWS-003", status=answer.status_code, reason=f"it answered {answer.status_code}")
    return answer.status_code


def client() -> httpx.Client:
    """Return what sends: no redirect is followed, no proxy of the environment used."""
    return httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False)


def _key(secret: str) -> bytes:
    if not secret.startswith(SECRET_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise KinofarmError("NEWS-002") from None
