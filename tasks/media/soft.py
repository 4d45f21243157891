"""Soft subtitles: tracks of text that a player can switch on, as MP4 holds them.

Units: frames of the film, half-open. Source: 3GPP TS 26.245 (timed text): a sample is two bytes of length and UTF-8.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av

from infra.errors import KinofarmError
from infra.values import Value

CODEC = "mov_text"

LANGUAGES = dict(
    pair.split(":")
    for pair in [
        "af:afr",
        "am:amh",
        "ar:ara",
        "az:aze",
        "be:bel",
        "bg:bul",
        "bn:ben",
        "bs:bos",
        "ca:cat",
        "cs:ces",
        "cy:cym",
        "da:dan",
        "de:deu",
        "el:ell",
        "en:eng",
        "es:spa",
        "et:est",
        "eu:eus",
        "fa:fas",
        "fi:fin",
        "fil:fil",
        "fr:fra",
        "ga:gle",
        "gl:glg",
        "gu:guj",
        "he:heb",
        "hi:hin",
        "hr:hrv",
        "hu:hun",
        "hy:hye",
        "id:ind",
        "is:isl",
        "it:ita",
        "ja:jpn",
        "ka:kat",
        "kk:kaz",
        "km:khm",
        "kn:kan",
        "ko:kor",
        "lo:lao",
        "lt:lit",
        "lv:lav",
        "mk:mkd",
        "ml:mal",
        "mn:mon",
        "mr:mar",
        "ms:msa",
        "my:mya",
        "ne:nep",
        "nl:nld",
        "no:nor",
        "nb:nob",
        "nn:nno",
        "pa:pan",
        "pl:pol",
        "pt:por",
        "ro:ron",
        "ru:rus",
        "si:sin",
        "sk:slk",
        "sl:slv",
        "sq:sqi",
        "sr:srp",
        "sv:swe",
        "sw:swa",
        "ta:tam",
        "te:tel",
        "th:tha",
        "tr:tur",
        "uk:ukr",
        "ur:urd",
        "uz:uzb",
        "vi:vie",
        "yue:zho",
        "zh:zho",
    ]
)
"""ISO 639-1 → ISO 639-2/T, which MP4 writes; a language that is not here is written as undetermined."""

_HEADER = b"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Sans,18,&H00FFFFFF,&H00FFFFFF,&H00000000,&H00000000,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,0

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


class SoftLine(Value):
    """Words over the film's frames [start, end)."""

    start: int
    end: int
    text: str


class SoftTrack(Value):
    """The subtitles of one language, in order of time, none over another. language: a tag (BCP 47), or none."""

    language: str = ""
    lines: tuple[SoftLine, ...]

    @property
    def code(self) -> str:
        """The language in three letters, as MP4 writes it."""
        first = self.language.partition("-")[0].casefold()
        return LANGUAGES.get(first, first if len(first) == 3 else "und")


def add_track(film: Any, track: SoftTrack, rate: Fraction) -> Any:
    """Add a track to an open film; returns its stream."""
    stream = film.add_stream(CODEC)
    stream.codec_context.subtitle_header = _HEADER  # the style that a player starts from
    stream.time_base = 1 / rate
    stream.metadata["language"] = track.code
    return stream


def track_packets(track: SoftTrack, stream: Any, rate: Fraction) -> Iterator[Any]:
    """Yield a track's samples; the muxer fills the gaps between them with empty ones."""
    for line in track.lines:
        words = line.text.encode()[:0xFFFF].decode(errors="ignore").encode()
        packet = av.Packet(len(words).to_bytes(2, "big") + words)
        packet.pts = packet.dts = line.start
        packet.duration = line.end - line.start
        packet.time_base = 1 / rate
        packet.stream = stream
        yield packet


class TrackCheck:
    """Takes a film's packets of one text stream in order and compares them with the track that was written."""

    def __init__(self, stream: Any, track: SoftTrack, rate: Fraction) -> None:
        self._track, self._seconds, self._rate = track, stream.time_base, rate
        self._found: list[SoftLine] = []
        language = stream.metadata.get("language", "und")
        if stream.codec_context.name != CODEC or language != track.code:
            raise KinofarmError("TEXT-020", language=track.code, reason=f"it is marked as {language}")

    def add(self, packet: Any) -> None:
        """Take in the next packet."""
        sample = bytes(packet)
        words = sample[2 : 2 + int.from_bytes(sample[:2], "big")].decode(errors="replace")
        if words:
            start, length = packet.pts * self._seconds * self._rate, packet.duration * self._seconds * self._rate
            self._found.append(SoftLine(start=round(start), end=round(start + length), text=words))

    def finish(self) -> None:
        """Check the whole."""
        if tuple(self._found) != self._track.lines:
            reason = f"{len(self._found)} lines came out of {len(self._track.lines)}, or other words or times"
            raise KinofarmError("TEXT-020", language=self._track.code, reason=reason)
