"""Tracks of text in a film: muxed beside picture and sound, and verified."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import pytest

from infra.errors import KinofarmError
from tasks.media.assemble import ChunkFile, SoundFile, assemble
from tasks.media.containers import Muxing
from tasks.media.soft import SoftLine, SoftTrack
from tasks.media.verify import verify_film
from tests.tasks.media.conftest import LENGTHS, NTSC

FRAMES = sum(LENGTHS)
ENGLISH = SoftTrack(
    language="en", lines=(SoftLine(start=0, end=20, text="One\ntwo"), SoftLine(start=20, end=101, text="Three"))
)
JAPANESE = SoftTrack(language="ja", lines=(SoftLine(start=33, end=60, text="映画です"),))


@pytest.fixture(scope="module")
def film(chunks: tuple[ChunkFile, ...], sound: SoundFile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("soft") / "film.mp4"
    assemble(place, chunks, sound, NTSC, muxing=Muxing(subtitles=(ENGLISH, JAPANESE)))
    return place


def test_a_player_finds_the_tracks_their_languages_and_their_lines(film: Path) -> None:
    with av.open(str(film)) as container:
        streams = container.streams.subtitles
        assert [(s.codec_context.name, s.metadata["language"]) for s in streams] == [
            ("mov_text", "eng"), ("mov_text", "jpn"),
        ]  # fmt: skip
        shown = []
        for packet in container.demux(list(streams)):
            words = bytes(packet)[2:].decode()
            if words:
                start = packet.pts * packet.time_base * NTSC
                shown.append(
                    (packet.stream_index, round(start), round(packet.duration * packet.time_base * NTSC), words)
                )
    assert sorted(shown) == [(2, 0, 20, "One\ntwo"), (2, 20, 81, "Three"), (3, 33, 27, "映画です")]


def test_picture_and_sound_are_what_they_are_without_text(
    film: Path, chunks: tuple[ChunkFile, ...], sound: SoundFile
) -> None:
    measured, _ = verify_film(
        film,
        [chunk.proof for chunk in chunks],
        rate=NTSC,
        sound=sound.proof,
        muxing=Muxing(subtitles=(ENGLISH, JAPANESE)),
    )
    assert (measured.frames, measured.subtitles) == (FRAMES, ("eng", "jpn"))


def test_a_film_with_the_same_text_has_the_same_bytes(
    film: Path, chunks: tuple[ChunkFile, ...], sound: SoundFile, tmp_path: Path
) -> None:
    assemble(tmp_path / "again.mp4", chunks, sound, NTSC, muxing=Muxing(subtitles=(ENGLISH, JAPANESE)))
    assert (tmp_path / "again.mp4").read_bytes() == film.read_bytes()


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ((), "VERIFY-003"),
        ((ENGLISH,), "VERIFY-003"),
        ((JAPANESE, ENGLISH), "TEXT-020"),
        ((ENGLISH, JAPANESE.model_copy(update={"lines": (SoftLine(start=34, end=60, text="映画です"),)})), "TEXT-020"),
        ((ENGLISH, JAPANESE.model_copy(update={"lines": (SoftLine(start=33, end=60, text="映画"),)})), "TEXT-020"),
    ],
)
def test_other_text_than_was_written_is_found(
    film: Path, chunks: tuple[ChunkFile, ...], sound: SoundFile, wanted: tuple[SoftTrack, ...], code: str
) -> None:
    with pytest.raises(KinofarmError) as caught:
        verify_film(
            film, [chunk.proof for chunk in chunks], rate=NTSC, sound=sound.proof, muxing=Muxing(subtitles=wanted)
        )
    assert caught.value.code == code


FORMS = [("mp4", None, "mov_text"), ("mov", None, "mov_text"), ("mkv", None, "subrip"), ("mkv", "ass", "ass")]
GERMAN = SoftTrack(language="de", lines=(SoftLine(start=5, end=60, text="{\\b1}Eins\nzwei"),))


@pytest.mark.parametrize(("container", "form", "codec"), FORMS)
def test_every_form_of_text_is_found_by_a_player_and_proven(
    chunks: tuple[ChunkFile, ...], sound: SoundFile, tmp_path: Path, container: str, form: Any, codec: str
) -> None:
    place = tmp_path / f"film.{container}"
    muxing = Muxing(container=container, subtitles=(ENGLISH, GERMAN), text=form)
    assemble(place, chunks, sound, NTSC, muxing=muxing)
    verify_film(place, [chunk.proof for chunk in chunks], rate=NTSC, sound=sound.proof, muxing=muxing)
    other = Muxing(container=container, subtitles=(ENGLISH, ENGLISH), text=form)
    with pytest.raises(KinofarmError, match="TEXT-020"):
        verify_film(place, [chunk.proof for chunk in chunks], rate=NTSC, sound=sound.proof, muxing=other)
    with av.open(str(place)) as file:
        codecs = [stream.codec_context.codec.canonical_name for stream in file.streams.subtitles]
        language = file.streams.subtitles[1].metadata["language"]
        packets = [bytes(packet) for packet in file.demux(file.streams.subtitles[1]) if packet.size > 2]
    assert codecs == [codec, codec]
    assert language == ("ger" if container == "mov" else "deu")
    wanted = {
        "mov_text": b"\x00\x0e{\\b1}Eins\nzwei",
        "subrip": b"{\\b1}Eins\nzwei",
        "ass": "0,0,Default,,0,0,0,,\\{\\\u2060b1}Eins\\Nzwei".encode(),
    }
    assert packets == [wanted[codec]]
