"""What an ONNX file says of itself, read from its bytes without any library that would act on it.

ONNX Runtime opens whatever files a model refers to; so a model is looked through first, and one that refers to anything outside itself
is refused. Only the wire format is read: lengths are checked, nothing is copied but names, depth and counts are bounded.

Source:  onnx/onnx.proto3 (the numbers of the fields); protobuf.dev, "Encoding".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

Shape = tuple[int | None, ...]

MOST_FIELDS = 5_000_000
"""Fields of all messages in a file; a large detector has some hundred thousand."""

_DEEPEST = 16
"""Graphs inside attributes of nodes inside graphs, each three deep: more than any detector has."""

_MOST_TEXT = 1_000_000

ELEMENTS: Mapping[int, str] = MappingProxyType({1: "float32", 10: "float16", 2: "uint8", 6: "int32", 7: "int64"})
"""TensorProto.DataType → name; others have the name "other"."""

_OUTSIDE_OPERATORS = frozenset({"EPContext"})
"""Operators that read files of their own."""

# What lies in a message that has to be looked through: field → kind of message.
_INSIDE: Mapping[str, Mapping[int, str]] = MappingProxyType(
    {
        "model": {7: "graph", 20: "training", 25: "function"},
        "training": {1: "graph", 2: "graph"},
        "function": {7: "node", 11: "attribute"},
        "graph": {1: "node", 5: "tensor", 15: "sparse"},
        "node": {5: "attribute"},
        "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
        "sparse": {1: "tensor", 2: "tensor"},
    }
)


class BadModelError(ValueError):
    """The bytes are no ONNX model, or one that is refused; its words say why.

    Args:    outside: it refers to something outside itself.
    """

    def __init__(self, reason: str, outside: bool = False) -> None:
        super().__init__(reason)
        self.outside = outside


@dataclass(frozen=True)
class Tensor:
    """An input or output: its name, the name of its elements' type, and its sizes."""

    name: str
    element: str
    shape: Shape


@dataclass
class Header:
    """What is read of a model."""

    opset: int = 0
    producer: str = ""
    inputs: list[Tensor] = field(default_factory=list)
    outputs: list[Tensor] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)


def read_header(data: bytes) -> Header:
    """Read a model's inputs, outputs, opset and metadata, and look through the rest of it.

    Raises:  BadModelError.
    """
    header = Header()
    view = memoryview(data)
    _look_through(view)  # first, since it bounds what is read after it
    given: set[str] = set()
    graphs = 0
    for number, wire, value in _fields(view):
        if number == 8 and isinstance(value, memoryview):
            domain, version = "", 0
            for inner, _, part in _fields(value):
                if inner == 1 and isinstance(part, memoryview):
                    domain = _text(part)
                elif inner == 2 and isinstance(part, int):
                    version = part
            if domain in ("", "ai.onnx"):
                header.opset = version
        elif number == 2 and isinstance(value, memoryview):
            header.producer = _text(value)[:100]
        elif number == 14 and isinstance(value, memoryview):
            key, told = _pair(value)
            header.metadata[key] = told
        elif number == 7 and wire == 2 and isinstance(value, memoryview):
            graphs += 1
            given = _read_graph(value, header)
    if graphs != 1 or not header.opset:
        raise BadModelError("it is no ONNX model")
    header.inputs = [one for one in header.inputs if one.name not in given]
    return header


def _read_graph(graph: memoryview, header: Header) -> set[str]:
    """Read inputs and outputs; return the names of the inputs that the model gives itself."""
    given = set()
    for number, _, value in _fields(graph):
        if not isinstance(value, memoryview):
            continue
        if number == 11:
            header.inputs.append(_tensor(value))
        elif number == 12:
            header.outputs.append(_tensor(value))
        elif number == 5:
            given |= {_text(part) for inner, _, part in _fields(value) if inner == 8 and isinstance(part, memoryview)}
        if len(header.inputs) > 10_000 or len(header.outputs) > 1_000:
            raise BadModelError("it has too many inputs or outputs")
    return given


def _tensor(value: memoryview) -> Tensor:
    name, element = "", "other"
    shape: Shape = ()
    for number, _, part in _fields(value):
        if number == 1 and isinstance(part, memoryview):
            name = _text(part)
        elif number == 2 and isinstance(part, memoryview):
            for kind, _, tensor in _fields(part):
                if kind == 1 and isinstance(tensor, memoryview):
                    element, shape = _typed(tensor)
    return Tensor(name, element, shape)


def _typed(tensor: memoryview) -> tuple[str, Shape]:
    element = "other"
    shape: list[int | None] = []
    for number, _, value in _fields(tensor):
        if number == 1 and isinstance(value, int):
            element = ELEMENTS.get(value, "other")
        elif number == 2 and isinstance(value, memoryview):
            for inner, _, dimension in _fields(value):
                if inner != 1 or not isinstance(dimension, memoryview):
                    continue
                sizes = [part for kind, _, part in _fields(dimension) if kind == 1 and isinstance(part, int)]
                shape.append(sizes[0] if sizes and 0 < sizes[0] < 2**31 else None)
                if len(shape) > 16:
                    raise BadModelError("it has a tensor of more than 16 dimensions")
    return element, tuple(shape)


def _look_through(model: memoryview) -> None:
    """Refuse what refers to anything outside the file, wherever in it that stands."""
    waiting = [("model", model, 0)]
    seen = 0
    while waiting:
        kind, message, depth = waiting.pop()
        inside = _INSIDE.get(kind, {})
        for number, _, value in _fields(message):
            seen += 1
            if seen > MOST_FIELDS:
                raise BadModelError("it has too many parts")
            if kind == "tensor" and (number == 13 or (number == 14 and value != 0)):
                raise BadModelError("its weights lie in another file (external data)", outside=True)
            if kind == "node" and number == 4 and isinstance(value, memoryview) and _text(value) in _OUTSIDE_OPERATORS:
                raise BadModelError(f"it has an operator that reads other files ({_text(value)})", outside=True)
            if number in inside and isinstance(value, memoryview):
                if depth >= _DEEPEST:
                    raise BadModelError("it is nested too deep")
                waiting.append((inside[number], value, depth + 1))


def _pair(value: memoryview) -> tuple[str, str]:
    key = told = ""
    for number, _, part in _fields(value):
        if number == 1 and isinstance(part, memoryview):
            key = _text(part)
        elif number == 2 and isinstance(part, memoryview):
            told = _text(part)
    return key, told


def _text(value: memoryview) -> str:
    if len(value) > _MOST_TEXT:
        raise BadModelError("it holds a text of absurd length")
    return bytes(value).decode("utf-8", errors="replace")


def _fields(message: memoryview) -> Iterator[tuple[int, int, int | memoryview]]:
    """Yield a message's fields: number, wire type, and the number or the bytes."""
    at, end = 0, len(message)
    while at < end:
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        value: int | memoryview
        if wire == 0:
            value, at = _varint(message, at)
        elif wire == 2:
            length, at = _varint(message, at)
            value, at = message[at : at + length], at + length
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            if at + size > end:
                raise BadModelError("it is cut short")
            value, at = struct.unpack_from("<Q" if wire == 1 else "<I", message, at)[0], at + size
        else:
            raise BadModelError("it is no ONNX model")
        if at > end or number == 0:
            raise BadModelError("it is no ONNX model, or one cut short")
        yield number, wire, value


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(message) or shift > 63:
            raise BadModelError("it is no ONNX model, or one cut short")
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value & (2**64 - 1), at
