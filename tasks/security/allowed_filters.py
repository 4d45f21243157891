"""Filters that a project may use in a template of its own, with the options that each takes here.

A row lists a filter's options in ffmpeg's own order, which is the order of unnamed values. Names of one option are joined by
`|`, the first is the full one. After a colon stands what kind of value it takes (none: a number); a `-` before it means that it is not allowed
here: it reads a file, or would make the picture depend on where a chunk begins.

Not here, and so refused: whatever reads or writes files or addresses (movie, subtitles, lut3d, drawtext, metadata, ...), loads
libraries (ladspa, lv2, frei0r), takes commands (sendcmd, zmq), evaluates expressions over time, looks at neighbouring frames
(hqdn3d, tmix, deflicker, ...) or changes the picture's size, rate or format.

Source: `ffmpeg -h filter=NAME`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Kind = Literal["number", "word", "points", "colour", "list", "refused"]
Room = Literal["picture", "sound"]


class Option(NamedTuple):
    """An option of a filter: its full name, and what it takes."""

    name: str
    kind: Kind


class FilterRow(NamedTuple):
    """A filter: where it is used, its options in order, and the options by each of their names."""

    on: Room
    order: tuple[Option, ...]
    by_name: Mapping[str, Option]


_PICTURE = """
eq              contrast brightness saturation gamma gamma_r gamma_g gamma_b gamma_weight -eval
hue             h s H b
unsharp         luma_msize_x|lx luma_msize_y|ly luma_amount|la chroma_msize_x|cx chroma_msize_y|cy chroma_amount|ca alpha_msize_x|ax alpha_msize_y|ay alpha_amount|aa
gblur           sigma steps planes sigmaV
boxblur         luma_radius|lr luma_power|lp chroma_radius|cr chroma_power|cp alpha_radius|ar alpha_power|ap
avgblur         sizeX planes sizeY
smartblur       luma_radius|lr luma_strength|ls luma_threshold|lt chroma_radius|cr chroma_strength|cs chroma_threshold|ct alpha_radius|ar alpha_strength|as alpha_threshold|at
colorbalance    rs gs bs rm gm bm rh gh bh pl
colorchannelmixer  rr rg rb ra gr gg gb ga br bg bb ba ar ag ab aa pc:word pa
colorlevels     rimin gimin bimin aimin rimax gimax bimax aimax romin gomin bomin aomin romax gomax bomax aomax preserve:word
colortemperature  temperature mix pl
colorcontrast   rc gm by rcw gmw byw pl
colorcorrect    rl bl rh bh saturation analyze:word
colorize        hue saturation lightness mix
vibrance        intensity rbal gbal bbal rlum glum blum alternate
exposure        exposure black
curves          preset:word master|m:points red|r:points green|g:points blue|b:points all:points -psfile -plot interp:word
negate          components:word negate_alpha
vignette        angle|a x0 y0 mode:word -eval dither aspect
edgedetect      high low mode:word planes:word
sobel           planes scale delta
prewitt         planes scale delta
roberts         planes scale delta
kirsch          planes scale delta
convolution     0m:list 1m:list 2m:list 3m:list 0rdiv 1rdiv 2rdiv 3rdiv 0bias 1bias 2bias 3bias 0mode:word 1mode:word 2mode:word 3mode:word
pixelize        width|w height|h mode|m:word planes|p:word
rgbashift       rh rv gh gv bh bv ah av edge:word
chromashift     cbh cbv crh crv edge:word
hflip
vflip
lenscorrection  cx cy k1 k2 i:word fc:colour
monochrome      cb cr size high
erosion         coordinates threshold0 threshold1 threshold2 threshold3
dilation        coordinates threshold0 threshold1 threshold2 threshold3
inflate         threshold0 threshold1 threshold2 threshold3
deflate         threshold0 threshold1 threshold2 threshold3
median          radius planes radiusV percentile
cas             strength planes:word
limiter         min max planes
selectivecolor  correction_method:word reds:list yellows:list greens:list cyans:list blues:list magentas:list whites:list neutrals:list blacks:list -psfile
deband          1thr 2thr 3thr 4thr range|r direction|d blur|b coupling|c
gradfun         strength radius
histeq          strength intensity antibanding:word
grayworld
"""

_PASS = "mix|m channels|c:word normalize|n transform|a:word precision|r:word blocksize|b"

_SOUND = f"""
volume          volume:number precision:word -eval -replaygain -replaygain_preamp -replaygain_noclip
equalizer       frequency|f width_type|t:word width|w gain|g {_PASS}
bass            frequency|f width_type|t:word width|w gain|g poles|p {_PASS}
treble          frequency|f width_type|t:word width|w gain|g poles|p {_PASS}
lowshelf        frequency|f width_type|t:word width|w gain|g poles|p {_PASS}
highshelf       frequency|f width_type|t:word width|w gain|g poles|p {_PASS}
highpass        frequency|f width_type|t:word width|w poles|p {_PASS}
lowpass         frequency|f width_type|t:word width|w poles|p {_PASS}
bandpass        frequency|f width_type|t:word width|w csg {_PASS}
bandreject      frequency|f width_type|t:word width|w {_PASS}
acompressor     level_in mode:word threshold ratio attack release makeup knee link:word detection:word level_sc mix
alimiter        level_in level_out limit attack release asc asc_level level latency
agate           level_in mode:word range threshold ratio attack release makeup knee detection:word link:word level_sc
aecho           in_gain out_gain delays:list decays:list
chorus          in_gain out_gain delays:list decays:list speeds:list depths:list
flanger         delay depth regen width speed shape:word phase interp:word
aphaser         in_gain out_gain delay decay speed type:word
tremolo         f d
vibrato         f d
extrastereo     m c
stereowiden     delay feedback crossfeed drymix
crystalizer     i c
deesser         i m f s:word
dcshift         shift limitergain
crossfeed       strength range slope level_in level_out block_size
"""


def _rows(table: str, on: Room) -> dict[str, FilterRow]:
    rows = {}
    for line in table.strip().splitlines():
        name, *columns = line.split()
        order: list[Option] = []
        by_name: dict[str, Option] = {}
        for column in columns:
            names, _, kind = column.lstrip("-").partition(":")
            full, *others = names.split("|")
            option = Option(full, "refused" if column.startswith("-") else _kind(kind))
            order.append(option)
            by_name |= dict.fromkeys((full, *others), option)
        rows[name] = FilterRow(on, tuple(order), by_name)
    return rows


def _kind(text: str) -> Kind:
    kinds: Mapping[str, Kind] = {
        "": "number", "number": "number", "word": "word", "points": "points", "colour": "colour", "list": "list",
    }  # fmt: skip
    return kinds[text]


ALLOWED: Mapping[str, FilterRow] = {**_rows(_PICTURE, "picture"), **_rows(_SOUND, "sound")}
"""Every filter that passes, by name."""
