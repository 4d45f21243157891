"""Probing with a memory: a file that has not changed since it was probed is not read again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from infra.library.medium import MediumState
from tasks.media.facts import MediaFacts
from tasks.media.probe import content_hash, probe

UNHASHED = "0" * 64
"""Stands for a content hash where only a file's streams matter."""


class Memory(Protocol):
    """Where facts are kept, by path and state of the file."""

    def get(self, path: Path, state: MediumState) -> Mapping[str, Any] | None: ...
    def put(self, path: Path, state: MediumState, facts: Mapping[str, Any]) -> None: ...


def itself(path: Path) -> Path:
    """Return the path."""
    return path


def remembering(
    memory: Memory,
    looked_at: Mapping[Path, MediaFacts] | None = None,
    known_as: Callable[[Path], Path] = itself,
    find_out: Callable[[Path], MediaFacts] = probe,
) -> Callable[[Path], MediaFacts]:
    """Return a probe that looks into `memory` first, and tells it what it had to find out.

    Args:    looked_at: facts of files that `quick_look` has just found; only their hash is missing.
             known_as: under which path a file is remembered. find_out: probes a file that is not.
    Raises:  the probe raises as `find_out` does.
    """
    quick = looked_at or {}

    def look(path: Path) -> MediaFacts:
        state = MediumState.of(path.stat())
        known = memory.get(known_as(path), state)
        if known is not None:
            try:
                return MediaFacts.model_validate(known)
            except ValidationError:
                pass  # written by another version: find out again
        facts = quick[path].model_copy(update={"sha256": content_hash(path)}) if path in quick else find_out(path)
        memory.put(known_as(path), state, facts.model_dump(mode="json"))
        return facts

    return look


def quick_look(path: Path) -> MediaFacts:
    """Probe a file without hashing it: enough to check a project, not to plan it.

    Raises:  as `tasks.media.probe.probe` does.
    """
    return probe(path, sha256=UNHASHED)
