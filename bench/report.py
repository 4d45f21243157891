"""What was measured, as a page: the machine, the command, the figures, and whether they count."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path

from bench.looking import page as looking
from bench.results import ComparisonRow, EditRow, FaultsRow, JobsRow, LiveRow, Measured, OtherRow, Results
from bench.workloads import WORKLOADS
from infra import ffmpeg

MOST_RATIO = 1.15
"""The farm may take this many times what ffmpeg by hand takes, cold, from submit to published, with the preset HELD."""

HELD = "medium"
"""The preset whose ratios are promised; faster ones, under which the farm's own second or two weighs more, are reported."""


MOST_LATE = 1.0
"""Seconds from a chunk that is done to when it is shown, for 95 of 100."""


def page(results: Results, machine: str | None = None) -> str:
    """Return bench/RESULTS.md.

    Args:    machine: the line that says where it was measured; None: here.
    """
    parts = [
        "# Benchmark results",
        "The farm (already up, nothing in its cache) beside one ffmpeg process with a graph written by hand: same sources, same "
        "binary, same encoder settings (x264, CRF 20, AAC 192 kbit/s, 1280x720 at 25). The farm's time runs from the command "
        "to the published, verified film; raw ffmpeg's from start to exit, of both passes where there are two. Rounds are "
        "interleaved and take turns in going first; "
        "every farm's round renders copies of the sources that it has never seen. The ratio is the median of the rounds' ratios. "
        '`make bench` measures all of it, `make bench ARGS="--workload NAME"` some rows anew; each row says of which commit it is.',
        machine or machine_line(),
    ]
    if results.comparisons:
        parts += ["## Beside ffmpeg by hand", _comparisons(results.comparisons), _gate(results.comparisons)]
    if results.others:
        parts += ["## Other programs", _others(results)]
    if results.edits:
        parts += ["## Ten minutes, edited", _edits(results.edits)]
    for jobs in results.jobs:
        parts += ["## Many small jobs", _jobs(jobs)]
    if results.live:
        parts += ["## From chunk done to shown", _live(results.live)]
    parts += looking.sections(results)
    for rounds in results.faults:
        parts += ["## Rounds of faults", _faults(rounds)]
    return "\n\n".join(parts) + "\n"


def faults(results: Results) -> list[str]:
    """Return what falls short: of the gate, or of the limits that the farm promises."""
    found = [f"{row.workload} {row.preset}: {fault}" for row in results.comparisons for fault in row.faults]
    found += [
        f"{row.workload} {row.preset}: ratio {row.ratio:.3f} > {MOST_RATIO}"
        for row in results.comparisons
        if row.preset == HELD and row.ratio > MOST_RATIO
    ]
    for row in (each.edits for each in results.edits):
        if row.title > row.title_limit:
            found.append(f"one title changed, {row.preset}: {row.title:.1f} s > {row.title_limit:.1f} s")
        if row.unchanged > row.unchanged_limit or row.unchanged_encoded:
            found.append(f"unchanged, {row.preset}: {row.unchanged:.1f} s, {row.unchanged_encoded} chunks encoded")
    for live in results.live:
        if live.p95 > MOST_LATE:
            found.append(f"{live.kind}: shown after {live.p95:.2f} s (p95) > {MOST_LATE} s")
        if live.missed:
            found.append(f"{live.kind}: {live.missed} of {live.samples + live.missed} never shown")
    return found


def _jobs(row: JobsRow) -> str:
    """Many jobs of one tiny chunk: how long, how quickly taken on, and where the processors' time went."""
    spent = [f"| {cost.part} | {cost.cpu:.3f} |" for cost in row.costs]
    tasks = [f"| {name} | {seconds * 1000:.0f} |" for name, seconds in row.tasks.items()]
    return "\n\n".join(
        (
            f"{row.jobs} jobs of one chunk of 12 frames (320x180) and its sound, {row.slots} slots, up to {row.unfinished} "
            f"unfinished at once (`make soak`, commit {row.measured.commit}, {row.measured.day}): all done, none twice, "
            f"{row.shard_runs} shard runs. {row.seconds:.0f} s in all, {row.seconds / row.jobs:.2f} s a job.",
            f"Accepted through the submit function in {row.submit_p50:.0f} ms (p50), {row.submit_p95:.0f} ms (p95). "
            f"A chunk takes {row.chunk * 1000:.0f} ms in a shard on the busy machine, its bare ffmpeg {row.ffmpeg * 1000:.0f} ms "
            f"on the idle one ({row.ffmpeg_cpu * 1000:.0f} ms of a processor).",
            "\n".join(
                [
                    "| part of the farm | processor seconds a job |",
                    "| --- | ---: |",
                    *spent,
                    f"| **all** | **{row.cpu:.3f}** |",
                ]
            ),
            "\n".join(["| task of a render, on the busy machine | ms by the clock |", "| --- | ---: |", *tasks]),
        )
    )


