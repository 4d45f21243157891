"""Recognition of a film: decoded, looked at and read at the same time, in batches that go round a ring.

    decoder ── free slot → filled ──▶ model ── filled → run ──▶ reader ── batch of frames ──▶ groups
        ▲                                                          │
        └──────────────────────── free again ──────────────────────┘

The three are threads; each lets the others run while it decodes, multiplies or suppresses. The ring bounds what is under way. A group is
what is kept as a whole: after its end the work goes on as if it had never stopped. Tracks are not made here but from what was found
(tracks.py), since they look back, and a group must not.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from infra.errors import KinofarmError
from infra.values import Value
from tasks.media.facts import MediaFacts, PictureFacts
from tasks.recognition import collector
from tasks.recognition.found import Detection, FoundFrame, FoundFrames
from tasks.recognition.frames import Pace, Taken, taken_frames
from tasks.recognition.heads import LAYOUTS, Raw, read_head
from tasks.recognition.letterbox import Layer, Letterbox, grey, letterbox
from tasks.recognition.masks import mask_of
from tasks.recognition.model import ModelFacts
from tasks.recognition.nms import MOST_KEPT, suppress
from tasks.recognition.runtime import words
from tasks.recognition.session import OpenModel, Slot

RING = 4
"""Slots: one being filled, one run, one read, and one so that none waits for another at every batch."""

MOST_RUNS = 65_536
"""Numbers of the masks of a frame, but for coarse ones: those of 300 things with outlines, not of 300 with noise."""

MOST_NUMBERS = 4_000_000
"""Of boxes, points and masks in a group, but for its last batch; as JSON some 30 MB."""

_LOOK = 0.1
"""Seconds after which a thread that waits looks whether it shall end."""


class RecogniseOptions(Value):
    """What is looked for, and how closely."""

    pace: Pace = Field(
        Pace(), description='Which frames: {"every": 2} is each second one, {"rate": "5"} five a second.'
    )
    least: float = Field(
        0.1,
        ge=0.001,
        le=1,
        description="Scores below it are left out; those below `sure` of tracks.py begin no track, but go on with one.",
    )
    overlap: float = Field(0.45, ge=0, le=1, description="Boxes of a class that lie over each other more are one.")
    classes: tuple[str, ...] = Field(
        (), description="Names of the classes that are looked for; none: all of the model's."
    )
    group: int = Field(
        256,
        ge=1,
        le=100_000,
        description="Frames of a group, rounded up to whole batches; fewer where they are very full.",
    )
    decode_threads: int = Field(1, ge=1, le=64)


@dataclass(frozen=True)
class _Batch:
    frames: tuple[FoundFrame, ...]
    resume: Fraction


class _Ended(Exception):  # noqa: N818 - no error: how a thread learns that nobody wants its work
    pass


def recognise(
    path: Path,
    facts: MediaFacts,
    model: OpenModel,
    options: RecogniseOptions,
    *,
    begin: Fraction = Fraction(0),
    progress: Callable[[int, Fraction], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Iterator[FoundFrames]:
    """Yield what a model finds in a film, group by group.

    Args:
        begin: seconds at which to begin: the `end` of the last group that was kept.
        progress: told after each batch how many frames were looked at, and the time that was reached.
        should_stop: asked ten times a second; once it says yes nothing more is yielded, and an unfinished group is dropped. What the
            model is at is ended between two of its operators.
    Raises:  KinofarmError MODEL-010, MODEL-015, MODEL-016, MODEL-017, MODEL-020, MODEL-021, MEDIA-00x, SECURITY-00x.
    """
    picture = facts.picture()
    if picture is None:
        raise KinofarmError("MODEL-020", file=path.name)
    line = _Line(path, facts, picture, model, options, begin)
    group: list[FoundFrame] = []
    looked, since, reached, numbers = 0, begin, begin, 0
    with collector.seldom(), line:
        while (batch := line.next(should_stop)) is not None:
            group += batch.frames
            numbers += sum(_numbers(frame) for frame in batch.frames)
            looked, reached = looked + len(batch.frames), batch.resume
            if progress is not None:
                progress(looked, batch.frames[-1].seconds)
            if len(group) >= options.group or numbers >= MOST_NUMBERS:
                yield FoundFrames(begin=since, end=reached, frames=tuple(group))
                group, since, numbers = [], reached, 0
        if line.stopped:
            return
    end = max(reached, picture.end, begin)
    if group or since < end:
        yield FoundFrames(begin=since, end=end, frames=tuple(group))


class _Line:
    """The three threads with the ring between them."""

    def __init__(
        self,
        path: Path,
        facts: MediaFacts,
        picture: PictureFacts,
        model: OpenModel,
        options: RecogniseOptions,
        begin: Fraction,
    ) -> None:
        self._path, self._facts, self._model, self._options, self._begin = path, facts, model, options, begin
        self._laid = letterbox(picture, model.width, model.height)
        self._wanted = _wanted(model.facts, options.classes)
        # Of these the ring bounds all but the last.
        self._free: queue.Queue[Any] = queue.Queue()
        self._filled: queue.Queue[Any] = queue.Queue()
        self._run: queue.Queue[Any] = queue.Queue()
        self._read: queue.Queue[Any] = queue.Queue(RING)
        self._over = threading.Event()
        self.stopped = False
        for slot in model.slots(RING):
            grey(slot.pictures)
            self._free.put(slot)
        works = (self._decode, self._infer, self._post)
        self._threads = [threading.Thread(target=self._work, args=(one,), daemon=True) for one in works]

    def __enter__(self) -> _Line:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        decoder, model, reader = self._threads
        self._model.end(model)
        for thread in (decoder, reader):
            thread.join()

    def next(self, should_stop: Callable[[], bool] | None) -> _Batch | None:
        """Return the next batch; None at the end, or when it shall stop."""
        while True:
            if should_stop is not None and should_stop():
                self.stopped = True
                return None
            try:
                item = self._read.get(timeout=_LOOK)
            except queue.Empty:
                self._model.require_in_time()
                continue
            if isinstance(item, BaseException):
                raise item
            found: _Batch | None = item
            return found

    def _work(self, work: Callable[[], None]) -> None:
        try:
            work()
        except _Ended:
            pass
        except BaseException as error:  # whatever it is, the one who waits must learn of it
            self._give(error)

    def _give(self, item: Any) -> None:
        while not self._over.is_set():
            try:
                self._read.put(item, timeout=_LOOK)
                return
            except queue.Full:
                continue

    def _take(self, waiting: queue.Queue[Any]) -> Any:
        while not self._over.is_set():
            try:
                return waiting.get(timeout=_LOOK)
            except queue.Empty:
                continue
        raise _Ended

    def _decode(self) -> None:
        layer = Layer(self._laid)
        slot: Slot | None = None
        for taken, frame in taken_frames(
            self._path, self._facts, self._options.pace, self._begin, self._options.decode_threads
        ):
            if self._over.is_set():
                raise _Ended
            if slot is None:
                slot = self._take(self._free)
            layer.lay(frame, slot.pictures[slot.filled])
            slot.tags.append(taken)
            slot.filled += 1
            if slot.filled == self._model.batch:
                self._filled.put(slot)
                slot = None
        if slot is not None:
            self._filled.put(slot)
        self._filled.put(None)

    def _infer(self) -> None:
        while (slot := self._take(self._filled)) is not None:
            self._model.run(slot)  # the rest of a last batch are old pictures, and are not read
            self._run.put(slot)
        self._run.put(None)

    def _post(self) -> None:
        while (slot := self._take(self._run)) is not None:
            batch = self._read_of(slot)
            slot.filled = 0
            slot.tags.clear()
            self._free.put(slot)
            self._give(batch)
        self._give(None)

    def _read_of(self, slot: Slot) -> _Batch:
        """Return what is in a slot. Its numbers may be any: whatever goes wrong with them is the model's fault."""
        name = self._model.facts.name
        try:
            with np.errstate(all="ignore"):
                return self._look_into(slot)
        except KinofarmError:
            raise
        except MemoryError:
            raise KinofarmError("MODEL-016", model=name) from None
        except Exception as error:  # OpenCV's, numpy's, pydantic's: they share no base but this
            raise KinofarmError("MODEL-017", model=name, reason=f"{type(error).__name__}: {words(error)}") from error

    def _look_into(self, slot: Slot) -> _Batch:
        head, options = self._model.facts.head, self._options
        outputs = [output[: slot.filled] for output in slot.outputs]
        read = read_head(head, outputs, options.least)
        prototypes = None if head.masks is None else outputs[head.masks]
        frames = []
        tags: list[Taken] = slot.tags
        for place, (taken, raw) in enumerate(zip(tags, read, strict=True)):
            found = self._found(raw, None if prototypes is None else prototypes[place]) if len(raw.scores) else ()
            frames.append(FoundFrame(number=taken.number, seconds=taken.seconds, found=found))
        return _Batch(tuple(frames), tags[-1].resume)

    def _found(self, raw: Raw, prototypes: Any) -> tuple[Detection, ...]:
        if self._wanted is not None:
            raw = raw.only(np.flatnonzero(self._wanted[raw.classes]))
        if LAYOUTS[self._model.facts.head.layout].suppressed:
            kept = np.argsort(-raw.scores, kind="stable")[:MOST_KEPT]
        else:
            kept = suppress(raw.boxes, raw.scores, raw.classes, self._options.overlap)
        raw = raw.only(kept)
        size = self._model.width, self._model.height
        return detections(raw, self._laid, prototypes, size)


