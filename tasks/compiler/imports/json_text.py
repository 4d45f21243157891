"""JSON from strangers: read with limits on size and depth, and without anything that has two meanings.

Refused, each with its own code: files too large, not UTF-8, not JSON, nested too deeply, a name twice in one
object, NaN and Infinity (also as 1e999), integers of absurd length, texts that are not Unicode or that hold
control characters. What passes is made of dict, list, str, int, float, bool and None alone.

Source: RFC 8259; Python's json accepts more (NaN, duplicate names, lone surrogates).
"""

from __future__ import annotations

import json
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from infra.errors import KinofarmError
from tasks.compiler.imports.places import Step, join_path

MAX_BYTES = 64 * 1024 * 1024
"""Largest project file: a clip takes under 1 KiB, so this is some 100,000 clips."""

MAX_DEPTH = 64
"""Deepest nesting: our own format needs 9; the rest is room for an editor's free metadata."""

MAX_OBJECTS = 2_000_000
MAX_VALUES = 8_000_000
"""Lists and objects, and values, in one file: small ones take twenty times their text in memory."""

MAX_DIGITS = 18
"""Longest integer: fits 64 bits."""

_NESTING = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_SLICE = 65536
_SUSPICIOUS = re.compile(rb"\\[bf]|\\u(?:00[01789]|[dD][89a-fA-F])|\x7f|\xc2[\x80-\x9f]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ROOT_KINDS = {list: "a list", str: "a text", int: "a number", float: "a number", bool: "true or false"}


def read_bytes(path: Path) -> bytes:
    """Return the file's bytes.

    Raises:  FORMAT-001 missing, FORMAT-002 not a plain file, FORMAT-003 unreadable, FORMAT-004 larger than MAX_BYTES.
    """
    size = readable(path, MAX_BYTES)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise KinofarmError("FORMAT-003", path=str(path), reason=error.strerror or str(error)) from None
    if len(data) > MAX_BYTES:
        raise KinofarmError("FORMAT-004", size=max(size, len(data)), limit=MAX_BYTES)
    return data


def readable(path: Path, limit: int) -> int:
    """Return the size of a plain file that may be read and has at most `limit` bytes.

    Raises:  FORMAT-001 to FORMAT-004.
    """
    try:
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):
            raise KinofarmError("FORMAT-002", path=str(path))
        with path.open("rb"):
            pass
    except (FileNotFoundError, NotADirectoryError):
        raise KinofarmError("FORMAT-001", path=str(path)) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise KinofarmError("FORMAT-003", path=str(path), reason=reason) from None
    if state.st_size > limit:
        raise KinofarmError("FORMAT-004", size=state.st_size, limit=limit)
    return state.st_size


def parse(data: bytes) -> dict[str, Any]:
    """Return the JSON object that the bytes hold.

    Raises:  FORMAT-005 to FORMAT-012 and FORMAT-016, with the place in the file where one can be named.
    """
    _check_shape(data)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise KinofarmError("FORMAT-005", position=error.start) from None
    faults = _Faults()
    try:
        root = json.loads(
            text,
            object_pairs_hook=faults.object,
            parse_int=faults.integer,
            parse_float=faults.decimal,
            parse_constant=faults.literal,
        )
    except json.JSONDecodeError as error:
        raise KinofarmError("FORMAT-006", reason=error.msg, line=error.lineno, column=error.colno) from None
    except RecursionError:  # a caller that was deep in its own stack already
        raise KinofarmError("FORMAT-007", limit=MAX_DEPTH) from None
    if faults.any or _SUSPICIOUS.search(data):
        _refuse_first(root)
    if not isinstance(root, dict):
        raise KinofarmError("FORMAT-012", kind=_ROOT_KINDS.get(type(root), "null"))
    return root