def _live(rows: Sequence[LiveRow]) -> str:
    """How soon those who look see a chunk, and what they cost the process that tells them."""
    lines = [
        "From `ended_at` in PostgreSQL to the message in the client, or the changed cell in the tab's document; one clock, one "
        "machine, on which the jobs render too, at the usual two slots (`make live`). Pages: sockets of NiceGUI, each on the page of "
        "one of the jobs, some of them tabs of headless Chromium. Streams: /api/v1/events, each hears of all jobs. Memory and "
        "processor are the API process's, which serves the page too. Machine: "
        + "; ".join(dict.fromkeys(row.machine for row in rows))
        + ".",
        "",
        "| who looks | jobs in work | chunks | samples (never shown) | p50, s | **p95, s** | longest, s | p95 in the tabs, s | measured |",
        "| --- |" + " ---: |" * 7 + " --- |",
    ]
    for row in rows:
        who = f"{row.clients} {row.kind}" + (f", {row.tabs} of them tabs" if row.tabs else "")
        drawn = "" if row.tabs_p95 is None else f"{row.tabs_p95:.2f}"
        times = f"{row.p50:.2f} | **{row.p95:.2f}** | {row.most:.2f} | {drawn}"
        seen = f"{row.running:.0f} of {row.jobs} | {row.chunks} | {row.samples} ({row.missed})"
        lines.append(f"| {who} | {seen} | {times} | {_when(row.measured)} |")
    lines += [
        "",
        "| who looks | events/s | memory before, MB | **more for each client, MB** | share of a core | load of the machine | seconds |",
        "| --- |" + " ---: |" * 6,
    ]
    for row in rows:
        more = "not seen" if row.memory_client is None else f"**{row.memory_client:.2f}**"
        memory = f"{row.memory:.0f} | {more}"
        lines.append(
            f"| {row.clients} {row.kind} | {row.events:.1f} | {memory} | {row.cpu:.0%} | {row.load:.1f} | {row.seconds:.0f} |"
        )
    return "\n".join(lines)


def _faults(row: FaultsRow) -> str:
    """Rounds of faults by kind."""
    lines = [
        "| fault | rounds | violations | finished chunks encoded again | attempts lost | slowest end after it, s |",
        "| --- |" + " ---: |" * 5,
    ]
    lines += [
        f"| {fault.fault} | {fault.rounds} | {fault.violations} | {fault.again} | {fault.lost} | {fault.slowest:.0f} |"
        for fault in row.faults
    ]
    return "\n\n".join(
        (
            f"{row.rounds} rounds from seed {row.seed} (`make soak`, commit {row.measured.commit}, {row.measured.day}), each a film "
            f"of ten chunks on two machines that share an S3 bucket, PostgreSQL and Prefect, in network namespaces of their own. "
            f"Every job ended as it should, every film has every frame; a killed or suspended machine was missed after at most "
            f"{row.noticed:.0f} s.",
            "\n".join(lines),
        )
    )


def _comparisons(rows: Sequence[ComparisonRow]) -> str:
    lines = [
        "| workload | x264 preset | farm, s (median) | raw, s (median) | **ratio** | rounds' ratios | counts | measured |",
        "| --- | --- | ---: | ---: | ---: | --- | --- | --- |",
    ]
    for row in rows:
        each = " ".join(f"{ratio:.2f}" for ratio in row.ratios)
        counts = "no: " + "; ".join(row.faults) if row.faults else "yes"
        name = f"{row.workload}: {WORKLOADS[row.workload].summary}"
        times = f"{row.farm:.1f} | {row.raw:.1f} | **{row.ratio:.3f}**"
        lines.append(f"| {name} | {row.preset} | {times} | {each} | {counts} | {_when(row.measured)} |")
    return "\n".join(lines)


