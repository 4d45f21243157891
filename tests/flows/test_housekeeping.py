"""Housekeeping forgets what is over for long, and nothing that somebody still needs."""

from __future__ import annotations

import os
from pathlib import Path

import sqlalchemy
from pydantic import SecretStr
from sqlalchemy import text

from flows.housekeeping import clean
from infra import services
from infra.jobs.engine import transaction
from infra.jobs.store import JobStore
from infra.sections import DatabaseSettings, HousekeepingSettings, PrefectSettings
from infra.settings import Settings
from infra.uploads.library import Uploads
from tests.infra.jobs.farm import accepted


def test_an_upload_that_did_not_go_on_for_as_long_as_the_setting_says_is_forgotten(
    database: str, tmp_path: Path
) -> None:
    settings = Settings(
        home=tmp_path,
        database=DatabaseSettings(url=SecretStr(database)),
        prefect=PrefectSettings(api_url="http://127.0.0.1:9/api", auth=SecretStr("u:p")),
        housekeeping=HousekeepingSettings(upload_hours=2),
    )
    with services.opened(settings) as container:
        uploads = container.get(Uploads)
        old, young, whole = uploads.begin("a", 5, "anna"), uploads.begin("b", 5, "anna"), uploads.begin("c", 0, "anna")
        with transaction(container.get(sqlalchemy.Engine)) as connection:
            age = text("UPDATE uploads SET updated_at = now() - make_interval(mins => :minutes) WHERE id = :id")
            for upload, minutes in ((old, 121), (young, 119), (whole, 100_000)):
                connection.execute(age, {"id": upload.id, "minutes": minutes})
        left = tmp_path / "uploads" / "objects" / "ab" / ("ab" * 32)
        left.parent.mkdir()
        left.touch()
        assert clean(container)["uploads"] == 1
        assert {upload.id for upload in uploads.newest(9)} == {young.id, whole.id}
        assert not left.exists()
        assert uploads.file(whole.id).is_file()


def test_a_timeline_that_was_sent_goes_when_no_job_is_of_it_any_more(database: str, tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path,
        database=DatabaseSettings(url=SecretStr(database)),
        prefect=PrefectSettings(api_url="http://127.0.0.1:9/api", auth=SecretStr("u:p")),
    )
    places = {name: tmp_path / "projects" / name / "timeline.json" for name in ("of a job", "of none", "young")}
    for name, place in places.items():
        place.parent.mkdir(parents=True)
        place.write_text("{}")
        if name != "young":
            os.utime(place, (0, 0))
    with services.opened(settings) as container:
        accepted(container.get(JobStore), project=str(places["of a job"]))
        assert clean(container)["timelines"] == 1
    assert {name for name, place in places.items() if place.exists()} == {"of a job", "young"}
