"""The states of a scan of a folder."""

from __future__ import annotations

from typing import Literal, get_args

ScanState = Literal["waiting", "scanning", "done", "failed", "stopped"]
SCAN_STATES: tuple[ScanState, ...] = get_args(ScanState)
SCAN_ENDED: tuple[ScanState, ...] = ("done", "failed", "stopped")
