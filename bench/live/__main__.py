"""`python -m bench.live`: measure how soon pages and streams show that a chunk is done; the rows go into bench/RESULTS.md.

`--try` is a small trial that writes nothing: does it work?
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from pathlib import Path
from tempfile import mkdtemp

from bench import farm, report
from bench.live.measuring import Site, Trial, measured
from bench.results import Results, keep, kept, now
from infra import services
from infra.settings import Settings

PAGE = Path(report.__file__).with_name("RESULTS.md")
JOBS = 20
# Streams first: they need little, and pages leave memory behind that they would take.
TRIALS = (
    Trial("streams", clients=50, tabs=0, jobs=JOBS, chunks=15),
    Trial("pages", clients=50, tabs=2, jobs=JOBS, chunks=15),
)
SMALL = (Trial("pages", clients=4, tabs=1, jobs=2, chunks=20), Trial("streams", clients=4, tabs=0, jobs=2, chunks=20))
SETTINGS = {
    "RENDER__AT_ONCE": str(JOBS),
    "RENDER__CHUNK_SECONDS": "1",
    "WORKER__IDLE": "8",
    "FAIRNESS__POINT_SECONDS": "1",
    "API__REQUESTS_PER_MINUTE": "100000",
}


def main() -> int:
    """Measure; 1 when it falls short of what is promised."""
    trials = SMALL if "--try" in sys.argv else tuple(each for each in TRIALS if each.kind in sys.argv) or TRIALS
    place = Path(mkdtemp(prefix="kinofarm-live-"))
    place.chmod(0o755)
    home, desk = place / "home", place / "desk"
    home.mkdir()
    desk.mkdir()
    os.environ |= {f"KINOFARM_{name}": value for name, value in SETTINGS.items()}
    os.environ.setdefault("KINOFARM_API__PORT", "4399")  # the usual one may be another farm's
    when, rows = now(), []
    try:
        with farm.running(home), services.opened(Settings(home=home)) as container:
            site = Site(container, home, desk, _say)
            for trial in trials:
                rows.append(asyncio.run(measured(site, trial, when)))
                _say(rows[-1].model_dump_json(indent=1))
                if "--try" not in sys.argv:  # row by row: what was measured stays, whatever happens to the next
                    _keep(Results(live=(rows[-1],)))
    finally:
        shutil.rmtree(place, ignore_errors=True)
    short = report.faults(Results(live=tuple(rows)))
    for fault in short:
        _say(fault)
    return 1 if short else 0


def _keep(found: Results) -> None:
    store = PAGE.with_name("results.json")
    keep(kept(store).merged(found), store)
    PAGE.write_text(report.page(kept(store), report.machine_of(PAGE)), encoding="utf-8")


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
