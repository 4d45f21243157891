"""The benchmark's harness: one round of short films, by the farm and by hand, through the validity gate."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(240)
def test_a_quick_round_passes_the_gate_and_prints_its_ratio(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "bench",
        "--quick",
        "--work",
        str(tmp_path / "work"),
        "--out",
        str(tmp_path / "R.md"),
    ]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=230, stdin=subprocess.DEVNULL)
    assert ended.returncode == 0, ended.stderr
    assert "| smoke:" in ended.stdout
    assert "| smoke_sound:" in ended.stdout
    assert "| no: " not in ended.stdout
    assert not (tmp_path / "R.md").exists()
