"""docs/format.md says what every field of both formats means, and its examples are projects."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from infra.errors import catalogue
from tasks.compiler import model
from tasks.compiler.imports import timeline_studio
from tasks.compiler.imports.timeline_studio.fields import Read
from tasks.compiler.load import load_object
from tasks.subtitles import model as text_model

PAGE = (Path(__file__).parents[4] / "docs" / "format.md").read_text(encoding="utf-8")
OWN, STUDIO = PAGE.split("## Timeline Studio's ProjectSchema")


def objects() -> list[type[Read]]:
    for found in pkgutil.walk_packages(timeline_studio.__path__, f"{timeline_studio.__name__}."):
        importlib.import_module(found.name)
    """Every object of a file; a name with an underscore is the importer's own, of what it works out."""
    return sorted((kind for kind in _below(Read) if not kind.__name__.startswith("_")), key=lambda kind: kind.__name__)


def _below(kind: type[Read]) -> list[type[Read]]:
    return [found for one in kind.__subclasses__() for found in (one, *_below(one))]


@pytest.mark.parametrize("kind", objects(), ids=lambda kind: kind.__name__)
def test_every_field_of_the_projectschema_is_on_the_page(kind: type[Read]) -> None:
    names = [field.alias or name for name, field in kind.model_fields.items()]
    assert [name for name in names if f"`{name}`" not in STUDIO] == []


def own_objects() -> list[type[BaseModel]]:
    found = [value for module in (model, text_model) for value in vars(module).values()]
    return [value for value in found if isinstance(value, type) and issubclass(value, BaseModel) and value.model_fields]


@pytest.mark.parametrize("kind", own_objects(), ids=lambda kind: kind.__name__)
def test_every_field_of_our_own_format_is_on_the_page(kind: type[BaseModel]) -> None:
    assert [name for name in kind.model_fields if f"`{name}`" not in OWN] == []


def test_every_project_on_the_page_is_read_without_a_warning() -> None:
    projects = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE, flags=re.DOTALL)]
    assert len(projects) == 3
    assert [load_object(project).warnings for project in projects] == [(), (), ()]


def test_every_code_on_the_page_exists_and_every_warning_of_the_importers_is_there() -> None:
    named = set(re.findall(r"[A-Z]+-\d{3}", PAGE))
    assert named <= set(catalogue())
    assert {code for code in catalogue() if code.startswith("FORMAT-1")} <= named
