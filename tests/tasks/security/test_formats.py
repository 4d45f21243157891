"""What is refused before a library opens it, and by the library's allow-lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.errors import KinofarmError
from tasks.media.probe import probe
from tasks.security.formats import sniff

PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1/a.ts\n",
    "hls with a mark": "\ufeff#EXTM3U\nfile:///etc/passwd\n",
    "hls after blanks": "\n\n  #EXTM3U\nfile:///etc/passwd\n",
    "dash": '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>',
    "ffconcat": "ffconcat version 1.0\nfile '/etc/passwd'\n",
    "concat without a header": "file '/etc/passwd'\nfile 'b.mp4'\n",
    "sdp": "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\n",
    "cue": 'PERFORMER "x"\nFILE "a.wav" WAVE\n  TRACK 01 AUDIO\n',
    "pls": "[playlist]\nFile1=http://127.0.0.1/a.mp3\n",
    "asx": '<asx version="3.0"><entry><ref href="http://127.0.0.1/a.wmv"/></entry></asx>',
    "ffmetadata": ";FFMETADATA1\ntitle=x\n",
}


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_playlist_named_mp4_is_refused_before_it_is_opened(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "innocent.mp4"
    place.write_text(PLAYLISTS[kind], encoding="utf-8")
    for look in (sniff, probe):
        with pytest.raises(KinofarmError) as caught:
            look(place)
        assert caught.value.code == "SECURITY-001"


def test_a_playlist_in_utf_16_is_refused_too(tmp_path: Path) -> None:
    place = tmp_path / "innocent.mp4"
    place.write_bytes(PLAYLISTS["hls"].encode("utf-16"))
    with pytest.raises(KinofarmError, match="SECURITY-001"):
        sniff(place)


def test_a_playlist_that_goes_on_in_binary_is_refused_too(tmp_path: Path) -> None:
    place = tmp_path / "innocent.mp4"
    place.write_bytes(b"#EXTM3U\nhttp://127.0.0.1/\n" + bytes(range(256)))
    with pytest.raises(KinofarmError, match="SECURITY-001"):
        sniff(place)


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"1\n00:00:01,000 --> 00:00:02,000\nHi\n", b'{"a": 1}', "Grüße".encode()]
)
def test_other_text_and_an_empty_file_are_not_media(tmp_path: Path, content: bytes) -> None:
    place = tmp_path / "a.mp4"
    place.write_bytes(content)
    with pytest.raises(KinofarmError, match="MEDIA-001"):
        probe(place)


def test_a_format_that_is_not_on_the_list_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "a.mp4"
    # Sierra VMD, NUT and a raw DV-like header: readers that ffmpeg has and the farm does not use.
    place.write_bytes(b"nut/multimedia container\0" + bytes(4096))
    with pytest.raises(KinofarmError) as caught:
        probe(place)
    assert caught.value.code in ("SECURITY-002", "MEDIA-001")


def test_media_passes(media_factory) -> None:  # type: ignore[no-untyped-def]
    sniff(media_factory.video())
