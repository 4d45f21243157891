"""Findings as files: JSON, CSV, WebVTT, and markers in OpenTimelineIO.

Source:  w3.org, WebVTT; opentimelineio.readthedocs.io, Marker.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import opentimelineio as otio
from pydantic import Field

from infra.values import Exact, Value
from tasks.recognition.findings import Finding

COLUMNS = (
    "name", "track", "first", "last", "begin", "end", "seen", "best", "mean", "best_frame", "left", "top", "right", "bottom",
)  # fmt: skip
"""Of the CSV; the box is the best frame's."""

_PALETTE = ("RED", "ORANGE", "YELLOW", "GREEN", "CYAN", "BLUE", "PURPLE", "MAGENTA", "PINK")
"""Colours of markers, class by class."""


class Film(Value):
    """What was looked at, and by what."""

    name: str = Field(description="Of the file.")
    sha256: str
    rate: Exact = Field(description="Frames a second.")
    frames: int
    model: str = Field(description="Name of the model.")
    model_sha256: str


def as_json(found: Sequence[Finding], film: Film) -> bytes:
    """Return findings as JSON, exact times as text."""
    document = {"film": film.model_dump(mode="json"), "findings": [one.model_dump(mode="json") for one in found]}
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def as_csv(found: Sequence[Finding], film: Film) -> bytes:
    """Return findings as CSV with a head line, times in seconds to the microsecond."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for one in found:
        times = (f"{float(one.begin):.6f}", f"{float(one.end):.6f}")
        scores = (f"{one.best:.4f}", f"{one.mean:.4f}")
        box = (f"{side:.1f}" for side in one.best_box)
        row = (one.track, one.first, one.last, *times, one.seen, *scores, one.best_frame, *box)
        writer.writerow((_no_formula(one.name), *row))
    return file.getvalue().encode()


def as_vtt(found: Sequence[Finding], film: Film) -> bytes:
    """Return findings as WebVTT: a cue for each, with its class and how sure it is."""
    lines = ["WEBVTT", ""]
    for one in sorted(found, key=lambda finding: (finding.begin, finding.end)):
        words = one.name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        lines += [f"{_clock(one.begin)} --> {_clock(one.end)}", f"{words} {round(one.best * 100)} %", ""]
    return "\n".join(lines).encode()


def as_otio(found: Sequence[Finding], film: Film) -> bytes:
    """Return a timeline of the one film with a marker for each finding."""
    rate = float(film.rate)
    whole = otio.opentime.TimeRange(otio.opentime.RationalTime(0, rate), otio.opentime.RationalTime(film.frames, rate))
    media = otio.schema.ExternalReference(target_url=film.name, available_range=whole)
    clip = otio.schema.Clip(name=film.name, media_reference=media, source_range=whole)
    names = sorted({one.name for one in found})
    for one in found:
        length = max(1, one.last + 1 - one.first)
        marked = otio.opentime.TimeRange(
            otio.opentime.RationalTime(one.first, rate), otio.opentime.RationalTime(length, rate)
        )
        told: dict[str, Any] = {"track": one.track, "best": one.best, "mean": one.mean, "best_frame": one.best_frame}
        told |= {"box": list(one.best_box), "model": film.model}
        colour = _PALETTE[names.index(one.name) % len(_PALETTE)]
        clip.markers.append(
            otio.schema.Marker(name=one.name, marked_range=marked, color=colour, metadata={"kinofarm": told})
        )
    track = otio.schema.Track(name="V1", kind=otio.schema.TrackKind.Video, children=[clip])
    timeline = otio.schema.Timeline(name=f"{film.name}: what {film.model} found")
    timeline.tracks.append(track)
    return (str(timeline.to_json_string()) + "\n").encode()


FORMS: Mapping[str, Callable[[Sequence[Finding], Film], bytes]] = MappingProxyType(
    {"json": as_json, "csv": as_csv, "vtt": as_vtt, "otio": as_otio}
)
"""Suffix → writer."""


def _clock(seconds: Fraction) -> str:
    thousandths = round(seconds * 1000)
    whole, rest = divmod(thousandths, 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}.{rest:03}"


def _no_formula(name: str) -> str:
    """Keep a spreadsheet from carrying out a class's name."""
    return f"'{name}" if name[0] in "=+-@" else name
