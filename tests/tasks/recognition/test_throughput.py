"""How fast the pipeline is beside ONNX Runtime alone, and what a long film does to memory. The figures stand in docs/adr/0037."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.looking.recognition import measure
from tasks.recognition.model import ModelFacts, facts_of, model_bytes
from tasks.recognition.session import OpenModel
from tests.media_factory import MediaFactory
from tests.models.onnx_writer import model, node, part, tensor, value
from tests.tasks.recognition.conftest import DETECTOR, ShapesFilm

pytestmark = [pytest.mark.long, pytest.mark.timeout(1_200)]

LEAST = 0.9
"""Of ONNX Runtime's frames a second on the same batches in memory."""


def looped(film: ShapesFilm, times: int, media_factory: MediaFactory) -> Path:
    """Return a film again and again."""
    loop = ("-stream_loop", str(times - 1))
    return media_factory.make(f"shapes-{times}-times.mp4", *loop, "-i", f"file:{film.path}", "-c", "copy")


def test_the_pipeline_is_nearly_as_fast_as_onnx_runtime_alone(
    shapes_film: ShapesFilm, detector: ModelFacts, media_factory: MediaFactory
) -> None:
    opened = OpenModel(model_bytes(DETECTOR), detector, batch=8, threads=1)
    figures = measure(looped(shapes_film, 10, media_factory), opened, rounds=9)
    print(figures)
    assert figures["frames"] == 1_500
    assert figures["ratio"] >= LEAST


def test_the_pipeline_is_nearly_as_fast_with_a_model_of_usual_size_on_every_core(
    shapes_film: ShapesFilm, media_factory: MediaFactory
) -> None:
    data = of_usual_size()
    facts = facts_of(Path("usual.onnx"), data, layout="v8")
    figures = measure(looped(shapes_film, 6, media_factory), OpenModel(data, facts, batch=4, threads=2), rounds=5)
    print(figures)
    assert figures["ratio"] >= LEAST


def test_memory_stays_as_it_is_over_ten_minutes_of_film(
    shapes_film: ShapesFilm, open_detector: OpenModel, media_factory: MediaFactory
) -> None:
    figures = measure(looped(shapes_film, 100, media_factory), open_detector, rounds=1)
    print(figures)
    assert figures["frames"] == 15_000
    assert figures["memory_end"] - figures["memory_start"] < 8_000_000


def of_usual_size() -> bytes:
    """A model with the input of the usual detectors (640 x 640) and about half the work of the smallest of them; it finds nothing."""
    widths = [(3, 16, 2), (16, 32, 2), (32, 64, 2), *[(64, 64, 1)] * 8]
    random = np.random.default_rng(6)
    nodes, weights, last = [], [], "images"
    for place, (taken, given, stride) in enumerate(widths):
        weights.append(tensor(f"w{place}", (random.normal(0, 0.05, (given, taken, 3, 3))).astype(np.float32)))
        numbers = part(5, part(1, "strides") + part(8, stride) * 2 + part(20, 7))
        numbers += part(5, part(1, "pads") + part(8, 1) * 4 + part(20, 7))
        nodes += [node("Conv", [last, f"w{place}"], [f"c{place}"], numbers), node("Relu", [f"c{place}"], [f"r{place}"])]
        last = f"r{place}"
    weights += [tensor("all", np.array([0, 64, 6_400])), tensor("less", np.array([-1e6], np.float32))]
    nodes += [node("Reshape", [last, "all"], ["flat"]), node("Add", ["flat", "less"], ["output"])]
    names = {"names": str({number: f"thing {number}" for number in range(60)})}
    return model(nodes, weights, [value("images", ("n", 3, 640, 640))], [value("output", ("n", 64, 6_400))], names)
