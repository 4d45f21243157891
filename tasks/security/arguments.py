"""Encoder options that a project may bring along (`export.ffmpeg_args`): an allow-list of names and of what each may say.

ffmpeg takes any word without a dash for an output file, and some options write files. So the words are read in pairs of a name
and a value, every name must stand in the table below, and its value must look as that option's values do. Nothing else passes.

Source: ffmpeg-codecs(1), libx264 and aac; `x264 --fullhelp`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from infra.errors import KinofarmError

Part = Literal["picture", "sound", "film"]
"""Which encoder an option is for; "film": it says what holds anyway, and is left out."""

Check = Callable[[str], str | None]
"""Returns the value as it is passed on, or None when it is no value of the option."""


class ArgumentRow(NamedTuple):
    """An option: which encoder it is for, its full name, and how its value is checked."""

    part: Part
    name: str
    check: Check


def _matching(pattern: str) -> Check:
    compiled = re.compile(pattern)
    return lambda value: value if compiled.fullmatch(value) else None


def _one_of(*words: str) -> Check:
    return lambda value: value if value in words else None


def _parameters(value: str) -> str | None:
    """Check x264's own key=value list, each key by the allow-list."""
    pairs = []
    for pair in value.split(":"):
        key, _, setting = pair.partition("=")
        if key not in X264_KEYS or not _X264_VALUE.fullmatch(setting):
            return None
        pairs.append(pair)
    return ":".join(pairs)


X264_KEYS = frozenset({
    "8x8dct", "aq-mode", "aq-strength", "aud", "b-adapt", "b-bias", "b-pyramid", "bframes", "bluray-compat", "cabac",
    "chroma-qp-offset", "constrained-intra", "cplxblur", "crf", "crf-max", "deadzone-inter", "deadzone-intra",
    "deblock", "direct", "direct-pred", "filler", "ipratio", "keyint", "mbtree", "me", "merange", "min-keyint",
    "mixed-refs", "mvrange", "nal-hrd", "no-8x8dct", "no-cabac", "no-chroma-me", "no-dct-decimate", "no-deblock",
    "no-fast-pskip", "no-mbtree", "no-mixed-refs", "no-psy", "no-scenecut", "no-weightb", "nr", "partitions", "analyse",
    "pbratio", "psy-rd", "qblur", "qcomp", "qpmax", "qpmin", "qpstep", "ratetol", "rc-lookahead", "ref", "scenecut",
    "slices", "subme", "subq", "trellis", "vbv-bufsize", "vbv-init", "vbv-maxrate", "weightb", "weightp",
})  # fmt: skip
"""x264's parameters that say how to encode. Not here: those that read or write files (stats, qpfile, cqmfile, dump-yuv,
tcfile-in, ...), and those that would open a GOP or change size, rate, format or colour tags of the film."""

_X264_VALUE = re.compile(r"[A-Za-z0-9.,+-]{0,60}")

_NUMBER = _matching(r"-?\d{1,6}(\.\d{1,6})?")
_COUNT = _matching(r"\d{1,5}")
_BITRATE = _matching(r"\d{1,9}(\.\d{1,3})?[kKmM]?")

