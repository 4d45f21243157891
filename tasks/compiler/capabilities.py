"""What a machine can do, found out by doing it: encoders on devices, decoding on them, sessions at once, CUDA, fonts.

Nothing is believed from a list: a driver that is too old, a device that another process has used up and a library that is
missing all look the same until a few frames are encoded.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pydantic import Field

from infra import machine
from infra.errors import KinofarmError
from infra.process import run_ffmpeg
from infra.values import Value
from tasks.compiler.encoders import ENCODERS
from tasks.compiler.trials import Trial, anew, reason_of, trials
from tasks.subtitles.fonts import font_catalogue

MOST_SESSIONS = 8
"""Encodings at once that are tried: more than the devices of one machine are asked for."""


class Capabilities(Value):
    """What was found. encoders: each that needs a device, with the reason where it does not work."""

    cores: int
    memory: int = Field(description="Bytes.")
    ffmpeg: str = Field(description="Version line.")
    encoders: tuple[Trial, ...]
    sessions: int = Field(description="Encodings on devices at once that came out; 0: no device encodes.")
    nvdec: str = Field(description="Why NVIDIA's decoder can't be used; empty when it can.")
    cuda: str = Field(description="Why recognition can't run on CUDA; empty when it can.")
    fonts: int
    free: int = Field(description="Bytes free on the disk of the farm's home.")

    @property
    def working(self) -> tuple[str, ...]:
        """The encoders on devices that work here, by name."""
        return tuple(trial.encoder for trial in self.encoders if trial.works)


def probe(
    binary: Path, version: str, home: Path, fonts: Iterable[Path] = (), *, why_no_cuda: Callable[[], str]
) -> Capabilities:
    """Find out what this machine can do; takes seconds where there are devices.

    Args:    binary, version: of ffmpeg. home: whose disk is looked at. fonts: folders with fonts beside the farm's own.
             why_no_cuda: says why recognition can't run on CUDA; empty: it can.
    """
    found = tuple(trials(binary))
    working = [trial.encoder for trial in found if trial.works]
    return Capabilities(
        cores=machine.cores(),
        memory=machine.memory(),
        ffmpeg=version,
        encoders=found,
        sessions=sessions(working[0], binary) if working else 0,
        nvdec=_nvdec(binary),
        cuda=why_no_cuda(),
        fonts=len(font_catalogue(tuple(fonts)).faces),
        free=shutil.disk_usage(home).free,
    )


def sessions(encoder: str, binary: Path, most: int = MOST_SESSIONS) -> int:
    """Return how many encodings of one encoder come out when they run at once: 1, 2, 4, ... until one fails."""
    row, held = ENCODERS[encoder], 0
    while held < most:
        wanted = min(most, max(1, 2 * held))
        with ThreadPoolExecutor(wanted) as pool:
            done = [trial.works for trial in pool.map(lambda _: anew(row, binary), range(wanted))]
        if not all(done):
            break
        held = wanted
    return held


def _nvdec(binary: Path) -> str:
    """Encode a few frames in software and decode them on NVIDIA's device."""
    with tempfile.TemporaryDirectory(prefix="kinofarm-trial-") as folder:
        made = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25", "-frames:v", "8", "-c:v", "libx264", "-y", "trial.mp4"]
        read = ["-hwaccel", "cuda", "-hwaccel_output_format", "cuda", "-i", "trial.mp4", "-f", "null", "-"]
        try:
            run_ffmpeg(made, cwd=Path(folder), timeout=30, binary=binary)
            run_ffmpeg(["-xerror", *read], cwd=Path(folder), timeout=30, binary=binary)
        except KinofarmError as error:
            return reason_of(error)
    return ""
