"""A model that is ready to run, and the buffers that it runs on.

A ring of slots is made once; each has an input and its outputs bound, so that a run copies and allocates nothing on our side.
ONNX Runtime is given the bytes that were looked through, never a path. Of what it says about providers only the session's own list is
believed: asked for CUDA where libraries are missing, it falls back to the CPU.

Source:  onnxruntime.ai, "I/O Binding", "CUDA Execution Provider".
"""

from __future__ import annotations

import ctypes
import mmap
import re
import sys
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from infra.errors import KinofarmError
from tasks.recognition.model import ModelFacts, require_harmless, require_head
from tasks.recognition.runtime import (
    CPU,
    CUDA,
    PATIENCE,
    SECONDS_A_PICTURE,
    SECONDS_TO_BEGIN,
    failure,
    new_session,
    run_on_nothing,
    too_slow,
)

Device = Literal["cpu", "cuda"]

ADDITION = bytes.fromhex(
    "08083a370a0e0a01780a0178120179220341646412036f6e655a0f0a0178120a0a080801"
    "12040a020801620f0a0179120a0a08080112040a02080142040a001011"
)
"""An ONNX file: y = x + x, for one float. Made by hand, as a protobuf of onnx.proto: no library of ONNX is needed for it."""

_BLAS = re.compile(rb"libcublasLt\.so\.\d+")


@dataclass(eq=False)
class Slot:
    """One place of the ring: a batch on its way through.

    Shapes: pictures (batch, 3, height, width); outputs as the model gives them.
    """

    pictures: NDArray[Any]
    outputs: list[NDArray[Any]]
    binding: Any
    filled: int = 0
    tags: list[Any] = field(default_factory=list)
    """What the one who fills it wants to know again of each picture."""


class OpenModel:
    """A model in ONNX Runtime.

    Args:
        data: the model's bytes, as `model.model_bytes` read them and `model.facts_of` looked through them.
        batch: pictures at a time; a model that fixes their number has its own.
        size: width and height of the input, for a model that fixes neither; else what its facts say.
        threads: of the CPU.
        seconds: for which it may run, for each picture of a batch.
        should_stop: asked ten times a second while it is opened.
    Raises:  KinofarmError MODEL-002, -004, -013 when it is not one to run, MODEL-010 when it does not load or run, MODEL-011 when it gives what its head does not, MODEL-012 when
        CUDA was asked for and can't be had, MODEL-014 when a batch is too large, MODEL-015 too slow, MODEL-016 out of memory,
        FFMPEG-001 stopped.
    """

    def __init__(
        self,
        data: bytes,
        facts: ModelFacts,
        *,
        device: Device = "cpu",
        batch: int = 8,
        threads: int = 1,
        size: tuple[int, int] | None = None,
        seconds: float = SECONDS_A_PICTURE,
        should_stop: Callable[[], bool] | None = None,
    ) -> None:
        require_harmless(facts.name, data)
        self.facts = facts
        self.batch = facts.batch or batch
        self.width, self.height = (facts.width, facts.height) if facts.fixed or size is None else size
        self.element = np.dtype(facts.element)
        self.seconds = seconds * self.batch
        self._under_way: tuple[Any, float] | None = None
        self._left: threading.Thread | None = None
        if device == "cuda":
            _find_cuda()
        self._session = new_session(data, facts.name, threads, _asked(device), should_stop)
        self.providers: tuple[str, ...] = tuple(self._session.get_providers())
        if device == "cuda" and CUDA not in self.providers:
            raise KinofarmError("MODEL-012", reason="ONNX Runtime made a session without it")
        self._cuda = device == "cuda"
        self._shapes = self._tried(should_stop)

    @property
    def device(self) -> Device:
        """Where it runs, as the session says."""
        return "cuda" if CUDA in self.providers else "cpu"

    def slots(self, count: int) -> list[Slot]:
        """Return so many slots, each with memory of its own that lasts; page-locked where the model runs on CUDA.

        Raises:  KinofarmError MODEL-010, MODEL-015 while it is still at work on what it was left alone with, MODEL-016.
        """
        if self._left is not None and self._left.is_alive():
            raise too_slow(self.facts.name, self.seconds)
        try:
            return [self._slot() for _ in range(count)]
        except Exception as error:  # numpy's, or ONNX Runtime's
            raise failure(self.facts.name, error) from None

    def run(self, slot: Slot) -> None:
        """Run the model on a slot's pictures, all of them; its outputs are filled when this returns.

        Raises:  KinofarmError MODEL-010, MODEL-016.
        """
        options = onnxruntime.RunOptions()
        self._under_way = options, time.monotonic()
        try:
            self._session.run_with_iobinding(slot.binding, options)
        except Exception as error:
            raise failure(self.facts.name, error) from None
        finally:
            self._under_way = None

    def require_in_time(self) -> None:
        """Asked by another thread than the one in which it runs.

        Raises:  KinofarmError MODEL-015 when it runs for longer than it may.
        """
        under_way = self._under_way
        if under_way is not None and time.monotonic() - under_way[1] > self.seconds:
            raise too_slow(self.facts.name, self.seconds)

    def end(self, runs_in: threading.Thread) -> None:
        """End its runs in that thread, and leave it alone if it can't be ended: an operator is never interrupted."""
        until = time.monotonic() + PATIENCE
        while runs_in.is_alive() and time.monotonic() < until:
            if (under_way := self._under_way) is not None:
                under_way[0].terminate = True
            runs_in.join(0.1)
        self._left = runs_in if runs_in.is_alive() else None

    def _input_shape(self) -> tuple[int, int, int, int]:
        return self.batch, 3, self.height, self.width

    def _tried(self, should_stop: Callable[[], bool] | None) -> list[tuple[tuple[int, ...], Any]]:
        """Run it once on nothing, and return the shapes and types of what it gives."""
        facts, most = self.facts, self.seconds + SECONDS_TO_BEGIN
        shape = self._input_shape()
        given = run_on_nothing(self._session, facts.name, facts.input, shape, self.element, most, should_stop)
        require_head(facts.name, facts.head, [one.shape for one in given], self.batch)
        return [(tuple(one.shape), one.dtype) for one in given]

    def _slot(self) -> Slot:
        pictures = np.zeros(self._input_shape(), self.element)
        outputs = [np.zeros(shape, kind) for shape, kind in self._shapes]
        binding = self._session.io_binding()
        # Buffers of the host on either device: ONNX Runtime moves them itself, and a page-locked one without a copy in between.
        binding.bind_input(self.facts.input, "cpu", 0, self.element, pictures.shape, pictures.ctypes.data)
        for name, output in zip(self.facts.outputs, outputs, strict=True):
            binding.bind_output(name, "cpu", 0, output.dtype, output.shape, output.ctypes.data)
        if self._cuda:
            for buffer in (pictures, *outputs):
                _lock_pages(buffer)
        return Slot(pictures, outputs, binding)


