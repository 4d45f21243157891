"""The sections of bench/RESULTS.md on looking into media."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.results import AnalysisRow, Measured, MemoryRow, RecognitionRow, Results, ScanRow

COMMAND = "make looking"


def sections(results: Results) -> Iterator[str]:
    """Yield headings and what stands below them."""
    rows = results.recognitions
    if rows or results.memory:
        yield "## Recognition"
        if on_processors := [row for row in rows if row.gpu is None]:
            yield _recognitions(on_processors)
        if results.memory:
            yield _memory(results.memory)
        yield "## Recognition on an NVIDIA GPU"
        yield _gpu([row for row in rows if row.gpu is not None])
    if results.analyses:
        yield "## Analyses of media"
        yield _analyses(results.analyses)
    if results.scans:
        yield "## Scans of a folder"
        yield _scans(results.scans)


def _recognitions(rows: Sequence[RecognitionRow]) -> str:
    lines = [
        "A film through a model: the whole pipeline (decoding, scaling, the model, reading its boxes) and ONNX Runtime alone on batches "
        f"that lie in memory, in turns (`{COMMAND}`). Medians of frames a second; the ratio is the median of the turns'. "
        "Decoding: with scaling, by itself, on one thread. Boxes: that the model gives for a frame, the mean; reading and suppressing them is the "
        f"pipeline's own work, beside a small model no little of it. {_machines(rows)}",
        "",
        "| model, input | film | provider, batch, threads | frames | boxes | ONNX Runtime alone | pipeline | **ratio** | turns' ratios | decoding | measured |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | --- | ---: | --- |",
    ]
    lines += [
        f"| {_shown(row)} | {row.provider}, {row.batch}, {row.threads} | {row.frames} | {row.boxes:.1f} | {row.bare:.0f} | {row.pipeline:.0f} | "
        f"**{row.ratio:.2f}** | {' '.join(f'{ratio:.2f}' for ratio in row.ratios)} | {row.laid:.0f} | {_when(row.measured)} |"
        for row in rows
    ]
    return "\n".join(lines)


def _memory(rows: Sequence[MemoryRow]) -> str:
    lines = [
        f"The memory of the process that recognises, in MB, over a long film. {_machines(rows)}",
        "",
        "| model | frames | at a tenth of it | at its end | at most | measured |",
        "| --- |" + " ---: |" * 4 + " --- |",
    ]
    lines += [
        f"| {row.model} | {row.frames} | {row.begin:.1f} | {row.end:.1f} | {row.most:.1f} | {_when(row.measured)} |"
        for row in rows
    ]
    return "\n".join(lines)


def _gpu(rows: Sequence[RecognitionRow]) -> str:
    if not rows:
        return f'Not run: no machine with an NVIDIA GPU has measured it yet. `{COMMAND} ARGS="--parts gpu"` does, for several sizes of batches.'
    lines = [
        f'The same on CUDA, by the size of the batch (`{COMMAND} ARGS="--parts gpu"`). The GPU\'s share of the time, pipeline and ONNX '
        f"Runtime alone together, is what nvidia-smi says twice a second. {_machines(rows)}",
        "",
        "| GPU, driver | provider | model, input | film | batch | ONNX Runtime alone | pipeline | **ratio** | the GPU worked | measured |",
        "| --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for row in rows:
        busy = "not told" if row.busy is None else f"{row.busy:.0%}"
        lines.append(
            f"| {row.gpu} | {row.provider} | {_shown(row)} | {row.batch} | {row.bare:.0f} | {row.pipeline:.0f} | **{row.ratio:.2f}** | "
            f"{busy} | {_when(row.measured)} |"
        )
    return "\n".join(lines)


def _analyses(rows: Sequence[AnalysisRow]) -> str:
    lines = [
        "Milliseconds of a processor for a frame, the least of the rounds, with one thread to decode: PyAV that decodes the picture "
        f"alone, the analyses of the picture, and all of them with the sound's (`{COMMAND}`). {_machines(rows)}",
        "",
        "| film | frames | bare PyAV | picture analyses | all analyses | **speed to bare** | frames/s bare | frames/s, all | measured |",
        "| --- |" + " ---: |" * 7 + " --- |",
    ]
    lines += [
        f"| {row.film} | {row.frames} | {row.bare:.1f} | {row.pictures:.1f} | {row.whole:.1f} | **{row.bare / row.whole:.2f}** | "
        f"{row.bare_rate:.0f} | {row.rate:.0f} | {_when(row.measured)} |"
        for row in rows
    ]
    return "\n".join(lines)


def _scans(rows: Sequence[ScanRow]) -> str:
    lines = [
        "A folder of small films whose facts are found out, each by one of so many processes, and scanned again when nothing has "
        f"changed (`{COMMAND}`). {_machines(rows)}",
        "",
        "| at once | files | seconds | files a second | again, s | measured |",
        "| ---: |" + " ---: |" * 4 + " --- |",
    ]
    lines += [
        f"| {row.at_once} | {row.files} | {row.seconds:.2f} | {row.files / row.seconds:.0f} | {row.again:.2f} | {_when(row.measured)} |"
        for row in rows
    ]
    return "\n".join(lines)


def _shown(row: RecognitionRow) -> str:
    (width, height), (across, down) = row.size
    return f"{row.model}, {width}x{height} | {row.film}, {across}x{down}"


def _machines(rows: Sequence[RecognitionRow | MemoryRow | ScanRow | AnalysisRow]) -> str:
    return f"Machine: {'; '.join(dict.fromkeys(row.machine for row in rows))}."


def _when(measured: Measured) -> str:
    return f"{measured.commit}, {measured.day}"