def _gate(rows: Sequence[ComparisonRow]) -> str:
    lines = [
        "The validity gate: frames by decoding (or samples, of sound alone), mean SSIM of luma against a lossless rendering of the hand-written graph, size.",
        "",
        "| workload | x264 preset | frames wanted, farm, raw | SSIM-Y farm, raw | size of the farm's film beside raw's |",
        "| --- | --- | --- | --- | ---: |",
    ]
    for row in rows:
        frames = ", ".join(map(str, row.frames)) + ("" if row.ssim else " samples")
        likeness = ", ".join(f"{each:.4f}" for each in row.ssim) if row.ssim else "sound alone"
        lines.append(f"| {row.workload} | {row.preset} | {frames} | {likeness} | {row.size:+.1%} |")
    return "\n".join(lines)


def _others(results: Results) -> str:
    """A table of the programs with the farm's own figures between them, workload by workload."""
    lines = [
        "One round each, in the same minutes as ffmpeg by hand; the same sources and encoder settings, two threads that make pictures "
        "ahead. Compare the shares, not the seconds: rows are of different hours, and the machine is not always as fast. The likeness is to a lossless rendering of the hand-written graph: below 0.985 it is another film. `make bench "
        'ARGS="--others"` measures those that are installed (`melt`, and MoviePy in the Python that `--moviepy` names).',
        "",
        "| workload | x264 preset | program | seconds | beside ffmpeg by hand | frames wanted, found | SSIM-Y | size beside raw's | measured |",
        "| --- | --- | --- | ---: | ---: | --- | ---: | ---: | --- |",
    ]
    for workload, preset in dict.fromkeys((row.workload, row.preset) for row in results.others):
        for own in results.comparisons:
            if (own.workload, own.preset) == (workload, preset) and own.ssim:
                found = (
                    f"{own.frames[0]}, {own.frames[1]} | {own.ssim[0]:.4f} | {own.size:+.1%} | {_when(own.measured)}"
                )
                lines.append(
                    f"| {workload} | {preset} | **Kinofarm** | {own.farm:.1f} | **{own.ratio:.2f}** | {found} |"
                )
        lines += [_other(row) for row in results.others if (row.workload, row.preset) == (workload, preset)]
    return "\n".join(lines)


def _other(row: OtherRow) -> str:
    program = f"{row.program} {row.version}"
    found = f"{row.frames[0]}, {row.frames[1]} | {row.ssim:.4f} | {row.size:+.1%} | {_when(row.measured)}"
    return f"| {row.workload} | {row.preset} | {program} | {row.seconds:.1f} | {row.ratio:.2f} | {found} |"


def _edits(rows: Sequence[EditRow]) -> str:
    lines = [
        "120 clips with twenty titles, 15,000 frames. One title changed may take 10 % of the cold time plus 3 s, unchanged 2 % plus 3 s.",
        "",
        "| x264 preset | what | seconds | limit | chunks encoded | measured |",
        "| --- | --- | ---: | ---: | ---: | --- |",
    ]
    for kept in rows:
        row, when = kept.edits, _when(kept.measured)
        lines += [
            f"| {row.preset} | cold | {row.cold:.1f} | | {row.chunks} of {row.chunks} | {when} |",
            f"| {row.preset} | one title changed | {row.title:.1f} | {row.title_limit:.1f} | {row.title_encoded} | {when} |",
            f"| {row.preset} | unchanged | {row.unchanged:.1f} | {row.unchanged_limit:.1f} | {row.unchanged_encoded} | {when} |",
        ]
    return "\n".join(lines)


def _when(measured: Measured) -> str:
    return f"{measured.commit}, {measured.day}"


def machine_line() -> str:
    """Return the line that says what this machine is."""
    version = ffmpeg.version(ffmpeg.binary(None)).partition(" Copyright")[0]
    return f"Machine: {short_machine()}; {version}; Python {platform.python_version()}."


def short_machine() -> str:
    """Return what this machine is, without its programs."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores, {_processor()}, {platform.system()}"


def machine_of(page: Path) -> str | None:
    """Return the line of a page that says where its rows were measured: they stay those of that machine."""
    lines = page.read_text(encoding="utf-8").splitlines() if page.is_file() else []
    return next((line for line in lines if line.startswith("Machine: ")), None)


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    if facts.is_file():
        for line in facts.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
