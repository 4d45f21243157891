"""The container of services: one of each, closed at the end, and a health check that names what is ill."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy
from pydantic import SecretStr

from infra import services
from infra.cache.store import ChunkStore
from infra.errors import KinofarmError
from infra.farm import FarmConnection
from infra.jobs.ledger import Ledger
from infra.jobs.store import JobStore
from infra.sections import DatabaseSettings, PrefectSettings
from infra.settings import Settings, as_environment


def test_services_share_one_engine_that_is_closed_with_the_container(database: str, tmp_path: Path) -> None:
    settings = _settings(tmp_path, database)
    with services.opened(settings) as container:
        engine = container.get(sqlalchemy.Engine)
        assert container.get(JobStore).engine is engine
        assert container.get(Ledger).engine is engine
        assert container.get_abstract(ChunkStore).has("0" * 64) is False
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text("SELECT 1"))
    assert engine.pool.checkedin() == 0


def test_the_health_check_names_what_is_ill_and_asks_the_others_too(database: str, tmp_path: Path) -> None:
    health = {one.service: one for one in services.check(_settings(tmp_path, database))}
    assert set(health) == {"ffmpeg", "cache", "database", "prefect"}
    assert health["ffmpeg"].ok
    assert health["database"].ok
    assert health["prefect"].error.startswith("FARM-020")
    assert health["prefect"].hint


def test_without_a_farm_its_services_say_so(tmp_path: Path) -> None:
    with services.opened(Settings(home=tmp_path)) as container, pytest.raises(KinofarmError) as caught:
        container.get(JobStore)
    assert caught.value.code == "FARM-043"


def test_a_farm_elsewhere_is_reached_by_the_settings_alone(tmp_path: Path) -> None:
    with services.opened(_settings(tmp_path, "postgresql://u:p@db/kinofarm")) as container:
        found = container.get(FarmConnection)
    assert found.state is None
    assert "p@db" not in repr(found)


def test_settings_reach_another_process_by_its_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = _settings(tmp_path, "postgresql://u:p@db/kinofarm")
    for name, value in as_environment(settings).items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings


def _settings(home: Path, database: str) -> Settings:
    return Settings(
        home=home,
        media_roots=(Path("/films"), Path("/with space")),
        database=DatabaseSettings(url=SecretStr(database)),
        prefect=PrefectSettings(api_url="http://127.0.0.1:9/api", auth=SecretStr("u:p")),
    )
