"""What may be opened as media: demuxers and protocols by allow-list, and a look at the first bytes before any library.

A playlist (HLS, DASH, ffconcat, SDP, cue sheet) makes the reader open other files and addresses, whatever its own
name ends in. So text of any kind is refused by its first bytes, and libavformat is given a list of the demuxers that it
may choose, none of which follows a reference, and one protocol.

Source: ffmpeg-formats(1), `format_whitelist`; ffmpeg-protocols(1), `protocol_whitelist`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from infra.errors import KinofarmError

DEMUXERS = (
    "mov", "matroska", "avi", "flv", "asf", "mxf", "mpegts", "mpeg", "ogg", "ivf", "dv", "gif", "apng",
    "wav", "w64", "aiff", "caf", "flac", "mp3", "aac", "ac3", "eac3", "amr", "wv",
    "png_pipe", "jpeg_pipe", "bmp_pipe", "tiff_pipe", "webp_pipe", "jpegxl_pipe",
)  # fmt: skip
"""Demuxers that read one file and nothing else. Not here, and so refused: hls, dash, concat, sdp, lavfi, image2 (patterns),
ffmetadata, imf, rtsp, tty, bluray, vapoursynth and whatever else opens a second thing or is no medium."""

PILLOW = frozenset({"heif", "avif", "webp"})
"""What is read by Pillow instead (`tasks/media/pictures.py`), by names that are no demuxers'."""

STILL_DEMUXERS = frozenset(name for name in DEMUXERS if name.endswith("_pipe"))
"""Demuxers of single images."""

PROTOCOLS = ("file",)
"""The only protocol by which media is read."""

_STILLS: Mapping[str, re.Pattern[bytes]] = {
    "jpeg_pipe": re.compile(rb"\xff\xd8\xff"),
    "png_pipe": re.compile(rb"\x89PNG\r\n\x1a\n(?!(?s:.{0,2000})acTL)"),
    "bmp_pipe": re.compile(rb"BM(?s:.{4})\0\0\0\0"),
    "tiff_pipe": re.compile(rb"II\*\0|MM\0\*"),
    "webp": re.compile(rb"RIFF(?s:.{4})WEBPVP8X(?s:.{4})[" + re.escape(bytes(b for b in range(256) if b & 2)) + rb"]"),
    "webp_pipe": re.compile(rb"RIFF(?s:.{4})WEBP"),
    "heif": re.compile(rb"(?s:.{4})ftyp(heic|heix|heim|heis|hevc|hevx|mif1|msf1)"),
    "avif": re.compile(rb"(?s:.{4})ftyp(avif|avis)"),
}
"""By their first bytes. Of WebP the bit 2 of the flags says that it moves."""

HEAD = 4096
"""Bytes looked at before a library opens the file."""

_PLAYLISTS: Mapping[re.Pattern[str], str] = {
    re.compile(r"#EXTM3U|#EXT-X-"): "a playlist (m3u8)",
    re.compile(r"(?s).*<MPD[\s>]"): "a DASH manifest (mpd)",
    re.compile(r"(?s).*<(SmoothStreamingMedia|smil|asx|ASX|CompositionPlaylist|AssetMap)[\s>]"): "a playlist (XML)",
    re.compile(r"ffconcat\s+version|(?i:file)\s+['\"]?[^\n]*\n|(?i:file)\s+['\"]"): "a list of files (ffconcat)",
    re.compile(r"v=0\s+[a-z]="): "a session description (SDP)",
    re.compile(r"(?s)(.*\n)?\s*FILE\s+\"[^\"\n]*\"\s+\w+"): "a cue sheet",
    re.compile(r"\[playlist\]|\[Reference\]"): "a playlist (pls)",
    re.compile(r";FFMETADATA"): "a metadata file",
}


def options() -> dict[str, str]:
    """Return libavformat's options for opening a file that a user named; the path is passed as `file:PATH`."""
    return {"format_whitelist": ",".join(DEMUXERS), "protocol_whitelist": ",".join(PROTOCOLS)}


def sniff(path: Path) -> str | None:
    """Refuse what is text by its first bytes, playlists above all, before a library opens it.

    Returns: the demuxer (or the word of `PILLOW`) that must read the file, where the first bytes settle it: left alone,
        libavformat takes a still named .jpg for a pattern of names (image2).
    Raises:  KinofarmError SECURITY-001 for a playlist, MEDIA-001 for an empty file or other text, MEDIA-009 when the file
        cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise KinofarmError("MEDIA-009", file=path.name, reason=error.strerror or "it cannot be opened") from None
    return settled_by(head, path.name)


def settled_by(head: bytes, name: str) -> str | None:
    """Do what `sniff` does with the first `HEAD` bytes of the file of that name.

    Raises:  KinofarmError SECURITY-001, MEDIA-001.
    """
    if not head:
        raise KinofarmError("MEDIA-001", file=name, reason="it is empty")
    text = _text(head)
    if text is None:
        return next((name for name, start in _STILLS.items() if start.match(head)), None)
    for pattern, kind in _PLAYLISTS.items():
        if pattern.match(text):
            raise KinofarmError("SECURITY-001", file=name, kind=kind)
    raise KinofarmError("MEDIA-001", file=name, reason="it is a text file")


def demuxer(name: str, path: Path) -> str:
    """Return the short name of the demuxer that libavformat chose, e.g. "mov" of "mov,mp4,m4a,3gp,3g2,mj2".

    Raises:  KinofarmError SECURITY-002 when it is not on the allow-list: a second lock behind `options`.
    """
    for short in name.split(","):
        if short in DEMUXERS:
            return short
    raise KinofarmError("SECURITY-002", file=path.name, reason=f"it reads as {name}")


def _text(head: bytes) -> str | None:
    """Return the bytes as text without leading marks and blanks, or None where they are binary."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, errors="replace").lstrip()
    # A playlist may go on in binary: a first line that reads as one is enough.
    stripped = head.lstrip()
    if re.match(rb"#EXTM3U|ffconcat|v=0\r?\n|;FFMETADATA", stripped):
        return stripped.decode("utf-8", errors="replace")
    if any(byte < 32 and byte not in b"\t\n\v\f\r\x1b" for byte in head):
        return None
    try:
        return stripped.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character cut in two by the end of what was read is still text; a Latin-1 playlist has no control bytes either.
        return stripped.decode("utf-8", errors="replace") if error.start > 0 else None
