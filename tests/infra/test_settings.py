"""Lists of tables among the settings: read from the environment, handed on, and refused where two of them are one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.errors import KinofarmError
from infra.settings import as_environment, in_force

HOOK = {"name": "shop", "url": "https://shop.example/hook", "secret": "a secret", "events": ["job.done"]}
FOLDER = {"folder": "/srv/in", "output": "/srv/out"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINOFARM_HOME", str(tmp_path))


def test_lists_of_tables_are_handed_on_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINOFARM_NOTIFY__WEBHOOKS", json.dumps([HOOK]))
    monkeypatch.setenv("KINOFARM_WATCH__FOLDERS", json.dumps([FOLDER]))
    first = in_force()
    for name, value in as_environment(first).items():
        monkeypatch.setenv(name, value)
    assert in_force() == first
    assert first.notify.webhooks[0].url.get_secret_value() == HOOK["url"]


def test_their_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINOFARM_NOTIFY__WEBHOOKS", json.dumps([HOOK]))
    shown = f"{in_force()!r} {in_force().model_dump(mode='json')}"
    assert "a secret" not in shown
    assert "shop.example" not in shown


@pytest.mark.parametrize(
    ("variable", "value", "place"),
    [
        ("KINOFARM_NOTIFY__WEBHOOKS", [HOOK, HOOK], "notify.webhooks"),
        ("KINOFARM_WATCH__FOLDERS", [FOLDER, {**FOLDER, "preset": "web"}], "watch.folders"),
        ("KINOFARM_WATCH__FOLDERS", [{"folder": "/srv/in"}], "watch.folders.0.output"),
    ],
)
def test_what_can_not_be_meant_is_refused_with_its_place(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: list[object], place: str
) -> None:
    monkeypatch.setenv(variable, json.dumps(value))
    with pytest.raises(KinofarmError, match="SETTINGS-001") as refused:
        in_force()
    assert refused.value.where == place
    assert "a secret" not in f"{refused.value} {refused.value.detail}"


NIGHT = """
media_roots = ["/srv/a"]
[worker]
slots = 1
idle = 30
[profiles.night]
media_roots = ["/srv/b"]
[profiles.night.worker]
slots = 4
[profiles.wrong]
home = "/elsewhere"
"""


def test_a_profile_goes_before_the_rest_of_the_file_and_after_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text(NIGHT)
    assert (in_force().worker.slots, in_force().profile) == (1, "")
    monkeypatch.setenv("KINOFARM_PROFILE", "night")
    found = in_force()
    assert (found.worker.slots, found.worker.idle, found.media_roots) == (4, 30, (Path("/srv/b"),))
    assert as_environment(found)["KINOFARM_PROFILE"] == "night"
    monkeypatch.setenv("KINOFARM_WORKER__SLOTS", "2")
    assert in_force().worker.slots == 2


def test_the_file_itself_may_name_its_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.toml").write_text('profile = "night"\n' + NIGHT + "[profiles.day.worker]\nslots = 3\n")
    assert (in_force().worker.slots, in_force().profile) == (4, "night")
    monkeypatch.setenv("KINOFARM_PROFILE", "day")
    assert (in_force().worker.slots, in_force().profile) == (3, "day")


@pytest.mark.parametrize("name", ["nigth", "wrong", "worker", "media_roots"])
def test_a_profile_that_is_not_there_or_names_a_home_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KINOFARM_PROFILE", name)
    for text in (None, NIGHT, "profiles = 3"):
        if text is not None:
            (tmp_path / "config.toml").write_text(text)
        with pytest.raises(KinofarmError, match="SETTINGS-003"):
            in_force()
