"""What an ONNX file says of itself, read from its bytes without any library that would act on it.

ONNX Runtime opens whatever files a model refers to; so a model is looked through first, and one that refers to anything outside itself
is refused (onnx_parts.py).

Source:  onnx/onnx-ml.proto (the numbers of the fields).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tasks.recognition.onnx_parts import BadModelError, fields, look_through, plain, text

Shape = tuple[int | None, ...]

ELEMENTS: Mapping[int, str] = MappingProxyType({1: "float32", 10: "float16", 2: "uint8", 6: "int32", 7: "int64"})
"""TensorProto.DataType → name; others have the name "other"."""


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
    look_through(view)  # first, since it bounds what is read after it
    given: set[str] = set()
    graphs = 0
    for number, value in fields("model", view):
        if not isinstance(value, memoryview):
            continue
        if number == 8:
            domain, version = "", 0
            for inner, part in fields("opset", value):
                if inner == 1:
                    domain = text(part)
                elif isinstance(part, int):
                    version = part
            if domain in ("", "ai.onnx"):
                header.opset = version
        elif number == 2:
            header.producer = plain(text(value))
        elif number == 14:
            told = {inner: text(part) for inner, part in fields("pair", value)}
            header.metadata[told.get(1, "")] = told.get(2, "")
        elif number == 7:
            graphs += 1
            given = _read_graph(value, header)
    if graphs != 1 or not header.opset:
        raise BadModelError("it is no ONNX model")
    header.inputs = [one for one in header.inputs if one.name not in given]
    return header


def _read_graph(graph: memoryview, header: Header) -> set[str]:
    """Read inputs and outputs; return the names of the inputs that the model gives itself."""
    given = set()
    for number, value in fields("graph", graph):
        if not isinstance(value, memoryview):
            continue
        if number == 11:
            header.inputs.append(_tensor(value))
        elif number == 12:
            header.outputs.append(_tensor(value))
        elif number == 5:
            given |= {text(part) for inner, part in fields("tensor", value) if inner == 8}
        if len(header.inputs) > 10_000 or len(header.outputs) > 1_000:
            raise BadModelError("it has too many inputs or outputs")
    return given


def _tensor(value: memoryview) -> Tensor:
    name, element = "", "other"
    shape: Shape = ()
    for number, part in fields("value", value):
        if number == 1:
            name = text(part)
        elif number == 2 and isinstance(part, memoryview):
            for kind, tensor in fields("type", part):
                if kind == 1 and isinstance(tensor, memoryview):
                    element, shape = _typed(tensor)
    if len(name) > 1_000 or not name.isprintable():
        raise BadModelError("it has an input or output without a plain name")
    return Tensor(name, element, shape)


def _typed(tensor: memoryview) -> tuple[str, Shape]:
    element = "other"
    shape: list[int | None] = []
    for number, value in fields("tensor type", tensor):
        if isinstance(value, int):
            element = ELEMENTS.get(value, "other")
        elif number == 2:
            for _, dimension in fields("shape", value):
                assert isinstance(dimension, memoryview)
                sizes = [part for kind, part in fields("dimension", dimension) if kind == 1 and isinstance(part, int)]
                shape.append(sizes[0] if sizes and 0 < sizes[0] < 2**31 else None)
                if len(shape) > 16:
                    raise BadModelError("it has a tensor of more than 16 dimensions")
    return element, tuple(shape)
