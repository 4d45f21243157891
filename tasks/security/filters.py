"""Read a project's own filter template, such as `eq=brightness={level},unsharp=5:5:1`, into filters and options.

The text never reaches ffmpeg: it is taken apart by ffmpeg's own rules of quoting, each filter, option and value is compared
with an allow-list (`tasks/security/allowed_filters.py`), and the compiler builds what is left anew. So nothing that hides in
quotes, escapes or a parameter's value can become a filter or a file.

Source: ffmpeg-filters(1), "Filtergraph syntax" and "Notes on filtergraph escaping"; ffmpeg-utils(1), "Quoting and escaping".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from infra.errors import KinofarmError
from tasks.security.allowed_filters import ALLOWED, FilterRow, Kind, Option, Room

LONGEST = 4000
"""Characters in a template."""

MOST = 20
"""Filters in a template."""

_PLAIN = r"(?:\d{1,9}(?:\.\d{1,9})?|\.\d{1,9})"
_SHARE = r"(?:[01](?:\.\d{1,9})?|\.\d{1,9})"
_VALUES: Mapping[Kind, re.Pattern[str]] = {
    "number": re.compile(rf"[-+]?{_PLAIN}(dB)?|[-+]?(\d{{1,4}}\*)?PI(/\d{{1,4}})?"),
    "word": re.compile(r"[A-Za-z0-9_]{1,40}([+|][A-Za-z0-9_]{1,40}){0,8}"),
    "points": re.compile(rf"{_SHARE}/{_SHARE}( {_SHARE}/{_SHARE}){{0,31}}"),
    "colour": re.compile(r"(#|0x)[0-9A-Fa-f]{6}([0-9A-Fa-f]{2})?|[A-Za-z]{1,30}"),
    "list": re.compile(rf"[-+]?{_PLAIN}([ |][-+]?{_PLAIN}){{0,48}}"),
}
"""What a value may look like. There is no kind in which a path or an expression over time fits."""

_PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]{0,60})\}")
_NAME = re.compile(r"[a-z0-9_]{1,40}")
_KEY = re.compile(r"\s*([A-Za-z0-9_]{1,40})=")


class Filter(NamedTuple):
    """One filter of a template: its name and its options by their full names."""

    name: str
    options: Mapping[str, str]


def parse_filters(
    template: str, on: Room, parameters: Mapping[str, bool | int | float | str] | None = None, where: str = ""
) -> tuple[Filter, ...]:
    """Return the filters of a template, in order.

    Args:
        template: a chain of filters as ffmpeg writes it, with places such as {level} for parameters.
        on: what the template is for; a filter for the other is refused.
        parameters: values for the places.
        where: the clip's effect in the project file; the error carries it.
    Raises:  KinofarmError SECURITY-005 a filter that is not allowed, SECURITY-006 an option that is not, SECURITY-004 a value
        that is not, SECURITY-007 a template that cannot be read.
    """
    if len(template) > LONGEST:
        raise _unreadable(where, f"it is longer than {LONGEST} characters")
    if not template.strip():
        raise _unreadable(where, "it is empty")
    text = _filled(template, parameters or {}, where)
    found = tuple(_filter(part, on, where) for part in _split(text, ",", where))
    if len(found) > MOST:
        raise _unreadable(where, f"it has more than {MOST} filters")
    return found


def _filled(template: str, parameters: Mapping[str, bool | int | float | str], where: str) -> str:
    def value(match: re.Match[str]) -> str:
        given = parameters.get(match[1])
        if given is None:
            raise _unreadable(where, f"there is no parameter {match[1]}")
        if isinstance(given, bool):
            return str(int(given))
        return f"{given:.9f}".rstrip("0").rstrip(".") if isinstance(given, float) else str(given)

    return _PLACE.sub(value, template)


def _filter(text: str, on: Room, where: str) -> Filter:
    name, _, arguments = (part.strip() for part in text.partition("="))
    name, _, _instance = name.partition("@")
    if not _NAME.fullmatch(name):
        raise _unreadable(where, f'"{name or text}" is not the name of a filter')
    row = ALLOWED.get(name)
    if row is None or row.on != on:
        raise KinofarmError("SECURITY-005", where=where, filter=name)
    options: dict[str, str] = {}
    for option, value in _options(name, arguments, row, where):
        if option.kind == "refused":
            raise KinofarmError("SECURITY-006", where=where, filter=name, option=option.name)
        if not value or not _VALUES[option.kind].fullmatch(value):
            raise KinofarmError(
                "SECURITY-004",
                where=where,
                option=f"{name}={option.name}",
                reason=f'"{value}" is no plain {option.kind}',
            )
        if option.name in options:
            raise _unreadable(where, f"{name} has the option {option.name} twice")
        options[option.name] = value
    return Filter(name, options)


def _options(name: str, arguments: str, row: FilterRow, where: str) -> Iterator[tuple[Option, str]]:
    if not arguments:
        return
    # The filter graph's quoting was kept by _split; it is taken off here, and what is left is split by the options' own.
    named = False
    for place, part in enumerate(_split(_unquoted(arguments, where), ":", where)):
        key = _KEY.match(part)
        if key:
            named = True
            option = row.by_name.get(key[1])
            if option is None:
                raise KinofarmError("SECURITY-006", where=where, filter=name, option=key[1])
            yield option, _unquoted(part[key.end() :], where).strip()
        elif named or place >= len(row.order):
            raise _unreadable(where, f'"{part}" in {name} has no name')
        else:
            yield row.order[place], _unquoted(part, where).strip()


def _split(text: str, at: str, where: str) -> list[str]:
    """Split at a separator outside quotes and escapes, which stay as they are; labels and ; are refused."""
    parts, start = [], 0
    for place, letter, bare in _letters(text, where):
        if not bare:
            continue
        if letter in "[];":
            raise _unreadable(where, f'"{letter}" is not allowed: one chain without labels is wanted')
        if letter == at:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]


def _unquoted(text: str, where: str) -> str:
    """Take one level of quotes and escapes off."""
    return "".join(letter for _, letter, _ in _letters(text, where))


def _letters(text: str, where: str) -> Iterator[tuple[int, str, bool]]:
    """Yield each letter that counts with its place, and whether it stands bare, outside quotes and escapes."""
    quoted = escaped = False
    for place, letter in enumerate(text):
        if ord(letter) < 32 or ord(letter) == 127:
            raise _unreadable(where, "it holds control characters")
        if escaped:
            escaped = False
            yield place, letter, False
        elif letter == "'":
            quoted = not quoted
        elif letter == "\\" and not quoted:
            escaped = True
        else:
            yield place, letter, not quoted
    if quoted or escaped:
        raise _unreadable(where, "a quote or an escape is not closed")


def _unreadable(where: str, reason: str) -> KinofarmError:
    return KinofarmError("SECURITY-007", where=where, reason=reason)
