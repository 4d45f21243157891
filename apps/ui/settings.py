"""The settings in force, and what the farm is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from apps.ui.house import Visit
from apps.ui.parts.tags import cell, facts, panel, set_attribute, table, tag
from apps.ui.parts.words import size
from flows.commands.farm import FarmInfo, SettingsShown


async def show(visit: Visit) -> None:
    """Draw them."""
    found = await visit.ask(SettingsShown, "farm.settings")
    info = await visit.ask(FarmInfo, "farm.info")
    with tag("header", "", "page-head"):
        tag("h1", "Settings")
    with panel("This farm"):
        facts(
            [
                ("Kinofarm", info.version),
                ("ffmpeg", info.ffmpeg.removeprefix("ffmpeg version ").partition(" ")[0]),
                ("Python", info.python),
                ("System", f"{info.system}, {info.cores} cores, {size(info.memory)} memory"),
                ("Home", info.home),
                ("Free on its disk", size(info.disk_free)),
            ]
        )
    with panel("In force", note="Secrets are hidden. docs/settings.md says what each is for."):
        rows = list(_flat(found.settings))
        with tag("div", "", "field search"):
            tag("label", "Find a setting", "unseen", for_="setting")
            search = tag("input", "", "", type="search", placeholder="Find a setting", autocomplete="off")
            set_attribute(search, "id", "setting")
        shown = []
        with table("Settings in force", ("Setting", "Value"), "settings"):
            for name, value in rows:
                with tag("tr") as line:
                    with cell():
                        tag("code", name)
                    cell(value, "path")
                shown.append((f"{name} {value}".lower(), line))

    def find(event: Any) -> None:
        words = str(event.args or "").lower().split()
        for text, line in shown:
            line.set_visibility(all(word in text for word in words))

    search.on("input", find, js_handler="(e) => emit(e.target.value)", throttle=0.2, leading_events=False)


def _flat(tree: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in tree.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{before}{name}.")
        else:
            yield before + name, _words(value)


def _words(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_words, value)) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_words(each)}" for name, each in value.items()) or "none"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) or "empty"
