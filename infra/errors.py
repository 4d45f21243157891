"""The one error type of the farm: a code and named parameters; the words live in the catalogue.

Third-party exceptions are translated into a `KinofarmError` at the edge where they arise. The catalogue is
the folder `infra/messages/<language>/`, one TOML file per family of codes (`MEDIA-003` lives in `media.toml`):

    [MEDIA-003]
    message = 'clip "{clip}" on {track} ends after its source does'
    detail = "needs {needs} frames at {rate}, {file} has {has}"   # optional
    hint = "set its out point to {out_point}, or relink the clip"
    retry = false                                                  # can the same work succeed later?
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, NotRequired, TypedDict

from infra.storable import storable

LANGUAGE = "en"


class Message(TypedDict):
    """One entry of the catalogue."""

    message: str
    hint: str
    retry: bool
    detail: NotRequired[str]


class KinofarmError(Exception):
    """An error that a user can act on.

    Args:
        code: a key of the catalogue, e.g. "MEDIA-003".
        where: the place in the input, e.g. "tracks[1].clips[3].source_end"; empty when there is none.
        params: the values that the message, detail and hint name.
    Raises:  LookupError when the code is not in the catalogue, or a parameter that its words name is missing.
    """

    def __init__(self, code: str, *, where: str = "", **params: Any) -> None:
        entry = catalogue()[code]
        shown = {name: _shown(name, value) for name, value in params.items()}
        self.code = code
        self.where = where
        self.params: Mapping[str, Any] = params
        self.message = entry["message"].format(**shown)
        self.detail = entry.get("detail", "").format(**shown)
        self.hint = entry["hint"].format(**shown)
        self.retry = entry["retry"]
        super().__init__(f"{code}  {self.message}")

    def as_dict(self) -> dict[str, Any]:
        """Return the error as JSON values: code, message, hint, where, detail, retry."""
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "where": self.where,
            "detail": self.detail,
            "retry": self.retry,
        }

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (self.code, self.where, dict(self.params))


@cache
def catalogue(language: str = LANGUAGE) -> Mapping[str, Message]:
    """Return every code with its words, from the package's message files.

    Raises:  ValueError when two files define one code.
    """
    entries: dict[str, Message] = {}
    for file in sorted(resources.files("infra.messages").joinpath(language).iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".toml"):
            continue
        for code, entry in tomllib.loads(file.read_text(encoding="utf-8")).items():
            if code in entries:
                raise ValueError(f"{code} is defined twice, the second time in {file.name}")
            entries[code] = entry
    return entries


def _shown(name: str, value: Any) -> Any:
    """Make what came from outside storable, and shorten it: at most 200 characters of any one value, 2000 of a list of `clips`, the
    last 2000 of a process's `tail`."""
    if name == "tail":
        return storable(str(value)[-2000:])
    if name == "clips":
        return storable(str(value)[:2000])
    if not isinstance(value, str):
        return value
    text = storable(value)
    return text[:197] + "..." if len(text) > 200 else text


def _rebuilt(code: str, where: str, params: dict[str, Any]) -> KinofarmError:
    return KinofarmError(code, where=where, **params)
