"""Every part that an ONNX file may have, and the walk through it that refuses all others.

ONNX Runtime reads a file by protobuf, which forgives: it cuts off the upper bits of a tag, skips what it does not know, joins what is
there twice. Whoever reads it otherwise can be shown another file than the one that runs. So only what protobuf itself
would write is taken: each number in as few bytes as it needs, each part a known one of its own wire type, once where there
can be one. Lengths are checked, nothing is copied but names, depth and counts are bounded.

Source:  onnx/onnx-ml.proto of ONNX 1.20 (the numbers of the fields); protobuf.dev, "Encoding".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

MOST_FIELDS = 5_000_000
"""Fields of all messages in a file; a large detector has some hundred thousand."""

DEEPEST = 24
"""Messages in one another: five graphs in one another's nodes, with types in the innermost; more than any detector has."""

MOST_TEXT = 1_000_000

NUMBER, FLOAT, DOUBLE, DATA, TEXT = "number", "float", "double", "data", "text"
"""Kinds of values; other kinds are keys of PARTS."""

_WIRES: Mapping[str, int] = MappingProxyType({NUMBER: 0, DOUBLE: 1, FLOAT: 5})
_BYTES = 2
"""Wire types: of bytes are texts, data, messages, and packed lists of numbers."""

_LARGEST_TAG = 2**32 - 1


class Part(NamedTuple):
    """A field of a message: its kind, and whether there may be several."""

    kind: str
    many: bool = False


def _one(kind: str) -> Part:
    return Part(kind)


def _many(kind: str) -> Part:
    return Part(kind, many=True)


PARTS: Mapping[str, Mapping[int, Part]] = MappingProxyType(
    {
        "model": {
            1: _one(NUMBER), 2: _one(TEXT), 3: _one(TEXT), 4: _one(TEXT), 5: _one(NUMBER), 6: _one(TEXT), 7: _one("graph"),
            8: _many("opset"), 14: _many("pair"), 20: _many("training"), 25: _many("function"),
        },
        "opset": {1: _one(TEXT), 2: _one(NUMBER)},
        "pair": {1: _one(TEXT), 2: _one(TEXT)},
        "training": {1: _one("graph"), 2: _one("graph"), 3: _many("pair"), 4: _many("pair")},
        "function": {
            1: _one(TEXT), 4: _many(TEXT), 5: _many(TEXT), 6: _many(TEXT), 7: _many("node"), 8: _one(TEXT), 9: _many("opset"),
            10: _one(TEXT), 11: _many("attribute"), 12: _many("value"), 13: _one(TEXT), 14: _many("pair"),
        },
        "graph": {
            1: _many("node"), 2: _one(TEXT), 5: _many("tensor"), 10: _one(TEXT), 11: _many("value"), 12: _many("value"),
            13: _many("value"), 14: _many("annotation"), 15: _many("sparse"), 16: _many("pair"),
        },
        "annotation": {1: _one(TEXT), 2: _many("pair")},
        "node": {
            1: _many(TEXT), 2: _many(TEXT), 3: _one(TEXT), 4: _one(TEXT), 5: _many("attribute"), 6: _one(TEXT), 7: _one(TEXT),
            8: _one(TEXT), 9: _many("pair"),
        },
        "attribute": {
            1: _one(TEXT), 2: _one(FLOAT), 3: _one(NUMBER), 4: _one(DATA), 5: _one("tensor"), 6: _one("graph"), 7: _many(FLOAT),
            8: _many(NUMBER), 9: _many(DATA), 10: _many("tensor"), 11: _many("graph"), 13: _one(TEXT), 14: _one("type"),
            15: _many("type"), 20: _one(NUMBER), 21: _one(TEXT), 22: _one("sparse"), 23: _many("sparse"),
        },
        "tensor": {
            1: _many(NUMBER), 2: _one(NUMBER), 4: _many(FLOAT), 5: _many(NUMBER), 6: _many(DATA), 7: _many(NUMBER), 8: _one(TEXT),
            9: _one(DATA), 10: _many(DOUBLE), 11: _many(NUMBER), 12: _one(TEXT), 13: _many("pair"), 14: _one(NUMBER), 16: _many("pair"),
        },
        "sparse": {1: _one("tensor"), 2: _one("tensor"), 3: _many(NUMBER)},
        "value": {1: _one(TEXT), 2: _one("type"), 3: _one(TEXT), 4: _many("pair")},
        "type": {
            1: _one("tensor type"), 4: _one("list type"), 5: _one("map type"), 6: _one(TEXT), 8: _one("tensor type"), 9: _one("list type"),
        },
        "tensor type": {1: _one(NUMBER), 2: _one("shape")},
        "list type": {1: _one("type")},
        "map type": {1: _one(NUMBER), 2: _one("type")},
        "shape": {1: _many("dimension")},
        "dimension": {1: _one(NUMBER), 2: _one(TEXT), 3: _one(TEXT)},
    }
)  # fmt: skip
"""Kind of message → number of a field → what it is. Left out is what no detector needs: segments of tensors, several devices, opaque types."""

OUTSIDE_OPERATORS = frozenset({"EPContext"})
"""Operators that read files of their own."""

_BRANCH = "If"
"""The one operator that may have graphs: it runs each at most once. Those that repeat theirs may never end."""

_REPEATING = frozenset({"Loop", "Scan", "SequenceMap"})

_OWN_DOMAINS = ("", "ai.onnx")
_RUNTIME_DOMAINS = ("ai.onnx", "com.microsoft", "com.ms.", "org.pytorch")
"""Beginnings of the domains in which ONNX Runtime has operators of its own: a model's functions may not pretend to be of them."""

