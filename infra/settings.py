"""The farm's settings: one frozen tree, read once at start-up.

Sources, the first wins: environment variables (`KINOFARM_HOME`, `KINOFARM_WORKER__SLOTS`, ...), then
`config.toml` in the farm's home (first its profile that `KINOFARM_PROFILE` names, if any), then the defaults below. Functions take the value they need, not the tree.
"""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Annotated, Any

import platformdirs
from pydantic import BaseModel, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from infra.errors import KinofarmError
from infra.sections import (
    ApiSettings,
    CacheSettings,
    DatabaseSettings,
    FairnessSettings,
    FfmpegSettings,
    HousekeepingSettings,
    MediaSettings,
    NotifySettings,
    PrefectSettings,
    RenderSettings,
    WatchSettings,
    WorkerSettings,
)

ROOT_HOME = Path("/var/lib/kinofarm")
"""Home of a farm that root runs: root's own home is closed to the database's user."""

BUCKET = r"^[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9](/.*)?$"
"""A bucket, or a part of it as bucket/folder."""


class Settings(BaseSettings):
    """Everything an operator can set."""

    model_config = SettingsConfigDict(env_prefix="KINOFARM_", env_nested_delimiter="__", frozen=True, extra="ignore")

    home: Path = Field(
        default_factory=lambda: default_home(), description="The folder in which everything the farm keeps lies."
    )
    profile: str = Field(
        "", description="A profile of config.toml, [profiles.NAME], whose settings go before the others there."
    )
    media_roots: tuple[Path, ...] = Field(
        (),
        description="Folders, beside a project's own, from which media may be read; relative paths that lead to nothing from the project's folder start there.",
    )
    media_buckets: tuple[Annotated[str, Field(pattern=BUCKET)], ...] = Field(
        (),
        description="Buckets, or parts of them as bucket/folder, from which media may be read as s3://bucket/folder/file, on the server and with the keys of cache.s3.",
    )
    font_dirs: tuple[Path, ...] = Field((), description="Folders with fonts, beside the font that the farm ships.")
    database: DatabaseSettings = Field(
        default_factory=DatabaseSettings, description="Where jobs, chunks and facts are kept."
    )
    prefect: PrefectSettings = Field(
        default_factory=PrefectSettings, description="The Prefect server that places and shows runs."
    )
    ffmpeg: FfmpegSettings = Field(default_factory=FfmpegSettings, description="The renderer.")
    worker: WorkerSettings = Field(default_factory=WorkerSettings, description="How this machine takes work.")
    fairness: FairnessSettings = Field(default_factory=FairnessSettings, description="Whose chunk is next.")
    render: RenderSettings = Field(default_factory=RenderSettings, description="How a timeline is cut into work.")
    cache: CacheSettings = Field(default_factory=CacheSettings, description="The store of finished chunks.")
    watch: WatchSettings = Field(default_factory=WatchSettings, description="Folders whose files become jobs.")
    notify: NotifySettings = Field(default_factory=NotifySettings, description="Who is told what became of jobs.")
    media: MediaSettings = Field(default_factory=MediaSettings, description="How media files are looked into.")
    api: ApiSettings = Field(default_factory=ApiSettings, description="The REST API and the status page.")
    housekeeping: HousekeepingSettings = Field(
        default_factory=HousekeepingSettings, description="For how long what is over is remembered."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        home = Path(os.environ.get("KINOFARM_HOME") or default_home())
        written = _written(home / "config.toml", os.environ.get("KINOFARM_PROFILE", ""))
        return init_settings, env_settings, InitSettingsSource(settings_cls, written)


def _written(file: Path, profile: str) -> dict[str, Any]:
    """Return what a config.toml says in a profile.

    Args:    profile: that the environment names; "": the one that the file itself names, if any.
    Raises:  KinofarmError SETTINGS-003 for a profile that is not in it, and what reading it raises.
    """
    found = tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    profiles, named = found.pop("profiles", {}), profile or found.pop("profile", "")
    if not named:
        return found
    named_ones: dict[str, Any] = profiles if isinstance(profiles, dict) else {}
    own = named_ones.get(named) if isinstance(named, str) else None
    if isinstance(own, dict) and not {"home", "profile", "profiles"} & own.keys():
        return {**_laid_over(own, found), "profile": named}
    raise KinofarmError("SETTINGS-003", where="profile", name=named, known=", ".join(sorted(named_ones)) or "none")


def _laid_over(own: dict[str, Any], below: dict[str, Any]) -> dict[str, Any]:
    """One tree of settings over another: sections are merged, everything else is replaced."""
    made = dict(below)
    for name, value in own.items():
        under = below.get(name)
        merged = isinstance(value, dict) and isinstance(under, dict)
        made[name] = _laid_over(value, under or {}) if merged else value
    return made


def in_force() -> Settings:
    """Read the settings.

    Raises:  KinofarmError SETTINGS-001 for a value that is not allowed, SETTINGS-002 for a config.toml that can't be read,
             SETTINGS-003 for a profile that is not in it.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise KinofarmError("SETTINGS-001", where=name, name=name, reason=first["msg"]) from None
    except (tomllib.TOMLDecodeError, SettingsError, OSError, UnicodeDecodeError) as error:
        raise KinofarmError("SETTINGS-002", reason=str(error)) from None


def default_home() -> Path:
    """Return the platform's data folder for the farm; for root `/var/lib/kinofarm`."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return ROOT_HOME
    return Path(platformdirs.user_data_dir("kinofarm", appauthor=False))


def as_environment(settings: Settings) -> dict[str, str]:
    """Return the environment variables that give another process these settings; secrets are readable in it."""
    variables: dict[str, str] = {}

    def put(name: str, value: object) -> None:
        if isinstance(value, SecretStr):
            variables[name] = value.get_secret_value()
        elif isinstance(value, BaseModel):
            for field in type(value).model_fields:
                put(
                    f"{name}_{field.upper()}" if name == "KINOFARM" else f"{name}__{field.upper()}",
                    getattr(value, field),
                )
        elif isinstance(value, tuple):
            variables[name] = json.dumps(value, default=_as_json)
        elif value is not None:
            variables[name] = str(value)

    put("KINOFARM", settings)
    return variables


def _as_json(value: object) -> object:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return dict(value) if isinstance(value, BaseModel) else str(value)
