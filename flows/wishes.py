"""What is wished of media: entered once for a content, one file or a batch of many, and taken up by lookers.

A wish is known by a hash of all that changes what comes out. So the same content is not looked through for the same thing
twice, wherever it lies and whoever asks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from pydantic import Field

from flows.library import shelf
from flows.lookers import ANALYSE, lookers_soon
from infra.errors import KinofarmError
from infra.library.analyses import AnalysisEntry, AnalysisStore
from infra.library.batches import Batch, BatchStore
from infra.library.vision import VisionModel, VisionModels
from infra.prefect_api import PrefectApi
from infra.services import Services, shares_sources
from infra.settings import Settings
from infra.values import Value
from tasks.compiler.sources import share as put_into_cache
from tasks.media.analysis.settings import AnalysisSettings
from tasks.media.analysis.table import ANALYSES, require_known
from tasks.media.facts import MediaFacts
from tasks.recognition.findings import FindingOptions
from tasks.recognition.pipeline import RecogniseOptions
from tasks.recognition.tracks import TrackOptions

RECIPE = 2
"""Is raised when the same wish would give something else: what is known then is found out anew."""


class MediaWish(Value):
    """The media's own analyses."""

    what: Literal["media"] = "media"
    kinds: tuple[str, ...] = Field((), description="Of docs/media.md; none: all.")
    settings: AnalysisSettings = AnalysisSettings()


class RecognitionWish(Value):
    """What a model is to find."""

    what: Literal["recognition"] = "recognition"
    look: RecogniseOptions = RecogniseOptions()
    tracks: TrackOptions = TrackOptions()
    findings: FindingOptions = FindingOptions()
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="auto: CUDA where it can be had.")
    batch: int = Field(8, ge=1, le=256, description="Pictures at a time, where the model leaves that open.")


Wish = MediaWish | RecognitionWish


def wish_for(model: str | None, options: Mapping[str, Any]) -> Wish:
    """Return what is wished of a medium, of a model or of none.

    Raises:  pydantic's ValidationError.
    """
    kind: type[Wish] = MediaWish if model is None else RecognitionWish
    return kind.model_validate(dict(options))


def wish_of(wish: Wish, model: VisionModel | None) -> str:
    """Return the hash by which a wish is known. On which device, and in what batches it is looked through, is not in it."""
    said = wish.model_dump(mode="json", exclude={"device", "batch"})
    if isinstance(wish, MediaWish):
        said["kinds"] = sorted(wish.kinds or ANALYSES)
        said["settings"].pop("threads")
    else:
        said["look"].pop("decode_threads")
        said["look"].pop("group")
        said["look"]["classes"] = sorted(wish.look.classes)
    said |= {
        "recipe": RECIPE,
        "model": model.sha256 if model else None,
        "layout": model.facts.get("head") if model else None,
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def require(services: Services, wish: Wish, model: str | None) -> VisionModel | None:
    """Return the model that a wish names, once it is known that the farm can fulfil the wish.

    Raises:  KinofarmError ANALYSIS-002, ANALYSIS-009, MEDIA-030, DB-00x.
    """
    found = services.get(VisionModels).get(model) if model is not None else None
    if isinstance(wish, MediaWish):
        require_known(wish.kinds)
    elif wish.device == "cuda" and not services.get(AnalysisStore).machines_on_cuda():
        raise KinofarmError("ANALYSIS-009")
    return found


def begin(services: Services, path: Path, facts: MediaFacts, wish: Wish, model: str | None, who: str) -> AnalysisEntry:
    """Enter an analysis of a file and see that it is taken up; one that is known is returned as it is.

    Where machines read media from the farm's cache, putting the file there may take long: a batch of this one file does it.
    Raises:  KinofarmError ANALYSIS-002, ANALYSIS-009, MEDIA-030, MODEL-020, FARM-02x, DB-00x.
    """
    shares = shares_sources(services.get(Settings)) and facts.numbered is None
    row = enter(services, path, facts, wish, model, who, ready=not shares)
    if row.state == "waiting" and shares:
        begin_batch(services, path, wish, model, who)
    elif row.state == "waiting":
        lookers_soon(services)
    return row


def begin_batch(
    services: Services,
    path: Path,
    wish: Wish,
    model: str | None,
    who: str,
    *,
    recursive: bool = True,
    sequences: bool = True,
) -> Batch:
    """Enter a batch and have its run started.

    Raises:  KinofarmError ANALYSIS-002, ANALYSIS-009, MEDIA-030, FARM-02x, DB-00x.
    """
    require(services, wish, model)
    store = services.get(BatchStore)
    options = wish.model_dump(mode="json")
    batch = store.add(uuid4(), str(path), model, options, who, recursive=recursive, sequences=sequences)
    try:
        services.get(PrefectApi).create_run(
            ANALYSE, {"path": batch.path, "batch": str(batch.id)}, idempotency_key=f"{batch.id}-0"
        )
    except KinofarmError as error:
        store.end(batch.id, "failed", error.as_dict())
        raise
    return batch


def enter(
    services: Services, path: Path, facts: MediaFacts, wish: Wish, model: str | None, who: str, *, ready: bool = True
) -> AnalysisEntry:
    """Enter an analysis of a medium; one that is known is returned as it is.

    Args:    ready: False: it is not taken up before `share` has seen to it that every machine can read the file. Numbered pictures
             are read where they lie: they are always ready.
    Raises:  KinofarmError ANALYSIS-002, ANALYSIS-009, MEDIA-030, MODEL-020, DB-00x.
    """
    found = require(services, wish, model)
    if isinstance(wish, RecognitionWish) and facts.picture() is None:
        raise KinofarmError("MODEL-020", file=path.name)
    options, ready = wish.model_dump(mode="json"), ready or facts.numbered is not None
    return services.get(AnalysisStore).begin(facts.sha256, wish_of(wish, found), str(path), model, options, who, ready)


def share(services: Services, row: AnalysisEntry) -> None:
    """Put what an analysis that waits reads, its file and its model, where every machine can read it.

    Raises:  KinofarmError FLOW-001 when the file has changed meanwhile, ANALYSIS-002, ANALYSIS-003, CACHE-00x, DB-00x.
    """
    if row.state != "waiting":
        return
    sources = {row.content: Path(row.path)}
    if row.model is not None:
        models = services.get(VisionModels)
        model = models.get(row.model)
        sources[model.sha256] = models.file(model)
    put_into_cache(sources, shelf(services))
    services.get(AnalysisStore).make_ready(row.id)
