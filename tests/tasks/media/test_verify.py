"""Verifying a film against its parts, and finding what was done to it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from infra.errors import KinofarmError
from tasks.media.assemble import ChunkFile, SoundFile, assemble
from tasks.media.verify import verify_film
from tests.tasks.media.conftest import LENGTHS, NTSC, SAMPLES


@pytest.fixture(scope="module")
def film(chunks: tuple[ChunkFile, ...], sound: SoundFile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("film") / "film.mp4"
    assemble(place, chunks, sound, NTSC)
    return place


def refused(film: Path, chunks: tuple[ChunkFile, ...], sound: SoundFile | None, **more: Any) -> str:
    with pytest.raises(KinofarmError) as caught:
        verify_film(film, [chunk.proof for chunk in chunks], rate=NTSC, sound=sound.proof if sound else None, **more)
    return caught.value.code


def test_a_film_is_measured(film: Path, chunks: tuple[ChunkFile, ...], sound: SoundFile) -> None:
    measured, proven = verify_film(film, [chunk.proof for chunk in chunks], rate=NTSC, sound=sound.proof)
    assert (measured.frames, measured.rate, measured.duration) == (sum(LENGTHS), NTSC, sum(LENGTHS) / NTSC)
    assert (measured.sound_samples, measured.sample_rate, measured.channels) == (SAMPLES, 48_000, 2)
    assert measured.offset_start == 0
    assert measured.offset_end is not None
    assert abs(measured.offset_end) < Fraction(1, 48_000)
    assert (measured.joins, measured.joins_decoded, len(proven)) == (3, 3, 3)


def test_a_join_that_was_proven_is_not_decoded_again(
    film: Path, chunks: tuple[ChunkFile, ...], sound: SoundFile
) -> None:
    proofs = [chunk.proof for chunk in chunks]
    first = verify_film(film, proofs, rate=NTSC, sound=sound.proof)
    again = verify_film(film, proofs, rate=NTSC, sound=sound.proof, proven=first.proven)
    assert (again.measurements.joins_decoded, again.proven) == (0, frozenset())
    but_one = first.proven - {(proofs[1].sha256, proofs[2].sha256)}
    assert verify_film(film, proofs, rate=NTSC, sound=sound.proof, proven=but_one).proven == first.proven - but_one


def test_the_same_chunk_twice_is_fine(chunks: tuple[ChunkFile, ...], tmp_path: Path) -> None:
    twice = (chunks[2], chunks[2], chunks[2])
    assemble(tmp_path / "film.mp4", twice, None, NTSC)
    measured, proven = verify_film(tmp_path / "film.mp4", [chunk.proof for chunk in twice], rate=NTSC)
    assert (measured.joins, measured.joins_decoded, len(proven)) == (2, 1, 1)
    assert measured.sound_samples is None


def test_a_film_of_other_chunks_is_refused(film: Path, chunks: tuple[ChunkFile, ...], sound: SoundFile) -> None:
    assert refused(film, chunks[:-1], sound) == "VERIFY-002"
    assert refused(film, (*chunks, chunks[0]), sound) == "VERIFY-002"
    assert refused(film, (chunks[1], chunks[0], *chunks[2:]), sound) == "VERIFY-010"


def test_one_changed_byte_is_found(film: Path, chunks: tuple[ChunkFile, ...], sound: SoundFile, tmp_path: Path) -> None:
    content = bytearray(film.read_bytes())
    for share in (0.3, 0.6, 0.95):
        changed = bytearray(content)
        changed[int(len(changed) * share)] ^= 1
        (tmp_path / "film.mp4").write_bytes(changed)
        assert refused(tmp_path / "film.mp4", chunks, sound) in ("VERIFY-010", "VERIFY-012")


def test_a_cut_film_is_found(film: Path, chunks: tuple[ChunkFile, ...], sound: SoundFile, tmp_path: Path) -> None:
    content = film.read_bytes()
    (tmp_path / "film.mp4").write_bytes(content[: len(content) * 3 // 4])
    assert refused(tmp_path / "film.mp4", chunks, sound) in ("VERIFY-001", "VERIFY-002", "VERIFY-010")
    (tmp_path / "film.mp4").write_bytes(content[:500])
    assert refused(tmp_path / "film.mp4", chunks, sound) == "VERIFY-001"


def test_a_film_without_its_sound_or_with_too_much_is_refused(
    film: Path, chunks: tuple[ChunkFile, ...], sound: SoundFile, tmp_path: Path
) -> None:
    assert refused(film, chunks, None) == "VERIFY-003"
    assemble(tmp_path / "silent.mp4", chunks, None, NTSC)
    assert refused(tmp_path / "silent.mp4", chunks, sound) == "VERIFY-001"


def test_a_film_at_another_rate_is_refused(chunks: tuple[ChunkFile, ...], film: Path, sound: SoundFile) -> None:
    with pytest.raises(KinofarmError) as caught:
        verify_film(film, [chunk.proof for chunk in chunks], rate=Fraction(30), sound=sound.proof)
    assert caught.value.code in ("VERIFY-004", "VERIFY-010")


def test_sound_that_ends_too_early_is_found(chunks: tuple[ChunkFile, ...], sound: SoundFile, tmp_path: Path) -> None:
    assemble(tmp_path / "film.mp4", chunks[:2], sound, NTSC)
    assert refused(tmp_path / "film.mp4", chunks[:2], sound) == "VERIFY-013"


def test_a_film_whose_times_were_moved_is_found(film: Path, chunks: tuple[ChunkFile, ...], tmp_path: Path) -> None:
    """Write the same packets again with one shown twice as long."""
    with av.open(str(film)) as source, av.open(str(tmp_path / "film.mp4"), "w") as out:
        picture = source.streams.video[0]
        track = out.add_stream_from_template(picture)
        for number, packet in enumerate(packet for packet in source.demux(picture) if packet.size):
            late = 1001 if number >= 50 else 0
            packet.pts, packet.dts, packet.stream = packet.pts + late, packet.dts + late, track
            out.mux(packet)
    assert refused(tmp_path / "film.mp4", chunks, None) in ("VERIFY-010", "VERIFY-002")


def test_a_join_that_does_not_decode_is_found(chunks: tuple[ChunkFile, ...], film: Path, sound: SoundFile) -> None:
    """A proof that lies about where the last group begins makes the decoder start in its middle."""
    lying = chunks[0].proof.model_copy(update={"gops": (0, 10, 22)})
    with pytest.raises(KinofarmError) as caught:
        verify_film(film, [lying, *(chunk.proof for chunk in chunks[1:])], rate=NTSC, sound=sound.proof)
    assert caught.value.code == "VERIFY-012"
