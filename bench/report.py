"""What was measured, as a page: the machine, the command, the figures, and whether they count."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path

from bench.rounds import Comparison, Edits
from infra import ffmpeg

MOST_RATIO = 1.15
"""The farm may take this many times what ffmpeg by hand takes, cold, from submit to published, with the preset HELD."""

HELD = "medium"
"""The preset whose ratios are promised; faster ones, under which the farm's own second or two weighs more, are reported."""


def page(command: str, rounds: int, comparisons: Sequence[Comparison], edits: Sequence[Edits]) -> str:
    """Return bench/RESULTS.md."""
    parts = [
        "# Benchmark results",
        "The farm (already up, nothing in its cache) beside one ffmpeg process with a graph written by hand: same sources, same "
        "binary, same encoder settings (x264, CRF 20, AAC 192 kbit/s, 1280x720 at 25). The farm's time runs from the command "
        "to the published, verified film; raw ffmpeg's from start to exit, of both passes where there are two. Rounds are "
        "interleaved and take turns in going first; "
        "every farm's round renders copies of the sources that it has never seen. The ratio is the median of the rounds' ratios.",
        "```sh\n" + command + "\n```",
        _machine(),
    ]
    if comparisons:
        parts += [f"## Beside ffmpeg by hand ({rounds} rounds)", _comparisons(comparisons), _gate(comparisons)]
    if edits:
        parts += ["## Ten minutes, edited", _edits(edits)]
    return "\n\n".join(parts) + "\n"


def faults(comparisons: Sequence[Comparison], edits: Sequence[Edits]) -> list[str]:
    """Return what falls short: of the gate, or of the limits that the farm promises."""
    found = [f"{row.workload.name} {row.preset}: {fault}" for row in comparisons for fault in row.verdict.faults]
    found += [
        f"{row.workload.name} {row.preset}: ratio {row.ratio:.3f} > {MOST_RATIO}"
        for row in comparisons
        if row.preset == HELD and row.ratio > MOST_RATIO
    ]
    for row in edits:
        if row.title > row.title_limit:
            found.append(f"one title changed, {row.preset}: {row.title:.1f} s > {row.title_limit:.1f} s")
        if row.unchanged > row.unchanged_limit or row.unchanged_encoded:
            found.append(f"unchanged, {row.preset}: {row.unchanged:.1f} s, {row.unchanged_encoded} chunks encoded")
    return found


def _comparisons(rows: Sequence[Comparison]) -> str:
    lines = [
        "| workload | x264 preset | farm, s (median) | raw, s (median) | **ratio** | rounds' ratios | counts |",
        "| --- | --- | ---: | ---: | ---: | --- | --- |",
    ]
    for row in rows:
        ours, theirs = _median(row.farm_seconds), _median(row.raw_seconds)
        each = " ".join(f"{ratio:.2f}" for ratio in row.ratios)
        counts = "no: " + "; ".join(row.verdict.faults) if row.verdict.faults else "yes"
        name = f"{row.workload.name}: {row.workload.summary}"
        lines.append(f"| {name} | {row.preset} | {ours:.1f} | {theirs:.1f} | **{row.ratio:.3f}** | {each} | {counts} |")
    return "\n".join(lines)


def _gate(rows: Sequence[Comparison]) -> str:
    lines = [
        "The validity gate: frames by decoding, mean SSIM of luma against a lossless rendering of the hand-written graph, size.",
        "",
        "| workload | x264 preset | frames wanted, farm, raw | SSIM-Y farm, raw | size of the farm's film beside raw's |",
        "| --- | --- | --- | --- | ---: |",
    ]
    for row in rows:
        found = row.verdict
        frames = f"{found.wanted_frames}, {found.farm_frames}, {found.raw_frames}"
        likeness = f"{found.farm_ssim:.4f}, {found.raw_ssim:.4f}"
        lines.append(f"| {row.workload.name} | {row.preset} | {frames} | {likeness} | {found.size_difference:+.1%} |")
    return "\n".join(lines)


def _edits(rows: Sequence[Edits]) -> str:
    lines = [
        "120 clips with twenty titles, 15,000 frames. One title changed may take 10 % of the cold time plus 3 s, unchanged 2 % plus 3 s.",
        "",
        "| x264 preset | what | seconds | limit | chunks encoded |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    for row in rows:
        lines += [
            f"| {row.preset} | cold | {row.cold:.1f} | | {row.chunks} of {row.chunks} |",
            f"| {row.preset} | one title changed | {row.title:.1f} | {row.title_limit:.1f} | {row.title_encoded} |",
            f"| {row.preset} | unchanged | {row.unchanged:.1f} | {row.unchanged_limit:.1f} | {row.unchanged_encoded} |",
        ]
    return "\n".join(lines)


def _machine() -> str:
    version = ffmpeg.version(ffmpeg.binary(None)).partition(" Copyright")[0]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"Machine: {cores} cores, {_processor()}, {platform.system()}; {version}; Python {platform.python_version()}."
    )


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    if facts.is_file():
        for line in facts.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
