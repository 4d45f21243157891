"""A farm with the real flows, once for all tests of this folder that need one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.cli.farm import KEEP
from infra import farm, services
from infra.sections import RenderSettings, WorkerSettings
from infra.services import Services
from infra.settings import Settings


@pytest.fixture(scope="module")
def standing_farm(open_folder: Path) -> Iterator[Services]:
    """The services of a farm that is up, with two slots and chunks of a second."""
    settings = Settings(
        home=open_folder / "standing", worker=WorkerSettings(slots=2, idle=3), render=RenderSettings(chunk_seconds=1)
    )
    farm.start(settings, KEEP)
    try:
        with services.opened(settings) as container:
            yield container
    finally:
        farm.stop(settings)
