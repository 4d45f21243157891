"""Logs whose every line says which job, chunk and attempt it is about, and traces where somebody collects them.

The three names travel in context variables: whoever works on a chunk says so once with `about(...)`, and every line
logged below it carries them, whichever module logs. Traces are sent only when OTEL_EXPORTER_OTLP_ENDPOINT (or its
_TRACES_ variant) is set and the exporter is installed; nothing of OpenTelemetry is imported otherwise.

Source:  OpenTelemetry's SDK environment variable specification; W3C Trace Context, traceparent.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

FORMAT = "%(asctime)s %(levelname)-7s %(name)s%(about)s  %(message)s"
ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
EXPORTER = "opentelemetry.exporter.otlp.proto.http.trace_exporter"

_about: ContextVar[Mapping[str, str]] = ContextVar("about", default=MappingProxyType({}))

logger = logging.getLogger("kinofarm.telemetry")


@contextlib.contextmanager
def about(*, job: object = None, chunk: object = None, attempt: int | None = None) -> Iterator[None]:
    """Within this block every log line of this context names the job, the chunk and the attempt; None: as outside."""
    given = {"job": (job, 8), "chunk": (chunk, 12), "attempt": (attempt, None)}
    known = {name: str(value)[:length] for name, (value, length) in given.items() if value is not None}
    token = _about.set({**_about.get(), **known})
    try:
        yield
    finally:
        _about.reset(token)


def current() -> Mapping[str, str]:
    """Return what `about` set here: job (8 characters), chunk (12 characters of its key), attempt."""
    return _about.get()


def set_up(process: str, level: str | int = logging.INFO) -> None:
    """Send this process's log to standard error, each line with what it is about; start traces if they are wanted.

    Args:    process: what it calls itself in traces, e.g. "supervisor".
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(FORMAT))
    handler.addFilter(add_about)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("httpx", "httpcore", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    start_traces(process)


def add_about(record: logging.LogRecord) -> bool:
    """A logging filter: give the record `about`, `job`, `chunk` and `attempt`."""
    known = _about.get()
    record.about = "".join(f" {name}={value}" for name, value in known.items())
    for name in ("job", "chunk", "attempt"):
        setattr(record, name, known.get(name, ""))
    return True


def start_traces(process: str) -> bool:
    """Send traces to the configured collector; return whether that is so. Costs nothing when none is configured."""
    if not any(os.environ.get(name) for name in ENDPOINTS):
        return False
    try:
        exporter = importlib.import_module(EXPORTER)
    except ImportError:
        logger.warning("traces are wanted, but opentelemetry-exporter-otlp-proto-http is not installed")
        return False
    from opentelemetry import trace
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": "kinofarm", "kinofarm.process": process}))
    provider.add_span_processor(BatchSpanProcessor(exporter.OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return True


@contextlib.contextmanager
def span(name: str, **attributes: str | int | float | bool) -> Iterator[Any]:
    """Trace what happens in this block, where traces are collected; yields the span, or None."""
    if not any(os.environ.get(endpoint) for endpoint in ENDPOINTS):
        yield None
        return
    from opentelemetry import trace

    named = {f"kinofarm.{key}": value for key, value in {**current(), **attributes}.items()}
    with trace.get_tracer("kinofarm").start_as_current_span(name, attributes=named) as found:
        yield found
