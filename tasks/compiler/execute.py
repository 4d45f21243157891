"""Do a piece of work: lay out what it reads, run its stages, and name the file that came out.

All of it happens in one scratch folder, which ffmpeg has as its own working folder. Nothing outside that folder is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.errors import KinofarmError
from infra.process import Progress, run_ffmpeg
from tasks.compiler.work import FontUse, Levelling, MediaUse, Work
from tasks.media.loudness import Level, Measured, corrected, first_level, read_meter, require_loudness

FONTS = "fonts"
OUT = "out"

ROUNDS = 8
"""How often a level is corrected before a loudness counts as out of reach; two are usual, hard limiting takes more."""

_MEDIA = re.compile(r"media:([0-9a-f]{64})")


@dataclass(frozen=True)
class Renderer:
    """The ffmpeg that a machine renders with: binary, version line, threads per process, seconds it may take.

    hang: seconds with neither a new frame nor processor time after which it is taken for hung.
    """

    binary: Path
    version: str
    threads: int
    timeout: float = 3600
    hang: float = 60


def execute(
    work: Work,
    folder: Path,
    renderer: Renderer,
    *,
    on_frames: Callable[[int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    on_made: Callable[[Path], None] | None = None,
) -> Path:
    """Run the work in the empty folder `folder` and return the finished file, which lies in it.

    Args:    on_frames: told the frames encoded so far. should_stop: asked now and then; true ends ffmpeg.
             on_made: told of the file before it is measured; again, if it had to be made again.
    Raises:  FLOW-001 when a media file is not the one that was planned with, before or after the run; FLOW-002 when
             the planned ffmpeg is another; FLOW-003 when nothing came out; VERIFY-020 when a sound can't be brought to its
             loudness; FFMPEG-00x.
    """
    if work.ffmpeg != renderer.version:
        raise KinofarmError("FLOW-002", planned=work.ffmpeg, found=renderer.version)
    _require_unchanged(work.media)
    _lay_out(work, folder)
    out = folder / f"{OUT}{work.suffix}"
    levels, number = _Levels(folder), 0
    while number < len(work.stages):
        stage = work.stages[number]
        if on_made is not None and stage.levelling is not None and stage.levelling.again:
            on_made(out)
        run_ffmpeg(
            arguments(stage.argv, work, threads=renderer.threads, out=out.name),
            cwd=folder,
            on_progress=_frames_of(on_frames) if number == len(work.stages) - 1 else None,
            should_stop=should_stop,
            timeout=renderer.timeout,
            hang=renderer.hang,
            binary=renderer.binary,
        )
        number += 1
        if stage.levelling is not None and not levels.hold(stage.levelling):
            number -= stage.levelling.again
    _require_unchanged(work.media)
    if not out.is_file() or out.stat().st_size == 0:
        raise KinofarmError("FLOW-003")
    return out


def arguments(argv: Sequence[str], work: Work, *, threads: int, out: str) -> tuple[str, ...]:
    """Return ffmpeg's arguments with the placeholders of `work` resolved and the machine's threads set."""
    paths = {use.sha256: use.path for use in work.media}
    count = str(threads)
    found: list[str] = ["-filter_threads", count, "-filter_complex_threads", count]
    for position, argument in enumerate(argv):
        if argument == "-i":
            found += ["-threads", count, argument]
        elif match := _MEDIA.fullmatch(argument):
            found.append(f"file:{paths[match[1]]}")
        elif argument == OUT and position == len(argv) - 1:
            found += ["-threads", count, f"file:{out}"]
        elif argument == OUT and argv[position - 1] == "-i":
            found.append(f"file:{out}")
        else:
            found.append(argument)
    return tuple(found)


class _Levels:
    """The levels of a work's sounds, by the name of their gain's file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tried: dict[str, list[tuple[Level, Measured]]] = {}
        self._level: dict[str, Level] = {}

    def hold(self, wanted: Levelling) -> bool:
        """Take in what a stage measured and write the level that follows; return whether the sound is as it should be.

        Raises:  VERIFY-020 when it is not after so many rounds.
        """
        measured = read_meter(self._folder / wanted.log)
        if wanted.again == 0:
            self._write(wanted, first_level(wanted.loudness, measured))
            return True
        level, tried = self._level[wanted.gain], self._tried.setdefault(wanted.gain, [])
        better = corrected(level, wanted.loudness, measured, tried[-1] if tried else None)
        if better is None:
            return True
        if len(tried) == ROUNDS:
            require_loudness(wanted.loudness, measured, "VERIFY-020")
            return True
        tried.append((level, measured))
        self._write(wanted, better)
        return False

    def _write(self, wanted: Levelling, level: Level) -> None:
        self._level[wanted.gain] = level
        (self._folder / wanted.gain).write_text(f"{level.gain:.4f}dB", encoding="ascii")
        (self._folder / wanted.ceiling).write_text(f"{10 ** (level.ceiling / 20):.6f}", encoding="ascii")


def _lay_out(work: Work, folder: Path) -> None:
    """Write the work's text files into the folder and link its fonts into `fonts/`."""
    for file in work.files:
        (folder / file.name).write_text(file.text, encoding="utf-8")
    if work.fonts:
        (folder / FONTS).mkdir()
    for font in _distinct(work.fonts):
        path = Path(font.path)
        (folder / FONTS / f"{font.sha256}{path.suffix.lower()}").symlink_to(path)


def _distinct(fonts: Iterable[FontUse]) -> Iterable[FontUse]:
    return {font.sha256: font for font in fonts}.values()


def _require_unchanged(media: Iterable[MediaUse]) -> None:
    """Raise FLOW-001 unless every file still has the size and the modification time with which it was hashed."""
    for use in media:
        path = Path(use.path)
        try:
            facts = path.stat()
        except OSError:
            raise KinofarmError("FLOW-001", file=path.name) from None
        if (facts.st_size, facts.st_mtime_ns) != (use.size, use.modified_ns):
            raise KinofarmError("FLOW-001", file=path.name)


def _frames_of(on_frames: Callable[[int], None] | None) -> Callable[[Progress], None] | None:
    if on_frames is None:
        return None
    return lambda progress: on_frames(progress.frame)
