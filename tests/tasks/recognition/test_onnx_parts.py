"""What an ONNX file may hold: the same for us as for protobuf, or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory, unknown_fields

from infra.errors import KinofarmError
from tasks.recognition import onnx_parts
from tasks.recognition.onnx_file import read_header
from tasks.recognition.onnx_parts import DATA, DOUBLE, FLOAT, NUMBER, PARTS, TEXT, BadModelError
from tasks.recognition.runtime import new_session, run_on_nothing
from tests.models.onnx_writer import model, node, outside, part, tensor, value, varint
from tests.tasks.recognition.conftest import DETECTOR

NAMES = {"names": "{0: 'cat', 1: 'dog', 2: 'hen'}"}
ANSWERS = np.zeros((1, 7, 84), np.float32)
TAKEN, GIVEN = [value("images", (1, 3, 64, 64))], [value("o", ANSWERS.shape)]


def weights(more: bytes) -> bytes:
    """A model whose weights have these fields besides; valid but for them."""
    return model([node("Identity", ["w0"], ["o"])], [tensor("w0", ANSWERS) + more], TAKEN, GIVEN, NAMES)


def beside(more: bytes) -> bytes:
    """A model whose weights are told by these fields alone."""
    return model([node("Identity", ["w0"], ["o"])], [tensor("w0", ANSWERS, more)], TAKEN, GIVEN, NAMES)


def attribute(name: str, kind: int, number: int, content: bytes) -> bytes:
    """A field of a node: an attribute of one value."""
    return part(5, part(1, name) + part(20, kind) + part(number, content))


def of_node(operator: str, more: bytes = b"", domain: str = "", behind: bytes = b"") -> bytes:
    """A model with such a node."""
    told = part(7, domain) if domain else b""
    return model([node(operator, ["w0"], ["o"], told + more)], [tensor("w0", ANSWERS)], TAKEN, GIVEN, NAMES) + behind


def refusal(data: bytes) -> BadModelError:
    """The error with which a model is refused."""
    with pytest.raises(BadModelError) as raised:
        read_header(data)
    return raised.value


def tagged(key: int, content: bytes | int) -> bytes:
    """A field with any tag."""
    return varint(key) + (varint(content) if isinstance(content, int) else varint(len(content)) + content)


def padded(number: int) -> bytes:
    """A number in one byte more than it needs."""
    plain = varint(number)
    return plain[:-1] + bytes((plain[-1] | 0x80, 0))


PLACE = part(1, "location") + part(2, "README.md")


@pytest.mark.parametrize(
    "more",
    [
        tagged(1 << 32 | 13 << 3 | 2, PLACE) + tagged(1 << 32 | 14 << 3, 1),  # protobuf keeps 32 bits of a tag
        tagged(1 << 40 | 13 << 3 | 2, PLACE) + tagged(1 << 63 | 14 << 3, 1),
        padded(13 << 3 | 2) + varint(len(PLACE)) + PLACE,
        varint(13 << 3 | 2) + padded(len(PLACE)) + PLACE,
        b"\xf2\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00\x01",  # eleven bytes
        b"\x70\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",  # more than 64 bits
        tagged(13 << 3 | 0, 1),  # known, but of another wire type
        varint(14 << 3 | 5) + bytes(4),
        tagged(14 << 3 | 2, b"\x01"),  # packed, where there can be one only
        varint(13 << 3 | 3) + varint(13 << 3 | 4),  # groups
        varint(13 << 3 | 6),
        tagged(0 << 3 | 2, PLACE),
        tagged(17 << 3 | 2, PLACE),
        part(8, "w0"),  # a second name
    ],
)
def test_what_protobuf_would_not_have_written_is_refused(more: bytes) -> None:
    assert refusal(weights(more)).code == "MODEL-002"
    read_header(weights(b""))


@pytest.mark.parametrize(
    "data",
    [
        of_node("Constant", attribute("value", 4, 5, tensor("t", ANSWERS, outside("w")))),
        of_node("Constant", attribute("values", 9, 10, tensor("t", ANSWERS, outside("w")))),
        of_node("Constant", attribute("sparse_value", 11, 22, part(1, tensor("t", ANSWERS, outside("w"))))),
        of_node("Constant", attribute("sparse_value", 11, 22, part(2, tensor("t", ANSWERS, outside("w"))))),
        of_node("Constant", attribute("sparse_values", 12, 23, part(1, tensor("t", ANSWERS, outside("w"))))),
        of_node("If", attribute("then_branch", 5, 6, part(5, tensor("t", ANSWERS, outside("w"))))),
        of_node("If", attribute("then_branches", 10, 11, part(15, part(1, tensor("t", ANSWERS, outside("w")))))),
        weights(b"") + part(20, part(2, part(5, tensor("t", ANSWERS, outside("w"))))),
        weights(b"") + part(25, part(11, part(5, tensor("t", ANSWERS, outside("w"))))),
        weights(part(14, 7)),
        weights(part(14, 1 << 32)),
        weights(part(13, b"")),
    ],
)
def test_data_outside_the_file_is_found_in_whatever_may_hold_a_tensor(data: bytes) -> None:
    assert refusal(data).code == "MODEL-004"


BODY = part(1, node("Identity", ["a"], ["b"])) + part(2, "g")


@pytest.mark.parametrize(
    "data",
    [
        of_node("Loop", attribute("body", 5, 6, BODY)),
        of_node("Scan", attribute("body", 5, 6, BODY)),
        of_node("SequenceMap", attribute("body", 5, 6, BODY)),
        of_node("Loop"),
        of_node("If", attribute("then_branch", 5, 6, part(1, node("Loop", ["a"], ["b"])))),
        of_node("BeamSearch", domain="com.microsoft"),
        of_node("EfficientNMS_TRT", domain="TRT"),
        of_node("Tokenizer", domain="com.microsoft", behind=part(25, part(1, "Tokenizer") + part(10, "com.microsoft"))),
        weights(b"") + part(25, part(1, "Identity") + part(7, node("Relu", ["a"], ["b"]))),
        of_node("If", attribute("body", 5, 6, BODY), "mine", part(25, part(1, "If") + part(10, "mine"))),
        weights(b"") + part(25, part(1, "f") + part(10, "mine") + part(7, node("Loop", ["a"], ["b"]))),
    ],
)
def test_what_repeats_itself_or_is_of_another_runtime_is_refused(data: bytes) -> None:
    assert refusal(data).code == "MODEL-013"


@pytest.mark.parametrize(
    "data",
    [
        of_node("If", attribute("then_branch", 5, 6, BODY) + attribute("else_branch", 5, 6, BODY)),
        of_node("QLinearSigmoid", domain="com.microsoft"),
        of_node("silu", domain="mine", behind=part(25, part(1, "silu") + part(10, "mine"))),
        weights(part(16, part(1, "k") + part(2, "v")) + part(12, "told")),
    ],
)
def test_what_exporters_write_is_taken(data: bytes) -> None:
    assert read_header(data).opset == 17


def test_texts_that_are_none_are_refused_and_those_that_are_shown_are_plain() -> None:
    assert refusal(weights(b"") + part(2, b"\xff\xfe")).code == "MODEL-002"
    assert read_header(weights(b"") + part(2, "py\0to\x1brch" + "h" * 200)).producer == "pytorchh" + "h" * 92
    nameless = model([node("Identity", ["w0"], ["o"])], [tensor("w0", ANSWERS)], [value("a\0b", (1,))], GIVEN, NAMES)
    assert refusal(nameless).code == "MODEL-002"


def test_a_session_finds_no_file_even_if_it_is_asked_for_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "here.bin").write_bytes(ANSWERS.tobytes())
    monkeypatch.chdir(tmp_path)
    run_on_nothing(new_session(weights(b""), "whole", 1), "whole", "images", (1, 3, 64, 64), np.float32)
    for place in ("here.bin", "../here.bin", str(tmp_path / "here.bin")):
        with pytest.raises(KinofarmError, match="MODEL-010"):
            new_session(beside(outside(place)), "outside", 1)


KINDS = {NUMBER: 3, FLOAT: 2, DOUBLE: 1, DATA: 12, TEXT: 12}
"""Kind of a value → protobuf's type of a field; texts as bytes, as ONNX Runtime's protobuf takes them."""


def protobuf_of_the_table() -> type[message.Message]:
    """Protobuf's own reader of the messages of our table."""
    file = descriptor_pb2.FileDescriptorProto(name="parts.proto", package="parts", syntax="proto2")
    for kind, known in PARTS.items():
        told = file.message_type.add(name=kind.replace(" ", "_"))
        for number, one in known.items():
            field = told.field.add(name=f"f{number}", number=number, label=3 if one.many else 1)
            if one.kind in PARTS:
                field.type, field.type_name = 11, f".parts.{one.kind.replace(' ', '_')}"  # type: ignore[assignment]
            else:
                field.type = KINDS[one.kind]  # type: ignore[assignment]
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)  # type: ignore[no-untyped-call]
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("parts.model"))


