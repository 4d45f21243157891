"""The states of a scan of a folder, and of an analysis of a content."""

from __future__ import annotations

from typing import Literal, get_args

ScanState = Literal["waiting", "scanning", "done", "failed", "stopped"]
SCAN_STATES: tuple[ScanState, ...] = get_args(ScanState)
SCAN_ENDED: tuple[ScanState, ...] = ("done", "failed", "stopped")

AnalysisState = Literal["waiting", "running", "done", "failed", "stopped"]
ANALYSIS_STATES: tuple[AnalysisState, ...] = get_args(AnalysisState)
ANALYSIS_ENDED: tuple[AnalysisState, ...] = ("done", "failed", "stopped")
