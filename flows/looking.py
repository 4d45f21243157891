"""Looking media through: what a looker does with an analysis that it took up. A recognition keeps each finished group of frames.

ONNX Runtime starts threads: this is imported by runs themselves, and by whoever answers commands, but by no flow.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from flows.breaker import OWN_FAULTS, learn
from flows.library import Library, lies_at, shelf
from flows.lookers import left_to_lookers
from flows.wishes import MediaWish, RecognitionWish, wish_for, wish_of
from infra import machine
from infra.apart import Apart
from infra.errors import KinofarmError
from infra.jobs.workers import WorkerStore
from infra.library.analyses import AnalysisEntry, AnalysisStore
from infra.library.findings import FindingEntered, in_order
from infra.library.vision import VisionModel, VisionModels
from infra.services import Services, shares_sources
from infra.settings import Settings
from infra.values import Value
from tasks.filesystem.scratch import scratch
from tasks.media.analysis.findings import MediaAnalysis
from tasks.media.analysis.ranges import FrameRanges, TimeRanges
from tasks.media.analysis.scenes import Scenes
from tasks.media.analysis.table import ANALYSES
from tasks.media.facts import MediaFacts
from tasks.media.numbered import sequence_at
from tasks.media.reading import ANALYSED
from tasks.recognition.findings import Finding, findings
from tasks.recognition.found import FoundFrame, FoundFrames
from tasks.recognition.frames import end_of_last
from tasks.recognition.model import ModelFacts, model_bytes
from tasks.recognition.pipeline import recognise
from tasks.recognition.session import Device, OpenModel
from tasks.recognition.tracks import tracked

TELL_SECONDS = 1.0
SLOWEST = 8.0
"""Seconds of work for a second of film, at most, before a media analysis is ended as one that hangs."""
LONGEST = 24 * 3600.0
"""Seconds of film that are allowed for, whatever a file says of its length."""
NOT_HERE = ("ANALYSIS-003", "ANALYSIS-012")
"""Failures that another machine may not have: a file, or a model, that is not to be had on this one."""
NO_CUDA, STOPPED = "MODEL-012", "FFMPEG-001"
REFUSED_SECONDS = 60.0
"""For which a machine leaves an analysis to others after a fault of its own."""

logger = logging.getLogger("kinofarm.looking")


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
            self._state["stop"] = not self.store.tell(self.row, share)
        return bool(self._state.get("stop"))


class Looker:
    """Looks media through, one after the other, with the model that it opened last.

    Args:    pool: whose analyses it takes up. make_room: says whether it is to hand back what it has in hand.
    """

    def __init__(self, services: Services, pool: str, make_room: Callable[[], bool]) -> None:
        self.services, self.pool, self.make_room = services, pool, make_room
        self._opened: tuple[tuple[Any, ...], OpenModel] | None = None

    def look_through(self, row: AnalysisEntry, heard: Callable[[float], None]) -> AnalysisEntry:
        """Carry an analysis out, from where it is, and bring it to its end, hand it back, or leave it to another machine.

        Args:    row: as it was claimed. heard: told about once a second how far it is, 0 to 1.
        Returns: how it is then; as it was claimed, where another has it by now.
        Raises:  KinofarmError DB-00x.
        """
        try:
            mine = self._carried_out(row, heard)
            self._learn(None)
        except KinofarmError as error:
            if error.code.startswith("DB-"):
                raise
            mine = self._failed(row, error)
        except OSError as error:  # the disk's, as a file's own are told by the readers
            reason = error.strerror or type(error).__name__
            mine = self._failed(row, KinofarmError("ANALYSIS-017", machine=row.machine or "", reason=reason))
        except Exception as error:
            logger.exception("analysis %s", row.id)
            mine = self._failed(row, KinofarmError("ANALYSIS-016", file=Path(row.path).name, reason=type(error).__name__))  # fmt: skip
        return self.services.get(AnalysisStore).get(row.id) if mine else row

    def _carried_out(self, row: AnalysisEntry, heard: Callable[[float], None]) -> bool:
        """Bring an analysis to its end, or hand it back; return whether it still was this one's to do so.

        Raises:  KinofarmError ANALYSIS-003, ANALYSIS-006, ANALYSIS-012, ANALYSIS-015, MEDIA-0xx, MODEL-0xx, SECURITY-0xx, CACHE-00x, DB-00x.
        """
        wish = wish_for(row.model, row.options)
        model = None if row.model is None else self.services.get(VisionModels).get(row.model)
        if wish_of(wish, model) != row.wish:
            raise KinofarmError("ANALYSIS-015", model=row.model or "the media's own analyses")
        telling = Telling(self.services.get(AnalysisStore), row, heard)
        with scratch(self.services.get(Settings).home.absolute() / "scratch", "look") as folder:
            path, facts = self._at_hand(row, folder)
            if isinstance(wish, MediaWish):
                return _media_analysed(self.services, wish, path, facts, telling)
            assert model is not None
            return self._recognised(model, wish, path, facts, telling)

    def _failed(self, row: AnalysisEntry, error: KinofarmError) -> bool:
        """End it as failed, if it is the file's fault, or the model's; else leave it to others. Returns whether it still was this one's."""
        store, told = self.services.get(AnalysisStore), error.as_dict()
        if error.code == STOPPED:
            return store.hand_back(row)
        if (
            error.code in NOT_HERE
            and shares_sources(self.services.get(Settings))
            and sequence_at(Path(row.path)) is None
        ):
            return store.share_again(row, told)
        if error.code in NOT_HERE or error.code == NO_CUDA:
            return store.refuse(row, told)
        if error.code in OWN_FAULTS:
            self._learn(error)
            return store.refuse(row, told, REFUSED_SECONDS)
        return store.fail(row, told)

    def _learn(self, fault: KinofarmError | None) -> None:
        settings, told = self.services.get(Settings), None if fault is None else f"{fault.code} {fault}"
        learn(self.services.get(WorkerStore), machine.name(settings), settings.worker.breaker, told)

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

    def _recognised(
        self, model: VisionModel, wish: RecognitionWish, path: Path, facts: MediaFacts, telling: Telling
    ) -> bool:
        """What a model finds, group by group, from the last finished one on."""
        store, row = telling.store, telling.row

        def should_stop() -> bool:
            return telling.should_stop() or self.make_room()

        opened = self._model(model, wish, should_stop)
        groups = [FoundFrames.model_validate(group) for group in store.groups(row.id)]
        reached = groups[-1].end if groups else Fraction(0)
        length = max(facts.duration, Fraction(1, 1000))

        def progress(frames: int, seconds: Fraction) -> None:
            telling.tell(float(min(Fraction(1), seconds / length)))

        begun, looked = time.monotonic(), 0
        for group in recognise(path, facts, opened, wish.look, begin=reached, progress=progress, should_stop=should_stop):  # fmt: skip
            store.keep(row, len(groups), group.model_dump(mode="json"))
            groups.append(group)
            looked += len(group.frames)
        if should_stop():
            return store.hand_back(row)
        seconds = time.monotonic() - begun
        frames = tuple(frame for group in groups for frame in group.frames)
        seen = seen_things(frames, facts, tuple(opened.facts.classes), wish, should_stop)
        result = {
            "model": model.sha256,
            "device": opened.device,
            "frames": len(frames),
            "looked_at_now": looked,
            "frames_per_second": round(looked / seconds, 3) if looked and seconds else None,
            "findings": len(seen),
        }
        return store.finish(row, result, in_order(entered(seen)))

    def _model(self, model: VisionModel, wish: RecognitionWish, should_stop: Callable[[], bool]) -> OpenModel:
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
            self._opened = known, opened_model(file, model, wish.device, wish.batch, threads, should_stop)
        return self._opened[1]


