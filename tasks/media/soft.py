"""Soft subtitles: tracks of text that a player can switch on, in the forms in which containers hold them.

Units: frames of the film, half-open. Source: 3GPP TS 26.245 (timed text): a sample is two bytes of length and UTF-8;
Matroska's subtitle codecs: S_TEXT/UTF8 is the words alone, S_TEXT/ASS a line of the script without its times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import av

from infra.errors import KinofarmError
from infra.values import Value

TextForm = Literal["mov_text", "srt", "ass"]

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

QUICKTIME_LANGUAGES = {
    "deu": "ger", "nld": "dut", "swe": "sve", "ell": "gre", "isl": "ice", "zho": "chi", "sqi": "alb", "mkd": "mac",
}  # fmt: skip
"""QuickTime numbers its languages, and ffmpeg knows some of them by older codes than ISO 639-2/T's."""

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


def written_code(language: str, muxer: str) -> str:
    """Return three letters of ISO 639-2/T as a muxer takes them."""
    return QUICKTIME_LANGUAGES.get(language, language) if muxer == "mov" else language


@dataclass(frozen=True)
class Form:
    """How a container holds text: the codec by ffmpeg's name, and a packet's bytes from its number and its words."""

    codec: str
    packet: Callable[[int, str], bytes]


def ass_words(text: str) -> str:
    """Return a text as a line of ASS has it: no tag can be spelled, and a line break is ASS's own."""
    return text.replace("\\", "\\\u2060").replace("{", "\\{").replace("\r\n", "\n").replace("\n", "\\N")


def _timed_text(number: int, text: str) -> bytes:
    words = text.encode()[:0xFFFF].decode(errors="ignore").encode()
    return len(words).to_bytes(2, "big") + words


FORMS: Mapping[TextForm, Form] = {
    "mov_text": Form("mov_text", _timed_text),
    "srt": Form("subrip", lambda number, text: text.encode()),
    "ass": Form("ass", lambda number, text: f"{number},0,Default,,0,0,0,,{ass_words(text)}".encode()),
}
"""Every form by its name."""


def add_track(film: Any, track: SoftTrack, rate: Fraction, form: TextForm) -> Any:
    """Add a track to an open film; returns its stream."""
    stream = film.add_stream(FORMS[form].codec)
    stream.codec_context.subtitle_header = _HEADER  # the style that a player starts from
    stream.time_base = 1 / rate
    stream.metadata["language"] = written_code(track.code, film.format.name)
    return stream


def track_packets(track: SoftTrack, stream: Any, rate: Fraction, form: TextForm) -> Iterator[Any]:
    """Yield a track's samples; the muxer fills the gaps between them with empty ones where the container wants that."""
    for number, line in enumerate(track.lines):
        packet = av.Packet(FORMS[form].packet(number, line.text))
        packet.pts = packet.dts = line.start
        packet.duration = line.end - line.start
        packet.time_base = 1 / rate
        packet.stream = stream
        yield packet


class TrackCheck:
    """Takes a film's packets of one text stream in order and compares them with the track that was written."""

    def __init__(self, stream: Any, track: SoftTrack, rate: Fraction, form: TextForm) -> None:
        self._track, self._seconds, self._rate = track, stream.time_base, rate
        self._wanted = [
            (line.start, line.end, FORMS[form].packet(number, line.text)) for number, line in enumerate(track.lines)
        ]
        self._found: list[tuple[int, int, bytes]] = []
        language = stream.metadata.get("language", "und")
        codes = {track.code, QUICKTIME_LANGUAGES.get(track.code)}
        if stream.codec_context.codec.canonical_name != FORMS[form].codec or language not in codes:
            raise KinofarmError("TEXT-020", language=track.code, reason=f"it is marked as {language}")

    def add(self, packet: Any) -> None:
        """Take in the next packet; an empty one stands for a gap."""
        sample = bytes(packet)
        if sample != _timed_text(0, ""):
            start, length = packet.pts * self._seconds * self._rate, packet.duration * self._seconds * self._rate
            self._found.append((round(start), round(start + length), sample))

    def finish(self) -> None:
        """Check the whole."""
        if self._found != self._wanted:
            reason = f"{len(self._found)} lines came out of {len(self._wanted)}, or other words or times"
            raise KinofarmError("TEXT-020", language=self._track.code, reason=reason)
