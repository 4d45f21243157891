"""`python -m bench.scale`: measure costs and trials anew, simulate with them, and keep both as JSON; `make docs` shows them.

`python -m bench.scale --simulate` only simulates anew, `--trials` also has the real farm do its trials anew.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from apps.cli.farm import KEEP
from bench.scale.costs import FILE, kept
from bench.scale.growth import FILE as GROWTH, MACHINES, Growth, simulated
from bench.scale.measuring import measured, tried
from infra.process import run_ffmpeg


def main() -> None:
    """Measure, unless it is not asked for, and simulate."""
    if "--simulate" not in sys.argv:
        _measure()
    scale, sizes = kept(), []
    for machines in MACHINES:
        sizes.append(simulated(scale, machines))
        _say(repr(sizes[-1]))
    GROWTH.write_text(Growth(sizes=tuple(sizes)).model_dump_json(indent=1) + "\n", encoding="utf-8")


def _measure() -> None:
    with tempfile.TemporaryDirectory(prefix="kinofarm-scale-source-") as folder:
        Path(folder).chmod(0o755)
        source = Path(folder) / "source.mp4"
        pattern = ("-f", "lavfi", "-i", "testsrc2=s=1280x720:r=25:d=200", "-f", "lavfi", "-i", "sine=330:r=48000:d=200")
        encoding = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac")
        run_ffmpeg([*pattern, *encoding, source.name], cwd=Path(folder))
        if "--trials" in sys.argv:
            found = kept().model_copy(update={"trials": tried(KEEP, source, _say)})
        else:
            found = measured(KEEP, source, _say)
    FILE.write_text(found.model_dump_json(indent=1) + "\n", encoding="utf-8")


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
