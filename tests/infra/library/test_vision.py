"""The models of a farm: each file under its hash, each name once."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from infra.errors import KinofarmError
from infra.library.vision import VisionModels


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
