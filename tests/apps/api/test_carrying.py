"""Commands carried out for a caller: what changes something is noted, however it ends."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from apps.api.carrying import carried_out
from apps.api.entry import Caller
from infra.access.audit import AuditLog
from infra.commands import Call, Command
from infra.errors import KinofarmError
from infra.values import Value


class Asked(Value):
    """What is asked."""

    job: str


class Notes:
    """Services whose audit log is a list."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, ...]] = []

    def get(self, wanted: type) -> Notes:
        assert wanted is AuditLog
        return self

    def note(self, *line: str) -> None:
        self.lines.append(line)


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [(None, "ok"), (KinofarmError("MEDIA-012", file="a.mov"), "MEDIA-012"), (ZeroDivisionError(), "INTERNAL-001")],
)
def test_whatever_becomes_of_a_change_it_stands_in_the_audit_log(failure: Exception | None, outcome: str) -> None:
    def run(call: Call, given: Asked) -> Asked:
        if failure is not None:
            raise failure
        return given

    notes: Any = Notes()
    caller = Caller(name="anna", scope="submit", door="api", address="127.0.0.1")
    command = Command("job.end", run, "POST /jobs/{job}/end", scope="submit")
    command.__dict__["_hints"] = {
        "given": Asked,
        "return": Asked,
    }  # the models of a function in a function have no names
    with pytest.raises(type(failure)) if failure else contextlib.nullcontext():
        carried_out(notes, caller, command, {"job": "a\0b"})
    assert notes.lines == [("anna", "api", "job.end", r"a\x00b", outcome, "127.0.0.1")]