def _media_analysed(services: Services, wish: MediaWish, path: Path, facts: MediaFacts, telling: Telling) -> bool:
    """Scenes, silence and the like, in a process of its own."""
    given = {"path": str(path), "facts": facts.model_dump(mode="json"), "kinds": list(wish.kinds or ANALYSES)}
    given |= {"settings": wish.settings.model_dump(mode="json")}
    seconds = services.get(Settings).media.reader_seconds + SLOWEST * min(float(facts.duration), LONGEST)
    found = services.get(Apart).call(
        ANALYSED, given, file=path.name, seconds=seconds, progress=telling.tell, should_stop=telling.should_stop
    )
    return telling.store.finish(telling.row, found, in_order(_of_media(MediaAnalysis.model_validate(found))))


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
    file: Path,
    model: VisionModel,
    device: Literal["auto", "cpu", "cuda"],
    batch: int,
    threads: int,
    should_stop: Callable[[], bool] | None = None,
) -> OpenModel:
    """Return a model of the farm's, ready to run.

    Args:    device: auto: CUDA where it can be had, else the processor. threads: of the processor.
    Raises:  KinofarmError ANALYSIS-003 for a file that is not that model, MODEL-0xx, FFMPEG-001 once it shall stop.
    """
    facts, data = ModelFacts.model_validate(model.facts), model_bytes(file)
    if hashlib.sha256(data).hexdigest() != model.sha256:
        raise KinofarmError("ANALYSIS-003", name=model.name)
    wanted: Sequence[Device] = ("cuda", "cpu") if device == "auto" else (device,)
    for one in wanted[:-1]:
        try:
            return OpenModel(data, facts, device=one, batch=batch, threads=threads, should_stop=should_stop)
        except KinofarmError as error:
            if error.code != NO_CUDA:
                raise
    return OpenModel(data, facts, device=wanted[-1], batch=batch, threads=threads, should_stop=should_stop)


def seen_things(
    frames: Sequence[FoundFrame],
    facts: MediaFacts,
    names: Sequence[str],
    wish: RecognitionWish,
    should_stop: Callable[[], bool] | None = None,
) -> tuple[Finding, ...]:
    """Return what was seen over time, of what was found frame by frame.

    Raises:  KinofarmError MODEL-018, FFMPEG-001 once it shall stop.
    """
    picture, pace = facts.picture(), wish.look.pace
    end = end_of_last(frames[-1].seconds, picture, pace) if frames else None
    followed = tracked(frames, wish.tracks, should_stop)
    return findings(followed, names, pace.period(picture), wish.findings, end, should_stop)


def entered(found: Sequence[Finding]) -> Iterator[FindingEntered]:
    """Return findings as they are entered in the database."""
    for one in found:
        told: Mapping[str, Any] = one.model_dump(mode="json")
        yield FindingEntered(
            name=one.name, seen_from=float(one.begin), seen_to=float(one.end), best=one.best, finding=told
        )