_ARITHMETIC = frozenset(
    {
        "BiasGelu", "DequantizeLinear", "DynamicQuantizeMatMul", "FastGelu", "FusedConv", "FusedGemm", "FusedMatMul", "Gelu",
        "MatMulIntegerToFloat", "NhwcMaxPool", "QGemm", "QLinearAdd", "QLinearAveragePool", "QLinearConcat", "QLinearConv",
        "QLinearGlobalAveragePool", "QLinearLeakyRelu", "QLinearMul", "QLinearReduceMean", "QLinearSigmoid", "QLinearSoftmax",
        "QLinearWhere", "QuantizeLinear", "QuickGelu",
    }
)  # fmt: skip
"""Operators of com.microsoft that quantised and fused models have."""


_Operator = tuple[str, str]
"""Domain and name."""


class BadModelError(ValueError):
    """The bytes are no ONNX model, or one that is refused; its words say why.

    Args:    code: of the error that says so: MODEL-002 damaged, MODEL-004 refers to something outside itself, MODEL-013 has operators
             that are not run.
    """

    def __init__(self, reason: str, code: str = "MODEL-002") -> None:
        super().__init__(reason)
        self.code = code


def look_through(model: memoryview) -> None:
    """Refuse what refers to anything outside the file, what repeats itself, and what is unknown, wherever in it that stands.

    Raises:  BadModelError.
    """
    waiting = [("model", model, 0, ("", ""))]
    seen = 0
    used: set[_Operator] = set()
    brought: set[_Operator] = set()
    unrun = ""
    while waiting:
        kind, message, depth, owner = waiting.pop()
        named = {"node": (7, 4), "function": (10, 1)}.get(kind, ())
        told: dict[int, str] = {}
        inner = []
        for number, value in fields(kind, message):
            seen += 1
            if seen > MOST_FIELDS:
                raise BadModelError("it has too many parts")
            if kind == "tensor" and (number == 13 or (number == 14 and value != 0)):
                raise BadModelError("its weights lie in another file (external data)", "MODEL-004")
            if number in named:
                told[number] = text(value)
            part = PARTS[kind][number]
            if part.kind in PARTS and isinstance(value, memoryview):
                inner.append((part.kind, value))
            if kind == "attribute" and part.kind == "graph" and (owner[0] not in _OWN_DOMAINS or owner[1] != _BRANCH):
                unrun = unrun or f"{plain(owner[1])} with a graph of its own"
        if inner and depth >= DEEPEST:
            raise BadModelError("it is nested too deep")
        if named:
            owner = told.get(named[0], ""), told.get(named[1], "")
            (used if kind == "node" else brought).add(owner)
            if kind == "node" and owner[1] in OUTSIDE_OPERATORS:
                raise BadModelError(f"it has an operator that reads other files ({owner[1]})", "MODEL-004")
        waiting += [(one, value, depth + 1, owner) for one, value in inner]
    pretended = {one for one in brought if not one[0] or one[0].startswith(_RUNTIME_DOMAINS)}
    for domain, operator in sorted(pretended | (used - brought)):
        if (domain, operator) in pretended or not _is_run(domain, operator):
            unrun = unrun or f"{plain(operator)} of {plain(domain) or 'ONNX itself'}"
    if unrun:
        raise BadModelError(f"it has the operator {unrun}", "MODEL-013")


def fields(kind: str, message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield a message's fields: number, and the number or the bytes; floating point numbers as the bits that they are.

    Args:    kind: of the message, a key of PARTS.
    Raises:  BadModelError.
    """
    known = PARTS[kind]
    seen = set()
    at, end = 0, len(message)
    while at < end:
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        part = known.get(number) if key <= _LARGEST_TAG else None
        if part is None:
            raise BadModelError(f"it is no ONNX model, or has a part that is unknown (number {number} of a {kind})")
        if wire != _WIRES.get(part.kind, _BYTES) and not (part.many and wire == _BYTES):
            raise BadModelError(f"it is no ONNX model: part {number} of a {kind} is not written as it should be")
        if not part.many:
            if number in seen:
                raise BadModelError(f"it has part {number} of a {kind} twice")
            seen.add(number)
        value: int | memoryview
        if wire == 0:
            value, at = _varint(message, at)
        elif wire == _BYTES:
            length, at = _varint(message, at)
            value, at = message[at : at + length], at + length
        else:
            size = 8 if wire == 1 else 4
            if at + size > end:
                raise BadModelError("it is cut short")
            value, at = struct.unpack_from("<Q" if wire == 1 else "<I", message, at)[0], at + size
        if at > end:
            raise BadModelError("it is no ONNX model, or one cut short")
        yield number, value


def text(value: int | memoryview) -> str:
    """Return a text as it is written.

    Raises:  BadModelError for one of absurd length, or that is not UTF-8.
    """
    assert isinstance(value, memoryview)
    if len(value) > MOST_TEXT:
        raise BadModelError("it holds a text of absurd length")
    try:
        return bytes(value).decode()
    except UnicodeDecodeError:
        raise BadModelError("it holds a text that is none") from None


def plain(words: str) -> str:
    """Return what can be shown of a text, at most 100 characters."""
    return "".join(one for one in words[:1_000] if one.isprintable())[:100]


def _is_run(domain: str, operator: str) -> bool:
    if domain in _OWN_DOMAINS:
        return operator not in _REPEATING
    return domain == "com.microsoft" and operator in _ARITHMETIC


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """Read a number of at most 64 bits, in as few bytes as it needs."""
    value = shift = 0
    while True:
        if at >= len(message):
            raise BadModelError("it is no ONNX model, or one cut short")
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            if (byte == 0 and shift > 7) or value >= 2**64:
                raise BadModelError("it is no ONNX model: a number in it is longer than it should be")
            return value, at
        if shift > 63:
            raise BadModelError("it is no ONNX model: a number in it is too long")
