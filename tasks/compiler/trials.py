"""Trials: an encoder on a device is believed once it has encoded a few frames here, and they came out as a film needs them.

Two short films of different content are encoded, decoded and counted: all frames, closed groups of pictures, the right
shape, and the same parameter sets in both, without which chunks could not be joined.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import ffmpeg

from infra.errors import KinofarmError
from infra.process import run_ffmpeg
from infra.values import Value
from tasks.compiler.argv import picture_argv
from tasks.compiler.encoders import ENCODERS, encoder
from tasks.compiler.encoders.row import EncoderRow
from tasks.compiler.model import Export, Timeline, VideoExport
from tasks.compiler.notice import Notice, notice
from tasks.media.count import count_frames
from tasks.media.proof import PictureShape

FRAMES = 8
RATE = Fraction(25)
SIZE = (320, 180)
PICTURES = ("testsrc2", "color=red")
SECONDS = 30.0
"""Longest that one trial may take."""


class Trial(Value):
    """How an encoder did. reason: why it can't be used here; empty when it can."""

    encoder: str
    family: str
    reason: str = ""

    @property
    def works(self) -> bool:
        return not self.reason


Try = Callable[[EncoderRow], Trial]


@dataclass(frozen=True)
class Offer:
    """Which encoders on devices there are: those of this machine, or of a farm.

    patient: a film that names one which works nowhere now waits for a machine with it, in place of being made in software.
    """

    attempt: Try
    patient: bool = False


def trials(binary: Path) -> Iterator[Trial]:
    """Try every encoder that needs a device, one after the other."""
    for row in ENCODERS.values():
        if row.hardware:
            yield trial(row, binary)


def trial(row: EncoderRow, binary: Path) -> Trial:
    """Try one encoder; what came of it is remembered as long as this process lives and ffmpeg stays the same."""
    return _tried(row.name, binary, binary.stat().st_mtime_ns)


def here(binary: Path) -> Offer:
    """Return the encoders on devices of this machine, each tried when it is asked for."""
    return Offer(lambda row: trial(row, binary))


def pinned(timeline: Timeline, offer: Offer) -> tuple[Timeline, tuple[Notice, ...]]:
    """Return the timeline with the encoder that its film will be made with, and what its author should know of it.

    "auto" becomes the first encoder on a device that works for the codec and can do what is asked; where none does, and
    where one that is named does not work (unless the offer is patient), the film is made in software, with a warning.
    """
    video = timeline.export.video
    if video.encoder == "software":
        return timeline, ()
    named = ENCODERS.get(video.encoder)
    if named is not None and not named.hardware:
        return timeline, ()
    rows = (
        [named]
        if named is not None
        else [row for row in ENCODERS.values() if row.hardware and row.codec == video.codec]
    )
    if named is None and video.encoder != "auto":
        return timeline, ()  # the check refuses the name
    done = []
    for row in rows:
        found = offer.attempt(row) if _can(row, video) else Trial(encoder=row.name, family=row.hardware, reason=_CANNOT)
        if found.works:
            return _with(timeline, row.name), ()
        if named is not None and offer.patient and _can(row, video):
            waits = notice("CHECK-944", "export.video.encoder", encoder=row.name, reasons=found.reason)
            return _with(timeline, row.name), (waits,)
        done.append(found)
    reasons = "; ".join(f"{found.encoder}: {found.reason}" for found in done) or "there is none for this codec"
    software = _with(timeline, "software")
    code = "CHECK-943" if named is not None else "CHECK-942"
    instead = encoder(software.export).name
    return software, (notice(code, "export.video.encoder", encoder=video.encoder, instead=instead, reasons=reasons),)


_CANNOT = "it cannot do what the export asks for"


def _can(row: EncoderRow, video: VideoExport) -> bool:
    fits = (video.bits is None or video.bits in row.bits) and video.passes == 1 and not video.alpha
    return fits and (video.profile is None or video.profile in row.profiles or not row.profiles)


def _with(timeline: Timeline, name: str) -> Timeline:
    update: dict[str, str | None] = {"encoder": name}
    if name != "software":
        update["profile"] = None  # a device chooses the profile by what it is given
    video = timeline.export.video.model_copy(update=update)
    return timeline.model_copy(update={"export": timeline.export.model_copy(update={"video": video})})


def anew(row: EncoderRow, binary: Path) -> Trial:
    """Try one encoder now, whatever came of it before."""
    export = Export(video=VideoExport(codec=row.codec, encoder=row.name))
    pixels = row.pixels(export.video)
    shape = PictureShape(
        codec=row.stored_codec,
        width=SIZE[0],
        height=SIZE[1],
        pixel_format=pixels.decoded,
        matrix=pixels.matrix,
        primaries=pixels.primaries,
        transfer=pixels.transfer,
        range=pixels.range,
    )
    try:
        with tempfile.TemporaryDirectory(prefix="kinofarm-trial-") as folder:
            sets = {_encoded(row, export, shape, picture, Path(folder), binary) for picture in PICTURES}
    except KinofarmError as error:
        return Trial(encoder=row.name, family=row.hardware, reason=reason_of(error))
    reason = "" if len(sets) == 1 else "its parameter sets change with what it sees: chunks could not be joined"
    return Trial(encoder=row.name, family=row.hardware, reason=reason)


def reason_of(error: KinofarmError) -> str:
    """The line in which ffmpeg, or its library, says what is missing: the first one, the others follow from it."""
    tail = str(error.params.get("tail", "")).splitlines()
    line = tail[0] if tail else f"{error.message} {error.detail}".strip()
    return line.partition("] ")[2] or line if line.startswith("[") else line


@lru_cache(maxsize=64)
def _tried(name: str, binary: Path, modified_ns: int) -> Trial:
    return anew(ENCODERS[name], binary)


def _encoded(row: EncoderRow, export: Export, shape: PictureShape, picture: str, folder: Path, binary: Path) -> str:
    """Encode and count one short film; returns the digest of its parameter sets."""
    joint = ":" if "=" in picture else "="
    source = f"{picture}{joint}s={SIZE[0]}x{SIZE[1]}:r={RATE}"
    stream = ffmpeg.input(source, f="lavfi")["0"].filter("format", "yuv420p")
    stream = stream.filter("setparams", range="tv", colorspace="bt709", color_primaries="bt709", color_trc="bt709")
    argv = picture_argv(row.prepared(stream, export.video), row.arguments(export, RATE, 4), FRAMES, RATE)
    run_ffmpeg([*row.device, *argv[:-1], "trial.mp4"], cwd=folder, timeout=SECONDS, binary=binary)
    return count_frames(folder / "trial.mp4", frames=FRAMES, rate=RATE, shape=shape, what="the trial").extradata
