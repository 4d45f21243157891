"""Log lines say what they are about; traces cost nothing unless they are wanted."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path

import pytest

from infra import telemetry
from infra.process import environment, run_tool

ROOT = Path(telemetry.__file__).parents[1]


def _line(text: str) -> str:
    record = logging.LogRecord("kinofarm.test", logging.INFO, __file__, 1, text, (), None)
    telemetry.add_about(record)
    return logging.Formatter(telemetry.FORMAT).format(record)


def test_a_line_names_job_chunk_and_attempt_of_its_context_only() -> None:
    with telemetry.about(job="0123456789abcdef"), telemetry.about(chunk="f" * 64, attempt=2):
        assert f"job=01234567 chunk={'f' * 12} attempt=2" in _line("inside")
    assert "job=" not in _line("outside")


async def test_two_tasks_at_once_do_not_mix_what_they_are_about() -> None:
    async def work(job: str) -> str:
        with telemetry.about(job=job):
            await asyncio.sleep(0.01)
            return _line("working")

    first, second = await asyncio.gather(work("aaaaaaaa"), work("bbbbbbbb"))
    assert "job=aaaaaaaa" in first
    assert "job=bbbbbbbb" in second


def test_nothing_of_opentelemetry_is_imported_unless_a_collector_is_named() -> None:
    script = (
        "import sys; from infra import telemetry; telemetry.set_up('test')\n"
        "with telemetry.span('x', frames=3) as span: assert span is None\n"
        "print(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    assert run_tool([sys.executable, "-c", script], cwd=ROOT).strip() == "False"


def test_a_span_is_made_where_traces_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        "from infra import telemetry; telemetry.set_up('test')\n"
        "with telemetry.span('x', frames=3) as span: print(type(span).__name__)"
    )
    wanted = environment({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"})
    assert "Span" in run_tool([sys.executable, "-c", script], cwd=ROOT, env=wanted)
