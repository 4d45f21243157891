"""Files that were damaged in every way: each gives facts or a clear error, in bounded time and memory, and harms nobody.

KINOFARM_TEST_MEDIA    a folder with media to damage, beside those that are made here
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import tasks.media.pictures  # noqa: F401 (writes HEIC here)
from infra.apart import Apart
from infra.errors import KinofarmError
from tasks.media.facts import MediaFacts
from tasks.media.reading import PROBED, VIEWED
from tasks.media.views.table import VIEWS
from tests.media_factory import MediaFactory

SECONDS = 10.0
"""What none may take."""
MEGABYTES = 2048
FEW, MANY = 60, 2000
FILMS = {".mp4": "libx264", ".mkv": "libx264", ".avi": "mpeg4", ".ts": "mpeg2video", ".mxf": "mpeg2video"}
HEADERS = (b"RIFF\x24\xff\xff\xffWEBPVP8X\x0a\x00\x00\x00\x02", b"\x00\x00\x00\x20ftypheic", b"\x1aE\xdf\xa3", b"\x00\x00\x00\x18ftypmp42", b"OggS\x00\x02", b"fLaC", b"GIF89a\xff\xff\xff\xff\xf7", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x7f\xff\xff\xff")  # fmt: skip


@pytest.fixture(scope="module")
def sources(media_factory: MediaFactory, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Sound files of many kinds."""
    folder = tmp_path_factory.mktemp("whole")
    picture = Image.effect_mandelbrot((96, 64), (-2, -1.2, 0.8, 1.2), 40).convert("RGB")
    stills = [folder / f"still.{suffix}" for suffix in ("png", "jpg", "webp", "tiff", "heic", "avif")]
    for still in stills:
        picture.save(still)
    picture.save(folder / "moves.webp", save_all=True, append_images=[picture.rotate(90)], duration=100)
    films = [
        media_factory.video(12, size=(96, 64), suffix=suffix, codec=codec, sound=suffix != ".mxf")
        for suffix, codec in FILMS.items()
    ]
    sounds = [media_factory.make(f"hostile-tone.{suffix}", "-f", "lavfi", "-i", "sine=440:d=0.5", "-c:a", codec)
              for suffix, codec in (("wav", "pcm_s16le"), ("flac", "flac"), ("mp3", "libmp3lame"), ("ogg", "libvorbis"), ("m4a", "aac"))]  # fmt: skip
    named = os.environ.get("KINOFARM_TEST_MEDIA")
    real = [path for path in sorted(Path(named).iterdir()) if path.suffix != ".md" and path.stat().st_size < 2**20] if named else []  # fmt: skip
    return [*stills, folder / "moves.webp", *films, *sounds, *real]


@pytest.fixture
def apart() -> Iterator[Apart]:
    made = Apart(2, MEGABYTES)
    yield made
    made.close()


def _damaged(content: bytes, dice: random.Random) -> bytes:
    """Flip bits, cut, swap parts, repeat parts, or put another header before it."""
    made = bytearray(content)
    match dice.randrange(6):
        case 0:
            for _ in range(dice.choice((1, 8, 64, 512))):
                made[dice.randrange(len(made))] ^= 1 << dice.randrange(8)
        case 1:
            del made[dice.randrange(1, len(made)) :]
        case 2:
            head = dice.choice(HEADERS)
            made[: len(head)] = head
        case 3:
            start, end = sorted(dice.randrange(len(made)) for _ in range(2))
            made[start:end] = bytes(reversed(made[start:end]))
        case 4:  # numbers in the structure become huge, or nothing
            for _ in range(dice.choice((1, 4, 16))):
                place = dice.randrange(max(1, min(len(made) - 4, 2000)))
                made[place : place + 4] = dice.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x00\x00\x00\x00"))
        case _:
            start, end = sorted(dice.randrange(len(made)) for _ in range(2))
            made[start:start] = made[start:end]
    return bytes(made)


def _looked_at(apart: Apart, path: Path) -> str:
    """Look into a file, and at every view that it has; return the code of its error, or what it has."""
    given = {"path": str(path), "sha256": "0" * 64}
    try:
        found = apart.call(PROBED, given, file=path.name, seconds=SECONDS)
        facts = MediaFacts.model_validate(found)
        for row in VIEWS.values():
            if not row.lacks(facts):
                out = path.with_suffix(f".{row.name}")
                asked = {"view": row.name, "path": str(path), "facts": found, "options": {}, "out": str(out)}
                apart.call(VIEWED, asked, file=path.name, seconds=SECONDS)
                out.unlink()
    except KinofarmError as error:
        return error.code
    return "seen"


def _all_end_well(apart: Apart, sources: list[Path], folder: Path, number: int) -> None:
    dice = random.Random(6)
    ends: Counter[str] = Counter()
    slowest = 0.0
    for turn in range(number):
        source = sources[turn % len(sources)]
        path = folder / f"{turn}{source.suffix}"
        path.write_bytes(_damaged(source.read_bytes(), dice))
        begun = time.monotonic()
        end = _looked_at(apart, path)
        slowest = max(slowest, time.monotonic() - begun)
        ends[end] += 1
        assert end == "seen" or end.startswith(("MEDIA-", "SECURITY-")), (end, source.name, turn)
        assert end not in ("MEDIA-010", "MEDIA-011"), f"{end}: {source.name} damaged in turn {turn}"
        path.unlink()
    print(f"{number} damaged files: {dict(ends.most_common())}, the slowest took {slowest:.2f} s")
    assert ends["seen"] > number / 20, "some survive"
    assert len(ends) > 3, "errors of several kinds"
    assert slowest < SECONDS


def test_damaged_files_give_facts_or_an_error(apart: Apart, sources: list[Path], tmp_path: Path) -> None:
    for path in sources:
        assert _looked_at(apart, path) == "seen", f"{path.name} as it was made"
    _all_end_well(apart, sources, tmp_path, FEW)


@pytest.mark.long
def test_two_thousand_damaged_files_give_facts_or_an_error(apart: Apart, sources: list[Path], tmp_path: Path) -> None:
    _all_end_well(apart, sources, tmp_path, MANY)
