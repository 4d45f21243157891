"""What looking into media costs: rows on the page, and the measuring itself on little."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bench import report
from bench.looking.analyses import decoded, measured_analyses
from bench.looking.gpu import EVERY_SECONDS, Busy, gpu_name
from bench.looking.recognition import recognition_row
from bench.results import Measured, RecognitionRow, Results
from tasks.recognition.model import facts_of, model_bytes
from tasks.recognition.session import OpenModel
from tests.media_factory import MediaFactory

DETECTOR = Path(__file__).parents[1] / "models" / "shapes" / "shapes.onnx"
WHEN = Measured(commit="abc", day="2026-01-01")


def row(batch: int = 8, gpu: str | None = None, **more: object) -> RecognitionRow:
    fields = {
        "model": "m", "film": "f", "provider": "CUDAExecutionProvider" if gpu else "CPUExecutionProvider", "batch": batch, "threads": 1,
        "size": ((160, 160), (320, 180)), "frames": 100, "boxes": 1.5, "pipeline": 95, "bare": 100, "ratio": 0.95, "ratios": (0.95,),
        "laid": 500, "gpu": gpu, "busy": None, "machine": "a machine", "measured": WHEN,
    }  # fmt: skip
    return RecognitionRow.model_validate(fields | more)


def test_the_page_says_that_no_gpu_has_measured_it_until_one_has() -> None:
    page = report.page(Results(recognitions=(row(),)), "Machine: none.")
    assert "| m, 160x160 | f, 320x180 | CPUExecutionProvider, 8, 1 | 100 | 1.5 | 100 | 95 | **0.95** |" in page
    assert "Not run: no machine with an NVIDIA GPU" in page
    filled = report.page(Results(recognitions=(row(), row(4, "A GPU, 1.2", busy=0.875))), "Machine: none.")
    assert "Not run" not in filled
    assert "| A GPU, 1.2 | CUDAExecutionProvider | m, 160x160 | f, 320x180 | 4 | 100 | 95 | **0.95** | 88% |" in filled


def test_a_batch_of_another_size_is_a_row_of_its_own() -> None:
    known = Results(recognitions=(row(4), row(8)))
    found = known.merged(Results(recognitions=(row(8, ratio=0.5), row(8, "A GPU"))))
    assert [(each.batch, each.gpu, each.ratio) for each in found.recognitions] == [
        (4, None, 0.95), (8, None, 0.5), (8, "A GPU", 0.95)
    ]  # fmt: skip


def test_a_film_is_measured_through_a_model_and_through_the_analyses(media_factory: MediaFactory) -> None:
    film = media_factory.video(50)
    data = model_bytes(DETECTOR)
    opened = OpenModel(data, facts_of(DETECTOR, data), batch=4)
    seen = recognition_row("bars", film, opened, 1, 2, "here", WHEN)
    assert (seen.frames, seen.batch, seen.size, len(seen.ratios)) == (50, 4, ((160, 160), (320, 180)), 2)
    assert (seen.gpu, seen.busy) == (None, None)
    assert seen.laid > seen.pipeline > 0
    found = measured_analyses("a film", film, "here", WHEN)
    assert found.frames == decoded(film) == 50
    assert found.whole > found.bare > 0


def test_the_gpu_s_share_is_what_nvidia_smi_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpu_name() is None, "there is no nvidia-smi"
    tool = tmp_path / "nvidia-smi"
    tool.write_text('#!/bin/sh\ncase "$1" in *name*) echo "NVIDIA X1, 570.1";; *) echo 80;; esac\n')
    tool.chmod(0o755)
    assert gpu_name() == "NVIDIA X1, 570.1"
    with Busy() as busy:
        time.sleep(EVERY_SECONDS * 1.8)
    assert busy.share == 0.8
    tool.write_text("#!/bin/sh\necho no devices were found >&2\nexit 6\n")
    assert gpu_name() is None
