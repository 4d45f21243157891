"""Fixtures of the status page's tests: one farm for all of them, which ends when they do, and a browser for each file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.kinofarm import Kinofarm, folder, running
from tests.apps.ui.desk import Desk
from tests.browser import browser


@pytest.fixture(scope="package")
def media() -> Iterator[Path]:
    """The farm's folder of media."""
    with folder("media") as path:
        yield path


@pytest.fixture(scope="package")
def farm(media: Path) -> Iterator[Kinofarm]:
    """A farm that watches a folder, for all tests of the page."""
    inbox, films = media / "inbox", media / "films"
    inbox.mkdir()
    films.mkdir()
    watch = [{"folder": str(inbox), "output": str(films)}]
    with running("page", MEDIA_ROOTS=json.dumps([str(media)]), WATCH__FOLDERS=json.dumps(watch)) as up:
        yield up


@pytest.fixture(scope="module")
def desk(farm: Kinofarm) -> Iterator[Desk]:
    """A browser at the page. At the end nothing was wrong on it, and nothing was asked of another host."""
    with browser() as started:
        at_it = Desk(farm, started)
        yield at_it
        assert at_it.wrong == []
        assert at_it.elsewhere == []
