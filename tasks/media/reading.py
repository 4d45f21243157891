"""What is done with media in a process of its own (`infra.apart`): JSON values in, JSON values out, files by their paths."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tasks.media.facts import MediaFacts
from tasks.media.numbered import sequence_at
from tasks.media.numbered_probe import probe_numbered
from tasks.media.probe import probe
from tasks.media.views.table import VIEWS

PROBED = "tasks.media.reading:probed"
VIEWED = "tasks.media.reading:viewed"
ANALYSED = "tasks.media.reading:analysed"
"""Names of the functions below, as `Apart.call` takes them."""


def probed(path: str, sha256: str | None = None) -> Mapping[str, Any]:
    """Return the facts of a medium, as `tasks.media.probe.probe` does, or of numbered pictures `probe_numbered`."""
    sequence = sequence_at(Path(path))
    facts = probe(Path(path), sha256) if sequence is None else probe_numbered(Path(path), sequence)
    return facts.model_dump(mode="json")


def viewed(view: str, path: str, facts: Mapping[str, Any], options: Mapping[str, Any], out: str) -> Mapping[str, Any]:
    """Write a view of a media file, and return what is known of it."""
    row = VIEWS[view]
    return row.make(Path(path), MediaFacts.model_validate(facts), row.options.model_validate(options), Path(out))


def analysed(
    path: str,
    facts: Mapping[str, Any],
    kinds: Sequence[str],
    settings: Mapping[str, Any],
    progress: Callable[[float], None] | None = None,
) -> Mapping[str, Any]:
    """Return what analyses of these kinds find in a media file: a `MediaAnalysis`."""
    from tasks.media.analysis.analyse import analyse  # takes longer to import than a thumbnail to make
    from tasks.media.analysis.settings import AnalysisSettings

    found = analyse(
        Path(path),
        MediaFacts.model_validate(facts),
        kinds,
        progress=progress,
        settings=AnalysisSettings.model_validate(settings),
    )
    return found.model_dump(mode="json")
