"""Hostile interchange files, read into OpenTimelineIO's objects.

Each reader looks at its file first (`screening`), then hands it to the library or its adapter, and translates whatever
those raise. No media linker and no hook runs.

Source: opentimelineio 0.18, otio-cmx3600-adapter, otio-fcp-adapter, otio-fcpx-xml-adapter, otio-aaf-adapter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import opentimelineio as otio

from infra.errors import KinofarmError
from tasks.compiler.imports import json_text
from tasks.compiler.imports.interchange import screening

MAX_EDL = 8 * 1024 * 1024
"""Bytes of an EDL: an event takes some 150."""

MAX_AAF = 256 * 1024 * 1024
"""Bytes of an AAF: its metadata are lavish, its media stay outside."""


@dataclass(frozen=True)
class Parsed:
    """A file as OpenTimelineIO sees it.

    size: the frame's width and height, where the file says them. left_out: names of timelines beyond the first.
    detached: the sound of a clip on a video track lies on audio tracks; otherwise the clip plays its own (FCPXML).
    """

    timeline: Any
    size: tuple[int, int] | None = None
    left_out: tuple[str, ...] = ()
    detached: bool = True


def from_otio(project: Mapping[str, Any]) -> Parsed:
    """Read an .otio file that is parsed JSON already.

    Raises:  FORMAT-068 for an object that stands in two places, FORMAT-069 for what is no timeline, FORMAT-066.
    """
    screening.refuse_shared(project)
    with _translated("OpenTimelineIO"):
        return _first_timeline(otio.adapters.read_from_string(json.dumps(project), "otio_json", None))


def from_edl(path: Path) -> Parsed:
    """Read a CMX 3600 EDL, which says nothing of its rate: 24 is taken, as the adapter does, unless frames show another.

    Raises:  FORMAT-001 to 005, FORMAT-066.
    """
    text = _text(path, MAX_EDL)
    rate = _edl_rate(text)
    with _translated("the EDL"):
        timeline = otio.adapters.read_from_string(text, "cmx_3600", _NO_LINKER, rate=float(rate))
    for track in timeline.tracks:
        track.source_range = None  # the adapter shifts it by the record timecode of the first event
    return Parsed(timeline)


def from_fcp7(path: Path) -> Parsed:
    """Read Final Cut Pro 7 XML (xmeml), as Premiere and Resolve write it too.

    Raises:  FORMAT-001 to 004, FORMAT-007, 016, 066 to 068.
    """
    data = json_text.read_bytes(path)
    root = screening.screened_xml(data, "the XML")
    screening.refuse_explosion(root, screening.written_once(root))
    with _translated("Final Cut Pro 7 XML"):
        sequences = _fcp7_parser()(root).top_level_sequences()
        found = _first_timeline(otio.schema.SerializableCollection(children=sequences))
    shown = root.find(".//sequence/media/video/format/samplecharacteristics")
    return Parsed(found.timeline, _size(shown, "findtext"), found.left_out)


def from_fcpxml(path: Path) -> Parsed:
    """Read Final Cut Pro X XML: the first project of its first event.

    Raises:  FORMAT-001 to 004, FORMAT-007, 016, 066 to 069.
    """
    data = json_text.read_bytes(path)
    root = screening.screened_xml(data, "the FCPXML")
    screening.refuse_explosion(root, screening.compound_clips(root))
    with _translated("FCPXML"):
        text = ElementTree.tostring(root, encoding="unicode")
        found = _first_timeline(otio.adapters.read_from_string(text, "fcpx_xml", _NO_LINKER))
    sequence = root.find(".//project/sequence")
    wanted = None if sequence is None else sequence.get("format")
    shown = next((one for one in root.iterfind("./resources/format") if one.get("id") == wanted), None)
    return Parsed(found.timeline, _size(shown, "get"), found.left_out, detached=False)


def from_aaf(path: Path) -> Parsed:
    """Read an AAF, a binary container, of Media Composer and others.

    Raises:  FORMAT-001 to 004, FORMAT-066.
    """
    json_text.readable(path, MAX_AAF)
    with _translated("the AAF"):
        return _first_timeline(otio.adapters.read_from_file(str(path), "AAF", _NO_LINKER))


_NO_LINKER: Any = otio.media_linker.MediaLinkingPolicy.DoNotLinkMedia


def _first_timeline(found: Any) -> Parsed:
    """Return the timeline of what a file holds; the first, where it holds several."""
    schema = otio.schema
    if isinstance(found, schema.Timeline):
        timelines = [found]
    elif isinstance(found, schema.SerializableCollection):
        timelines = [one for one in found if isinstance(one, schema.Timeline)]
    elif isinstance(found, otio.core.Composition):
        timelines = [schema.Timeline(name=found.name)]
        timelines[0].tracks.append(found)
    else:
        timelines = []
    if not timelines or timelines[0].tracks is None:
        raise KinofarmError("FORMAT-069")
    return Parsed(timelines[0], left_out=tuple(one.name for one in timelines[1:]))


def _fcp7_parser() -> Callable[[Any], Any]:
    """Return the adapter's parser, mended: it loses what stands in a nested sequence, since it looks beside its media."""
    fcp_xml: Any = otio.adapters.from_name("fcp_xml").module()

    class Parser(fcp_xml.FCP7XMLParser):  # type: ignore[misc]
        def stack_for_element(self, element: Any, context: Any) -> Any:
            media = element.find("./media") if element.tag == "sequence" else None
            if media is None:
                return super().stack_for_element(element, context)
            stack = super().stack_for_element(media, context.context_pushing_element(element))
            stack.name = element.findtext("name") or ""
            return stack

    made: Callable[[Any], Any] = Parser
    return made


def _edl_rate(text: str) -> Fraction:
    """Return the lowest usual rate that has all the frame numbers of an EDL's timecodes; 24 where that is enough."""
    frames = [int(match) for match in re.findall(r"\b\d\d:\d\d:\d\d[:;](\d\d)\b", text)]
    drop = re.search(r"^\s*FCM:\s*DROP FRAME", text, re.MULTILINE) is not None
    rates = (Fraction(30000, 1001),) if drop else (Fraction(24), Fraction(25), Fraction(30), Fraction(50), Fraction(60))
    return next((rate for rate in rates if max(frames, default=0) < rate), rates[-1])


def _text(path: Path, limit: int) -> str:
    data = json_text.read_bytes(path)
    if len(data) > limit:
        raise KinofarmError("FORMAT-004", size=len(data), limit=limit)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")  # older systems write it so, and every byte is a letter there


def _size(element: Any, way: str) -> tuple[int, int] | None:
    if element is None:
        return None
    try:
        width, height = (int(getattr(element, way)(name)) for name in ("width", "height"))
    except (TypeError, ValueError):
        return None
    return (width, height) if width > 0 and height > 0 else None


@contextmanager
def _translated(kind: str) -> Iterator[None]:
    """Turn whatever the library and its adapters raise into FORMAT-066; they raise nearly every kind there is."""
    try:
        yield
    except KinofarmError:
        raise
    except RecursionError:
        raise KinofarmError("FORMAT-007", limit=screening.MAX_DEPTH) from None
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise KinofarmError("FORMAT-066", kind=kind, reason=reason[:200]) from None
