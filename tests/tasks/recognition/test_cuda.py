"""Whether recognition can run on CUDA is found out by an addition there, and each reason why not is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tasks.recognition import cuda, session
from tasks.recognition.cuda import why_no_cuda
from tasks.recognition.runtime import CUDA, new_session

HAS_DEVICE = any(Path(device).exists() for device in cuda.DEVICES)


def test_the_addition_adds() -> None:
    opened = new_session(session.ADDITION, "an addition", 1)
    (given,) = opened.run(None, {"x": np.array([1.25], np.float32)})
    assert given.tolist() == [2.5]


@pytest.mark.skipif(HAS_DEVICE, reason="this machine has an NVIDIA device")
def test_without_a_device_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "try_cuda", lambda: pytest.fail("it was tried"))
    assert why_no_cuda() == "there is no device of NVIDIA's"


@pytest.mark.skipif(HAS_DEVICE, reason="this machine has an NVIDIA device")
def test_a_device_without_libraries_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda, "DEVICES", (__file__,))
    assert "not found" in why_no_cuda() or "has no CUDA in it" in why_no_cuda()


def test_a_session_that_fell_back_to_the_processor_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda, "DEVICES", (__file__,))
    monkeypatch.setattr(session, "_find_cuda", lambda: None)
    monkeypatch.setattr(session, "new_session", lambda data, name, threads, asked: new_session(data, name, threads))
    assert why_no_cuda() == "ONNX Runtime made a session without it"


@pytest.mark.skipif(not HAS_DEVICE, reason="this machine has no NVIDIA device")
def test_on_a_machine_with_a_gpu_the_addition_runs_on_it() -> None:
    assert why_no_cuda() == ""
    session.try_cuda()
    assert CUDA in new_session(session.ADDITION, "an addition", 1, [CUDA]).get_providers()
