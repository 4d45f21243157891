"""A farm with the real flows, once for a file of tests that needs one; and the services of one that isn't up, fresh for a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from apps.cli.farm import KEEP
from infra import farm, services
from infra.sections import DatabaseSettings, PrefectSettings, RenderSettings, WorkerSettings
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


@pytest.fixture
def media_root(tmp_path: Path) -> Path:
    """The one media root of `settings`, in which nothing is."""
    folder = tmp_path / "media"
    folder.mkdir()
    return folder


@pytest.fixture
def settings(database: str, tmp_path: Path, media_root: Path) -> Settings:
    """A real database, a Prefect that nobody answers for."""
    return Settings(
        home=tmp_path / "home",
        media_roots=(media_root,),
        database=DatabaseSettings(url=SecretStr(database)),
        prefect=PrefectSettings(api_url="http://127.0.0.1:9/api", auth=SecretStr("u:p")),
    )


@pytest.fixture
def container(settings: Settings) -> Iterator[Services]:
    """The services of `settings`."""
    with services.opened(settings) as opened:
        yield opened
