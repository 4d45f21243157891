"""Looking media through: what a looker does with an analysis that it took up. A recognition keeps each finished group of frames.

ONNX Runtime starts threads: this is imported by runs themselves, and by whoever answers commands, but by no flow.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from flows.library import Library, lies_at, shelf
from flows.lookers import left_to_lookers
from flows.wishes import MediaWish, RecognitionWish
from infra import machine
from infra.apart import Apart
from infra.errors import KinofarmError
from infra.library.analyses import AnalysisEntry, AnalysisStore
from infra.library.findings import FindingEntered, in_order
from infra.library.vision import VisionModel, VisionModels
from infra.services import Services
from infra.settings import Settings
from infra.values import Value
from tasks.filesystem.scratch import scratch
from tasks.media.analysis.findings import MediaAnalysis
from tasks.media.analysis.ranges import FrameRanges, TimeRanges
from tasks.media.analysis.scenes import Scenes
from tasks.media.analysis.table import ANALYSES
from tasks.media.facts import MediaFacts
from tasks.media.reading import ANALYSED
from tasks.recognition.findings import Finding, findings
from tasks.recognition.found import FoundFrame, FoundFrames
from tasks.recognition.model import ModelFacts, model_bytes
from tasks.recognition.pipeline import recognise
from tasks.recognition.session import Device, OpenModel
from tasks.recognition.tracks import tracked

TELL_SECONDS = 1.0
SLOWEST = 8.0
"""Seconds of work for a second of film, at most, before a media analysis is ended as one that hangs."""


@dataclass(frozen=True)
class Telling:
    """Tells how far a work is, and hears whether it is to stop, about once a second."""

    store: AnalysisStore
    row: AnalysisEntry
    heard: Callable[[float], None]
    _state: dict[str, Any] = field(default_factory=dict)

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


class Looker:
    """Looks media through, one after the other, with the model that it opened last.

    Args:    pool: whose analyses it takes up. make_room: says whether it is to hand back what it has in hand.
    """

    def __init__(self, services: Services, pool: str, make_room: Callable[[], bool]) -> None:
        self.services, self.pool, self.make_room = services, pool, make_room
        self._opened: tuple[tuple[Any, ...], OpenModel] | None = None

    def look_through(self, row: AnalysisEntry, heard: Callable[[float], None]) -> AnalysisEntry:
        """Carry an analysis out, from where it is, and bring it to its end, or hand it back.

        Args:    heard: told about once a second how far it is, 0 to 1.
        Raises:  KinofarmError ANALYSIS-003, ANALYSIS-006, ANALYSIS-012, MEDIA-0xx, MODEL-0xx, SECURITY-0xx, DB-00x.
        """
        store = self.services.get(AnalysisStore)
        telling = Telling(store, row, heard)
        with scratch(self.services.get(Settings).home.absolute() / "scratch", "look") as folder:
            path, facts = self._at_hand(row, folder)
            if row.options.get("what") == "recognition":
                self._recognised(row, path, facts, telling)
            else:
                _media_analysed(self.services, row, path, facts, telling)
        return store.get(row.id)

    def _at_hand(self, row: AnalysisEntry, folder: Path) -> tuple[Path, MediaFacts]:
        """Return the medium as this machine can read it, and its facts: where it lies, else out of the farm's cache."""
        named, library = Path(row.path), Library(self.services)
        here = lies_at(named)
        if here:
            facts = library.facts(named)
            if facts.sha256 == row.content:
                return named, facts
        into = folder / f"source{named.suffix.lower()}"
        file = shelf(self.services).fetch(row.content, into, sha256=row.content)
        if file is not None:
            return file, library.facts_of_content(file, row.content)
        if here:
            raise KinofarmError("ANALYSIS-006", file=named.name)
        raise KinofarmError("ANALYSIS-012", file=named.name, machine=machine.name(self.services.get(Settings)))

    def _recognised(self, row: AnalysisEntry, path: Path, facts: MediaFacts, telling: Telling) -> None:
        """What a model finds, group by group, from the last finished one on."""
        store = telling.store
        wish = RecognitionWish.model_validate(row.options)
        model = self.services.get(VisionModels).get(row.model or "")
        opened = self._model(model, wish)
        groups = [FoundFrames.model_validate(group) for group in store.groups(row.id)]
        reached = groups[-1].end if groups else Fraction(0)
        length = max(facts.duration, Fraction(1, 1000))

        def progress(frames: int, seconds: Fraction) -> None:
            telling.tell(float(min(Fraction(1), seconds / length)))

        def should_stop() -> bool:
            return telling.should_stop() or self.make_room()

        begun, looked = time.monotonic(), 0
        for group in recognise(path, facts, opened, wish.look, begin=reached, progress=progress, should_stop=should_stop):  # fmt: skip
            store.keep(row.id, len(groups), group.model_dump(mode="json"))
            groups.append(group)
            looked += len(group.frames)
        if telling.should_stop():
            store.end(row.id, "stopped")
            return
        if self.make_room():
            store.hand_back(row)
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

    def _model(self, model: VisionModel, wish: RecognitionWish) -> OpenModel:
        """Return the model, ready to run: the one of last time, if it is wanted in the same way.

        Alone it uses all cores, else its share of them among the lookers that the machine may have.
        """
        waiting = self.services.get(AnalysisStore).open().get(self.pool)
        slots = machine.render_slots(self.services.get(Settings).worker.slots)
        alone = waiting is None or not waiting.free
        threads = machine.cores() if alone else max(1, machine.cores() // left_to_lookers(slots))
        known = (model.sha256, json.dumps(model.facts, sort_keys=True), wish.device, wish.batch, threads)
        if self._opened is None or self._opened[0] != known:
            self._opened = None  # its memory goes before the next one's comes
            file = self.services.get(VisionModels).file(model, shelf(self.services).fetch)
            self._opened = known, opened_model(file, model, wish.device, wish.batch, threads)
        return self._opened[1]


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


def opened_model(
    file: Path, model: VisionModel, device: Literal["auto", "cpu", "cuda"], batch: int, threads: int
) -> OpenModel:
    """Return a model of the farm's, ready to run.

    Args:    device: auto: CUDA where it can be had, else the processor. threads: of the processor.
    Raises:  KinofarmError MODEL-0xx.
    """
    facts, data = ModelFacts.model_validate(model.facts), model_bytes(file)
    wanted: Sequence[Device] = ("cuda", "cpu") if device == "auto" else (device,)
    for one in wanted[:-1]:
        try:
            return OpenModel(data, facts, device=one, batch=batch, threads=threads)
        except KinofarmError as error:
            if error.code != "MODEL-012":
                raise
    return OpenModel(data, facts, device=wanted[-1], batch=batch, threads=threads)


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
