"""Which ffmpeg renders: the one of the settings, else the static build that the imageio-ffmpeg package ships.

The shipped build has what the farm needs (xfade, libass, x264) and runs without root; a distribution's ffmpeg may
lack some of it. The version line is part of every chunk's key.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import imageio_ffmpeg

from infra.errors import KinofarmError
from infra.process import run_tool


def binary(configured: Path | None) -> Path:
    """Return the absolute path of the ffmpeg to use.

    Args:    configured: the setting `ffmpeg.binary`.
    Raises:  KinofarmError FFMPEG-010 when the configured one is not there, FFMPEG-011 when none is shipped.
    """
    if configured is not None:
        path = configured.expanduser().absolute()
        if not (path.is_file() and os.access(path, os.X_OK)):
            raise KinofarmError("FFMPEG-010", path=str(configured))
        return path
    return _shipped()


def version(path: Path) -> str:
    """Return the first line of `ffmpeg -version`; asked once per state of the file.

    Raises:  KinofarmError FFMPEG-010 when it is not there, FFMPEG-012 when it does not answer as ffmpeg does.
    """
    try:
        state = path.stat()
    except OSError:
        raise KinofarmError("FFMPEG-010", path=str(path)) from None
    return _version_line(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=1)
def _shipped() -> Path:
    # The package looks at IMAGEIO_FFMPEG_EXE and PATH too; ours is the file that it ships or a setting, nothing else.
    try:
        found = sorted(Path(imageio_ffmpeg.__file__).with_name("binaries").glob("ffmpeg-*"))
    except OSError as error:
        raise KinofarmError("FFMPEG-011", reason=str(error)) from None
    runnable = [path for path in found if os.access(path, os.X_OK)]
    if not runnable:
        raise KinofarmError("FFMPEG-011", reason="the imageio-ffmpeg package holds no binary")
    return runnable[-1].absolute()


@lru_cache(maxsize=8)
def _version_line(path: Path, modified_ns: int, size: int) -> str:
    try:
        lines = run_tool([str(path), "-version"], timeout=20).splitlines()
    except KinofarmError as error:
        raise KinofarmError("FFMPEG-012", path=str(path), reason=error.detail or error.message) from None
    if not lines or not lines[0].startswith("ffmpeg version "):
        raise KinofarmError("FFMPEG-012", path=str(path), reason="its answer to -version is not ffmpeg's")
    return lines[0]
