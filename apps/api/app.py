"""The REST API as one ASGI application: the registry's commands, and the doors that carry bytes.

/api/v1/...          commands (apps/registry.py), described at /api/openapi.json and /api/docs
/api/v1/uploads      files that are sent in parts (apps/api/uploads.py)
/api/v1/events       what happens, as it happens
/api/v1/jobs/...     beside commands: published files, previews
/api/v1/backups/...  backups of projects
/api/v1/media/...    beside commands: views of media files
/api/v1/analyses/... beside commands: what was found, as files
/metrics             for Prometheus
/api/v1/health       open to everybody: whether the farm can be reached
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import metadata

from fastapi import FastAPI

from apps.api import backups, events, findings, health, media, metrics, previews, problems, results, uploads
from apps.api.bodies import BoundedBodies
from apps.api.entry import Rates
from apps.api.hub import Hub
from apps.api.metrics import Measured, Metrics
from apps.api.previews import Previews
from apps.api.routes import router
from apps.registry import COMMANDS, GROUPS
from infra.apart import Apart
from infra.farm import FarmConnection
from infra.library.facts import FactsStore
from infra.library.vision import VisionModels
from infra.services import KEPT_IN_DATABASE, Services, check
from infra.settings import Settings
from infra.uploads.library import Uploads

ROOT = "/api/v1"
MEGABYTE = 10**6


def application(services: Services) -> FastAPI:
    """Return the API of a farm.

    Args:    services: open for as long as it serves.
    """
    settings = services.get(Settings)
    for service in (
        *KEPT_IN_DATABASE,
        FactsStore,
        VisionModels,
        Uploads,
        Apart,
    ):  # here, since requests come in many threads
        services.get(service)
    hub = Hub(services.get(FarmConnection))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        app.state.previews.empty()
        async with hub.running():
            yield

    app = FastAPI(
        title="Kinofarm",
        version=metadata.version("kinofarm"),
        summary="A self-hosted render farm for video: a timeline goes in, a verified film comes out.",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        openapi_tags=[{"name": name, "description": words} for name, words in {**GROUPS, **events.GROUP}.items()],
        separate_input_output_schemas=False,
        lifespan=lifespan,
    )
    app.state.services = services
    app.state.hub = hub
    app.state.metrics = Metrics(services, hub)
    app.state.previews = Previews(services)
    app.state.rates = Rates(settings.api.requests_per_minute)
    problems.handle(app)
    problems.describe(app)
    app.add_middleware(
        BoundedBodies, most=int(settings.api.body_megabytes * MEGABYTE), without=(f"{ROOT}{uploads.PATH}",)
    )
    app.include_router(router(COMMANDS.values()), prefix=ROOT)
    plain = (events.router, results.router, previews.router, backups.router, findings.router)
    for doors in (*plain, uploads.router(), media.router()):
        app.include_router(doors, prefix=ROOT)
    app.include_router(metrics.router)
    app.add_middleware(Measured, metrics=app.state.metrics)
    app.include_router(health.router(lambda: all(one.ok for one in check(settings))), prefix=ROOT)
    return app
