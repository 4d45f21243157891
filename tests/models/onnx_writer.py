"""ONNX files written by hand: models that give the same numbers for every picture, and files that are made to do harm.

Source:  onnx/onnx.proto3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

FLOAT, FLOAT16, INT64 = 1, 10, 7
_TYPES = {np.dtype(np.float32): FLOAT, np.dtype(np.float16): FLOAT16, np.dtype(np.int64): INT64}


def varint(value: int) -> bytes:
    """Return a number as protobuf writes it."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def part(number: int, value: int | str | bytes) -> bytes:
    """Return one field."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def tensor(name: str, values: NDArray[Any], more: bytes = b"") -> bytes:
    """Return a TensorProto; `more` stands for other fields, such as a place outside the file."""
    data = b"" if more else part(9, values.tobytes())
    return (
        b"".join(part(1, size) for size in values.shape) + part(2, _TYPES[values.dtype]) + part(8, name) + data + more
    )


def outside(place: str) -> bytes:
    """Return the fields of a tensor whose numbers lie in another file."""
    return part(13, part(1, "location") + part(2, place)) + part(14, 1)


def value(name: str, shape: Sequence[int | str | None], element: int = FLOAT) -> bytes:
    """Return a ValueInfoProto; a size that is a word, or None, is open."""
    sizes = b"".join(part(1, part(1, size) if isinstance(size, int) else part(2, size or "")) for size in shape)
    return part(1, name) + part(2, part(1, part(1, element) + part(2, sizes)))


def node(operator: str, taken: Sequence[str], given: Sequence[str], attributes: bytes = b"") -> bytes:
    """Return a NodeProto."""
    return (
        b"".join(part(1, one) for one in taken)
        + b"".join(part(2, one) for one in given)
        + part(4, operator)
        + attributes
    )


def model(
    nodes: Sequence[bytes],
    weights: Sequence[bytes],
    inputs: Sequence[bytes],
    outputs: Sequence[bytes],
    metadata: Mapping[str, str] | None = None,
    opset: int = 17,
) -> bytes:
    """Return a ModelProto."""
    graph = b"".join(part(1, one) for one in nodes) + part(2, "g") + b"".join(part(5, one) for one in weights)
    graph += b"".join(part(11, one) for one in inputs) + b"".join(part(12, one) for one in outputs)
    told = b"".join(part(14, part(1, key) + part(2, said)) for key, said in (metadata or {}).items())
    return part(1, 8) + part(8, part(1, "") + part(2, opset)) + part(7, graph) + told


def constant(
    outputs: Sequence[NDArray[Any]],
    size: tuple[int, int] = (64, 64),
    metadata: Mapping[str, str] | None = None,
    declared: Sequence[Sequence[int | str | None]] | None = None,
) -> bytes:
    """Return a model that takes pictures of that width and height and gives these outputs, whatever they show.

    Args:    declared: shapes that the file says the outputs have.
    """
    count = len(outputs[0])
    shapes = declared or [one.shape for one in outputs]
    return model(
        [node("Identity", [f"w{place}"], [f"output{place}"]) for place in range(len(outputs))],
        [tensor(f"w{place}", one) for place, one in enumerate(outputs)],
        [value("images", (count, 3, size[1], size[0]))],
        [
            value(f"output{place}", shape, _TYPES[one.dtype])
            for place, (one, shape) in enumerate(zip(outputs, shapes, strict=True))
        ],
        metadata,
    )


def slow(nodes: int, dark: int, light: int, metadata: Mapping[str, str] | None = None) -> bytes:
    """Return a model that multiplies square matrices, one after the other, before it answers that it found nothing.

    Args:    dark, light: the matrices' sides for a black picture, and by how much they grow for a white one.
    """
    answers = np.zeros((1, 7, 84), np.float32)
    keep = part(5, part(1, "keepdims") + part(20, 2) + part(3, 0))
    to_int = part(5, part(1, "to") + part(20, 2) + part(3, INT64))
    return model(
        [
            node("ReduceMean", ["images"], ["mean"], keep), node("Mul", ["mean", "light"], ["more"]),
            node("Add", ["more", "dark"], ["side"]), node("Cast", ["side"], ["whole"], to_int),
            node("Expand", ["whole", "two"], ["shape"]), node("ConstantOfShape", ["shape"], ["zeros"]),
            node("Add", ["zeros", "mean"], ["m0"]),
            *(node("MatMul", [f"m{one}", f"m{one}"], [f"m{one + 1}"]) for one in range(nodes)),
            node("ReduceMean", [f"m{nodes}"], ["end"], keep), node("Mul", ["end", "answers"], ["output0"]),
        ],
        [
            tensor("light", np.array(light, np.float32)), tensor("dark", np.array(dark, np.float32)),
            tensor("two", np.array([2])), tensor("answers", answers),
        ],
        [value("images", (1, 3, 64, 64))],
        [value("output0", answers.shape)],
        metadata,
    )  # fmt: skip
