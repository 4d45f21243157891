"""An S3 server on this machine: OpenStack Swift with its s3api, all of it in one process and one folder.

    with EmbeddedS3(folder) as server:
        S3Store(connect(server.endpoint, REGION, server.access_key, server.secret_key), "media")

    FOLDER/swift.conf, *.conf   configuration, 0600: it holds the key
    FOLDER/*.ring.gz            where the three rings lie; they name the ports, which are therefore kept
    FOLDER/disk                 what is stored (a file system with user attributes: ext4, xfs, btrfs, tmpfs)

It listens on 127.0.0.1 only. For tests, and for one who wants a cache like a cloud's on one machine; a farm of many hosts
has an S3 server of its own. Needs the package `swift` (the extra `s3-server`).

Source:  Swift's administrator's guide, "SAIO"; its s3api middleware.
"""

from __future__ import annotations

import configparser
import contextlib
import importlib.util
import json
import os
import secrets
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import httpx

from infra.daemon import Daemon
from infra.errors import KinofarmError
from infra.process import environment

REGION = "us-east-1"
ACCOUNT = "farm"
USER = "kinofarm"
SERVERS = ("account", "container", "object", "proxy")
READY_SECONDS = 60
SMALLEST_PART = 5 * 1024 * 1024
"""S3's own limit for all parts of an upload but the last."""

PIPELINE = (
    "catch_errors gatekeeper healthcheck listing_formats bulk s3api tempauth copy slo dlo versioned_writes symlink"
    " proxy-server"
)


class EmbeddedS3:
    """The server of one folder, made at the first start.

    Args:    folder: its own. log: file for what it says; None: nowhere.
    """

    def __init__(self, folder: Path, log: Path | None = None) -> None:
        self.folder = folder
        self.access_key = f"{ACCOUNT}:{USER}"
        self._known = folder / "server.json"
        self._daemon = Daemon(
            "the S3 server",
            [sys.executable, "-m", "infra.swift_server", str(folder)],
            env=environment()
            | {"PYTHONPATH": str(Path(__file__).resolve().parents[1]), "HOME": str(folder), "PYTHONSAFEPATH": "1"},
            cwd=folder,
            log=log,
        )

    @property
    def endpoint(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self._kept()['ports']['proxy']}"

    @property
    def secret_key(self) -> str:
        return str(self._kept()["secret"])

    @property
    def pid(self) -> int | None:
        return self._daemon.pid

    def alive(self) -> bool:
        """Whether its process runs."""
        return self._daemon.alive()

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:  KinofarmError FARM-060 the package is missing; FARM-033 it ended; FARM-032 it does not answer.
        """
        if importlib.util.find_spec("swift") is None:
            raise KinofarmError("FARM-060")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        if not self._known.exists():
            self._configure()
        self._daemon.start()
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers():
            told = {"part": self._daemon.name, "tail": self._daemon.log_tail(), "log": str(self._daemon.log)}
            if not self._daemon.alive():
                raise KinofarmError("FARM-033", **told)
            if time.monotonic() > deadline:
                raise KinofarmError("FARM-032", seconds=READY_SECONDS, **told)
            time.sleep(0.05)

    def stop(self) -> None:
        """End it."""
        self._daemon.stop(grace=3)

    def __enter__(self) -> EmbeddedS3:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.endpoint}/healthcheck", timeout=2, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def _kept(self) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = json.loads(self._known.read_text())
        return found

    def _configure(self) -> None:
        ports, secret = dict(zip(SERVERS, _free_ports(len(SERVERS)), strict=True)), secrets.token_urlsafe(24)
        (self.folder / "disk" / "d1").mkdir(parents=True, exist_ok=True)
        hashed = {"swift_hash_path_suffix": secrets.token_hex(8), "swift_hash_path_prefix": secrets.token_hex(8)}
        policy = {"name": "default", "default": "yes"}
        self._write(
            "swift.conf",
            {"swift-hash": hashed, "storage-policy:0": policy, "swift-constraints": {"max_header_size": "16384"}},
        )
        for server in SERVERS[:-1]:
            common = {
                "swift_dir": str(self.folder),
                "devices": str(self.folder / "disk"),
                "mount_check": "false",
                "user": _user(),
                "fallocate_reserve": "0",
                "disable_fallocate": "true",
            }
            app = {"use": f"egg:swift#{server}"}
            pipeline = {"pipeline": f"{server}-server"}
            self._write(f"{server}.conf", {"DEFAULT": common, "pipeline:main": pipeline, f"app:{server}-server": app})
        self._write("proxy.conf", _proxy(self.folder, secret))
        draft = self._known.with_suffix(".draft")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps({"ports": ports, "secret": secret}))
        draft.replace(self._known)  # last: what is there is whole

    def _write(self, name: str, sections: Mapping[str, Mapping[str, str]]) -> None:
        parser = configparser.RawConfigParser(default_section="")
        parser.read_dict(sections)
        file = self.folder / name
        file.touch(mode=0o600)
        with file.open("w") as stream:
            parser.write(stream)


def _proxy(folder: Path, secret: str) -> dict[str, dict[str, str]]:
    def egg(name: str, **more: str) -> dict[str, str]:
        return {"use": f"egg:swift#{name}", **more}

    plain = ("catch_errors", "gatekeeper", "healthcheck", "listing_formats", "bulk", "copy", "slo", "dlo", "symlink")
    s3 = {"location": REGION, "s3_acl": "false", "min_segment_size": str(SMALLEST_PART)}
    return {
        "DEFAULT": {"swift_dir": str(folder), "user": _user()},
        "pipeline:main": {"pipeline": PIPELINE},
        "app:proxy-server": egg("proxy", account_autocreate="true"),
        **{f"filter:{name}": egg(name) for name in plain},
        "filter:versioned_writes": egg("versioned_writes", allow_object_versioning="true"),
        "filter:s3api": egg("s3api", **s3),
        "filter:tempauth": egg("tempauth", **{f"user_{ACCOUNT}_{USER}": f"{secret} .admin"}),
    }


def _user() -> str:
    import pwd

    return pwd.getpwuid(os.geteuid()).pw_name


def _free_ports(count: int) -> list[int]:
    """Ports that nobody uses now, all different: each is held until the last is found."""
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
