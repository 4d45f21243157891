"""Where the farm's REST API and status page listen: the address, and whether it may be that one."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import ssl

from infra.errors import KinofarmError
from infra.settings import ApiSettings
from infra.values import Value

FIRST_PORT = 4280
PORTS = 200
"""How many ports are tried, from the first one on, where the settings name none."""


class Front(Value):
    """An address to listen on. url: under which this machine reaches it."""

    host: str
    port: int
    tls: bool

    @property
    def url(self) -> str:
        host = "127.0.0.1" if self.host in ("0.0.0.0", "") else "[::1]" if self.host == "::" else self.host
        host = f"[{host}]" if ":" in host and not host.startswith("[") else host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"


def front(settings: ApiSettings) -> Front:
    """Choose where to listen: the port that is set, else the first one that is free.

    Raises:  KinofarmError API-010 for an address that others reach, without TLS; API-011 for one that can't be listened on;
             API-012 for a certificate that can't be used.
    """
    tls = settings.tls_certificate is not None or settings.tls_key is not None
    if tls:
        _check_certificate(settings)
    elif not (settings.behind_proxy or _is_loopback(settings.host)):
        raise KinofarmError("API-010", host=settings.host)
    reason, first = "", settings.port or FIRST_PORT
    for port in range(first, first + (1 if settings.port else PORTS)):
        refused = _refused(settings.host, port)
        if refused is None:
            return Front(host=settings.host, port=port, tls=tls)
        reason = refused.strerror or str(refused)
        if refused.errno != errno.EADDRINUSE:
            break
    raise KinofarmError("API-011", host=settings.host, port=first, reason=reason)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refused(host: str, port: int) -> OSError | None:
    """Why that address can't be listened on; None: it can."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            if os.name != "nt":
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((host, port))
            trial.listen(1)
    except OSError as error:
        return error
    return None


def _check_certificate(settings: ApiSettings) -> None:
    if settings.tls_certificate is None or settings.tls_key is None:
        raise KinofarmError("API-012", reason="the certificate and its key are given together")
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(settings.tls_certificate, settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise KinofarmError("API-012", reason=getattr(error, "strerror", None) or str(error)) from None
