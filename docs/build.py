"""Write the pages of docs/, and the client, that are made from the code: `python -m docs.build`, or with `--check` only compare.

Every page is a pure function of a table, a settings tree or a model, so that no page can say what the code does not do.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from docs.pages import cli, client, commands, errors, events, flows, media, scale, settings, tables, titles

ROOT = Path(__file__).parents[1]
NOTE = "<!-- Made from the code by `make docs`. Change the code, not this page. -->\n"

PAGES: Mapping[str, Callable[[], str]] = {
    "docs/cli.md": cli.page,
    "docs/commands.md": commands.page,
    "docs/effects.md": tables.effects,
    "docs/errors.md": errors.page,
    "docs/events.md": events.page,
    "docs/exports.md": tables.exports,
    "docs/flows.md": flows.page,
    "docs/formats.md": tables.formats,
    "docs/media.md": media.page,
    "docs/presets.md": tables.presets,
    "docs/scale.md": scale.page,
    "docs/settings.md": settings.page,
    "docs/titles.md": titles.page,
    "docs/transitions.md": tables.transitions,
}
SCHEMAS: Mapping[str, Callable[[], Mapping[str, object]]] = {
    "docs/schema/timeline.schema.json": tables.timeline_schema,
    "docs/schema/manifest.schema.json": tables.manifest_schema,
}
MODULES: Mapping[str, Callable[[], str]] = {"kinofarm/commands.py": client.module}


def built() -> dict[str, str]:
    """Return every generated file's text by its path from the project's root."""
    pages = {path: NOTE + "\n" + page().rstrip() + "\n" for path, page in PAGES.items()}
    schemas = {path: json.dumps(schema(), indent=2) + "\n" for path, schema in SCHEMAS.items()}
    return pages | schemas | {path: module() for path, module in MODULES.items()}


def stale() -> list[str]:
    """Return the generated files that are missing or differ from what the code says now."""
    return [path for path, text in built().items() if _read(ROOT / path) != text]


def main(arguments: list[str]) -> int:
    """Write or check the pages; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m docs.build", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only say which pages are out of date")
    if parser.parse_args(arguments).check:
        old = stale()
        for path in old:
            print(f"{path} is out of date; run: make docs", file=sys.stderr)
        return 1 if old else 0
    for path, text in built().items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, encoding="utf-8")
    return 0


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
