"""A manifest as the tests that need one have it."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

from tasks.media.manifest import Manifest, ManifestChunk, ManifestSound
from tasks.media.verify import Measurements
from tests.media_factory import SHAPE

KEY = "ab" * 32


def example_manifest() -> Manifest:
    """Of a film of two chunks, of which the second was reused."""
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
