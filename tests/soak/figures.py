"""Where the figures of a long run go: into bench/results.json and the page that is made from it, when they are asked for."""

from __future__ import annotations

import os
from pathlib import Path

from bench import report
from bench.results import Results, keep, kept as known

PAGE = Path(report.__file__).with_name("RESULTS.md")


def kept(new: Results) -> None:
    """Keep figures if KINOFARM_SOAK_KEEP is set; print them in any case."""
    print(new.model_dump_json(indent=1, exclude_defaults=True))
    if os.environ.get("KINOFARM_SOAK_KEEP"):
        store = PAGE.with_name("results.json")
        keep(known(store).merged(new), store)
        PAGE.write_text(report.page(known(store)), encoding="utf-8")