def try_cuda() -> None:
    """Add two numbers on CUDA.

    Raises:  KinofarmError MODEL-010, MODEL-012 with the reason why it can't be done.
    """
    _find_cuda()
    session = new_session(ADDITION, "an addition", 1, _asked("cuda"))
    if CUDA not in session.get_providers():
        raise KinofarmError("MODEL-012", reason="ONNX Runtime made a session without it")
    run_on_nothing(session, "an addition", "x", (1,), np.float32)


def cuda_library() -> str | None:
    """Return the name of the cuBLAS library that the installed ONNX Runtime needs for CUDA, e.g. libcublasLt.so.13.

    Returns: None where the installed one has no CUDA in it.
    """
    place = Path(onnxruntime.__file__).parent / "capi" / "libonnxruntime_providers_cuda.so"
    if not place.is_file():
        return None
    with place.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        found = _BLAS.search(data)
        return found.group().decode() if found else None


def _find_cuda() -> None:
    """Load the library without which ONNX Runtime would fall back to the CPU.

    Raises:  KinofarmError MODEL-012.
    """
    name = cuda_library()
    if name is None:
        raise KinofarmError("MODEL-012", reason="the installed ONNX Runtime has no CUDA in it")
    if _loads(name):
        return
    # NVIDIA's packages from PyPI lie where no loader looks; ONNX Runtime knows the order in which to load them.
    if any(Path(folder).glob(f"nvidia/*/lib/{name}") for folder in sys.path if folder):
        onnxruntime.preload_dlls(cuda=True, cudnn=True)
        if _loads(name):
            return
    raise KinofarmError("MODEL-012", reason=f"{name} is not found")


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _lock_pages(buffer: NDArray[Any]) -> None:
    """Keep a buffer's pages in memory, so that the GPU reads them by itself; without it runs are slower, not wrong."""
    number = (cuda_library() or "").rpartition(".")[2]
    try:
        runtime = ctypes.CDLL(f"libcudart.so.{number}")
        place = ctypes.c_void_p(buffer.ctypes.data)
        if runtime.cudaHostRegister(place, ctypes.c_size_t(buffer.nbytes), ctypes.c_uint(0)) == 0:
            weakref.finalize(buffer, runtime.cudaHostUnregister, place)
    except (OSError, AttributeError):
        return


def _asked(device: Device) -> list[str]:
    return [CUDA, CPU] if device == "cuda" else [CPU]