def all_messages(one: Any) -> list[Any]:
    """A message and all that are in it."""
    found = [one]
    for field, content in one.ListFields():
        if field.message_type is not None:
            for inner in content if field.is_repeated else [content]:
                found += all_messages(inner)
    return found


def changed(random: np.random.Generator, data: bytes) -> bytes:
    """The model with bits of one byte turned over, or bytes put in."""
    at = int(random.integers(len(data)))
    if random.random() < 0.5:
        return data[:at] + bytes((data[at] ^ 1 << int(random.integers(8)),)) + data[at + 1 :]
    return data[:at] + random.bytes(int(random.integers(1, 4))) + data[at:]


def test_what_is_taken_is_what_protobuf_reads() -> None:
    """No model that we take has parts unknown to protobuf, or data outside, by protobuf's own reading."""
    reads = protobuf_of_the_table()
    small = np.zeros((1, 7, 2), np.float32)
    whole = model(
        [node("Constant", [], ["w1"], attribute("value", 4, 5, tensor("t", small))), node("Identity", ["w0"], ["o"])],
        [tensor("w0", small)], TAKEN, [value("o", small.shape)], NAMES,
    )  # fmt: skip
    random = np.random.default_rng(6)
    taken = 0
    for data in (whole, DETECTOR.read_bytes(), *(changed(random, whole) for _ in range(4_000))):
        try:
            read_header(data)
        except BadModelError:
            continue
        taken += 1
        seen = reads()
        try:
            seen.ParseFromString(data)
        except message.DecodeError:
            continue  # a packed list that ends in the middle: ONNX Runtime refuses it as well
        for one in all_messages(seen):
            assert not len(unknown_fields.UnknownFieldSet(one))
            if one.DESCRIPTOR.name == "tensor":
                assert not one.f13
                assert not one.f14
    assert taken > 400


def test_a_model_of_too_many_parts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_parts, "MOST_FIELDS", 20)
    assert refusal(weights(b"")).code == "MODEL-002"