ARGUMENTS: Mapping[str, ArgumentRow] = {
    **{
        name: ArgumentRow("picture", name, check)
        for name, check in {
            "-preset": _matching(r"ultrafast|(super|very)?fast|faster|medium|slow|slower|veryslow"),
            "-tune": _matching(
                r"(film|animation|grain|stillimage|psnr|ssim|fastdecode|zerolatency)(,(fastdecode|zerolatency))?"
            ),
            "-profile:v": _one_of("baseline", "main", "high"),
            "-level": _matching(r"[1-6](\.[0-3])?|1b"),
            "-crf": _NUMBER,
            "-qp": _COUNT,
            "-b:v": _BITRATE,
            "-maxrate": _BITRATE,
            "-minrate": _BITRATE,
            "-bufsize": _BITRATE,
            "-g": _COUNT,
            "-keyint_min": _COUNT,
            "-bf": _matching(r"\d|1[0-6]"),
            "-b_strategy": _one_of("0", "1", "2"),
            "-b-pyramid": _one_of("none", "strict", "normal"),
            "-refs": _matching(r"\d|1[0-6]"),
            "-sc_threshold": _COUNT,
            "-me_range": _COUNT,
            "-motion-est": _one_of("dia", "hex", "umh", "esa", "tesa"),
            "-subq": _matching(r"\d|1[01]"),
            "-trellis": _one_of("0", "1", "2"),
            "-qmin": _COUNT,
            "-qmax": _COUNT,
            "-qdiff": _COUNT,
            "-qcomp": _NUMBER,
            "-aq-mode": _one_of("0", "1", "2", "3"),
            "-aq-strength": _NUMBER,
            "-psy": _one_of("0", "1"),
            "-psy-rd": _matching(r"\d(\.\d{1,3})?[,:]\d(\.\d{1,3})?"),
            "-rc-lookahead": _COUNT,
            "-weightb": _one_of("0", "1"),
            "-weightp": _one_of("0", "1", "2"),
            "-deblock": _matching(r"-?\d[,:]-?\d"),
            "-mbtree": _one_of("0", "1"),
            "-mixed-refs": _one_of("0", "1"),
            "-8x8dct": _one_of("0", "1"),
            "-fast-pskip": _one_of("0", "1"),
            "-coder": _one_of("default", "cavlc", "cabac", "vlc", "ac"),
            "-crf_max": _NUMBER,
            "-nal-hrd": _one_of("none", "vbr", "cbr"),
            "-x264-params": _parameters,
        }.items()
    },
    **{
        name: ArgumentRow("sound", name, check)
        for name, check in {
            "-b:a": _BITRATE,
            "-profile:a": _one_of("aac_low"),
            "-cutoff": _COUNT,
            "-aac_coder": _one_of("twoloop", "fast"),
            "-aac_ms": _one_of("0", "1", "auto"),
            "-aac_is": _one_of("0", "1"),
            "-aac_pns": _one_of("0", "1"),
            "-aac_tns": _one_of("0", "1"),
        }.items()
    },
    "-c:v": ArgumentRow("film", "-c:v", _one_of("libx264", "h264")),
    "-c:a": ArgumentRow("film", "-c:a", _one_of("aac")),
    "-pix_fmt": ArgumentRow("film", "-pix_fmt", _one_of("yuv420p")),
    "-movflags": ArgumentRow("film", "-movflags", _one_of("faststart", "+faststart")),
}
"""Every option that passes, by its full name."""

ALIASES: Mapping[str, str] = {
    "-vcodec": "-c:v", "-codec:v": "-c:v", "-acodec": "-c:a", "-codec:a": "-c:a", "-x264opts": "-x264-params",
    "-preset:v": "-preset", "-tune:v": "-tune", "-crf:v": "-crf", "-level:v": "-level", "-maxrate:v": "-maxrate",
    "-minrate:v": "-minrate", "-bufsize:v": "-bufsize", "-g:v": "-g", "-bf:v": "-bf", "-refs:v": "-refs", "-qp:v": "-qp",
    "-ab": "-b:a", "-vb": "-b:v", "-profile": "-profile:v", "-x264-params:v": "-x264-params",
}  # fmt: skip


def safe_arguments(
    arguments: Sequence[str], part: Literal["picture", "sound"], where: str = "export.ffmpeg_args"
) -> tuple[str, ...]:
    """Return a project's encoder options for one of the two encoders, as name, value, name, value, ...

    All of them are checked, whichever part is asked for. Options that only say what holds anyway (`-c:v libx264`,
    `-pix_fmt yuv420p`, `-movflags +faststart`) are left out; aliases come back under their full name.

    Raises:  KinofarmError SECURITY-003 an option, or an output's name, that is not allowed; SECURITY-004 a value that is not.
    """
    found: list[str] = []
    for name, value, place in _pairs(arguments, where):
        row = ARGUMENTS.get(ALIASES.get(name, name))
        if row is None:
            raise KinofarmError("SECURITY-003", where=place, option=name)
        checked = row.check(value)
        if checked is None:
            raise KinofarmError("SECURITY-004", where=place, option=name, reason=f'"{value}" is not allowed here')
        if row.part == part:
            found += [row.name, checked]
    return tuple(found)


def _pairs(arguments: Sequence[str], where: str) -> Iterator[tuple[str, str, str]]:
    """Read names and values by turns, from a list of words or of "name value" strings; yield each with its place."""
    words = [(word, f"{where}[{place}]") for place, text in enumerate(arguments) for word in _words(text)]
    for (name, place), value in zip(words[::2], [word for word, _ in words[1::2]] + [None], strict=False):
        if value is None:
            code = "SECURITY-004" if ALIASES.get(name, name) in ARGUMENTS else "SECURITY-003"
            raise KinofarmError(code, where=place, option=name, reason="it has no value")
        yield name, value, place


def _words(text: str) -> list[str]:
    """Take "-tune film" in one string apart, as some editors write it; a value with blanks is none of ours anyway."""
    return text.split() if text.startswith("-") and " " in text else [text]
