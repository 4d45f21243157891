"""Acceptance: the whole farm, as a script sees it. One farm serves all tests but those that break it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from infra import farm as farms
from infra.settings import Settings
from tests.acceptance.kinofarm import Kinofarm, folder, running


@pytest.fixture(scope="session")
def farm() -> Iterator[Kinofarm]:
    """A farm that is up, with short chunks, so that a short film has several."""
    with folder("footage") as footage:
        more = {"MEDIA_ROOTS": json.dumps([str(footage)]), "API__REQUESTS_PER_MINUTE": "100000"}
        with running("acceptance", RENDER__CHUNK_SECONDS="2", WORKER__SLOTS="2", WORKER__IDLE="20", **more) as up:
            yield up


@pytest.fixture
def desk() -> Iterator[Path]:
    """A folder for a project and what is rendered from it."""
    with folder("desk") as path:
        yield path


@pytest.fixture
def prefect(farm: Kinofarm) -> Iterator[httpx.Client]:
    """Prefect's API, with the farm's token."""
    connection = farms.connect(Settings(home=farm.home))
    assert connection is not None
    auth = connection.api_auth
    user, _, password = (auth.get_secret_value() if auth else ":").partition(":")
    with httpx.Client(base_url=connection.api_url, auth=(user, password), timeout=30) as client:
        yield client
