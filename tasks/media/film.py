"""From finished chunks to a film in the cache: fetch the parts, join them, verify the whole, keep it.

A finished film is kept under a key of its own with what was measured on it, so that an unchanged film is the one that
is already verified: it is published without joining or verifying anything again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from infra.errors import KinofarmError
from infra.jobs.records import JobChunk, Key
from infra.values import Value
from tasks.media.assemble import ChunkFile, SoundFile, assemble
from tasks.media.facts import Sha256
from tasks.media.proof import ChunkProof, SoundProof
from tasks.media.shelf import Shelf
from tasks.media.soft import SoftTrack
from tasks.media.verify import Measurements, verify_film


class FilmFacts(Value):
    """What is kept of a film: its measurements, and the sha256 of each part's file by the part's key."""

    measurements: Measurements
    parts: Mapping[Key, Sha256]


@dataclass(frozen=True)
class Parts:
    """A film's parts, in order, at hand as files; hashes: their sha256 by their keys. subtitles: its tracks of text."""

    chunks: tuple[ChunkFile, ...]
    sound: SoundFile
    hashes: Mapping[Key, Sha256]
    subtitles: tuple[SoftTrack, ...] = ()


@dataclass(frozen=True)
class Film:
    """A verified film in the cache."""

    key: Key
    size: int
    sha256: Sha256
    facts: FilmFacts


def find_film(key: Key, shelf: Shelf) -> Film | None:
    """Return the film of that key if it is in the cache, as it was verified then."""
    entry = shelf.index.entries([key]).get(key)
    if entry is None or entry.facts is None or not shelf.store.has(key):
        return None
    try:
        return Film(key, entry.size, entry.sha256, FilmFacts.model_validate(entry.facts))
    except ValidationError:
        return None  # measured by another version: verify it anew


def fetch_parts(chunks: Iterable[JobChunk], shelf: Shelf, folder: Path, subtitles: tuple[SoftTrack, ...] = ()) -> Parts:
    """Lay a job's finished chunks and sound into `folder`; a part that turns out damaged is thrown away.

    Raises:  KinofarmError CACHE-002 when a part is gone or not what was proven: plan again.
    """
    files: dict[Key, Path] = {}
    hashes: dict[Key, Sha256] = {}
    pictures: list[ChunkFile] = []
    sounds: list[SoundFile] = []
    for chunk in chunks:
        proof: Any = (ChunkProof if chunk.kind == "picture" else SoundProof).model_validate(chunk.result)
        if chunk.key not in files:
            file = shelf.fetch(chunk.key, folder / f"{chunk.key}.mp4", proof.size)
            if file is None:
                raise KinofarmError("CACHE-002", key=chunk.key)
            files[chunk.key], hashes[chunk.key] = file, proof.sha256
        if chunk.kind == "picture":
            pictures.append(ChunkFile(files[chunk.key], proof))
        else:
            sounds.append(SoundFile(files[chunk.key], proof))
    shelf.touch(files)
    return Parts(tuple(pictures), sounds[0], hashes, subtitles)


def join_parts(parts: Parts, rate: Fraction, folder: Path) -> Path:
    """Write the film of these parts into `folder` and return its path."""
    out = folder / "film.mp4"
    assemble(out, parts.chunks, parts.sound, rate, subtitles=parts.subtitles)
    return out


def verify_and_keep(key: Key, film: Path, parts: Parts, rate: Fraction, shelf: Shelf) -> Film:
    """Verify the film, remember the joins that this proved, and move the film into the cache.

    Raises:  KinofarmError VERIFY-0xx.
    """
    proofs = [chunk.proof for chunk in parts.chunks]
    proven = shelf.joins.proven(_joins(proofs))
    verified = verify_film(film, proofs, rate=rate, sound=parts.sound.proof, proven=proven, subtitles=parts.subtitles)
    shelf.joins.add(verified.proven)
    facts = FilmFacts(measurements=verified.measurements, parts=parts.hashes)
    stored = shelf.keep(key, film, "film", facts=facts.model_dump(mode="json"))
    return Film(key, stored.size, stored.sha256, facts)


def _joins(proofs: Sequence[ChunkProof]) -> list[tuple[str, str]]:
    return [(left.sha256, right.sha256) for left, right in pairwise(proofs)]
