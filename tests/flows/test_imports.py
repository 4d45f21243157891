"""Flow modules are imported once and forked from then on (docs/adr/0009): a thread would not come along."""

from __future__ import annotations

import subprocess
import sys


def test_importing_the_flows_starts_no_thread() -> None:
    script = "import flows.reconcile, flows.render, flows.shard, threading; print(threading.active_count())"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert ended.stdout.strip() == "1", ended.stderr
