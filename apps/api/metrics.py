"""Metrics for Prometheus, at /metrics: the farm as its database knows it, and the requests of this process.

Source:  the Prometheus text format, version 0.0.4; prometheus_client.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apps.api.entry import Caller, allowed
from apps.api.hub import Hub
from apps.api.problems import documented
from infra.cache.index import CacheIndex
from infra.jobs.listing import JobList
from infra.jobs.workers import WorkerStore
from infra.services import Services

OTHER = "(none)"
"""The route of a request that has none: paths that others make up are no labels."""
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Seconds."""

router = APIRouter(tags=["farm"])


class Metrics:
    """What is measured in one API process."""

    def __init__(self, services: Services, hub: Hub) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self.requests = Counter("kinofarm_requests", "Requests answered.", labels, registry=self.registry)
        self.seconds = Histogram(
            "kinofarm_request_seconds", "Until an answer began.", ("route",), buckets=BUCKETS, registry=self.registry
        )
        self.registry.register(_Farm(services, hub))

    def text(self) -> bytes:
        """Return all of it as Prometheus reads it.

        Raises:  KinofarmError DB-00x.
        """
        return generate_latest(self.registry)


class Measured:
    """An ASGI layer that counts requests and how long each took until its answer began."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = route_of(scope)
                self.metrics.requests.labels(_method(scope), route, message["status"]).inc()
                self.metrics.seconds.labels(route).observe(time.perf_counter() - began)
            await send(message)

        await self.app(scope, receive, noted)


class _Farm(Collector):
    """The farm, looked at whenever it is asked for."""

    def __init__(self, services: Services, hub: Hub) -> None:
        self._services = services
        self._hub = hub

    def describe(self) -> list[Metric]:
        """See `Collector`: nothing is collected when this is registered."""
        return []

    def collect(self) -> Iterator[Metric]:
        """See `Collector`."""
        get, hub = self._services.get, self._hub
        jobs = get(JobList)
        counts = jobs.counts()
        yield _gauge("jobs", "Jobs that have not ended, by state.", "state", counts.live)
        yield _gauge("jobs_last_day", "Jobs that ended in the last 24 hours, by state.", "state", counts.last_day)
        chunks = GaugeMetricFamily("kinofarm_chunks", "Chunks in work or waiting.", labels=("pool", "state"))
        for (pool, state), number in jobs.open_chunks().items():
            chunks.add_metric((pool, {"leased": "rendering", "ready": "waiting"}[state]), number)
        yield chunks
        workers = get(WorkerStore).workers()
        machines: dict[str, float] = {}
        for each in workers:
            known = each.state if each.alive else "silent"
            machines[known] = machines.get(known, 0) + 1
        yield _gauge("machines", "Machines that render, by state; silent: not heard of.", "state", machines)
        usage = get(CacheIndex).usage()
        yield GaugeMetricFamily("kinofarm_cache_bytes", "What the farm's cache holds.", usage.bytes)
        yield GaugeMetricFamily("kinofarm_cache_entries", "Artefacts in the farm's cache.", usage.entries)
        yield GaugeMetricFamily("kinofarm_event_listeners", "Pages and streams that hear events.", hub.listeners)
        yield CounterMetricFamily("kinofarm_events", "Events of the farm that were heard.", hub.events)
        yield GaugeMetricFamily("kinofarm_events_per_second", "Events in the last ten seconds.", hub.rate)
        connected = {"events": hub.connected, "database": hub.hears_database}
        yield _gauge("connected", "Whether news are heard (1) or not (0).", "source", connected)


@router.get(
    "/metrics",
    name="farm.metrics",
    operation_id="farm_metrics",
    summary="Metrics for Prometheus.",
    response_class=Response,
    responses={
        **documented(),
        200: {"description": "The text format", "content": {"text/plain": {"schema": {"type": "string"}}}},
    },
)
def metrics(request: Request, caller: Annotated[Caller, Depends(allowed("read", "farm.metrics"))]) -> Response:
    """Metrics for Prometheus: jobs, chunks, machines, the cache, requests, events.

    Needs the scope `read`.
    """
    measured: Metrics = request.app.state.metrics
    return Response(measured.text(), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})


def route_of(scope: Scope) -> str:
    """Return the path of a request's route, its parts by name."""
    route: Any = scope.get("route")
    return str(getattr(route, "path", OTHER))


def _method(scope: Scope) -> str:
    known = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    return str(scope["method"]) if scope["method"] in known else OTHER


def _gauge(name: str, about: str, label: str, values: Any) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"kinofarm_{name}", about, labels=(label,))
    for value, number in values.items():
        family.add_metric((value,), float(number))
    return family
