"""What is done with media in a process of its own (`infra.apart`): JSON values in, JSON values out, files by their paths."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks.media.facts import MediaFacts
from tasks.media.probe import probe
from tasks.media.views.table import VIEWS

PROBED = "tasks.media.reading:probed"
VIEWED = "tasks.media.reading:viewed"
"""Names of the functions below, as `Apart.call` takes them."""


def probed(path: str, sha256: str | None = None) -> Mapping[str, Any]:
    """Return the facts of a media file, as `tasks.media.probe.probe` does."""
    return probe(Path(path), sha256).model_dump(mode="json")


def viewed(view: str, path: str, facts: Mapping[str, Any], options: Mapping[str, Any], out: str) -> Mapping[str, Any]:
    """Write a view of a media file, and return what is known of it."""
    row = VIEWS[view]
    return row.make(Path(path), MediaFacts.model_validate(facts), row.options.model_validate(options), Path(out))