def _check_shape(data: bytes) -> None:
    """Count brackets and commas outside strings, before anything recursive sees them. Text that is no JSON may pass.

    Slice by slice, so that a file that is nothing but brackets is refused after its first few.
    """
    depth, position, in_string = 0, 0, False
    objects, values = 0, 0
    while position < len(data):
        end = position + _SLICE
        while _ends_in_escape(data, position, min(end, len(data))):
            end += 1
        pieces = re.sub(rb"\\.", b"", data[position:end], flags=re.DOTALL).split(b'"')
        outside = b"".join(pieces[in_string::2])
        brackets = outside.translate(_NESTING, _NOT_BRACKETS)
        opened = brackets.count(b"[")
        depth = _walk_depth(brackets, depth) if depth + opened > MAX_DEPTH else depth + 2 * opened - len(brackets)
        in_string ^= len(pieces) % 2 == 0
        position = end
        objects += opened
        values += outside.count(b",")
        if objects > MAX_OBJECTS:
            raise KinofarmError("FORMAT-016", things="lists and objects", count=objects, limit=MAX_OBJECTS)
        if values > MAX_VALUES:
            raise KinofarmError("FORMAT-016", things="values", count=values, limit=MAX_VALUES)


def _ends_in_escape(data: bytes, begin: int, end: int) -> bool:
    """Say whether a slice ends between a backslash and the character that it escapes."""
    if end == len(data) or data[end - 1 : end] != b"\\":
        return False
    run = data[begin:end]
    return (len(run) - len(run.rstrip(b"\\"))) % 2 == 1


def _walk_depth(piece: bytes, depth: int) -> int:
    opening = ord("[")
    for bracket in piece:
        depth += 1 if bracket == opening else -1
        if depth > MAX_DEPTH:
            raise KinofarmError("FORMAT-007", limit=MAX_DEPTH)
    return depth


@dataclass(frozen=True)
class _Fault:
    """Stands in the parsed tree where something is wrong, so that its place can be told afterwards."""

    code: str
    params: dict[str, Any] = field(default_factory=dict)


class _Faults:
    """The parser's hooks."""

    def __init__(self) -> None:
        self.any = False

    def object(self, pairs: list[tuple[str, Any]]) -> Any:
        made = dict(pairs)
        if len(made) == len(pairs):
            return made
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        return self._fault("FORMAT-008", name=twice)

    def integer(self, digits: str) -> Any:
        if len(digits) > MAX_DIGITS + 1:
            return self._fault("FORMAT-010")
        return int(digits)

    def decimal(self, digits: str) -> Any:
        value = float(digits)
        if value in (float("inf"), float("-inf")):
            return self._fault("FORMAT-009", literal=digits)
        return value

    def literal(self, name: str) -> Any:
        return self._fault("FORMAT-009", literal=name)

    def _fault(self, code: str, **params: Any) -> _Fault:
        self.any = True
        return _Fault(code, params)


def _refuse_first(root: Any) -> None:
    """Raise the first fault of the tree in the order of the file, if there is one."""
    todo: list[tuple[tuple[Step, ...], Any]] = [((), root)]
    while todo:
        path, node = todo.pop()
        if isinstance(node, _Fault):
            raise KinofarmError(node.code, where=join_path(path), **node.params)
        if isinstance(node, str):
            _refuse_text(node, path)
        elif isinstance(node, dict):
            for name in node:
                _refuse_text(name, path)
            todo.extend(((*path, name), child) for name, child in reversed(node.items()))
        elif isinstance(node, list):
            todo.extend(((*path, index), node[index]) for index in range(len(node) - 1, -1, -1))


def _refuse_text(text: str, path: tuple[Step, ...]) -> None:
    def refuse(what: str) -> NoReturn:
        raise KinofarmError("FORMAT-011", where=join_path(path), what=what)

    if _SURROGATE.search(text):
        refuse("half of a character (a lone surrogate)")
    if found := _CONTROL.search(text):
        refuse(f"the control character U+{ord(found[0]):04X}")
