"""Measure recognition: the whole pipeline against ONNX Runtime alone on batches that lie in memory, and memory over a long film.

Both take turns, so that a machine that grows busier meanwhile is unfair to neither.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from bench.looking.gpu import Busy, gpu_name
from bench.results import Measured, MemoryRow, RecognitionRow
from tasks.media.facts import MediaFacts
from tasks.media.probe import probe
from tasks.recognition.frames import Pace, taken_frames
from tasks.recognition.letterbox import Layer, grey, letterbox
from tasks.recognition.pipeline import RecogniseOptions, recognise
from tasks.recognition.session import OpenModel

SETTLING = 0.1
"""Share of a run in which memory may grow still: pools of the decoder and of ONNX Runtime fill."""


def measure(film: Path, model: OpenModel, rounds: int = 3, options: RecogniseOptions | None = None) -> dict[str, Any]:
    """Return frames a second of the pipeline and of ONNX Runtime alone, round by round, and the growth of memory."""
    facts = probe(film)
    told = options or RecogniseOptions()
    batches = filled(film, facts, model, 4)
    pipeline, bare, ratios = [], [], []
    memory: list[int] = []
    for _ in range(rounds):
        rate, frames, boxes, held = through_pipeline(film, facts, model, told)
        memory += held if not memory else []
        # Half of the bare runs before and half after would be fairer still; a round of both is short enough.
        alone = on_batches(model, batches, max(1, frames // model.batch))
        pipeline.append(rate)
        bare.append(alone)
        ratios.append(rate / alone)
    settled = memory[int(len(memory) * SETTLING) :]
    return {
        "model": model.facts.name, "device": model.device, "batch": model.batch, "input": [model.width, model.height],
        "frames": frames, "boxes": boxes / frames, "pipeline": statistics.median(pipeline), "bare": statistics.median(bare),
        "ratio": statistics.median(ratios), "ratios": ratios,
        "decode_and_lay": decoding_rate(film, facts, model, told.pace, told.decode_threads),
        "memory_start": settled[0] if settled else 0, "memory_end": settled[-1] if settled else 0,
        "memory_peak": max(memory, default=0),
    }  # fmt: skip


def recognition_row(
    name: str, film: Path, model: OpenModel, threads: int, rounds: int, machine: str, measured: Measured
) -> RecognitionRow:
    """Measure a film through a model. name: of the film. threads: that the model has."""
    with Busy() as busy:
        found = measure(film, model, rounds)
    picture = probe(film).picture()
    assert picture is not None
    return RecognitionRow(
        model=model.facts.name,
        film=name,
        provider=model.providers[0],
        batch=model.batch,
        threads=threads,
        size=((model.width, model.height), picture.display_size),
        frames=found["frames"],
        boxes=found["boxes"],
        pipeline=found["pipeline"],
        bare=found["bare"],
        ratio=found["ratio"],
        ratios=tuple(found["ratios"]),
        laid=found["decode_and_lay"],
        gpu=gpu_name() if model.device == "cuda" else None,
        busy=busy.share if model.device == "cuda" else None,
        machine=machine,
        measured=measured,
    )


def memory_row(film: Path, model: OpenModel, machine: str, measured: Measured) -> MemoryRow:
    """Measure what a long film does to this process's memory."""
    _, frames, _, memory = through_pipeline(film, probe(film), model, RecogniseOptions())
    begin, *_, end = (bytes_held / 1e6 for bytes_held in memory[int(len(memory) * SETTLING) :])
    return MemoryRow(
        model=model.facts.name,
        frames=frames,
        begin=begin,
        end=end,
        most=max(memory) / 1e6,
        machine=machine,
        measured=measured,
    )


def through_pipeline(
    film: Path, facts: MediaFacts, model: OpenModel, options: RecogniseOptions
) -> tuple[float, int, int, list[int]]:
    """Run the pipeline over a film; return frames a second, frames, boxes, and the process's memory in bytes at each group's end."""
    process = psutil.Process()
    frames, boxes, memory = 0, 0, []
    begun = time.perf_counter()
    for group in recognise(film, facts, model, options):
        frames += len(group.frames)
        boxes += sum(len(frame.found) for frame in group.frames)
        memory.append(process.memory_info().rss)
    return frames / (time.perf_counter() - begun), frames, boxes, memory


def filled(film: Path, facts: MediaFacts, model: OpenModel, count: int) -> list[Any]:
    """Return slots filled with the film's first pictures."""
    picture = facts.picture()
    assert picture is not None
    layer, slots = Layer(letterbox(picture, model.width, model.height)), model.slots(count)
    frames = taken_frames(film, facts, Pace())
    for slot in slots:
        grey(slot.pictures)
        for place, (_, frame) in zip(range(model.batch), frames, strict=False):
            layer.lay(frame, slot.pictures[place])
    return slots


def on_batches(model: OpenModel, slots: Sequence[Any], runs: int) -> float:
    """Return frames a second of ONNX Runtime alone."""
    begun = time.perf_counter()
    for number in range(runs):
        model.run(slots[number % len(slots)])
    return runs * model.batch / (time.perf_counter() - begun)


def decoding_rate(film: Path, facts: MediaFacts, model: OpenModel, pace: Pace, threads: int) -> float:
    """Return frames a second of decoding, scaling and laying alone, over at most 1,000 frames."""
    picture = facts.picture()
    assert picture is not None
    layer, (slot,) = Layer(letterbox(picture, model.width, model.height)), model.slots(1)
    begun, count = time.perf_counter(), 0
    for count, (_, frame) in enumerate(taken_frames(film, facts, pace, threads=threads), 1):
        layer.lay(frame, slot.pictures[count % model.batch])
        if count == 1_000:
            break
    return count / (time.perf_counter() - begun)
