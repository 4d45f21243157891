"""The lock holds what pyproject.toml asks for, with hashes, and nothing that it no longer asks for."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9_.-]+)(\[[^\]]*\])?==(?P<version>[^ ;\\]+)")
_ASK = "run: make lock, then make setup"


def wanted() -> dict[str, Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lines = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    return {canonicalize_name(asked.name): asked for asked in map(Requirement, lines)}


def locked() -> dict[str, tuple[str, str]]:
    """Name → (version, the lines that belong to it)."""
    pins: dict[str, tuple[str, str]] = {}
    blocks = re.split(r"\n(?=[A-Za-z0-9])", (ROOT / "requirements.lock").read_text())
    for block in blocks:
        if pin := _PIN.match(block):
            pins[canonicalize_name(pin["name"])] = (pin["version"], block)
    return pins


def test_lock_satisfies_every_requirement() -> None:
    pins = locked()
    missing = [
        str(asked)
        for name, asked in wanted().items()
        if name not in pins or not asked.specifier.contains(pins[name][0], prereleases=True)
    ]
    assert not missing, f"requirements.lock does not hold {missing}; {_ASK}"


def test_lock_holds_nothing_that_the_project_stopped_asking_for() -> None:
    said = {name for name, (_, block) in locked().items() if "(pyproject.toml" in block}
    assert said <= set(wanted()), f"{sorted(said - set(wanted()))} are no longer asked for; {_ASK}"


def test_every_locked_package_has_a_hash_and_no_address() -> None:
    for name, (_, block) in locked().items():
        assert "--hash=sha256:" in block, f"{name} has no hash; {_ASK}"
        assert "://" not in block, f"{name} names an address; {_ASK}"
