"""What rides along: other programs' metadata, our own of an export, and how an .otio file was written.

Our export keeps under "kinofarm" what OpenTimelineIO has no field for. In the model's `metadata` the key "otio" holds
what only says how the file wrote a thing, so that it is written the same way again.
"""

from __future__ import annotations

import json
from typing import Any, TypeVar

import opentimelineio as otio
from pydantic import BaseModel, ValidationError

from infra.errors import KinofarmError
from tasks.compiler.imports.places import refused

OURS = "kinofarm"
WRITTEN = "otio"

MOST = 64 * 1024
"""Characters of one object's metadata that are carried along; AAF's run to megabytes."""

Made = TypeVar("Made", bound=BaseModel)


def foreign(item: Any, **written: Any) -> dict[str, Any]:
    """Return an object's metadata for the model: other programs' as they stand, and how it was written."""
    text = _as_json(item.metadata)
    found = json.loads(text) if len(text) <= MOST else {}
    found.pop(OURS, None)
    found.pop(WRITTEN, None)
    kept = {name: value for name, value in written.items() if value not in (None, "", {}, [])}
    return found | ({WRITTEN: kept} if kept else {})


def own(item: Any, where: str) -> dict[str, Any]:
    """Return what our own export kept in an object's metadata.

    Raises:  FORMAT-071 when that is no object.
    """
    if OURS not in item.metadata:
        return {}
    found = json.loads(_as_json(item.metadata[OURS]))
    if not isinstance(found, dict):
        raise KinofarmError("FORMAT-071", where=f"{where}.metadata.{OURS}")
    return found


def valid(kind: type[Made], fields: dict[str, Any], where: str) -> Made:
    """Return a value of the model; what our own metadata say is as hostile as everything else.

    Raises:  FORMAT-020 to 022 with the place.
    """
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        raise refused(error, fields, base=f"{where}.metadata.{OURS}") from None


def _as_json(value: Any) -> str:
    try:
        return json.dumps(json.loads(otio.core.serialize_json_to_string(value), parse_constant=lambda _: None))
    except (ValueError, TypeError, KeyError, RecursionError):  # a damaged file's objects can lack their own names
        return "{}"
