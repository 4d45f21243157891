"""Two thousand templates that try to get at files: what is let through runs in real ffmpeg, and no file is touched.

The kernel tells which files are opened: a folder of files that the templates name is watched for every opening, by
inotify(7), and the folder that ffmpeg runs in holds nothing afterwards that wasn't there.
"""

from __future__ import annotations

import ctypes
import os
import random
import struct
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import ffmpeg
import pytest

from infra.errors import KinofarmError
from infra.ffmpeg import binary
from infra.process import GLOBAL_OPTIONS, environment
from tasks.compiler.effects.custom import Custom, build
from tasks.compiler.effects.row import Setting
from tasks.security.allowed_filters import ALLOWED, Option

COUNT = 2_000
LEAST_LET_THROUGH = 200
LEAST_WORKED = 0.4
"""So many must be let through, and this share of them be taken by ffmpeg, or the fuzzer proves nothing."""

OPEN, CREATE = 0x20, 0x100
"""inotify(7): IN_OPEN, IN_CREATE."""

READERS = (
    "movie",
    "lut3d",
    "lut1d",
    "haldclut",
    "subtitles",
    "ass",
    "drawtext",
    "sendcmd",
    "libvmaf",
    "vidstabtransform",
)
FILE_OPTIONS = ("file", "f", "psfile", "plot", "filename", "textfile", "stats_file", "fontfile", "input", "result")


class Watched:
    """A folder whose every opened or created file is told."""

    def __init__(self, folder: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = libc.inotify_init1(os.O_NONBLOCK)
        assert libc.inotify_add_watch(self._descriptor, os.fsencode(folder), OPEN | CREATE) >= 0, os.strerror(
            ctypes.get_errno()
        )

    def touched(self) -> list[str]:
        """The names of the files that were touched since the last call."""
        names: list[str] = []
        while True:
            try:
                told = os.read(self._descriptor, 65_536)
            except BlockingIOError:
                return names
            while told:
                length = struct.unpack_from("iIII", told)[3]
                names.append(told[16 : 16 + length].rstrip(b"\0").decode())
                told = told[16 + length :]

    def close(self) -> None:
        os.close(self._descriptor)


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """A folder of files that a filter could read."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    points = "\n".join(f"{r} {g} {b}" for b in (0, 1) for g in (0, 1) for r in (0, 1))
    (folder / "look.cube").write_text(f"LUT_3D_SIZE 2\n{points}\n")
    (folder / "text.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nsecret\n")
    return folder


@pytest.fixture
def watched(secrets: Path) -> Iterator[Watched]:
    found = Watched(secrets)
    yield found
    found.close()


def run(graph: str, shown: str, folder: Path) -> bool:
    """One small frame through a graph to the pad that is shown; an ffmpeg that refuses it is no matter. Returns whether it didn't.

    Started without `infra.process`, which forks: a thousand copies of a large test process's page tables cost more than ffmpeg.
    """
    source = ("-f", "lavfi", "-i", "color=gray:s=32x32:d=0.04,format=gbrp16le")
    wanted = ("-filter_complex", graph, "-map", shown, "-frames:v", "1", "-f", "null", "-")
    command = (str(binary(None)), *GLOBAL_OPTIONS, *source, *wanted)
    return subprocess.run(command, cwd=folder, env=environment(), capture_output=True, timeout=30).returncode == 0


def hostile(chance: random.Random, secrets: Path) -> str:
    """A template that is harmless, names a file, or hides one in quotes, escapes, a second filter or an expression."""
    names = [name for name, row in ALLOWED.items() if row.on == "picture"]
    files = [str(secrets / "look.cube"), "../secrets/look.cube", str(secrets / "text.srt"), f"file:{secrets}/look.cube"]

    def value(option: Option) -> str:
        usual = {
            "number": ["1", "0.5", "-0.2", "3", "PI/4", "2dB"],
            "word": ["yes", "normal", "all", "0"],
            "points": ["0/0 0.5/0.6 1/1", "0/0 1/1"],
            "colour": ["red", "#00ff00"],
            "list": ["0 0 0 0 1 0 0 0 0", "1 1 1 1 1 1 1 1 1"],
        }.get(option.kind, ["1"])
        file = chance.choice(files)
        odd = [file, f"'{file}'", f"1:psfile={file}", f"1,lut3d={file}", f"1\\,lut3d\\={file}", f"'1',lut3d='{file}'",
               f"1;movie={file}", f"random(1)+print({file})", f"{{x}}{file}", f"@{file}"]  # fmt: skip
        return chance.choice(usual) if chance.random() < 0.85 else chance.choice(odd)

    def one() -> str:
        if chance.random() < 0.08:
            return f"{chance.choice(READERS)}={chance.choice(['', 'file=', 'f='])}{chance.choice(files)}"
        name = chance.choice(names)
        options = [option for option in ALLOWED[name].order if option.kind != "refused" or chance.random() < 0.05]
        chosen = chance.sample(options, min(len(options), chance.randint(0, 2)))
        said = [f"{option.name}={value(option)}" for option in chosen]
        if chance.random() < 0.05:
            said.append(f"{chance.choice(FILE_OPTIONS)}={chance.choice(files)}")
        return f"{name}={':'.join(said)}" if said else name

    text = ",".join(one() for _ in range(chance.randint(1, 3)))
    if chance.random() < 0.1:
        at = chance.randrange(len(text))
        text = text[:at] + chance.choice("'\\[];:=,/{}@\n\0 ") + text[at:]
    return text


@pytest.mark.timeout(600)  # a thousand processes
def test_no_custom_filter_gets_a_file_read_or_written(tmp_path: Path, secrets: Path, watched: Watched) -> None:
    chance = random.Random(11)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    graphs: dict[tuple[str, str], None] = {}
    through = 0
    for _ in range(COUNT):
        try:
            effect = Custom(filter=hostile(chance, secrets))
        except KinofarmError:
            continue
        through += 1
        stream = build(ffmpeg.input("0")["v"], effect, Setting(rate=Fraction(25), width=32, height=32, frames=1))
        argv = ffmpeg.output(stream, "-").get_args()
        graphs[argv[argv.index("-filter_complex") + 1], argv[argv.index("-map") + 1]] = None
    assert LEAST_LET_THROUGH <= through < COUNT * 0.9
    with ThreadPoolExecutor(2) as pool:
        worked = sum(pool.map(lambda pair: run(*pair, scratch), graphs))
    assert worked >= len(graphs) * LEAST_WORKED
    assert watched.touched() == []
    assert list(scratch.iterdir()) == []
    assert sorted(path.name for path in secrets.iterdir()) == ["look.cube", "text.srt"]


def test_the_watcher_sees_a_filter_that_does_read(tmp_path: Path, secrets: Path, watched: Watched) -> None:
    assert run(f"[0:v]lut3d=file={secrets / 'look.cube'}[s0]", "[s0]", tmp_path)
    assert "look.cube" in watched.touched()
