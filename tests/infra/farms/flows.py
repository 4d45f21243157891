"""Flows for the tests of the farm: quick, long, and one that keeps an ffmpeg running."""

from __future__ import annotations

import time
from pathlib import Path

from prefect import flow

from infra.process import run_ffmpeg


@flow
def hello(name: str) -> str:
    return f"hello {name}"


@flow
def encode_for_long(mark: str) -> None:
    argv = ("-re", "-f", "lavfi", "-i", "testsrc2=s=64x36:r=5", "-metadata", f"title={mark}", "-f", "null", "-")
    run_ffmpeg(argv, cwd=Path.cwd())


def reconcile_once(services: object) -> None:
    """Leave a sign of life where the test looks for it."""
    from infra.settings import Settings

    (Settings().home / "reconciled").write_text(str(time.time()))
