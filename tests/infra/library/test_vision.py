"""The models of a farm: each file under its hash, each name once."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from infra.errors import KinofarmError
from infra.library.vision import LOST_SECONDS, VisionModels


def test_a_model_is_kept_under_its_hash_and_its_name_can_get_another(engine: Engine, tmp_path: Path) -> None:
    models = VisionModels(engine, tmp_path / "models")
    first = models.add("shapes", b"one", {"classes": ["circle"]}, "anna")
    same = models.add("copy", b"one", {"classes": ["circle"]}, "anna")
    assert models.file(first) == models.file(same)
    newer = models.add("shapes", b"two", {"classes": ["square"]}, "bert")
    assert (models.get("shapes"), newer.facts) == (newer, {"classes": ["square"]})
    assert models.file(newer).read_bytes() == b"two"
    assert [one.name for one in models.all()] == ["copy", "shapes"]


def test_a_file_goes_with_the_last_name_that_has_it(engine: Engine, tmp_path: Path) -> None:
    models = VisionModels(engine, tmp_path / "models")
    one, other = models.add("a", b"one", {}, ""), models.add("b", b"one", {}, "")
    models.remove("a")
    assert models.file(other).is_file()
    models.remove("b")
    with pytest.raises(KinofarmError) as caught:
        models.file(one)
    assert caught.value.code == "ANALYSIS-003"
    for ask in (models.get, models.remove):
        with pytest.raises(KinofarmError) as caught:
            ask("a")
        assert caught.value.code == "ANALYSIS-002"


def files(models: VisionModels) -> list[str]:
    """The names of all files that are kept."""
    return sorted(one.name for one in models.folder.iterdir())


def test_a_disk_that_is_full_leaves_no_part_of_a_model(engine: Engine, tmp_path: Path) -> None:
    models = VisionModels(engine, tmp_path / "models")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
    try:
        with pytest.raises(KinofarmError, match="ANALYSIS-004"):
            models.add("large", bytes(100_000), {}, "")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert files(models) == []
    assert models.all() == ()


def test_a_model_that_can_not_be_entered_leaves_no_file_but_one_that_is_another_name_s(
    engine: Engine, tmp_path: Path
) -> None:
    models = VisionModels(engine, tmp_path / "models")
    refused: Any = {"producer": "a\0b"}  # PostgreSQL's JSON has no such character
    with pytest.raises(KinofarmError, match="DB-002"):
        models.add("new", b"one", refused, "")
    assert files(models) == []
    kept = models.add("old", b"one", {}, "")
    with pytest.raises(KinofarmError, match="DB-002"):
        models.add("new", b"one", refused, "")
    assert models.file(kept).read_bytes() == b"one"


def test_what_was_left_by_additions_that_died_is_removed_by_the_next_one(engine: Engine, tmp_path: Path) -> None:
    models = VisionModels(engine, tmp_path / "models")
    kept = models.add("kept", b"kept", {}, "")
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for name in (
        f"a.{ended.pid}.x.unfinished",
        "b.junk.unfinished",
        f"c.{os.getpid()}.x.unfinished",
        "d.onnx",
        "e.onnx",
    ):
        (models.folder / name).write_bytes(b"part")
    for name in ("d.onnx", models.file(kept).name):
        place = models.folder / name
        os.utime(place, (place.stat().st_atime, place.stat().st_mtime - 2 * LOST_SECONDS))
    models.add("next", b"kept", {}, "")
    assert files(models) == sorted([models.file(kept).name, f"c.{os.getpid()}.x.unfinished", "e.onnx"])


def test_a_model_that_is_fetched_wrong_is_not_kept(engine: Engine, tmp_path: Path) -> None:
    models = VisionModels(engine, tmp_path / "models")
    one = models.add("one", b"one", {}, "")
    models.file(one).unlink()

    def fetch(digest: str, into: Path) -> Path:
        into.write_bytes(b"another")
        return into

    with pytest.raises(KinofarmError, match="ANALYSIS-003"):
        models.file(one, fetch)
    assert files(models) == []
