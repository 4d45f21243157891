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
