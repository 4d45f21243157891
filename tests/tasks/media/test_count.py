"""Counting what was rendered, by decoding it."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import pytest

from infra.errors import KinofarmError
from tasks.media.count import count_frames, count_sound
from tasks.media.probe import content_hash
from tasks.media.proof import ChunkProof
from tests.media_factory import SHAPE, MediaFactory

PAL = Fraction(25)


def refused(place: Path, frames: int = 25, rate: Fraction = PAL, **changed: object) -> str:
    with pytest.raises(KinofarmError) as caught:
        count_frames(place, frames=frames, rate=rate, shape=SHAPE.model_copy(update=changed))
    return caught.value.code


def test_a_chunk_is_proven(media_factory: MediaFactory) -> None:
    place = media_factory.chunk(25)
    proof = count_frames(place, frames=25, rate=PAL, shape=SHAPE)
    assert (proof.frames, proof.gops, proof.shape) == (25, (0, 10, 20), SHAPE)
    assert (proof.sha256, proof.size) == (content_hash(place), place.stat().st_size)
    assert 1 <= proof.delay <= 3
    assert ChunkProof.model_validate_json(proof.model_dump_json()) == proof


@pytest.mark.parametrize(
    "rate", [Fraction(24), Fraction(24000, 1001), Fraction(60000, 1001), Fraction(25, 2), Fraction(240)]
)
def test_every_rate_is_counted_exactly(media_factory: MediaFactory, rate: Fraction) -> None:
    assert count_frames(media_factory.chunk(12, rate), frames=12, rate=rate, shape=SHAPE).frames == 12


def test_a_chunk_without_b_frames_has_no_delay(media_factory: MediaFactory) -> None:
    place = media_factory.chunk(12, extra=("-bf", "0"))
    assert count_frames(place, frames=12, rate=PAL, shape=SHAPE).delay == 0


def test_the_proof_of_a_file_does_not_depend_on_the_threads(media_factory: MediaFactory) -> None:
    place = media_factory.chunk(25)
    assert count_frames(place, frames=25, rate=PAL, shape=SHAPE, threads=1) == count_frames(
        place, frames=25, rate=PAL, shape=SHAPE, threads=4
    )


def test_another_count_rate_or_shape_is_refused(media_factory: MediaFactory) -> None:
    place = media_factory.chunk(25)
    assert refused(place, frames=24) == "VERIFY-002"
    assert refused(place, frames=26) == "VERIFY-002"
    assert refused(place, rate=Fraction(24)) == "VERIFY-004"
    assert refused(place, rate=Fraction(50)) == "VERIFY-004"
    assert refused(place, width=640) == "VERIFY-003"
    assert refused(place, pixel_format="yuv444p") == "VERIFY-003"
    assert refused(place, matrix="bt470bg") == "VERIFY-003"


def test_an_open_group_of_pictures_is_refused(media_factory: MediaFactory) -> None:
    place = media_factory.make(
        "open.mp4",
        *("-i", str(media_factory.video(frames=60, sound=False)), "-c:v", "libx264", "-g", "12", "-bf", "3"),
        *("-flags", "-cgop", "-x264-params", "open-gop=1:scenecut=0:stitchable=1"),
    )
    assert refused(place, frames=60) == "VERIFY-005"


def test_most_damage_is_found_by_decoding(media_factory: MediaFactory, tmp_path: Path) -> None:
    """Not all: some broken bits are legal H.264. What happens to a chunk later is found by its hash."""
    whole = media_factory.chunk(25).read_bytes()
    start = whole.index(b"mdat") + 4
    found = 0
    for seed in range(20):
        chance = random.Random(seed)
        place = chance.randrange(start + 800, len(whole) - 2500)
        (tmp_path / "damaged.mp4").write_bytes(whole[:place] + chance.randbytes(400) + whole[place + 400 :])
        try:
            count_frames(tmp_path / "damaged.mp4", frames=25, rate=PAL, shape=SHAPE)
        except KinofarmError as error:
            found += error.code in ("VERIFY-001", "VERIFY-006")
    assert found >= 12


def test_what_is_no_chunk_cannot_be_read(media_factory: MediaFactory, tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_bytes(b"x" * 5000)
    assert refused(tmp_path / "x.mp4") == "VERIFY-001"
    assert refused(tmp_path / "none.mp4") == "VERIFY-001"
    (tmp_path / "half.mp4").write_bytes(media_factory.chunk(25).read_bytes()[:20_000])
    assert refused(tmp_path / "half.mp4") == "VERIFY-001"


@pytest.mark.parametrize(
    ("samples", "rate"), [(48_000, 48_000), (100_001, 48_000), (44_099, 44_100), (1024, 48_000), (1, 48_000)]
)
def test_sound_is_counted_to_the_sample(media_factory: MediaFactory, samples: int, rate: int) -> None:
    proof = count_sound(media_factory.sound(samples, rate), samples=samples, sample_rate=rate)
    assert (proof.samples, proof.priming, proof.codec, proof.channels) == (samples, 1024, "aac", 2)


def test_the_peak_is_measured(media_factory: MediaFactory) -> None:
    loud = count_sound(media_factory.sound(48_000), samples=48_000, sample_rate=48_000)
    assert loud.peak is not None
    assert abs(loud.peak + 6.02) < 0.5
    silent = count_sound(media_factory.sound(48_000, amplitude=0.0), samples=48_000, sample_rate=48_000)
    assert silent.peak is None


def test_another_length_rate_or_channel_count_of_sound_is_refused(media_factory: MediaFactory) -> None:
    place = media_factory.sound(48_000)
    for code, wanted in (
        ("VERIFY-007", {"samples": 47_999, "sample_rate": 48_000}),
        ("VERIFY-007", {"samples": 48_001, "sample_rate": 48_000}),
        ("VERIFY-003", {"samples": 48_000, "sample_rate": 44_100}),
        ("VERIFY-003", {"samples": 48_000, "sample_rate": 48_000, "channels": 1}),
    ):
        with pytest.raises(KinofarmError) as caught:
            count_sound(place, **wanted)
        assert caught.value.code == code
