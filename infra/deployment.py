"""Deploying the flows: when it has to be done again, and the process that does it (`prefect deploy --all`).

HOME/prefect/deployed    a hash over all that was deployed last, so that a restart need not do it again
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from infra.daemon import Daemon
from infra.errors import KinofarmError
from infra.prefect import POOLS, python_daemon

_ENTRYPOINT = re.compile(r"^\s*entrypoint:\s*([\w.]+)\.\w+\s*$", re.MULTILINE)
PACKAGES = Path(__file__).resolve().parents[1]


def state(file: Path) -> str:
    """Return a hash over all that a deployment is made of: its file, the flows, Prefect's version."""
    found = hashlib.sha256(f"{sys.prefix} {metadata.version('prefect')}\n".encode())
    for path in (file, *sorted((PACKAGES / "flows").glob("**/*.py"))):
        found.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def shipped() -> Path:
    """Return the deployments' file: in a checkout at its root, in an installed package beside the flows.

    Raises:  KinofarmError FARM-030.
    """
    for path in (PACKAGES / "prefect.yaml", PACKAGES / "flows" / "prefect.yaml"):
        if path.is_file():
            return path
    raise KinofarmError("FARM-030", folder=str(PACKAGES))


def is_done(home: Path, wanted: str) -> bool:
    """Whether this state was deployed from this home last."""
    done = home / "prefect" / "deployed"
    return done.exists() and done.read_text() == wanted


def remember(home: Path, done: str) -> None:
    """Keep what is deployed now."""
    (home / "prefect" / "deployed").write_text(done)


def modules(file: Path) -> tuple[str, ...]:
    """Return the modules of the flows that the file deploys, from its dotted entrypoints."""
    return tuple(sorted(set(_ENTRYPOINT.findall(file.read_text(encoding="utf-8")))))


def process(home: Path, file: Path, variables: Mapping[str, str]) -> Daemon:
    """Return the process that deploys all of `file` and ends, not started; it waits for the server and its pools."""
    return python_daemon(home, "the deployment", "deploy", ["deploy", str(file), *POOLS], variables)
