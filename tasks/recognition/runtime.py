"""ONNX Runtime as the farm uses it: quiet, telling nobody, and given the bytes that were looked through, never a path."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from infra.errors import KinofarmError

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"

NOWHERE = "/dev/null"
"""The folder in which weights beside a model are looked for; nothing lies in it, and none is left by `..`."""

LONGEST_REASON = 300

_SHORT_OF_MEMORY = ("bad allocation", "bad_alloc", "Failed to allocate memory")
"""In what ONNX Runtime says."""

_FATAL = 4
"""Severity of the only messages that it may print; errors arrive as exceptions."""


def new_session(data: bytes, name: str, threads: int, providers: Sequence[str] = (CPU,)) -> Any:
    """Return a session.

    Args:    name: how an error names the model.
    Raises:  KinofarmError MODEL-010, MODEL-016.
    """
    onnxruntime.disable_telemetry_events()
    onnxruntime.set_default_logger_severity(_FATAL)
    try:
        return onnxruntime.InferenceSession(data, _options(threads), providers=list(providers))
    except Exception as error:  # its exceptions share no base but this
        raise failure(name, error) from None


def run_on_nothing(session: Any, name: str, taken: str, shape: tuple[int, ...], element: Any) -> list[NDArray[Any]]:
    """Return what a model gives for a black picture, whatever it declared.

    Args:    taken: the name of its input.
    Raises:  KinofarmError MODEL-010, MODEL-016.
    """
    try:
        given: list[NDArray[Any]] = session.run(None, {taken: np.zeros(shape, element)})
    except Exception as error:
        raise failure(name, error) from None
    return given


def failure(name: str, error: Exception) -> KinofarmError:
    """Return what ONNX Runtime raised as an error of a model: MODEL-016 when memory ran out, else MODEL-010."""
    reason = words(error)
    if isinstance(error, MemoryError) or any(said in reason for said in _SHORT_OF_MEMORY):
        return KinofarmError("MODEL-016", model=name)
    return KinofarmError("MODEL-010", model=name, reason=reason)


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
