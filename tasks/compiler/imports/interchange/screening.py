"""What is looked at before a foreign parser sees a file: size, nesting, references that multiply or close a circle.

XML: a document type may be named, but neither declare nor fetch anything, so that no entity can expand. Elements that
stand for others (FCPXML's `ref`, FCP 7's empty elements with an `id`) are counted as what they stand for.

Source: expat; Apple's FCPXML and FCP 7 XML references; OpenTimelineIO's SerializableObjectRef.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

from infra.errors import KinofarmError
from tasks.compiler.imports.places import join_path

MAX_XML = 32 * 1024 * 1024
"""Bytes of an XML file: an hour's film with a cut each second takes 10 MB."""

MAX_DEPTH = 100
MAX_ELEMENTS = 1_000_000
"""XML elements, with everything that a reference stands for counted each time."""

_REFERENCE = "SerializableObjectRef"


def screened_xml(data: bytes, kind: str) -> ElementTree.Element:
    """Return the document's root, once nothing in it can explode.

    Raises:  FORMAT-004 too large, FORMAT-066 not XML, FORMAT-067 a declaration of its own, FORMAT-007 nested too deeply,
             FORMAT-016 too many elements.
    """
    if len(data) > MAX_XML:
        raise KinofarmError("FORMAT-004", size=len(data), limit=MAX_XML)
    depth, count = 0, 0

    def started(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal depth, count
        depth, count = depth + 1, count + 1
        if depth > MAX_DEPTH:
            raise KinofarmError("FORMAT-007", limit=MAX_DEPTH)
        if count > MAX_ELEMENTS:
            raise KinofarmError("FORMAT-016", things="elements", count=count, limit=MAX_ELEMENTS)

    def ended(name: str) -> None:
        nonlocal depth
        depth -= 1

    def doctype(name: str, system: str | None, public: str | None, internal: bool) -> None:
        if system or public or internal:
            raise KinofarmError("FORMAT-067")

    def declared(*_: Any) -> None:
        raise KinofarmError("FORMAT-067")

    parser = expat.ParserCreate()
    parser.StartElementHandler = started
    parser.EndElementHandler = ended
    parser.StartDoctypeDeclHandler = doctype
    parser.EntityDeclHandler = declared
    try:
        parser.Parse(data, True)
        return ElementTree.fromstring(data)
    except (expat.ExpatError, ElementTree.ParseError, ValueError, LookupError) as error:
        raise KinofarmError("FORMAT-066", kind=kind, reason=str(error)) from None


def refuse_explosion(root: ElementTree.Element, stands_for: Callable[[ElementTree.Element], Any]) -> None:
    """Refuse a document whose references close a circle, or stand for more elements than anyone edits.

    Args:    stands_for: returns the element that another one is to be replaced by, None for one that stands for itself.
    Raises:  FORMAT-068 a circle, FORMAT-016 too many elements.
    """
    sizes: dict[ElementTree.Element, int] = {}
    open_: set[ElementTree.Element] = set()
    todo: list[tuple[ElementTree.Element, bool]] = [(root, False)]
    while todo:
        element, counted = todo.pop()
        parts = [*element, *([target] if (target := stands_for(element)) is not None else [])]
        if counted:
            open_.discard(element)
            sizes[element] = 1 + sum(sizes[part] for part in parts)
            if sizes[element] > MAX_ELEMENTS:
                raise KinofarmError("FORMAT-016", things="elements", count=sizes[element], limit=MAX_ELEMENTS)
        elif element not in sizes:
            open_.add(element)
            todo.append((element, True))
            for part in parts:
                if part in open_:
                    raise KinofarmError("FORMAT-068", name=part.get("name") or part.findtext("name") or part.tag)
                todo.append((part, False))


def compound_clips(root: ElementTree.Element) -> Callable[[ElementTree.Element], Any]:
    """Return what FCPXML's ref-clips stand for: the compound clip in the resources."""
    media = {one.get("id"): one for one in root.iterfind("./resources/media")}
    return lambda element: media.get(element.get("ref")) if element.tag == "ref-clip" else None


def written_once(root: ElementTree.Element) -> Callable[[ElementTree.Element], Any]:
    """Return what FCP 7's elements stand for: the first of the same id, where that is another one."""
    first: dict[str, ElementTree.Element] = {}
    later: dict[str, list[ElementTree.Element]] = defaultdict(list)
    for element in root.iter():
        if name := element.get("id"):
            later[name].append(element)
            first.setdefault(name, element)

    def stands_for(element: ElementTree.Element) -> Any:
        target = first.get(element.get("id", ""))
        return None if target is element else target

    return stands_for


def refuse_shared(project: Any) -> None:
    """Refuse an .otio file in which one object stands in two places: it may stand inside itself.

    Raises:  FORMAT-068, with the place of the reference.
    """
    todo: list[tuple[tuple[str | int, ...], Any]] = [((), project)]
    while todo:
        path, value = todo.pop()
        if isinstance(value, dict):
            schema = value.get("OTIO_SCHEMA")
            if isinstance(schema, str) and schema.startswith(_REFERENCE):
                raise KinofarmError("FORMAT-068", where=join_path(path), name=str(value.get("id", "")))
            todo.extend(((*path, name), child) for name, child in value.items() if isinstance(child, dict | list))
        elif isinstance(value, list):
            todo.extend(((*path, n), child) for n, child in enumerate(value) if isinstance(child, dict | list))
