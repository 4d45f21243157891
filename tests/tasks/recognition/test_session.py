"""Sessions: what a model gives is compared with what it declared, and CUDA is never pretended."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from infra.errors import KinofarmError
from tasks.recognition import runtime
from tasks.recognition.model import ModelFacts, facts_of, model_bytes
from tasks.recognition.runtime import new_session, run_on_nothing, within
from tasks.recognition.session import OpenModel, cuda_library
from tests.models.onnx_writer import constant, model, node, outside, slow, tensor, value
from tests.tasks.recognition.conftest import DETECTOR

NAMES = {"names": "['cat', 'dog', 'hen']"}


def test_a_slot_is_run_as_a_plain_session_runs_it(open_detector: OpenModel) -> None:
    plain = onnxruntime.InferenceSession(DETECTOR.read_bytes(), providers=["CPUExecutionProvider"])
    slots = open_detector.slots(2)
    for seed, slot in enumerate(slots):
        slot.pictures[:] = np.random.default_rng(seed).random(slot.pictures.shape, np.float32)
    for slot in slots:
        open_detector.run(slot)
    for slot in slots:
        (wanted,) = plain.run(None, {"images": slot.pictures})
        np.testing.assert_allclose(slot.outputs[0], wanted, rtol=1e-4, atol=1e-4)
    assert open_detector.device == "cpu"


def test_a_run_fills_the_same_memory_again(open_detector: OpenModel) -> None:
    (slot,) = open_detector.slots(1)
    before = slot.outputs[0].ctypes.data
    open_detector.run(slot)
    first = slot.outputs[0].copy()
    slot.pictures.fill(1)
    open_detector.run(slot)
    assert slot.outputs[0].ctypes.data == before
    assert not np.array_equal(slot.outputs[0], first)


def made_of(data: bytes) -> ModelFacts:
    """The facts of a model that was written by hand."""
    return facts_of(Path("made.onnx"), data)


def test_a_model_that_gives_less_than_it_declares_is_refused() -> None:
    data = constant([np.zeros((1, 6, 84), np.float32)], metadata=NAMES, declared=[("n", 7, 84)])
    with pytest.raises(KinofarmError) as raised:
        OpenModel(data, made_of(data), batch=1)
    assert raised.value.code in ("MODEL-010", "MODEL-011")


def test_a_model_that_gives_one_answer_for_a_whole_batch_is_refused() -> None:
    answers = np.zeros((1, 7, 84), np.float32)
    data = model(
        [node("Identity", ["w0"], ["o"])], [tensor("w0", answers)],
        [value("images", ("n", 3, 64, 64))], [value("o", ("n", 7, 84))], NAMES,
    )  # fmt: skip
    with pytest.raises(KinofarmError, match="MODEL-011"):
        OpenModel(data, made_of(data), batch=4)


def test_an_operator_that_nobody_knows_is_an_error_of_the_model() -> None:
    answers = np.zeros((1, 7, 84), np.float32)
    data = model(
        [node("Telepathy", ["w0"], ["o"])], [tensor("w0", answers)],
        [value("images", (1, 3, 64, 64))], [value("o", answers.shape)], NAMES,
    )  # fmt: skip
    with pytest.raises(KinofarmError, match="MODEL-010"):
        OpenModel(data, made_of(data))


def test_a_model_that_wants_more_memory_than_there_is_is_an_error_of_its_own() -> None:
    data = model(
        [node("ConstantOfShape", ["size"], ["o"])], [tensor("size", np.array([1 << 20, 1 << 20, 84]))],
        [value("images", (1, 3, 64, 64))], [value("o", (1, 7, 84))], NAMES,
    )  # fmt: skip
    with pytest.raises(KinofarmError, match="MODEL-016"):
        OpenModel(data, made_of(data))


def test_a_model_that_was_kept_before_it_would_be_refused_is_refused_when_it_is_opened(detector: ModelFacts) -> None:
    answers = np.zeros((1, 7, 84), np.float32)
    data = model(
        [node("Identity", ["w0"], ["o"])], [tensor("w0", answers, outside("weights.bin"))],
        [value("images", (1, 3, 64, 64))], [value("o", answers.shape)], NAMES,
    )  # fmt: skip
    with pytest.raises(KinofarmError, match="MODEL-004"):
        OpenModel(data, detector)


def test_a_model_that_takes_too_long_is_ended() -> None:
    session = new_session(slow(300, 1_500, 0), "slow", 1)
    shape = 1, 3, 64, 64
    begun = time.monotonic()
    with pytest.raises(KinofarmError, match="MODEL-015"):
        run_on_nothing(session, "slow", "images", shape, np.float32, seconds=0.5)
    with pytest.raises(KinofarmError, match="FFMPEG-001"):
        run_on_nothing(session, "slow", "images", shape, np.float32, should_stop=lambda: time.monotonic() > begun + 1)
    assert time.monotonic() - begun < 20


def test_what_does_not_end_when_it_is_asked_to_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "PATIENCE", 0.2)
    gate, asked = threading.Event(), threading.Event()
    with pytest.raises(KinofarmError, match="MODEL-015"):
        within(0.2, "deaf", gate.wait, asked.set)
    assert asked.is_set()
    gate.set()


@pytest.mark.parametrize("shape", [(256, 3, 4096, 4096), (64, 3, 2048, 2048)])
def test_a_batch_of_absurd_size_is_refused_before_there_is_memory_for_it(shape: tuple[int, ...]) -> None:
    with pytest.raises(KinofarmError) as raised:
        run_on_nothing(None, "large", "images", shape, np.float32)
    assert raised.value.code == "MODEL-014"
    assert raised.value.params["megabytes"] == int(np.prod(shape)) * 4 >> 20


def test_a_model_is_not_opened_for_batches_of_absurd_size(detector: ModelFacts) -> None:
    with pytest.raises(KinofarmError, match="MODEL-014"):
        OpenModel(model_bytes(DETECTOR), detector, batch=30_000)


def test_cuda_is_there_or_is_an_error(detector: ModelFacts) -> None:
    try:
        found = OpenModel(model_bytes(DETECTOR), detector, device="cuda")
    except KinofarmError as error:
        assert error.code == "MODEL-012"  # noqa: PT017 - either is right, by the machine
    else:
        assert "CUDAExecutionProvider" in found.providers
        assert found.device == "cuda"


def test_the_name_of_the_cuda_library_is_that_of_the_installed_onnx_runtime() -> None:
    built_with_cuda = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    name = cuda_library()
    assert (name is not None) == built_with_cuda
    if name is not None:
        assert name.startswith("libcublasLt.so.")
        assert name.rpartition(".")[2].isdigit()
