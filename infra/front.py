"""Where the farm's REST API and status page listen: the address, whether it may be that one, and the socket.

The supervisor holds the socket for as long as the farm is up and hands it to the process that serves: no other program can
take the port meanwhile, and who connects while that process is started again waits instead of being refused.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
import ssl

from infra.errors import KinofarmError
from infra.sections import ApiSettings
from infra.values import Value

FIRST_PORT = 4280
PORTS = 200
"""How many ports are tried, from the first one on, where the settings name none."""
BACKLOG = 256
"""How many connections wait at most until they are accepted."""


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


def listen(settings: ApiSettings) -> tuple[Front, socket.socket]:
    """Listen on the port that is set, else on the first one that is free; nobody accepts yet.

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
        try:
            return Front(host=settings.host, port=port, tls=tls), _listening(settings.host, port)
        except OSError as refused:
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


def _listening(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of the last farm may linger
        made.bind(address)
        made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    return made


def _check_certificate(settings: ApiSettings) -> None:
    if settings.tls_certificate is None or settings.tls_key is None:
        raise KinofarmError("API-012", reason="the certificate and its key are given together")
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(settings.tls_certificate, settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise KinofarmError("API-012", reason=getattr(error, "strerror", None) or str(error)) from None
