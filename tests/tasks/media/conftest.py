"""Chunks and sound with their proofs, as a render leaves them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tasks.media.assemble import ChunkFile, SoundFile
from tasks.media.count import count_frames, count_sound
from tests.media_factory import SHAPE, MediaFactory

NTSC = Fraction(30000, 1001)
LENGTHS = (25, 30, 7, 40)
SAMPLES = round(sum(LENGTHS) / NTSC * 48_000)


@pytest.fixture(scope="session")
def chunks(media_factory: MediaFactory) -> tuple[ChunkFile, ...]:
    """Four chunks at 29.97 of different lengths; one is shorter than a group of pictures."""
    files = []
    for frames in LENGTHS:
        place = media_factory.chunk(frames, NTSC)
        files.append(ChunkFile(place, count_frames(place, frames=frames, rate=NTSC, shape=SHAPE)))
    return tuple(files)


@pytest.fixture(scope="session")
def sound(media_factory: MediaFactory) -> SoundFile:
    """Sound as long as the four chunks."""
    place = media_factory.sound(SAMPLES)
    return SoundFile(place, count_sound(place, samples=SAMPLES, sample_rate=48_000))
