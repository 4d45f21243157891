"""The models that recognise things: by their names, each with its facts and its file, which lies under its hash.

HOME/models/SHA256.onnx; while it is written, SHA256.PID.WORD.unfinished
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
from pydantic import Field
from sqlalchemy import Engine, text

from infra.errors import KinofarmError
from infra.jobs.engine import surviving, transaction
from infra.values import Value

FOLDER = "models"

LOST_SECONDS = 3_600
"""Age from which on a file that nothing names was left by an addition that was not finished; also of one that is still written."""

_COLUMNS = "name, sha256, size, facts, added_by, added_at"
_ADD = text(f"""
INSERT INTO vision_models (name, sha256, size, facts, added_by)
VALUES (:name, :sha256, :size, CAST(:facts AS jsonb), :added_by)
ON CONFLICT (name) DO UPDATE SET sha256 = excluded.sha256, size = excluded.size, facts = excluded.facts,
    added_by = excluded.added_by, added_at = now()
RETURNING {_COLUMNS}
""")  # noqa: S608 (our own constants)
_GET = text(f"SELECT {_COLUMNS} FROM vision_models WHERE name = :name")  # noqa: S608
_ALL = text(f"SELECT {_COLUMNS} FROM vision_models ORDER BY name")  # noqa: S608
_REMOVE = text("DELETE FROM vision_models WHERE name = :name RETURNING sha256")
_HASHES = text("SELECT sha256 FROM vision_models")
_USED = text("SELECT count(*) FROM vision_models WHERE sha256 = :sha256")


class VisionModel(Value):
    """A model of the farm's. facts: what was found in it, see `tasks.recognition.model`."""

    name: str
    sha256: str
    size: int = Field(description="Bytes.")
    facts: Mapping[str, Any]
    added_by: str
    added_at: datetime


class VisionModels:
    """The models of a farm.

    Args:    folder: where their files lie.
    Raises:  every method: KinofarmError DB-001, DB-002.
    """

    def __init__(self, engine: Engine, folder: Path, *, patience: float = 30) -> None:
        self.engine = engine
        self.folder = folder
        self.patience = patience

    def add(self, name: str, content: bytes, facts: Mapping[str, Any], added_by: str) -> VisionModel:
        """Keep a model's file, and enter it under a name, in place of what had that name.

        What earlier additions left that were not finished is removed.
        Raises:  KinofarmError ANALYSIS-004 when the file can't be kept; then, and when it can't be entered, nothing of it is left.
        """
        digest = hashlib.sha256(content).hexdigest()
        place, unfinished = self._file(digest), self._unfinished(digest)
        self._tidy()
        known = place.is_file()
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            unfinished.write_bytes(content)
            unfinished.replace(place)
        except OSError as error:
            raise KinofarmError("ANALYSIS-004", name=name, reason=error.strerror or "the disk refuses it") from None
        finally:
            _remove(unfinished)
        given = {"name": name, "sha256": digest, "size": len(content), "facts": json.dumps(dict(facts))}
        try:
            return self._entered(given | {"added_by": added_by})
        except BaseException:
            if not known:
                self._remove_unnamed(place)
            raise

    def _tidy(self) -> None:
        """Remove files that nothing names any more, or never did."""
        now, named = time.time(), self._named()
        for file in self.folder.glob("*"):
            with contextlib.suppress(OSError):
                old = now - file.stat().st_mtime > LOST_SECONDS
                digest, *written_by = file.name.split(".")
                if file.suffix == ".unfinished":
                    pid = written_by[0]
                    if old or not (pid.isdigit() and psutil.pid_exists(int(pid))):
                        _remove(file)
                elif file.suffix == ".onnx" and old and digest not in named:
                    _remove(file)

    def _remove_unnamed(self, place: Path) -> None:
        """Remove a file, unless somebody else entered it meanwhile; where that can't be known, `_tidy` does it later."""
        with contextlib.suppress(KinofarmError):
            if place.stem not in self._named():
                _remove(place)

    @surviving
    def _named(self) -> frozenset[str]:
        with transaction(self.engine) as connection:
            return frozenset(connection.execute(_HASHES).scalars())

    @surviving
    def _entered(self, given: Mapping[str, Any]) -> VisionModel:
        with transaction(self.engine) as connection:
            return VisionModel.model_validate(dict(connection.execute(_ADD, dict(given)).mappings().one()))

    @surviving
    def get(self, name: str) -> VisionModel:
        """Return a model.

        Raises:  KinofarmError ANALYSIS-002.
        """
        with transaction(self.engine) as connection:
            found = connection.execute(_GET, {"name": name}).mappings().one_or_none()
        if found is None:
            raise KinofarmError("ANALYSIS-002", name=name)
        return VisionModel.model_validate(dict(found))

    @surviving
    def all(self) -> tuple[VisionModel, ...]:
        """Return all models, by name."""
        with transaction(self.engine) as connection:
            return tuple(VisionModel.model_validate(dict(row)) for row in connection.execute(_ALL).mappings())

    def file(self, model: VisionModel, fetch: Callable[[str, Path], Path | None] | None = None) -> Path:
        """Return the file of a model.

        Args:    fetch: lays what has a hash at a path, for a machine that is not the one where models are added; returns None
                 where it can't.
        Raises:  KinofarmError ANALYSIS-003 when it is not there.
        """
        place = self._file(model.sha256)
        if not place.is_file() and fetch is not None:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            unfinished = self._unfinished(model.sha256)
            try:
                laid = fetch(model.sha256, unfinished)
                if laid is not None and hashlib.sha256(laid.read_bytes()).hexdigest() == model.sha256:
                    laid.replace(place)
            finally:
                _remove(unfinished)
        if not place.is_file():
            raise KinofarmError("ANALYSIS-003", name=model.name)
        return place

    @surviving
    def remove(self, name: str) -> None:
        """Remove a model, and its file when no other name has it; what it found stays.

        Raises:  KinofarmError ANALYSIS-002.
        """
        with transaction(self.engine) as connection:
            digest = connection.execute(_REMOVE, {"name": name}).scalar_one_or_none()
            used = digest is not None and connection.execute(_USED, {"sha256": digest}).scalar_one()
        if digest is None:
            raise KinofarmError("ANALYSIS-002", name=name)
        if not used:
            self._file(digest).unlink(missing_ok=True)

    def _file(self, digest: str) -> Path:
        return self.folder / f"{digest}.onnx"

    def _unfinished(self, digest: str) -> Path:
        return self.folder / f"{digest}.{os.getpid()}.{secrets.token_hex(4)}.unfinished"


def _remove(file: Path) -> None:
    with contextlib.suppress(OSError):
        file.unlink(missing_ok=True)
