"""Flow modules are imported once and forked from then on (docs/adr/0009): a thread would not come along."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

from infra.warm import BLAS_THREADS, ENGINE_MODULES

DEPLOYED = yaml.safe_load((Path(__file__).parents[2] / "prefect.yaml").read_text())["deployments"]
FLOWS = sorted({deployment["entrypoint"].rpartition(".")[0] for deployment in DEPLOYED})


def test_importing_the_flows_starts_no_thread() -> None:
    counted = "import os, threading; print(threading.active_count(), len(os.listdir('/proc/self/task')))"
    script = "\n".join([*(f"import {module}" for module in (*ENGINE_MODULES, *FLOWS)), counted])
    ended = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, BLAS_THREADS: "1"},
    )
    assert ended.stdout.split() == ["1", "1"], ended.stderr
