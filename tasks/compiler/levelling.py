"""Levelling: the filters by which a sound is measured, and brought to the level that this led to.

The level is not known when the graph is written. It is read from two files, which whoever runs the stages writes after
measuring (`tasks.compiler.execute`): the graph, and with it the key, stays the same.

Source: ffmpeg-filters(1): ebur128, ametadata, volume, alimiter; options from files: ffmpeg-filters(1), "/option".
"""

from __future__ import annotations

from tasks.compiler.effects.row import Stream
from tasks.compiler.work import Levelling
from tasks.media.loudness import METER, SHORTEST


def metered(stream: Stream, log: str, peak: bool = True) -> Stream:
    """Measure a sound as it passes by, its true peak where that is asked for; it is written to the file `log`."""
    options = METER if peak else {name: value for name, value in METER.items() if name != "peak"}
    stream = stream.filter("apad", whole_dur=SHORTEST).filter("ebur128", **options)
    return stream.filter("ametadata", mode="print", file=log)


def levelled(stream: Stream, level: Levelling, rate: int) -> Stream:
    """Apply the gain, and hold the true peak under the ceiling: a limiter at the rate that true peaks are measured at."""
    stream = stream.filter("volume", **{"/volume": level.gain, "precision": "float"})
    times = oversampling(rate)
    if times > 1:
        stream = stream.filter("aresample", rate * times)
    stream = stream.filter(
        "alimiter", **{"/limit": level.ceiling, "level": 0, "attack": 5, "release": 50, "latency": 1}
    )
    return stream.filter("aresample", rate) if times > 1 else stream


def oversampling(rate: int) -> int:
    """How many times the sample rate true peaks are looked for at: 192 kHz or so. Source: ITU-R BS.1770-4, annex 2."""
    return 4 if rate < 96_000 else 2 if rate < 192_000 else 1
