"""A model's facts: what it takes, what it gives, what it finds; read from the file, which may be anybody's.

Source:  onnx.ai, the ONNX format; docs.ultralytics.com, the metadata that its exporter writes (names, task, stride, imgsz, kpt_shape).
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from infra.errors import KinofarmError
from infra.values import Value
from tasks.recognition.heads import FACE_POINTS, LAYOUTS, Head, recognise_head
from tasks.recognition.names import names_of_file, names_of_literal
from tasks.recognition.onnx_file import Header, Shape, Tensor, read_header
from tasks.recognition.onnx_parts import BadModelError, look_through, plain
from tasks.recognition.runtime import new_session, run_on_nothing

MOST_BYTES = 1 << 30
"""Size of a model file: the largest detectors have some 300 MB."""

SIDES = 32, 4096
"""Shortest and longest side of a model's input, in pixels."""

MOST_BATCH = 256
USUAL_SIDE = 640
"""Pixels of an input that neither the model nor its metadata fixes."""

NEWEST_OPSET = 30
"""A number beyond is no opset, whatever a runtime can read."""

Task = Literal["detect", "segment", "pose", "face"]


class ModelFacts(Value):
    """One model."""

    name: str = Field(description="Its file's name without .onnx.")
    sha256: str
    size: int
    opset: int
    producer: str = ""
    task: Task
    classes: tuple[str, ...] = Field(description="Names of its classes, by number.")
    head: Head
    input: str = Field(description="The input's name.")
    element: Literal["float32", "float16"] = Field(description="Type of the input's numbers.")
    batch: int | None = Field(description="Pictures at a time; None: any number.")
    width: int = Field(description="Of a picture, in pixels: what it fixes, or what its metadata says, or 640.")
    height: int
    fixed: bool = Field(description="The model takes no other width and height.")
    outputs: tuple[str, ...] = Field(description="The outputs' names, in order.")


def look_at(path: Path, classes: Path | None = None, layout: str | None = None) -> ModelFacts:
    """Return what is known of a model. It is run once on a black picture: call this where time and memory are bounded.

    Args:
        classes: a file of class names, one on a line or JSON; else they come from the model's own metadata.
        layout: a key of `heads.LAYOUTS`, for a model whose head could be several.
    Raises:  KinofarmError MODEL-001 not readable, MODEL-002 no ONNX model, or damaged, MODEL-003 too large, MODEL-004 it
        refers to other files, MODEL-005 its input or its task is not one of pictures, MODEL-006 class names,
        MODEL-007 and -008 its head, MODEL-009 no such layout, MODEL-010 it does not run, MODEL-011 it gives what its head does not,
        MODEL-013 its operators, MODEL-014 its batches are too large, MODEL-015 too slow, MODEL-016 out of memory.
    """
    return facts_of(path, model_bytes(path), classes, layout)


def model_bytes(path: Path) -> bytes:
    """Return a model file's bytes, all that is ever read of it.

    Raises:  KinofarmError MODEL-001, MODEL-002 for another suffix, MODEL-003.
    """
    if path.suffix.casefold() != ".onnx":
        raise KinofarmError("MODEL-002", file=path.name, reason="its name does not end in .onnx")
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            if size > MOST_BYTES:
                raise KinofarmError("MODEL-003", file=path.name, size=size, limit=MOST_BYTES)
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise KinofarmError("MODEL-001", file=path.name, reason=error.strerror or "it cannot be opened") from None
    if len(data) > MOST_BYTES:
        raise KinofarmError("MODEL-003", file=path.name, size=len(data), limit=MOST_BYTES)
    return data


def facts_of(path: Path, data: bytes, classes: Path | None = None, layout: str | None = None) -> ModelFacts:
    """Return what is known of a model whose bytes were read; as `look_at`."""
    if layout is not None and layout not in LAYOUTS:
        raise KinofarmError("MODEL-009", layout=layout, layouts=", ".join(LAYOUTS))
    header = _header(path, data)
    if not 0 < header.opset <= NEWEST_OPSET:
        raise KinofarmError("MODEL-002", file=path.name, reason=f"its opset is {header.opset}")
    taken = _picture_input(path, header)
    told = header.metadata
    task = told.get("task")
    if task is not None and task not in ("detect", "segment", "pose", "face"):
        raise KinofarmError("MODEL-005", file=path.name, reason=f"its task is {task[:50]!r}")
    if classes is not None:
        names = names_of_file(classes)
    elif "names" in told:
        names = names_of_literal(told["names"], path.name)
    else:
        raise KinofarmError("MODEL-006", file=path.name, reason="its metadata has none, and no file of names was given")
    if any(output.element not in ("float32", "float16") for output in header.outputs):
        raise KinofarmError("MODEL-005", file=path.name, reason="an output is not of floating point numbers")
    height, width, fixed = _size(path, taken, told)

    def head_of(shapes: Sequence[Shape]) -> Head:
        size = (width, height) if fixed else None
        return recognise_head(shapes, len(names), task=task, points=_key_points(told), size=size, layout=layout)

    declared = [output.shape for output in header.outputs]
    whole = all(shape and None not in shape[1:2] and shape[-1] is not None for shape in declared)
    head = head_of(declared) if whole else None
    batch = taken.shape[0] or 1
    given = run_on_nothing(
        new_session(data, path.stem, 1), path.stem, taken.name, (batch, 3, height, width), taken.element
    )
    if head is None:
        head = head_of([(None, *one.shape[1:]) for one in given])
    require_head(path.stem, head, [one.shape for one in given], batch)
    return ModelFacts(
        name=plain(path.stem),
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        opset=header.opset,
        producer=header.producer,
        task=_task(head),
        classes=names,
        head=head,
        input=taken.name,
        element=taken.element,
        batch=taken.shape[0],
        width=width,
        height=height,
        fixed=fixed,
        outputs=tuple(output.name for output in header.outputs),
    )


