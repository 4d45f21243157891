"""ONNX Runtime as the farm uses it: quiet, telling nobody, given the bytes that were looked through, never a path, and for a time that ends.

Source:  onnxruntime.ai, `RunOptions.terminate` (asked for between two operators) and `SessionOptions.set_load_cancellation_flag`.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from infra.errors import KinofarmError

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"

NOWHERE = "/dev/null"
"""The folder in which weights beside a model are looked for; nothing lies in it, and none is left by `..`."""

MOST_BYTES = 2 << 30
"""Bytes of a batch of pictures and of what a model gives for it: 256 of 640 x 640. The ring of a film has four."""

SECONDS_A_PICTURE = 60.0
"""For which a model may run: the largest YOLO needs some 25 on a slow core."""

SECONDS_TO_BEGIN = 300.0
"""For loading, and again for what a device makes ready in a first run."""

PATIENCE = 10.0
"""Seconds from when something shall end to when it is left alone. An operator is never interrupted."""

_LOOK = 0.1
"""Seconds between two looks whether it shall end."""

LONGEST_REASON = 300

_SHORT_OF_MEMORY = ("bad allocation", "bad_alloc", "Failed to allocate memory")
"""In what ONNX Runtime says."""

_FATAL = 4
"""Severity of the only messages that it may print; errors arrive as exceptions."""


def new_session(
    data: bytes,
    name: str,
    threads: int,
    providers: Sequence[str] = (CPU,),
    should_stop: Callable[[], bool] | None = None,
) -> Any:
    """Return a session.

    Args:    name: how an error names the model. should_stop: asked ten times a second.
    Raises:  KinofarmError MODEL-010, MODEL-015, MODEL-016, FFMPEG-001 stopped.
    """
    onnxruntime.disable_telemetry_events()
    onnxruntime.set_default_logger_severity(_FATAL)
    options = _options(threads)
    return within(
        SECONDS_TO_BEGIN,
        name,
        lambda: onnxruntime.InferenceSession(data, options, providers=list(providers)),
        lambda: options.set_load_cancellation_flag(True),
        should_stop,
    )


def run_on_nothing(
    session: Any,
    name: str,
    taken: str,
    shape: tuple[int, ...],
    element: Any,
    seconds: float = SECONDS_A_PICTURE + SECONDS_TO_BEGIN,
    should_stop: Callable[[], bool] | None = None,
) -> list[NDArray[Any]]:
    """Return what a model gives for a black picture, whatever it declared.

    Args:    taken: the name of its input. seconds: for which it may run. should_stop: asked ten times a second.
    Raises:  KinofarmError MODEL-010, MODEL-014 for more than MOST_BYTES, MODEL-015, MODEL-016, FFMPEG-001 stopped.
    """
    size = math.prod(shape) * np.dtype(element).itemsize
    _require_room(name, shape, size)
    options = onnxruntime.RunOptions()
    given: list[Any] = within(
        seconds,
        name,
        lambda: session.run(None, {taken: np.zeros(shape, element)}, options),
        lambda: setattr(options, "terminate", True),
        should_stop,
    )
    _require_room(name, shape, size + sum(one.nbytes for one in given if isinstance(one, np.ndarray)))
    return given


def within(
    seconds: float,
    name: str,
    work: Callable[[], Any],
    end: Callable[[], object],
    should_stop: Callable[[], bool] | None = None,
) -> Any:
    """Return what a work of a model's returns; it is done in a thread of its own, which is left alone if it does not end.

    Args:    name: of the model. end: asks the work to end.
    Raises:  KinofarmError MODEL-015 out of time, FFMPEG-001 stopped, and what `failure` makes of what the work raises.
    """
    outcome: list[Any] = []
    over = threading.Event()

    def run() -> None:
        try:
            outcome.append(work())
        except Exception as error:  # ONNX Runtime's exceptions share no base but this
            outcome.append(failure(name, error))
        finally:
            over.set()

    threading.Thread(target=run, name="model", daemon=True).start()
    until = time.monotonic() + seconds
    while not over.wait(_LOOK):
        stopped = should_stop is not None and should_stop()
        if stopped or time.monotonic() >= until:
            end()
            over.wait(PATIENCE)
            raise KinofarmError("FFMPEG-001") if stopped else too_slow(name, seconds)
    if isinstance(outcome[0], KinofarmError):
        raise outcome[0]
    return outcome[0]


def too_slow(name: str, seconds: float) -> KinofarmError:
    """Return the error of a model that took longer than that."""
    return KinofarmError("MODEL-015", model=name, seconds=f"{seconds:g}")


def failure(name: str, error: Exception) -> KinofarmError:
    """Return what ONNX Runtime raised as an error of a model: MODEL-016 when memory ran out, else MODEL-010."""
    reason = words(error)
    if isinstance(error, MemoryError) or any(said in reason for said in _SHORT_OF_MEMORY):
        return KinofarmError("MODEL-016", model=name)
    return KinofarmError("MODEL-010", model=name, reason=reason)


def _require_room(name: str, shape: tuple[int, ...], size: int) -> None:
    if size > MOST_BYTES:
        pictures = " x ".join(str(side) for side in shape)
        raise KinofarmError("MODEL-014", model=name, pictures=pictures, megabytes=size >> 20, limit=MOST_BYTES >> 20)


def words(error: Exception) -> str:
    """Return the first line of what ONNX Runtime says, which may quote the file."""
    line = str(error).strip().partition("\n")[0][: 2 * LONGEST_REASON]
    return "".join(one for one in line if one.isprintable())[:LONGEST_REASON] or type(error).__name__


def _options(threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = _FATAL
    # Threads that wait by spinning take from the decoder what they don't need.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.load_model_format", "ONNX")
    # A second wall: the files that a model names were refused before (onnx_parts.py).
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", NOWHERE)
    return options
