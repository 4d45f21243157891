"""Measure scans: a folder of a thousand small films, looked into by so many processes at once, and again when all is known."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from pydantic import SecretStr

from bench.results import Measured, ScanRow
from flows.ingest import scanned
from infra import services
from infra.jobs import engine
from infra.library.scans import Scan, ScanStore
from infra.postgres import EmbeddedPostgres
from infra.process import run_ffmpeg
from infra.sections import DatabaseSettings, MediaSettings, PrefectSettings
from infra.services import Services
from infra.settings import Settings

FILES = 1_000
AT_ONCE = (1, 2, 4)


def measured_scans(machine: str, measured: Measured) -> Iterator[ScanRow]:
    """Scan the folder for each number of processes, each time with a database of its own that knows nothing."""
    with tempfile.TemporaryDirectory(prefix="kinofarm-scans-") as place:
        folder = Path(place) / "media"
        folder.mkdir()
        Path(place).chmod(0o755)  # as root's database needs
        fill(folder)
        for at_once in AT_ONCE:
            server = EmbeddedPostgres(Path(place) / f"home-{at_once}")
            server.start()
            try:
                engine.upgrade(server.url)
                first, again = scanned_twice(server, folder, at_once)
            finally:
                server.stop()
            yield ScanRow(at_once=at_once, files=FILES, seconds=first, again=again, machine=machine, measured=measured)


def fill(folder: Path) -> None:
    """Make the films: five frames each, all of different contents."""
    pattern = ("-f", "lavfi", "-i", "testsrc2=s=64x64:r=25", "-frames:v", "5", "-pix_fmt", "yuv420p")
    run_ffmpeg([*pattern, "one.mp4"], cwd=folder)
    one = folder / "one.mp4"
    data = one.read_bytes()
    one.unlink()
    for number in range(FILES):
        (folder / f"{number:04}.mp4").write_bytes(data + number.to_bytes(2, "big"))


def scanned_twice(server: EmbeddedPostgres, folder: Path, at_once: int) -> tuple[float, float]:
    """Return the seconds of the first scan and of the second.

    Raises:  RuntimeError when the first knew a file, or the second did not.
    """
    settings = Settings(
        home=folder.parent / f"farm-{at_once}",
        database=DatabaseSettings(url=SecretStr(server.url)),
        prefect=PrefectSettings(api_url="http://127.0.0.1:9/api", auth=SecretStr("none:none")),
        media=MediaSettings(readers=at_once),
    )
    took: list[float] = []
    with services.opened(settings) as container:
        for known in (0, FILES):
            begun = time.perf_counter()
            done = _scanned(container, folder)
            took.append(time.perf_counter() - begun)
            if (done.known, done.broken) != (known, 0):
                raise RuntimeError(f"of {FILES} files {done.known} were known and {done.broken} broken")
    return took[0], took[1]


def _scanned(container: Services, folder: Path) -> Scan:
    store = container.get(ScanStore)
    scanned(container, store.add(uuid4(), str(folder), {"views": []}, ""), lambda progress: None)
    return store.newest(1)[0]