def _header(path: Path, data: bytes) -> Header:
    try:
        return read_header(data)
    except BadModelError as error:
        raise KinofarmError(error.code, file=path.name, reason=str(error)) from None


def require_harmless(name: str, data: bytes) -> None:
    """Look through a model that is to run, which may have been kept by a farm that looked less closely.

    Raises:  KinofarmError MODEL-002, MODEL-004, MODEL-013.
    """
    try:
        look_through(memoryview(data))
    except BadModelError as error:
        raise KinofarmError(error.code, file=name, reason=str(error)) from None


def require_head(name: str, head: Head, shapes: Sequence[tuple[int, ...]], batch: int) -> None:
    """Compare what a model gave with what its head needs: the file only declared it.

    Raises:  KinofarmError MODEL-011.
    """
    answers = shapes[head.output] if head.output < len(shapes) else ()
    wanted = f"{batch} pictures and {head.channels} numbers to a box"
    fits = len(answers) == 3 and answers[0] == batch and answers[head.axis] == head.channels
    if head.masks is not None:
        wanted += f", and {head.coefficients} prototypes of masks"
        protos = shapes[head.masks] if head.masks < len(shapes) else ()
        fits = fits and len(protos) == 4 and protos[:2] == (batch, head.coefficients)
    if not fits:
        found = ", ".join(str(shape) for shape in shapes)
        raise KinofarmError("MODEL-011", model=name, found=found, layout=head.layout, wanted=wanted)


def _picture_input(path: Path, header: Header) -> Tensor:
    def refuse(reason: str) -> KinofarmError:
        return KinofarmError("MODEL-005", file=path.name, reason=reason)

    if len(header.inputs) != 1:
        raise refuse(f"it has {len(header.inputs)} inputs, and one is wanted")
    taken = header.inputs[0]
    if taken.element not in ("float32", "float16"):
        raise refuse("its input is not of float32 or float16")
    if len(taken.shape) != 4 or taken.shape[1] not in (3, None):
        shape = ", ".join("?" if side is None else str(side) for side in taken.shape)
        raise refuse(f"its input is ({shape}), and (N, 3, height, width) is wanted")
    if taken.shape[0] is not None and taken.shape[0] > MOST_BATCH:
        raise refuse(f"it takes {taken.shape[0]} pictures at a time")
    return taken


def _size(path: Path, taken: Tensor, told: dict[str, str]) -> tuple[int, int, bool]:
    """Return height and width of the input, and whether the model fixes both."""
    said = _numbers(told.get("imgsz"))
    usual = (said[0], said[-1]) if said else (USUAL_SIDE, USUAL_SIDE)
    height, width = (own if own is not None else other for own, other in zip(taken.shape[2:], usual, strict=True))
    if not all(SIDES[0] <= side <= SIDES[1] for side in (height, width)):
        raise KinofarmError("MODEL-005", file=path.name, reason=f"its input is {width} x {height} pixels")
    return height, width, None not in taken.shape[2:]


def _key_points(told: dict[str, str]) -> tuple[int, int] | None:
    said = _numbers(told.get("kpt_shape"))
    return (said[0], said[1]) if len(said) == 2 and 0 < said[0] <= 1_000 else None


def _numbers(literal: str | None) -> list[int]:
    """Read one or two whole numbers written as Python or JSON writes them; anything else says nothing."""
    found: Any = None
    if literal is not None and len(literal) < 100:
        try:
            found = ast.literal_eval(literal)
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            return []
    if isinstance(found, int) and not isinstance(found, bool):
        return [found]
    if isinstance(found, list | tuple) and len(found) in (1, 2) and all(type(one) is int for one in found):
        return list(found)
    return []


def _task(head: Head) -> Task:
    task = LAYOUTS[head.layout].task
    return "face" if head.points == FACE_POINTS else task  # type: ignore[return-value]
