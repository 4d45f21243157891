"""JSON from strangers: every way to be wrong has its own code, and none takes long."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from infra.errors import KinofarmError
from tasks.compiler.imports import json_text


def refusal(data: bytes) -> tuple[str, str]:
    with pytest.raises(KinofarmError) as caught:
        json_text.parse(data)
    return caught.value.code, caught.value.where


def test_a_plain_project_is_read_as_it_stands() -> None:
    written = {"a": [1, 2.5, 'text \n with [brackets] and "quotes" \\', None, True], "b": {"ä": "日本"}}
    assert json_text.parse(json.dumps(written).encode()) == written
    assert json_text.parse(b"\xef\xbb\xbf{}") == {}


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 10_000_000,
        b'{"a":' * 2_000_000,
        b'{"tracks":[' * 1_000_000 + b"]}" * 1_000_000,
        b'{"a":"' + b"x" * 9_000_000 + b'","b":' + b"[" * 1_000_000,
    ],
)
def test_ten_megabytes_of_nested_json_are_refused_at_once(data: bytes) -> None:
    begun = time.process_time()
    assert refusal(data) == ("FORMAT-007", "")
    assert time.process_time() - begun < 0.9


@pytest.mark.parametrize("data", [b"[" + b"{}," * 3_000_000 + b"0]", b"[" + b"1.5," * 9_000_000 + b"0]"])
def test_files_made_to_fill_the_memory_are_refused_before_they_are_parsed(data: bytes) -> None:
    assert refusal(data) == ("FORMAT-016", "")


def test_brackets_inside_texts_are_no_nesting() -> None:
    text = "[" * 200_000 + '"{' + "\\" * 3
    assert json_text.parse(json.dumps({"text": text, "and": [[text]]}).encode()) == {"text": text, "and": [[text]]}


@pytest.mark.parametrize("filler", range(65_525, 65_545))
def test_depth_is_counted_right_wherever_a_slice_ends(filler: int) -> None:
    text = "x" * filler + '\\"[{' * 3
    document = {"t": text, "deep": json.loads("[" * (json_text.MAX_DEPTH - 1) + "]" * (json_text.MAX_DEPTH - 1))}
    assert json_text.parse(json.dumps(document).encode())["t"] == text
    too_deep = json.dumps(document).encode()[:-1] + b',"more":' + b"[" * json_text.MAX_DEPTH
    assert refusal(too_deep)[0] == "FORMAT-007"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\xff\xfe{}", ("FORMAT-005", "")),
        (b"", ("FORMAT-006", "")),
        (b'{"a": 1,}', ("FORMAT-006", "")),
        (b'{"a": "\n"}', ("FORMAT-006", "")),
        (b"{'a': 1}", ("FORMAT-006", "")),
        (b'{"a": 1} {"b": 2}', ("FORMAT-006", "")),
        (b'{"a": {"b": 1, "b": 2}}', ("FORMAT-008", "a")),
        (b'{"tracks": [{}, {"volume": NaN}]}', ("FORMAT-009", "tracks[1].volume")),
        (b'{"a": Infinity}', ("FORMAT-009", "a")),
        (b'{"a": -Infinity}', ("FORMAT-009", "a")),
        (b'{"a": 1e999}', ("FORMAT-009", "a")),
        (b'{"a": [0, ' + b"1" * 5000 + b"]}", ("FORMAT-010", "a[1]")),
        (b'{"a": "\\ud800"}', ("FORMAT-011", "a")),
        (b'{"a": "nul \\u0000"}', ("FORMAT-011", "a")),
        (b'{"a": ["\\u001b[2J"]}', ("FORMAT-011", "a[0]")),
        (b'{"a\\b": 1}', ("FORMAT-011", "")),
        ('{"a": "\x85"}'.encode(), ("FORMAT-011", "a")),
        (b"[]", ("FORMAT-012", "")),
        (b"null", ("FORMAT-012", "")),
        (b'"text"', ("FORMAT-012", "")),
        (b"17", ("FORMAT-012", "")),
    ],
)
def test_each_fault_has_its_own_code_and_its_place(data: bytes, expected: tuple[str, str]) -> None:
    assert refusal(data) == expected


def test_tabs_line_breaks_and_escaped_backslashes_are_no_fault() -> None:
    written = {"a": "tab\tline\nreturn\r \\u0000 \\ud800", "pair": "😀"}
    assert json_text.parse(json.dumps(written).encode()) == written


def test_files_that_are_none_are_told_apart(tmp_path: Path) -> None:
    def code(path: Path) -> str:
        with pytest.raises(KinofarmError) as caught:
            json_text.read_bytes(path)
        return caught.value.code

    assert code(tmp_path / "missing.json") == "FORMAT-001"
    assert code(tmp_path) == "FORMAT-002"
    assert code(Path("/dev/zero")) == "FORMAT-002"
    assert code(tmp_path / ("x" * 5000)) == "FORMAT-003"
    assert code(tmp_path / "nul\0") == "FORMAT-003"
    (tmp_path / "file").write_text("{}")
    assert code(tmp_path / "file" / "below") == "FORMAT-001"


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(json_text.MAX_BYTES + 1)
    with pytest.raises(KinofarmError) as caught:
        json_text.read_bytes(large)
    assert caught.value.code == "FORMAT-004"


def test_a_very_long_name_is_shortened_in_the_place() -> None:
    code, where = refusal(b'{"' + b"n" * 100_000 + b'": NaN}')
    assert code == "FORMAT-009"
    assert len(where) < 100
