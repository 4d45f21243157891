"""From finished chunks to a film in the cache: fetch the parts, join them, verify the whole, keep it.

A finished film is kept under a key of its own with what was measured on it, so that an unchanged film is the one that
is already verified: it is published without joining or verifying anything again.
"""

from __future__ import annotations

import shutil
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
from tasks.media.assemble import ChunkFile, SoundFile, assemble, joined_form
from tasks.media.containers import PLAIN_MP4, Muxing
from tasks.media.facts import Sha256
from tasks.media.palette import count_gif, write_gif
from tasks.media.probe import content_hash
from tasks.media.proof import ChunkProof, SoundProof
from tasks.media.shelf import Shelf
from tasks.media.verify import Measurements, verify_film


class FilmFacts(Value):
    """What is kept of a film: its measurements, and the sha256 of each part's file by the part's key."""

    measurements: Measurements
    parts: Mapping[Key, Sha256]


@dataclass(frozen=True)
class Parts:
    """A film's parts, in order, at hand as files; hashes: their sha256 by their keys.

    A film of sound alone has no chunks; one that is silent has no sound.
    """

    chunks: tuple[ChunkFile, ...]
    sound: SoundFile | None
    hashes: Mapping[Key, Sha256]


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


def fetch_parts(chunks: Iterable[JobChunk], shelf: Shelf, folder: Path) -> Parts:
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
            file = shelf.fetch(chunk.key, folder / f"{chunk.key}.part", proof.size, proof.sha256)
            if file is None:
                raise KinofarmError("CACHE-002", key=chunk.key)
            files[chunk.key], hashes[chunk.key] = file, proof.sha256
        if chunk.kind == "picture":
            pictures.append(ChunkFile(files[chunk.key], proof))
        else:
            sounds.append(SoundFile(files[chunk.key], proof))
    shelf.touch(files)
    return Parts(tuple(pictures), sounds[0] if sounds else None, hashes)


def join_parts(parts: Parts, rate: Fraction, folder: Path, muxing: Muxing = PLAIN_MP4) -> Path:
    """Write the film of these parts into `folder` and return its path.

    A film of sound alone is its sound; pictures one by one and a GIF are joined as a MOV, of which they are made later.
    """
    out = folder / f"film.{joined_form(muxing)}"
    if muxing.row.kind == "sound":
        assert parts.sound is not None, "a film of sound has a sound"
        shutil.copyfile(parts.sound.path, out)
    else:
        assemble(out, parts.chunks, parts.sound, rate, muxing=muxing)
    return out


def verify_and_keep(
    key: Key,
    film: Path,
    parts: Parts,
    rate: Fraction,
    shelf: Shelf,
    muxing: Muxing = PLAIN_MP4,
    ffmpeg: Path | None = None,
) -> Film:
    """Verify the film, remember the joins that this proved, and move the film into the cache.

    Args:    ffmpeg: the binary that makes a GIF of the joined film, which is then verified too.
    Raises:  KinofarmError VERIFY-0xx; FFMPEG-00x.
    """
    if muxing.row.kind == "sound":
        assert parts.sound is not None, "a film of sound has a sound"
        measurements = _of_sound(film, parts.sound.proof)
    else:
        proofs = [chunk.proof for chunk in parts.chunks]
        sound = None if parts.sound is None else parts.sound.proof
        known = shelf.joins.proven(_joins(proofs))
        verified = verify_film(film, proofs, rate=rate, sound=sound, proven=known, muxing=muxing)
        shelf.joins.add(verified.proven)
        measurements = verified.measurements
    if muxing.row.kind == "loop":
        joined, film = film, film.with_suffix(".gif")
        write_gif(joined, film, ffmpeg)
        shape = measurements.shape
        assert shape is not None, "a GIF has a picture"
        frames, size = measurements.frames, (shape.width, shape.height)
        found = count_gif(film, frames=frames, rate=rate, size=size)
        measurements = measurements.model_copy(update={"shape": found})
    facts = FilmFacts(measurements=measurements, parts=parts.hashes)
    stored = shelf.keep(key, film, "film", facts=facts.model_dump(mode="json"))
    return Film(key, stored.size, stored.sha256, facts)


def _of_sound(film: Path, proof: SoundProof) -> Measurements:
    """What is known of a film that is nothing but its sound: it must still be the file that was counted.

    Raises:  KinofarmError VERIFY-009.
    """
    if content_hash(film) != proof.sha256:
        raise KinofarmError("VERIFY-009", what="the film", reason="its bytes are not those that were counted")
    length = Fraction(proof.samples, proof.sample_rate)
    return Measurements(
        frames=0,
        duration=length,
        sound_samples=proof.samples,
        sound_duration=length,
        sample_rate=proof.sample_rate,
        channels=proof.channels,
        peak=proof.peak,
        joins=0,
        joins_decoded=0,
    )


def _joins(proofs: Sequence[ChunkProof]) -> list[tuple[str, str]]:
    return [(left.sha256, right.sha256) for left, right in pairwise(proofs)]
