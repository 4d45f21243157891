"""The process on the other side of `infra.apart`: `python -m infra.reader SOCKET`.

It answers questions, a JSON value a line, one after the other: {"function": "module:function", "given": {...}, "tell": false}
with {"answer": ...}, {"error": {...}}, {"memory": true} or {"fault": "..."}; before that, any number of {"progress": 0.5}.
It ends when the line is closed.
"""

from __future__ import annotations

import importlib
import json
import socket
import sys
import traceback
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from infra.errors import KinofarmError

TOLD_EACH = 0.005
"""Of the work; progress is told in steps no smaller."""


def main(number: int) -> None:
    """Answer until the line is closed."""
    with socket.socket(fileno=number) as line, line.makefile("rb") as questions:

        def tell(value: Mapping[str, Any]) -> None:
            line.sendall(json.dumps(value, default=_as_json).encode() + b"\n")

        for question in questions:
            tell(_answer(json.loads(question), tell))


def _answer(question: Mapping[str, Any], tell: Callable[[Mapping[str, Any]], None]) -> Mapping[str, Any]:
    try:
        module, _, name = question["function"].partition(":")
        function = getattr(importlib.import_module(module), name)
        extra = {"progress": _progress(tell)} if question["tell"] else {}
        return {"answer": function(**question["given"], **extra)}
    except KinofarmError as error:
        return {"error": {"code": error.code, "where": error.where, "params": dict(error.params)}}
    except MemoryError:
        return {"memory": True}
    except Exception:  # a fault of ours: the other side tells it
        return {"fault": traceback.format_exc()}


def _progress(tell: Callable[[Mapping[str, Any]], None]) -> Callable[[float], None]:
    told = 0.0

    def progress(share: float) -> None:
        nonlocal told
        if share - told >= TOLD_EACH:
            told = share
            tell({"progress": share})

    return progress


def _as_json(value: object) -> object:
    return str(value) if isinstance(value, (Fraction, Path)) else repr(value)


if __name__ == "__main__":
    main(int(sys.argv[1]))
