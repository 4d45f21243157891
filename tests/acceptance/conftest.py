"""Acceptance: the whole farm, as a script sees it. One farm serves all tests but those that break it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.kinofarm import Kinofarm, folder, running


@pytest.fixture(scope="session")
def farm() -> Iterator[Kinofarm]:
    """A farm that is up, with short chunks, so that a short film has several."""
    with running("acceptance", RENDER__CHUNK_SECONDS="2", WORKER__SLOTS="2", WORKER__IDLE="20") as up:
        yield up


@pytest.fixture
def desk() -> Iterator[Path]:
    """A folder for a project and what is rendered from it."""
    with folder("desk") as path:
        yield path
