"""What is done with models and findings in a process of its own (`infra.apart`): JSON values in, JSON values out, files by their paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tasks.media.facts import MediaFacts
from tasks.media.views.pictures import pictures, shown_size
from tasks.recognition.findings import Finding
from tasks.recognition.model import look_at
from tasks.recognition.sheet import SheetOptions, findings_sheet

LOOKED_AT = "tasks.recognition.reading:looked_at"
DRAWN = "tasks.recognition.reading:drawn"
"""Names of the functions below, as `Apart.call` takes them."""

QUALITY = 85
MOST_SIDE = 1920
"""Pixels of the pictures from which parts are cut, at most."""


def looked_at(path: str, classes: str | None = None, layout: str | None = None) -> Mapping[str, Any]:
    """Return what is known of a model, as `tasks.recognition.model.look_at` does."""
    return look_at(Path(path), None if classes is None else Path(classes), layout).model_dump(mode="json")


def drawn(
    path: str, facts: Mapping[str, Any], found: Sequence[Mapping[str, Any]], options: Mapping[str, Any], out: str
) -> Mapping[str, Any]:
    """Draw a sheet of findings of a film as a JPEG, and return how many are on it, and its size."""
    film, told = MediaFacts.model_validate(facts), SheetOptions.model_validate(options)
    picture = film.picture()
    assert picture is not None
    size = picture.display_size
    shown = shown_size(picture, MOST_SIDE, MOST_SIDE)
    findings = [Finding.model_validate(one) for one in found]
    sheet = findings_sheet(
        findings, lambda times: [one.image for one in pictures(Path(path), film, times, shown)], size, told
    )
    assert sheet is not None
    sheet.save(out, format="JPEG", quality=QUALITY, optimize=True)
    return {"findings": min(told.most, len(findings)), "width": sheet.width, "height": sheet.height}
