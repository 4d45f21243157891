"""docs/titles.md: elements, shapes, icons, animations, easings, templates and split screens, from their own tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from tasks.compiler.imports.timeline_studio.cells import MAX_DIAGONAL, MAX_SCREENS
from tasks.compiler.imports.timeline_studio.style_templates import STYLE_TEMPLATES
from tasks.media.containers import CONTAINERS
from tasks.subtitles.easing import EASINGS, FAMILIES
from tasks.subtitles.icons import ICONS
from tasks.subtitles.kinds import KINDS, Kind
from tasks.subtitles.model import PictureElement, ShapeElement, TextElement, TextStyle, TitleSource
from tasks.subtitles.scripts import FAMILIES as FONTS, GENERAL, PICTURES
from tasks.subtitles.shapes import SHAPES
from tasks.subtitles.soft import FORMS

_WHEN = {
    "in": "comes in: hidden before its delay is over",
    "out": "goes out: ends with the element unless it is delayed",
    "stays": "stays where it took the element",
    "during": "changes nothing before and after",
}


def page() -> str:
    """Return docs/titles.md."""
    return "\n\n".join(
        (
            "# Titles and subtitles",
            "What a title and a subtitle can be made of. [format.md](format.md) says how a project writes it.",
            "## Elements",
            _elements(),
            "## Shapes",
            "The border of a shape lies inside it; each may be turned.",
            _table(("shape", "what is drawn"), ((f"`{name}`", text) for name, text in SHAPES.items())),
            "## Icons",
            "An Icon element draws one of these from the farm's own fonts, in its colour and as large as its box: "
            + ", ".join(f"`{name}` {character}" for name, character in ICONS.items())
            + ".",
            "## Animations",
            "One that repeats does so back to back; `order` runs each round forwards, backwards, or every second one "
            "backwards. The amount of a motion may be given where it has one. A picture moves as a shape does, its blur within "
            "its box; "
            + " and ".join(f"`{name}`" for name, kind in KINDS.items() if kind.letters)
            + " are for letters: a shape leaves them out, a picture with one is refused (`TEXT-021`).",
            _table(("kind", "what it does", "", "easing", "amount"), (_kind(name, row) for name, row in KINDS.items())),
            "## Easings",
            "`linear`, and CSS's `ease`, `ease-in`, `ease-out` and `ease-in-out`. Of each family ("
            + ", ".join(FAMILIES)
            + ") there are `ease-in-`, `ease-out-` and `ease-in-out-`, such as `ease-out-cubic`; its bare name is in and out, "
            f"of elastic and bounce only out. {len(EASINGS)} in all.",
            "## Style templates of the farm's own",
            "Used by their id without being in the file; texts and colours are replaced by element id.",
            _table(("id", "seconds", "elements"), (_template(name) for name in STYLE_TEMPLATES)),
            "## Split screens",
            _table(
                ("type", "screens", "how it is split"),
                (
                    ("Vertical", f"1 to {MAX_SCREENS}", "side by side"),
                    ("Horizontal", f"1 to {MAX_SCREENS}", "one above the other"),
                    ("Grid", f"1 to {MAX_SCREENS}", "in ceil(√n) columns"),
                    ("Diagonal", f"2 to {MAX_DIAGONAL}", "side by side, the cuts lean to the right"),
                    ("Custom", "any", "cells in percent of the frame, or regions in pixels"),
                ),
            ),
            "## Fonts",
            f"A text is drawn in its family, else in {GENERAL[0]}. A character that the family lacks is drawn in the first "
            "of the farm's own families that has it, by its script; one that none has is drawn as \ufffd and named in a warning. "
            "No font of a machine is used.",
            _table(("script (ISO 15924)", "family"), ((f"`{code}`", name) for code, name in sorted(FONTS.items()))),
            f"Latin, Cyrillic, Greek: {', '.join(GENERAL)}. Emoji and symbols: {', '.join(PICTURES)}. Han: Noto Sans CJK in "
            "the forms of the text's `language` (ja, ko, zh, zh-Hant, zh-HK), else of its other characters, else SC.",
            "## Soft subtitles",
            "`export.subtitles`: burn (drawn into the picture), soft (a track of text for each language) or both. "
            "`export.subtitle_form`, of these tracks, the usual one first: "
            + "; ".join(f"{row.name}: {', '.join(row.soft)}" for row in CONTAINERS.values() if row.soft)
            + ". "
            "`export.subtitle_files`: " + ", ".join(FORMS) + ", beside the film, named by language.",
        )
    )


def _elements() -> str:
    rows = []
    for element in (TextElement, ShapeElement, PictureElement):
        kind = get_args(element.model_fields["kind"].annotation)[0]
        fields = ", ".join(f"`{name}`" for name in element.model_fields if name != "kind")
        rows.append((f"`{kind}`", fields))
    rows.append(("the title itself", ", ".join(f"`{name}`" for name in TitleSource.model_fields if name != "kind")))
    rows.append(("`style` of text", ", ".join(f"`{name}`" for name in TextStyle.model_fields)))
    return _table(("element", "fields"), rows)


def _kind(name: str, row: Kind) -> tuple[str, ...]:
    amount = f"{row.amount:g} {row.unit}, {row.low:g} to {row.high:g}" if row.unit else "none"
    return f"`{name}`", row.summary, _WHEN[row.when], row.easing, amount


def _template(name: str) -> tuple[str, ...]:
    template = STYLE_TEMPLATES[name]
    return f"`{name}`", f"{template['duration']:g}", ", ".join(f"`{one['id']}`" for one in template["elements"])


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "| --- " * len(head) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)
