"""Joining chunks and sound without encoding anything."""

from __future__ import annotations

import errno
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from infra.errors import KinofarmError
from tasks.media import assemble as assembling
from tasks.media.assemble import ChunkFile, SoundFile, assemble, timescale
from tasks.media.count import count_frames
from tests.media_factory import SHAPE, MediaFactory
from tests.tasks.media.conftest import LENGTHS, NTSC, SAMPLES

FRAMES = sum(LENGTHS)


def test_every_frame_stands_at_its_place_and_both_tracks_start_at_0(
    chunks: tuple[ChunkFile, ...], sound: SoundFile, tmp_path: Path
) -> None:
    told: list[int] = []
    assemble(tmp_path / "film.mp4", chunks, sound, NTSC, on_frames=told.append)
    with av.open(str(tmp_path / "film.mp4")) as film:
        picture, track = film.streams.video[0], film.streams.audio[0]
        assert (picture.start_time, picture.duration * picture.time_base) == (0, FRAMES / NTSC)
        assert (track.start_time, track.duration, track.time_base) == (0, SAMPLES, Fraction(1, 48_000))
        assert (picture.frames, picture.average_rate) == (FRAMES, NTSC)
        packets = [packet for packet in film.demux(picture) if packet.size]
        assert sorted(packet.pts for packet in packets) == [1001 * k for k in range(FRAMES)]
        steps = {after.dts - before.dts for before, after in pairwise(packets)}
        assert steps == {1001}
        assert all(packet.dts <= packet.pts for packet in packets)
    with av.open(str(tmp_path / "film.mp4")) as film:
        assert sum(1 for _ in film.decode(video=0)) == FRAMES
    assert told == [25, 55, 62, 102]


def test_the_pictures_are_the_chunks_own(chunks: tuple[ChunkFile, ...], tmp_path: Path) -> None:
    assemble(tmp_path / "film.mp4", chunks, None, NTSC)

    def pictures(path: Path) -> list[np.ndarray]:
        with av.open(str(path)) as container:
            return [frame.to_ndarray() for frame in container.decode(video=0)]

    wanted = [picture for chunk in chunks for picture in pictures(chunk.path)]
    assert all(np.array_equal(a, b) for a, b in zip(pictures(tmp_path / "film.mp4"), wanted, strict=True))


def test_the_same_parts_give_the_same_bytes(chunks: tuple[ChunkFile, ...], sound: SoundFile, tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        assemble(tmp_path / name, chunks, sound, NTSC)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_the_index_stands_in_front_and_colours_are_tagged(chunks: tuple[ChunkFile, ...], tmp_path: Path) -> None:
    assemble(tmp_path / "film.mp4", chunks, None, NTSC)
    content = (tmp_path / "film.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    assert b"colrnclx" in content
    with av.open(str(tmp_path / "film.mp4")) as film:
        context = film.streams.video[0].codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc, context.color_range) == (1, 1, 1, 1)
        assert not film.streams.audio


def test_one_chunk_is_a_film(chunks: tuple[ChunkFile, ...], tmp_path: Path) -> None:
    assemble(tmp_path / "film.mp4", chunks[:1], None, NTSC)
    with av.open(str(tmp_path / "film.mp4")) as film:
        assert film.streams.video[0].frames == 25


def test_many_chunks_are_a_film(media_factory: MediaFactory, tmp_path: Path) -> None:
    place = media_factory.chunk(12)
    one = ChunkFile(place, count_frames(place, frames=12, rate=Fraction(25), shape=SHAPE))
    assemble(tmp_path / "film.mp4", [one] * 300, None, Fraction(25))
    with av.open(str(tmp_path / "film.mp4")) as film:
        assert film.streams.video[0].frames == 3600
        assert film.streams.video[0].duration * film.streams.video[0].time_base == 144


def test_chunks_with_and_without_b_frames_go_together_when_their_headers_agree(
    media_factory: MediaFactory, tmp_path: Path
) -> None:
    """The delay of the film is the largest of any chunk's: a short chunk needs less than a long one."""
    places = [media_factory.chunk(frames) for frames in (1, 2, 25)]
    files = [
        ChunkFile(place, count_frames(place, frames=frames, rate=Fraction(25), shape=SHAPE))
        for place, frames in zip(places, (1, 2, 25), strict=True)
    ]
    assert {file.proof.delay for file in files} != {files[-1].proof.delay}
    assemble(tmp_path / "film.mp4", files, None, Fraction(25))
    with av.open(str(tmp_path / "film.mp4")) as film:
        assert [frame.pts for frame in film.decode(video=0)] == [512 * k for k in range(28)]


def test_chunks_of_another_encoder_are_refused_before_anything_is_written(
    chunks: tuple[ChunkFile, ...], media_factory: MediaFactory, tmp_path: Path
) -> None:
    place = media_factory.chunk(20, NTSC, extra=("-profile:v", "main"))
    other = ChunkFile(place, count_frames(place, frames=20, rate=NTSC, shape=SHAPE))
    with pytest.raises(KinofarmError, match="VERIFY-008"):
        assemble(tmp_path / "film.mp4", [*chunks, other], None, NTSC)
    assert not (tmp_path / "film.mp4").exists()


def test_a_chunk_that_rotted_is_found(
    chunks: tuple[ChunkFile, ...], media_factory: MediaFactory, tmp_path: Path
) -> None:
    shorter = ChunkFile(media_factory.chunk(25, NTSC), chunks[1].proof)
    with pytest.raises(KinofarmError, match="VERIFY-009"):
        assemble(tmp_path / "film.mp4", [chunks[0], shorter], None, NTSC)
    (tmp_path / "gone.mp4").write_bytes(b"")
    with pytest.raises(KinofarmError, match="VERIFY-001"):
        assemble(tmp_path / "film.mp4", [chunks[0], ChunkFile(tmp_path / "gone.mp4", chunks[1].proof)], None, NTSC)


def test_a_place_that_cannot_be_written_is_an_error_of_ours(chunks: tuple[ChunkFile, ...], tmp_path: Path) -> None:
    with pytest.raises(KinofarmError, match="PUBLISH-006"):
        assemble(tmp_path / "none" / "film.mp4", chunks, None, NTSC)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_is_an_error_of_ours(chunks: tuple[ChunkFile, ...]) -> None:
    with pytest.raises(KinofarmError, match=r"PUBLISH-00[56]"):
        assemble(Path("/dev/full"), chunks, None, NTSC)
    with pytest.raises(KinofarmError, match="PUBLISH-005"), assembling._writing(Path("/x/film.mp4")):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_the_clock_is_a_multiple_of_the_rate() -> None:
    assert timescale(Fraction(25)) == 12_800
    assert timescale(NTSC) == 30_000
    with pytest.raises(KinofarmError, match="VERIFY-014"):
        timescale(Fraction(10**10 + 1, 10**9))
