"""The manifest: a JSON document beside every film that says what it is made of, how it was checked and with which tools.

Its JSON Schema is published by `schema()`; a later version may add fields, and a reader ignores those that it doesn't know.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, model_validator

from infra.values import Exact, Value
from tasks.media.facts import Sha256
from tasks.media.verify import Measurements

FORMAT: Final = "kinofarm-manifest/1"
"""Name and version of the manifest's own format."""


class ManifestChunk(Value):
    """A chunk of the picture."""

    index: int = Field(ge=0, description="Place in the film, from 0.")
    start: int = Field(ge=0, description="First frame in the film.")
    frames: int = Field(ge=1)
    key: Sha256 = Field(description="Content key: what the chunk was made from, and how.")
    sha256: Sha256 = Field(description="Of the chunk's file.")
    reused: bool = Field(description="It was in the cache and not encoded for this job.")


class ManifestSound(Value):
    """The film's sound."""

    samples: int = Field(ge=1, description="Samples per channel.")
    sample_rate: int
    channels: int
    key: Sha256
    sha256: Sha256
    reused: bool


class ManifestWarning(Value):
    """Something that the project's author should know."""

    code: str
    message: str
    where: str = ""
    hint: str = ""


class Manifest(Value):
    """What a published film is."""

    format: Literal["kinofarm-manifest/1"] = FORMAT
    job: str = Field(description="The job's id.")
    film: str = Field(description="File name of the film, without folders.")
    key: Sha256 = Field(description="Content key of the whole film.")
    container: str = Field("mp4", description="By its name in docs/exports.md.")
    frames: int = Field(ge=0, description="Frames of the picture; 0 for a film of sound alone.")
    rate: Exact | None = Field(description="Frames a second; null for a film of sound alone.")
    width: int | None = Field(None, description="In pixels.")
    height: int | None = Field(None, description="In pixels.")
    size: int = Field(ge=1, description="Bytes of the film's file.")
    sha256: Sha256 = Field(description="Of the film's file.")
    chunks: tuple[ManifestChunk, ...]
    sound: ManifestSound | None = None
    measurements: Measurements
    tools: Mapping[str, str] = Field(description="Versions of the programs that made it, by name.")
    warnings: tuple[ManifestWarning, ...] = ()
    published_at: datetime = Field(description="When, in UTC.")

    @model_validator(mode="after")
    def _of_something(self) -> Manifest:
        if not self.chunks and self.sound is None:
            raise ValueError("a film has pictures, a sound, or both")
        return self


def to_json(manifest: Manifest) -> bytes:
    """Return the manifest as a JSON document, UTF-8, indented, ended by a newline."""
    text = json.dumps(manifest.model_dump(mode="json"), indent=2, ensure_ascii=False)
    return f"{text}\n".encode()


def from_json(document: bytes) -> Manifest:
    """Read a manifest.

    Raises:  pydantic.ValidationError when it is not one.
    """
    return Manifest.model_validate_json(document)


def schema() -> dict[str, Any]:
    """Return the manifest's JSON Schema (draft 2020-12)."""
    found = Manifest.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": FORMAT, **found}


def manifest_place(film: Path) -> Path:
    """Return where a film's manifest lies: `demo.mp4` has `demo.manifest.json`."""
    return film.with_suffix(".manifest.json")
