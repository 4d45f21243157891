"""The manifest and its schema."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from pydantic import ValidationError

from tasks.media.manifest import Manifest, from_json, manifest_place, schema, to_json
from tests.manifests import KEY, example_manifest


@pytest.fixture
def manifest() -> Manifest:
    return example_manifest()


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