def detections(raw: Raw, laid: Letterbox, prototypes: Any, size: tuple[int, int]) -> tuple[Detection, ...]:
    """Return what a head found as values in displayed pixels; what lies wholly beside the picture is left out.

    Args:
        prototypes: (M, h, w) of the picture's masks; None for a model without.
        size: width and height of the model's input.
    """
    boxes = laid.to_source(raw.boxes)
    points = None if raw.points is None else laid.points_to_source(raw.points).tolist()
    scores, classes = raw.scores.tolist(), raw.classes.tolist()
    found, room = [], MOST_RUNS
    for place, (left, top, right, bottom) in enumerate(boxes.tolist()):
        if right <= left or bottom <= top:
            continue
        mask = None
        if prototypes is not None and raw.coefficients is not None:
            inner = laid.to_input(boxes[place])
            mask = mask_of(raw.coefficients[place], prototypes, inner, (right - left, bottom - top), size, room)
            room -= len(mask.runs)
        found.append(
            Detection(
                kind=classes[place],
                score=min(1.0, scores[place]),
                box=(left, top, right, bottom),
                points=() if points is None else tuple((x, y, sure) for x, y, sure in points[place]),
                mask=mask,
            )
        )
    return tuple(found)


def _numbers(frame: FoundFrame) -> int:
    return sum(6 + 3 * len(one.points) + (len(one.mask.runs) if one.mask else 0) for one in frame.found)


def _wanted(facts: ModelFacts, names: tuple[str, ...]) -> Any:
    """Return for each class whether it is looked for; None where all are."""
    if not names:
        return None
    known = {name.casefold(): number for number, name in enumerate(facts.classes)}
    wanted = np.zeros(len(facts.classes), np.bool_)
    for name in names:
        if name.casefold() not in known:
            raise KinofarmError("MODEL-021", model=facts.name, name=name, classes=", ".join(facts.classes))
        wanted[known[name.casefold()]] = True
    return wanted
