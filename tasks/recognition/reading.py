"""What is done with models in a process of its own (`infra.apart`): JSON values in, JSON values out, files by their paths."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks.recognition.model import look_at

LOOKED_AT = "tasks.recognition.reading:looked_at"
"""The name of the function below, as `Apart.call` takes it."""


def looked_at(path: str, classes: str | None = None, layout: str | None = None) -> Mapping[str, Any]:
    """Return what is known of a model, as `tasks.recognition.model.look_at` does."""
    return look_at(Path(path), None if classes is None else Path(classes), layout).model_dump(mode="json")
