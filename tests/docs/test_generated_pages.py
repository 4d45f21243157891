"""The pages that are made from the code say what the code says now; a failing test names `make docs`."""

from __future__ import annotations

from pathlib import Path

import pytest

from apps.registry import COMMANDS
from docs import build
from docs.pages import cli, events, flows, settings
from infra.errors import catalogue
from tasks.compiler.effects import EFFECTS
from tasks.compiler.encoders import ENCODERS
from tasks.compiler.imports.timeline_studio.style_templates import STYLE_TEMPLATES
from tasks.compiler.presets import presets
from tasks.compiler.transitions import TRANSITIONS
from tasks.media.containers import CONTAINERS
from tasks.subtitles.icons import ICONS
from tasks.subtitles.kinds import KINDS
from tasks.subtitles.scripts import FAMILIES as FONTS
from tasks.subtitles.shapes import SHAPES


def _page(name: str) -> str:
    path = build.ROOT / "docs" / name
    assert path.is_file(), f"{path.name} is missing; run: make docs"
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def stale() -> list[str]:
    return build.stale()


@pytest.mark.parametrize("path", [*build.PAGES, *build.SCHEMAS, *build.MODULES])
def test_page_is_current(path: str, stale: list[str]) -> None:
    assert path not in stale, f"{path} is out of date; run: make docs"


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("errors.md", [f"### {code}\n" for code in catalogue()]),
        ("settings.md", [f"`{name}`" for name in settings.names()]),
        ("effects.md", [f"### {name}\n" for name in EFFECTS]),
        ("transitions.md", [f"`{row.name}`" for row in TRANSITIONS.values() if ":" in row.name or row.seconds]),
        ("titles.md", [f"`{name}`" for name in (*SHAPES, *ICONS, *KINDS, *STYLE_TEMPLATES, *FONTS)]),
        ("exports.md", [f"`{name}`" for table in (CONTAINERS, ENCODERS) for name in table]),
        ("presets.md", [f"`{name}`" for name in presets()]),
        ("commands.md", [f"### {name}\n" for name in COMMANDS]),
        ("cli.md", [f"### {name}\n" for name, _ in cli.commands()]),
        ("flows.md", [f"`{deployment['entrypoint']}`" for deployment in flows.deployments()]),
        ("events.md", [f"## {kind.name}\n" for kind in events.kinds()]),
    ],
)
def test_page_names_everything_that_there_is(page: str, names: list[str]) -> None:
    text = _page(page)
    missing = [name for name in names if name not in text]
    assert names
    assert not missing, f"docs/{page} lacks {missing}; run: make docs"


def test_every_family_of_errors_is_explained() -> None:
    from docs.pages.errors import _FAMILIES

    families = {code.rpartition("-")[0] for code in catalogue()}
    assert families <= set(_FAMILIES), "add a line to _FAMILIES in docs/pages/errors.py, then run: make docs"


def test_every_hint_says_something_to_do_and_every_code_is_well_formed() -> None:
    for code, entry in catalogue().items():
        family, _, number = code.rpartition("-")
        assert family.isupper(), code
        assert len(number) == 3, code
        assert number.isdigit(), code
        assert entry["hint"], f"{code} has no hint"
        assert entry["message"], f"{code} has no message"


def test_a_changed_page_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "ROOT", tmp_path)
    assert set(build.stale()) == {*build.PAGES, *build.SCHEMAS, *build.MODULES}
