"""What a view is: a small file made of a medium that shows it, such as a thumbnail or a waveform."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.values import Value
from tasks.media.facts import MediaFacts, Sha256


@dataclass(frozen=True)
class View:
    """A kind of view: a row of the table.

    name: as people ask for it. suffix, media_type: of its file. recipe: is raised when the same options give another file.
    options: what can be asked of it; every field has a default. lacks: says why a medium has none; empty: it has one.
    make: writes the file and returns what is known of it, JSON values.
    """

    name: str
    summary: str
    suffix: str
    media_type: str
    recipe: int
    options: type[Value]
    lacks: Callable[[MediaFacts], str]
    make: Callable[[Path, MediaFacts, Any, Path], Mapping[str, Any]]

    def key(self, content: Sha256, options: Value) -> Sha256:
        """Return the key of the view of a content: whoever asks for the same gets the same file."""
        said = {
            "view": self.name,
            "recipe": self.recipe,
            "content": content,
            "options": options.model_dump(mode="json"),
        }
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def no_picture(facts: MediaFacts) -> str:
    """Say why there is nothing to be seen; empty: there is."""
    return "" if facts.pictures else "it has no picture"


def no_sound(facts: MediaFacts) -> str:
    """Say why there is nothing to be heard; empty: there is."""
    return "" if facts.sounds else "it has no sound"


def no_film(facts: MediaFacts) -> str:
    """Say why nothing moves; empty: it does."""
    picture = facts.picture()
    if picture is None:
        return "it has no picture"
    return "it is a single picture" if picture.still or picture.frames < 2 else ""
