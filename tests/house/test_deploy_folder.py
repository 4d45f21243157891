"""deploy/ and docs/many-hosts.md against the tables: every command, setting, port, file and variable in them is one."""

from __future__ import annotations

import contextlib
import importlib
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import pytest
import typer
import yaml
from prefect.settings import Settings as PrefectSettings
from prefect.settings.legacy import _get_settings_fields
from prefect_redis.client import RedisMessagingSettings

from apps.cli.main import app
from docs.pages.settings import names
from infra.settings import Settings, as_environment

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
OWN_PORTS = {"database": 5432, "redis": 6379}
"""Ports of images that are not told theirs."""
PAGE = (ROOT / "docs" / "many-hosts.md").read_text()


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return found


def services(compose: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from compose["services"].items()


def variables(compose: dict[str, Any]) -> dict[str, str]:
    """Every environment variable of every service."""
    return {name: str(value) for _, one in services(compose) for name, value in one.get("environment", {}).items()}


def prefect_names() -> frozenset[str]:
    own = {f"PREFECT_REDIS_MESSAGING_{name.upper()}" for name in RedisMessagingSettings.model_fields}
    return frozenset(_get_settings_fields(PrefectSettings)) | own


def settings_in_environment() -> frozenset[str]:
    return frozenset(f"KINOFARM_{name.upper().replace('.', '__')}" for name in names() if "[]" not in name)


def expect_command(words: list[str]) -> None:
    """A kinofarm command line must be one: the command, its options, and their values."""
    group: Any = typer.main.get_command(app)
    assert words[0] in group.commands, words
    command = group.commands[words[0]]
    options = {name: item for item in command.params for name in (*item.opts, *item.secondary_opts)}
    for word in words[1:]:
        if word.startswith("--"):
            assert word.partition("=")[0] in options, f"{word} in {words}"
    if not any(word.isupper() for word in words[1:]):  # a placeholder
        with contextlib.suppress(click.exceptions.Exit):
            command.make_context(words[0], list(words[1:])).close()


def test_settings_are_settings(compose: dict[str, Any]) -> None:
    found = variables(compose)
    own = {name for name in found if name.startswith("KINOFARM_")}
    assert own <= settings_in_environment()
    assert {name for name in found if name.startswith("PREFECT_")} <= prefect_names()
    assert {"KINOFARM_DATABASE__URL", "KINOFARM_PREFECT__API_URL", "KINOFARM_CACHE__S3__BUCKET"} <= own


def test_settings_of_the_farm_are_read_as_meant(compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in compose["services"]["farm"]["environment"].items():
        monkeypatch.setenv(name, re.sub(r"\$\{(\w+):\?\}", r"\1", str(value)))
    settings = Settings(home=Path("/nowhere"))
    assert settings.worker.pool == "none"
    assert settings.media_roots == (Path("/media"),)
    (watched,) = settings.watch.folders
    assert (watched.folder, watched.move) == (Path("/media/in"), True)
    assert "KINOFARM_WATCH__FOLDERS" in as_environment(settings)


def test_commands_are_commands(compose: dict[str, Any]) -> None:
    ours = [one["command"] for _, one in services(compose) if one.get("image") == "kinofarm"]
    assert all(command[0] in ("kinofarm", "prefect") for command in ours)
    for command in ours:
        if command[0] == "kinofarm":
            expect_command(command[1:])
    for command in (each for each in ours if each[0] == "prefect"):
        words = [word for word in command[1:] if word[0].isalpha()]
        asked = [Path(sys.executable).with_name("prefect"), *words, "--help"]
        told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
        assert all(word in told for word in command if word.startswith("--")), command


def test_commands_on_the_page_are_commands() -> None:
    page_words = [
        shlex.split(line) for block in re.findall(r"```sh\n(.*?)```", PAGE, re.S) for line in block.splitlines()
    ]
    told = [words[words.index("kinofarm") + 1 :] for words in page_words if "kinofarm" in words]
    assert told
    for words in told:
        expect_command(words[: words.index("#")] if "#" in words else words)
    for inline in re.findall(r"`kinofarm ([a-z][^`]*)`", PAGE):
        expect_command(shlex.split(inline))


def test_addresses_lead_to_services_and_their_ports(compose: dict[str, Any]) -> None:
    listening = dict(OWN_PORTS)
    for name, one in services(compose):
        command = [str(word) for word in one.get("command", [])]
        if "--port" in command:
            listening[name] = int(command[command.index("--port") + 1])
        for word in command:
            if found := re.fullmatch(r"-s3\.port=(\d+)", word):
                listening[name] = int(found[1])
        if "KINOFARM_API__PORT" in (own := one.get("environment", {})):
            listening[name] = int(own["KINOFARM_API__PORT"])
    nginx = (DEPLOY / "nginx.conf").read_text()
    listening["prefect"] = int(re.search(r"listen (\d+);", nginx)[1])  # type: ignore[index]
    for host, port in re.findall(r"server ([\w-]+):(\d+);", nginx):
        assert listening[host] == int(port)
    for name, value in variables(compose).items():
        if "://" in value:
            address = urlsplit(re.sub(r"\$\{\w+:\?\}", "x", value))
            assert address.port == listening[str(address.hostname)], f"{name}: {value}"
    for name, one in services(compose):
        for published in one.get("ports", []):
            host, _, inside = str(published).rpartition(":")
            assert host.startswith("127.0.0.1:"), "nothing is published beyond this machine"
            assert listening[name] == int(inside)


def test_modules_that_the_settings_name_are_there(compose: dict[str, Any]) -> None:
    for name, value in variables(compose).items():
        if value.startswith("prefect_redis."):
            assert importlib.import_module(value), name


def test_files_secrets_and_volumes_are_there(compose: dict[str, Any]) -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    asked = set(re.findall(r"\$\{(\w+)", text))
    offered = {line.partition("=")[0] for line in (DEPLOY / ".env.example").read_text().splitlines() if "=" in line}
    assert asked == offered - {line for line in offered if line.startswith("#")}
    assert not [
        name
        for name, value in variables(compose).items()
        if re.search(r"(PASSWORD|SECRET)", name) and "${" not in value
    ]
    for name, one in services(compose):
        for volume in one.get("volumes", []):
            source = str(volume).partition(":")[0]
            if source.startswith("./"):
                assert (DEPLOY / source).is_file()
            elif not source.startswith("$"):
                assert source in compose["volumes"], name
        for needed in one.get("depends_on", []):
            assert needed in compose["services"]
        for config in one.get("configs", []):
            assert config["source"] in compose["configs"]


def test_the_image_copies_what_there_is_and_runs_as_a_user() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    copied = [word for line in lines if line.startswith("COPY ") for word in line.split()[1:-1]]
    assert copied
    assert all((ROOT / name).exists() for name in copied)
    assert set(copied) >= {"apps", "flows", "tasks", "infra", "migrations", "requirements.lock", "prefect.yaml"}
    version = re.search(r"^FROM python:(\d+)\.(\d+)", "\n".join(lines), re.M)
    assert version is not None
    assert (int(version[1]), int(version[2])) >= (3, 11)
    assert any(line.startswith("USER ") for line in lines)


def test_settings_on_the_page_are_settings() -> None:
    import tomllib

    (block,) = re.findall(r"```toml\n(.*?)```", PAGE, re.S)
    document = tomllib.loads(block)

    def dotted(table: dict[str, Any], above: str = "") -> Iterator[str]:
        for name, value in table.items():
            yield from dotted(value, f"{above}{name}.") if isinstance(value, dict) else [f"{above}{name}"]

    known = set(names())
    assert set(dotted(document)) <= known
    assert set(re.findall(r"`([a-z_]+\.[a-z_.]+)`", PAGE)) - {"config.toml"} <= known
    assert set(re.findall(r"\b(KINOFARM_[A-Z_]+)=", PAGE)) <= settings_in_environment()
