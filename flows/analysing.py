"""Looking media through: what is wished of a content is entered once, worked on in a run of the flow `analyse`, and kept.

A wish is known by a hash of all that changes what comes out. So the same content is not looked through for the same thing
twice, wherever it lies and whoever asks. A recognition keeps each finished group of frames: after a crash it goes on there.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from flows.analysis_runs import start_run
from flows.library import Library
from infra.apart import Apart
from infra.errors import KinofarmError
from infra.library.analyses import AnalysisEntry, AnalysisStore, FindingEntered, in_order
from infra.library.vision import VisionModel, VisionModels
from infra.services import Services
from infra.settings import Settings
from infra.values import Value
from tasks.media.analysis.findings import MediaAnalysis
from tasks.media.analysis.ranges import FrameRanges, TimeRanges
from tasks.media.analysis.scenes import Scenes
from tasks.media.analysis.settings import AnalysisSettings
from tasks.media.analysis.table import ANALYSES, require_known
from tasks.media.facts import MediaFacts
from tasks.media.reading import ANALYSED
from tasks.recognition.findings import Finding, FindingOptions, findings
from tasks.recognition.found import FoundFrame, FoundFrames
from tasks.recognition.model import ModelFacts, model_bytes
from tasks.recognition.pipeline import RecogniseOptions, recognise
from tasks.recognition.session import Device, OpenModel
from tasks.recognition.tracks import TrackOptions, tracked

RECIPE = 1
"""Is raised when the same wish would give something else: what is known then is found out anew."""
TELL_SECONDS = 1.0
SLOWEST = 8.0
"""Seconds of work for a second of film, at most, before a media analysis is ended as one that hangs."""


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


@dataclass(frozen=True)
class Telling:
    """Tells how far a work is, and hears whether it is to stop, about once a second."""

    store: AnalysisStore
    row: AnalysisEntry
    heard: Callable[[float], None]
    _state: dict[str, Any]

    def tell(self, share: float) -> None:
        """Take note of how far it is."""
        self._state["share"] = share

    def should_stop(self) -> bool:
        """Pass on what was noted, if that is due; return whether the work is to stop."""
        now = time.monotonic()
        if now >= self._state.get("next", 0.0):
            self._state["next"] = now + TELL_SECONDS
            share = float(self._state.get("share", 0.0))
            self.heard(share)
            self._state["stop"] = not self.store.tell(self.row.id, share)
        return bool(self._state.get("stop"))


def wish_of(wish: MediaWish | RecognitionWish, model: VisionModel | None) -> str:
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


def begin(
    services: Services, path: Path, facts: MediaFacts, wish: MediaWish | RecognitionWish, model: str | None, who: str
) -> AnalysisEntry:
    """Enter an analysis of a file and have a run of it started; one that is known is returned as it is.

    Raises:  KinofarmError ANALYSIS-002, MEDIA-030, MODEL-020, FARM-02x, DB-00x.
    """
    found = services.get(VisionModels).get(model) if model is not None else None
    if isinstance(wish, MediaWish):
        require_known(wish.kinds)
    elif facts.picture() is None:
        raise KinofarmError("MODEL-020", file=path.name)
    store = services.get(AnalysisStore)
    options = wish.model_dump(mode="json")
    row = store.begin(facts.sha256, wish_of(wish, found), str(path), model, options, who)
    if row.state == "waiting":
        start_run(services, row)
    return row


def analysed(services: Services, row: AnalysisEntry, heard: Callable[[float], None]) -> AnalysisEntry:
    """Carry an analysis out, from where it is, and bring it to its end.

    Args:    heard: told about once a second how far it is, 0 to 1.
    Raises:  KinofarmError ANALYSIS-003, ANALYSIS-006, MEDIA-0xx, MODEL-0xx, SECURITY-0xx, DB-00x.
    """
    store, path = services.get(AnalysisStore), Path(row.path)
    facts = Library(services).facts(path)
    if facts.sha256 != row.content:
        raise KinofarmError("ANALYSIS-006", file=path.name)
    telling = Telling(store, row, heard, {})
    if row.options.get("what") == "recognition":
        _recognised(services, row, path, facts, telling)
    else:
        _media_analysed(services, row, path, facts, telling)
    return store.get(row.id)


def _media_analysed(services: Services, row: AnalysisEntry, path: Path, facts: MediaFacts, telling: Telling) -> None:
    """Scenes, silence and the like, in a process of its own."""
    wish = MediaWish.model_validate(row.options)
    given = {"path": str(path), "facts": facts.model_dump(mode="json"), "kinds": list(wish.kinds or ANALYSES)}
    given |= {"settings": wish.settings.model_dump(mode="json")}
    seconds = services.get(Settings).media.reader_seconds + SLOWEST * float(facts.duration)
    try:
        found = services.get(Apart).call(
            ANALYSED, given, file=path.name, seconds=seconds, progress=telling.tell, should_stop=telling.should_stop
        )
    except KinofarmError as error:
        if error.code != "FFMPEG-001":
            raise
        telling.store.end(row.id, "stopped")
        return
    telling.store.finish(row.id, found, in_order(_of_media(MediaAnalysis.model_validate(found))))


def _of_media(analysis: MediaAnalysis) -> Iterator[FindingEntered]:
    """The ranges of an analysis as findings: each scene, each black, frozen or silent part."""
    for kind, value in analysis.found.items():
        if isinstance(value, Scenes):
            for scene in value.scenes:
                yield _range("scene", scene.start, scene.end, scene)
        elif isinstance(value, (FrameRanges, TimeRanges)):
            for each in value.ranges:
                yield _range(kind, each.start, each.end, each)


def _range(name: str, start: Fraction, end: Fraction, value: Value) -> FindingEntered:
    return FindingEntered(name=name, seen_from=float(start), seen_to=float(end), finding=value.model_dump(mode="json"))


def _recognised(services: Services, row: AnalysisEntry, path: Path, facts: MediaFacts, telling: Telling) -> None:
    """What a model finds, group by group, from the last finished one on."""
    store, models = telling.store, services.get(VisionModels)
    wish = RecognitionWish.model_validate(row.options)
    model = models.get(row.model or "")
    opened = opened_model(models.file(model), model, wish.device, wish.batch)
    groups = [FoundFrames.model_validate(group) for group in store.groups(row.id)]
    reached = groups[-1].end if groups else Fraction(0)
    length = max(facts.duration, Fraction(1, 1000))

    def progress(frames: int, seconds: Fraction) -> None:
        telling.tell(float(min(Fraction(1), seconds / length)))

    begun, looked = time.monotonic(), 0
    for group in recognise(path, facts, opened, wish.look, begin=reached, progress=progress, should_stop=telling.should_stop):  # fmt: skip
        store.keep(row.id, len(groups), group.model_dump(mode="json"))
        groups.append(group)
        looked += len(group.frames)
    if telling.should_stop():
        store.end(row.id, "stopped")
        return
    seconds = time.monotonic() - begun
    frames = tuple(frame for group in groups for frame in group.frames)
    seen = seen_things(frames, facts, tuple(opened.facts.classes), wish)
    result = {
        "model": model.sha256,
        "device": opened.device,
        "frames": len(frames),
        "looked_at_now": looked,
        "frames_per_second": round(looked / seconds, 3) if looked and seconds else None,
        "findings": len(seen),
    }
    store.finish(row.id, result, in_order(entered(seen)))


def opened_model(file: Path, model: VisionModel, device: Literal["auto", "cpu", "cuda"], batch: int) -> OpenModel:
    """Return a model of the farm's, ready to run.

    Args:    device: auto: CUDA where it can be had, else the processor.
    Raises:  KinofarmError MODEL-0xx.
    """
    facts, data = ModelFacts.model_validate(model.facts), model_bytes(file)
    wanted: Sequence[Device] = ("cuda", "cpu") if device == "auto" else (device,)
    for one in wanted[:-1]:
        try:
            return OpenModel(data, facts, device=one, batch=batch, threads=os.cpu_count() or 1)
        except KinofarmError as error:
            if error.code != "MODEL-012":
                raise
    return OpenModel(data, facts, device=wanted[-1], batch=batch, threads=os.cpu_count() or 1)


def seen_things(
    frames: Sequence[FoundFrame], facts: MediaFacts, names: Sequence[str], wish: RecognitionWish
) -> tuple[Finding, ...]:
    """Return what was seen over time, of what was found frame by frame."""
    picture = facts.picture()
    rate = picture.rate if picture is not None and picture.rate else Fraction(25)
    return findings(tracked(frames, wish.tracks), names, 1 / rate, wish.findings)


def entered(found: Sequence[Finding]) -> Iterator[FindingEntered]:
    """Return findings as they are entered in the database."""
    for one in found:
        told: Mapping[str, Any] = one.model_dump(mode="json")
        yield FindingEntered(
            name=one.name, seen_from=float(one.begin), seen_to=float(one.end), best=one.best, finding=told
        )
