"""The manifest and its schema."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import jsonschema
import pytest
from pydantic import ValidationError

from tasks.media.manifest import Manifest, ManifestChunk, ManifestSound, from_json, manifest_place, schema, to_json
from tasks.media.verify import Measurements
from tests.media_factory import SHAPE

KEY = "ab" * 32


@pytest.fixture
def manifest() -> Manifest:
    rate = Fraction(30000, 1001)
    return Manifest(
        job="7b0e5a6e-5f6c-4a53-8a3e-2f3c6d1f0a11",
        film="film.mp4",
        key=KEY,
        frames=60,
        rate=rate,
        width=320,
        height=180,
        size=12_345,
        sha256=KEY,
        chunks=tuple(
            ManifestChunk(index=place, start=30 * place, frames=30, key=KEY, sha256=KEY, reused=bool(place))
            for place in (0, 1)
        ),
        sound=ManifestSound(samples=96_096, sample_rate=48_000, channels=2, key=KEY, sha256=KEY, reused=False),
        measurements=Measurements(frames=60, rate=rate, duration=60 / rate, shape=SHAPE, joins=1, joins_decoded=1),
        tools={"kinofarm": "0.1.0", "ffmpeg": "ffmpeg version 9.0"},
        published_at=datetime(2026, 11, 22, 12, tzinfo=UTC),
    )


def test_a_manifest_fits_its_own_schema(manifest: Manifest) -> None:
    document = json.loads(to_json(manifest))
    jsonschema.validate(document, schema(), cls=jsonschema.Draft202012Validator)
    assert {"frames", "rate", "size", "sha256", "chunks"} <= set(schema()["required"])
    assert (document["rate"], document["frames"], document["size"]) == ("30000/1001", 60, 12_345)
    assert document["chunks"][1] == {"index": 1, "start": 30, "frames": 30, "key": KEY, "sha256": KEY, "reused": True}


def test_a_manifest_of_nothing_is_refused(manifest: Manifest) -> None:
    document = json.loads(to_json(manifest)) | {"chunks": [], "sound": None}
    with pytest.raises(ValidationError):
        from_json(json.dumps(document).encode())


def test_a_manifest_reads_back_as_it_was(manifest: Manifest) -> None:
    assert from_json(to_json(manifest)) == manifest


def test_a_manifest_lies_beside_its_film() -> None:
    assert manifest_place(Path("out/demo.mp4")) == Path("out/demo.manifest.json")
