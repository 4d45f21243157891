"""Models are kept as they were looked into, on real files and a real database."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flows.commands import models as commands
from flows.commands.models import ModelFile, ModelWanted, add_model, check_model
from infra.commands import Call
from infra.errors import KinofarmError
from infra.library.vision import VisionModels
from infra.services import Services
from tests.models.onnx_writer import model, node, part, tensor, value
from tests.models.shapes.drawn import KINDS
from tests.tasks.recognition.conftest import DETECTOR


@pytest.fixture
def call(container: Services) -> Call:
    return Call(container, "anna", "operate")


def test_a_model_is_kept_as_it_was_looked_into(call: Call, media_root: Path) -> None:
    shutil.copy(DETECTOR, media_root / "shapes.onnx")
    added = add_model(call, ModelWanted(path="shapes.onnx", name="shapes"))
    assert added.sha256 == added.facts["sha256"] == hashlib.sha256(DETECTOR.read_bytes()).hexdigest()
    assert tuple(added.facts["classes"]) == KINDS


def test_a_file_that_changes_while_it_is_looked_into_is_not_kept(
    call: Call, media_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = media_root / "shapes.onnx"
    shutil.copy(DETECTOR, made)
    looked_at = commands._looked_at

    def changed(call: Call, given: ModelFile) -> Any:
        found = looked_at(call, given)
        made.write_bytes(DETECTOR.read_bytes() + part(6, "another"))
        return found

    monkeypatch.setattr(commands, "_looked_at", changed)
    with pytest.raises(KinofarmError, match="MODEL-019"):
        add_model(call, ModelWanted(path="shapes.onnx", name="shapes"))
    models = call.services.get(VisionModels)
    assert models.all() == ()
    assert not models.folder.exists() or not list(models.folder.iterdir())


def test_what_a_file_says_of_itself_can_be_kept_whatever_it_says(call: Call, media_root: Path) -> None:
    """The exporter's name is in the file: PostgreSQL takes no NUL, and a terminal should get no escape."""
    whole = DETECTOR.read_bytes()
    known = part(2, "pytorch")
    assert whole.count(known) == 1
    (media_root / "odd.onnx").write_bytes(whole.replace(known, part(2, "py\0to\x1brch")))
    assert check_model(call, ModelFile(path="odd.onnx")).producer == "pytorch"
    assert add_model(call, ModelWanted(path="odd.onnx", name="odd")).facts["producer"] == "pytorch"


def test_a_model_that_needs_more_than_it_may_have_is_an_error_of_the_model(call: Call, media_root: Path) -> None:
    data = model(
        [node("ConstantOfShape", ["size"], ["o"])], [tensor("size", np.array([1 << 14, 1 << 14, 84]))],
        [value("images", (1, 3, 64, 64))], [value("o", (1, 7, 84))], {"names": "['a', 'b', 'c']"},
    )  # fmt: skip
    (media_root / "large.onnx").write_bytes(data)
    with pytest.raises(KinofarmError, match="MODEL-016"):
        check_model(call, ModelFile(path="large.onnx"))
