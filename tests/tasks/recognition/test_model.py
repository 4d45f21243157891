"""Models: looked at as files that may be anybody's."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest

from infra.errors import KinofarmError
from tasks.recognition import model as models
from tasks.recognition.model import look_at
from tests.models.onnx_writer import FLOAT16, INT64, constant, model, node, outside, part, tensor, value
from tests.tasks.recognition.conftest import DETECTOR

NAMES = {"names": "{0: 'cat', 1: 'dog', 2: 'hen'}"}
ANSWERS = np.zeros((1, 7, 84), np.float32)


def written(folder: Path, data: bytes, name: str = "made.onnx") -> Path:
    """Write a model file."""
    (folder / name).write_bytes(data)
    return folder / name


def refusal(path: Path, classes: Path | None = None, layout: str | None = None) -> KinofarmError:
    """Return the error with which a model is refused."""
    with pytest.raises(KinofarmError) as raised:
        look_at(path, classes, layout)
    return raised.value


def test_the_detector_of_shapes_says_what_it_is() -> None:
    facts = look_at(DETECTOR)
    assert (facts.name, facts.task, facts.head.layout) == ("shapes", "detect", "v8")
    assert (facts.width, facts.height, facts.fixed, facts.batch, facts.element) == (160, 160, True, None, "float32")
    assert facts.classes == ("circle", "square", "triangle", "star")
    assert facts.size == DETECTOR.stat().st_size <= 2_000_000
    assert (facts.input, facts.outputs, facts.opset) == ("images", ("output0",), 17)


def test_names_come_from_a_file_where_one_is_given(tmp_path: Path) -> None:
    made = written(tmp_path, constant([ANSWERS], metadata=NAMES))
    assert look_at(made).classes == ("cat", "dog", "hen")
    for name, text in {
        "lines.txt": "\ufeffKatze\n\n Hund \nHuhn\n",
        "list.json": '["Katze", "Hund", "Huhn"]',
        "map.json": '{"2": "Huhn", "0": "Katze", "1": "Hund"}',
    }.items():
        (tmp_path / name).write_text(text)
        assert look_at(made, tmp_path / name).classes == ("Katze", "Hund", "Huhn")


@pytest.mark.parametrize(
    "names",
    [
        "__import__('os').system('touch harm')",
        "{0: 'cat', 1: 'dog', 2: open('/etc/passwd').read()}",
        "{0: 'cat', 2: 'dog', 3: 'hen'}",
        "{0: 'cat', 1: 'cat', 2: 'hen'}",
        "{0: 'cat', 1: '', 2: 'hen'}",
        "{0: 'cat', 1: 'do\\ng', 2: 'hen'}",
        "{0: 'cat', 1: 5, 2: 'hen'}",
        "{'a': 'cat', 'b': 'dog', 'c': 'hen'}",
        "{1e999: 'cat', 1: 'dog', 2: 'hen'}",
        "{-1e999: 'cat', 1: 'dog', 2: 'hen'}",
        "{1e999 - 1e999: 'cat', 1: 'dog', 2: 'hen'}",
        "{0.5: 'cat', 1: 'dog', 2: 'hen'}",
        "{1j: 'cat', 1: 'dog', 2: 'hen'}",
        "{b'0': 'cat', 1: 'dog', 2: 'hen'}",
        "{(0,): 'cat', 1: 'dog', 2: 'hen'}",
        "{None: 'cat', 1: 'dog', 2: 'hen'}",
        "{'" + "1" * 5_000 + "': 'cat', 1: 'dog', 2: 'hen'}",
        "{0: 'cat', 1: 'dog', 2: '" + "\\udc80" + "'}",
        "[]",
        "17",
        "(" * 5_000,
        "[" * 100_000,
        "",
    ],
)
def test_names_that_are_no_names_are_refused_and_never_carried_out(tmp_path: Path, names: str) -> None:
    assert refusal(written(tmp_path, constant([ANSWERS], metadata={"names": names}))).code == "MODEL-006"
    assert not Path("harm").exists()


@pytest.mark.parametrize("text", [b"", b"[1, 2, 3]", b"[" * 100_000, b"\xff\xfe\x00", b'{"0": "a"', b"a\nA\nb"])
def test_a_file_of_names_that_is_none_is_refused(tmp_path: Path, text: bytes) -> None:
    made = written(tmp_path, constant([ANSWERS]))
    (tmp_path / "names").write_bytes(text)
    assert refusal(made, tmp_path / "names").code == "MODEL-006"
    assert refusal(made, tmp_path / "nowhere").code == "MODEL-006"
    assert refusal(made).code == "MODEL-006"


def one_node(more: bytes = b"", weights: list[bytes] | None = None, operator: str = "Identity") -> bytes:
    """A model of one node with whatever is put into it."""
    nodes = [node(operator, ["w0"], ["output0"], more)]
    kept = [tensor("w0", ANSWERS)] if weights is None else weights
    return model(nodes, kept, [value("images", (1, 3, 64, 64))], [value("output0", ANSWERS.shape)], NAMES)


def nested(depth: int, inner: bytes) -> bytes:
    """A graph in an attribute of a node in a graph in an attribute, so many times."""
    graph = inner
    for _ in range(depth):
        graph = part(1, node("If", ["c"], ["o"], part(5, part(1, "then_branch") + part(6, graph))))
    return graph


@pytest.mark.parametrize(
    "data",
    [
        one_node(weights=[tensor("w0", ANSWERS, outside("../../../../etc/passwd"))]),
        one_node(weights=[tensor("w0", ANSWERS, part(14, 1))]),
        one_node(more=part(5, part(1, "value") + part(5, tensor("t", ANSWERS, outside("weights.bin"))))),
        one_node(more=part(5, part(1, "values") + part(10, tensor("t", ANSWERS, outside("weights.bin"))))),
        one_node(more=part(5, part(1, "sparse") + part(22, part(1, tensor("t", ANSWERS, outside("w.bin")))))),
        one_node(more=part(5, part(1, "body") + part(6, nested(3, part(5, tensor("t", ANSWERS, outside("w.bin"))))))),
        one_node() + part(20, part(1, part(5, tensor("t", ANSWERS, outside("w.bin"))))),
        one_node()
        + part(25, part(7, node("Constant", [], ["o"], part(5, part(5, tensor("t", ANSWERS, outside("w"))))))),
        one_node(operator="EPContext"),
    ],
)
def test_a_model_that_refers_to_other_files_is_refused_wherever_it_does(tmp_path: Path, data: bytes) -> None:
    assert refusal(written(tmp_path, data)).code == "MODEL-004"


def test_a_model_like_those_that_refers_to_nothing_is_taken(tmp_path: Path) -> None:
    assert look_at(written(tmp_path, one_node())).head.layout == "v8"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"#!/bin/sh\n",
        b"\x7fELF" + bytes(100),
        b"\xff" * 100,
        part(7, b"") + part(8, part(2, 99)),
        one_node(more=part(5, part(1, "body") + part(6, nested(40, b"")))),
        one_node() + part(7, b""),
        constant([ANSWERS], metadata=NAMES)[:-40],
    ],
)
def test_bytes_that_are_no_model_are_refused(tmp_path: Path, data: bytes) -> None:
    assert refusal(written(tmp_path, data)).code == "MODEL-002"


def test_a_model_of_another_suffix_or_size_or_none_at_all_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refusal(written(tmp_path, one_node(), "made.pt")).code == "MODEL-002"
    assert refusal(tmp_path / "nowhere.onnx").code == "MODEL-001"
    monkeypatch.setattr(models, "MOST_BYTES", 100)
    assert refusal(written(tmp_path, one_node())).code == "MODEL-003"


def test_no_mutilated_model_does_more_than_be_refused(tmp_path: Path) -> None:
    random = np.random.default_rng(6)
    whole = DETECTOR.read_bytes()
    head, tail = whole[:6_000], whole[-3_000:]
    for _ in range(100):
        data = bytearray(whole)
        for _ in range(random.integers(1, 8)):
            at = (
                int(random.integers(len(head)))
                if random.random() < 0.5
                else len(whole) - 1 - int(random.integers(len(tail)))
            )
            data[at] = int(random.integers(256))
        if random.random() < 0.2:
            data = data[: int(random.integers(len(data)))]
        with contextlib.suppress(KinofarmError):
            look_at(written(tmp_path, bytes(data)))


@pytest.mark.parametrize(
    "taken",
    [
        [],
        [value("images", (1, 3, 64, 64)), value("more", (1, 1))],
        [value("images", (1, 64, 64, 3))],
        [value("images", (1, 3, 64))],
        [value("images", (1, 3, 64, 64), INT64)],
        [value("images", (1, 3, 64, 100_000))],
        [value("images", (100_000, 3, 64, 64))],
    ],
)
def test_an_input_that_takes_no_pictures_is_refused(tmp_path: Path, taken: list[bytes]) -> None:
    data = model([node("Identity", ["w0"], ["o"])], [tensor("w0", ANSWERS)], taken, [value("o", ANSWERS.shape)], NAMES)
    assert refusal(written(tmp_path, data)).code == "MODEL-005"


def test_a_model_for_another_task_is_refused(tmp_path: Path) -> None:
    data = constant([ANSWERS], metadata={**NAMES, "task": "classify"})
    assert refusal(written(tmp_path, data)).code == "MODEL-005"


def test_what_a_model_leaves_open_comes_from_its_metadata(tmp_path: Path) -> None:
    data = model(
        [node("Identity", ["w0"], ["o"])],
        [tensor("w0", ANSWERS.astype(np.float16))],
        [value("images", ("batch", 3, "height", "width"), FLOAT16)],
        [value("o", ("batch", 7, "anchors"), FLOAT16)],
        {**NAMES, "imgsz": "[96, 128]", "task": "detect"},
    )
    # It leaves the number of anchors open, and so it is run once; what it gives has no anchors of 96 x 128, which tells nothing.
    facts = look_at(written(tmp_path, data))
    assert (facts.width, facts.height, facts.fixed, facts.batch, facts.element) == (128, 96, False, None, "float16")


def test_a_model_that_declares_what_it_gives_is_run_all_the_same(tmp_path: Path) -> None:
    data = constant([np.zeros((1, 6, 84), np.float32)], metadata=NAMES, declared=[("n", 7, 84)])
    assert refusal(written(tmp_path, data)).code in ("MODEL-010", "MODEL-011")
    assert refusal(written(tmp_path, one_node(operator="Telepathy"))).code == "MODEL-010"


def test_batches_of_absurd_size_are_refused(tmp_path: Path) -> None:
    taken, given = [value("images", (256, 3, 4096, 4096))], [value("o", (256, 7, 84))]
    data = model([node("Identity", ["w0"], ["o"])], [tensor("w0", ANSWERS)], taken, given, NAMES)
    assert refusal(written(tmp_path, data), layout="v8").code == "MODEL-014"


def test_a_head_that_could_be_two_is_taken_as_the_one_that_is_named(tmp_path: Path) -> None:
    data = constant([np.zeros((1, 7, 8), np.float32)], metadata=NAMES, size=(64, 64), declared=[(1, 7, 8)])
    made = written(tmp_path, data)
    assert refusal(made).code == "MODEL-007"  # neither has so many anchors
    assert look_at(made, layout="v8").head.layout == "v8"
    assert look_at(made, layout="v5").head.layout == "v5"
    assert refusal(made, layout="v99").code == "MODEL-009"
