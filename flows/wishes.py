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
from flows.lookers import lookers_soon, start_batch
from infra import machine
from infra.errors import KinofarmError
from infra.jobs.workers import WorkerStore
from infra.library.analyses import AnalysisEntry, AnalysisStore
from infra.library.batches import Batch, BatchStore
from infra.library.vision import VisionModel, VisionModels
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

RECIPE = 3
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
    """Return the hash by which a wish is known. On which device, and in what batches it is looked through, is not in it.

    Of a model its content, layout and classes count, not its name: with other names of its classes it finds other things.
    """
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
        "classes": model.facts.get("classes") if model else None,
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def require(services: Services, wish: Wish, model: str | None) -> VisionModel | None:
    """Return the model that a wish names, once it is known that there can be such a wish.

    Raises:  KinofarmError ANALYSIS-002, MEDIA-030, DB-00x.
    """
    if isinstance(wish, MediaWish):
        require_known(wish.kinds)
    return services.get(VisionModels).get(model) if model is not None else None


def require_device(services: Services, wish: Wish) -> None:
    """See that some machine of the farm has the device that a wish insists on.

    Raises:  KinofarmError ANALYSIS-009, DB-00x.
    """
    if isinstance(wish, RecognitionWish) and wish.device == "cuda" and not services.get(AnalysisStore).machines_on_cuda():  # fmt: skip
        raise KinofarmError("ANALYSIS-009")


def begin(services: Services, path: Path, facts: MediaFacts, wish: Wish, model: str | None, who: str) -> AnalysisEntry:
    """Enter an analysis of a file and see that it is taken up; one that is known is returned as it is.

    Where machines read media from the farm's cache, putting the file there may take long: a batch of this one file does it.
    Raises:  KinofarmError ANALYSIS-002, ANALYSIS-009, MEDIA-030, MODEL-020, FARM-02x, DB-00x, CACHE-00x.
    """
    require_device(services, wish)
    row = enter(services, path, facts, wish, model, who)
    if row.state != "waiting":
        return row
    if not is_shared(services, facts):
        lookers_soon(services)
        return row
    try:
        begin_batch(services, path, wish, model, who, entered=row)
    except KinofarmError as error:
        services.get(AnalysisStore).not_shared(row.id, error.as_dict(), over=True)
        raise
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
    entered: AnalysisEntry | None = None,
) -> Batch:
    """Enter a batch and have its run started.

    Args:    entered: the analysis of a batch that is one file's.
    Raises:  KinofarmError ANALYSIS-002, ANALYSIS-009, MEDIA-030, FARM-02x, DB-00x.
    """
    require(services, wish, model)
    require_device(services, wish)
    options = wish.model_dump(mode="json")
    batch = services.get(BatchStore).add(
        uuid4(), str(path), model, options, who, recursive=recursive, sequences=sequences
    )
    start_batch(services, batch, entered)
    return batch


def enter(services: Services, path: Path, facts: MediaFacts, wish: Wish, model: str | None, who: str) -> AnalysisEntry:
    """Enter an analysis of a medium; one that is known is returned as it is.

    Where machines read media from the farm's cache it is not taken up before `share` has put file and model there. Where they read the
    file in place, a model is put there at once, if there is another machine that might want it.

    Raises:  KinofarmError ANALYSIS-002, ANALYSIS-003, MEDIA-030, MODEL-020, DB-00x, CACHE-00x.
    """
    found = require(services, wish, model)
    if isinstance(wish, RecognitionWish) and facts.picture() is None:
        raise KinofarmError("MODEL-020", file=path.name)
    options, ready = wish.model_dump(mode="json"), not is_shared(services, facts)
    if found is not None and ready and _has_other_machines(services):
        _share_model(services, found)
    return services.get(AnalysisStore).begin(facts.sha256, wish_of(wish, found), str(path), model, options, who, ready)


def is_shared(services: Services, facts: MediaFacts) -> bool:
    """Whether a medium is put where every machine can read it. Numbered pictures are read where they lie."""
    return shares_sources(services.get(Settings)) and facts.numbered is None


def share(services: Services, row: AnalysisEntry) -> None:
    """Put what an analysis that waits reads where every machine can read it, and let it be taken up.

    Raises:  KinofarmError FLOW-001 when the file has changed meanwhile, ANALYSIS-002, ANALYSIS-003, CACHE-00x, DB-00x.
    """
    if row.model is not None:
        _share_model(services, services.get(VisionModels).get(row.model))
    try:
        put_into_cache({row.content: Path(row.path)}, shelf(services))
    except OSError:
        raise KinofarmError("FLOW-001", file=Path(row.path).name) from None
    services.get(AnalysisStore).make_ready(row.id)


def _has_other_machines(services: Services) -> bool:
    here = machine.name(services.get(Settings))
    return any(worker.alive and worker.name != here for worker in services.get(WorkerStore).workers())


def _share_model(services: Services, model: VisionModel) -> None:
    if not shelf(services).store.has(model.sha256):
        put_into_cache({model.sha256: services.get(VisionModels).file(model)}, shelf(services))
