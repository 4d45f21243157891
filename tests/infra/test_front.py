"""Where the farm listens: the port, the socket that is held, and the addresses that are refused."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from infra import front
from infra.errors import KinofarmError
from infra.sections import ApiSettings


def test_two_farms_that_start_at_once_never_get_the_same_port() -> None:
    first, door = front.listen(ApiSettings())
    second, other = front.listen(ApiSettings())
    with door, other:
        assert first.port >= front.FIRST_PORT
        assert second.port > first.port
        assert door.getsockname() == ("127.0.0.1", first.port)
        with socket.create_connection(("127.0.0.1", first.port), 1):  # taken on, though nobody accepts yet
            assert first.url == f"http://127.0.0.1:{first.port}"


def test_the_port_that_is_set_is_the_only_one_tried() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(KinofarmError) as refused:
        front.listen(ApiSettings(port=taken.getsockname()[1]))
    assert refused.value.code == "API-011"


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    here, secret = tmp_path / "farm.pem", tmp_path / "farm.key"
    here.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return here, secret


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "farm.example"])
def test_an_address_that_others_reach_is_refused_without_tls(host: str) -> None:
    with pytest.raises(KinofarmError) as refused:
        front.listen(ApiSettings(host=host))
    assert refused.value.code == "API-010"


def test_it_is_listened_on_with_tls_or_behind_a_proxy(certificate: tuple[Path, Path]) -> None:
    here, key = certificate
    for more in ({"behind_proxy": True}, {"tls_certificate": here, "tls_key": key}):
        chosen, door = front.listen(ApiSettings.model_validate({"host": "0.0.0.0"} | more))
        with door:
            assert chosen.tls is ("tls_key" in more)
            assert chosen.url == f"http{'s' if chosen.tls else ''}://127.0.0.1:{chosen.port}"


def test_a_certificate_that_cannot_be_used_is_refused(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    here, key = certificate
    other = tmp_path / "other.key"
    other.write_text("no key")
    for wrong in ({"tls_certificate": here}, {"tls_key": key}, {"tls_certificate": here, "tls_key": other}):
        with pytest.raises(KinofarmError) as refused:
            front.listen(ApiSettings.model_validate(wrong))
        assert refused.value.code == "API-012"
