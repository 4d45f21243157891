"""Render a claimed chunk under its lease: beat, execute, prove, keep, finish.

A thread of its own renews the lease, reports the frames and hears of a cancel; ffmpeg asks that thread whether to go
on. Whatever happens the claim is answered (finished, failed or handed back), unless the lease was lost: then another
shard may have the chunk, and the result is dropped.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from infra.errors import KinofarmError
from infra.jobs.records import Beat, Claim
from tasks.compiler.execute import Renderer, execute
from tasks.compiler.sources import at_hand
from tasks.compiler.work import Work
from tasks.media.count import count_frames, count_sound
from tasks.media.loudness import Loudness, measure, read_meter, require_loudness
from tasks.media.proof import ChunkProof, SoundProof
from tasks.media.shelf import Shelf

logger = logging.getLogger("kinofarm.shard")

LOOK_SECONDS = 1.0
"""How often frames are reported and a cancel is looked for."""
FIRST_DELAY = 1.0
LONGEST_DELAY = 60.0
"""Back-off before another attempt at a chunk: 1 s, 2 s, 4 s, ... at most a minute."""

Outcome = Literal["done", "failed", "retried", "released", "lost"]


class Holding(Protocol):
    """What is needed of the ledger."""

    def beat(self, key: str, token: int, lease: float = ..., frames_done: int = ...) -> Beat: ...
    def finish(self, key: str, token: int, result: Mapping[str, Any]) -> bool: ...
    def fail(self, key: str, token: int, error: Mapping[str, Any], *, retry: bool, delay: float = ...) -> bool: ...
    def release(self, key: str, token: int) -> bool: ...


class Scratch(Protocol):
    """Where an attempt works: an empty folder that is gone afterwards."""

    def __call__(self, key: str, token: int) -> AbstractContextManager[Path]: ...


@dataclass(frozen=True)
class Bench:
    """What a shard works with. lease: seconds that a claim holds. threads: decoder threads for counting."""

    ledger: Holding
    shelf: Shelf
    scratch: Scratch
    renderer: Renderer
    lease: float = 15


@dataclass(frozen=True)
class Ended:
    """How the work on a claim ended; error: of a failure, as `KinofarmError.as_dict()` gives it."""

    outcome: Outcome
    seconds: float
    error: Mapping[str, Any] | None = None


def render_claimed(claim: Claim, bench: Bench, leaving: threading.Event | None = None) -> Ended:
    """Do the claimed work and answer the claim; call it in a thread that lives until it returns.

    Args:    leaving: set when this shard has to go: the chunk is handed back.
    Returns: how it ended; no error of the work itself is raised.
    Raises:  KinofarmError DB-001 when the database stays away for longer than the ledger's patience.
    """
    started = time.monotonic()
    error: dict[str, Any] | None = None
    with _beating(claim, bench, leaving) as pulse:
        try:
            proof = _render(claim, bench, pulse)
            outcome: Outcome = "done" if bench.ledger.finish(claim.key, claim.token, proof) else "lost"
        except KinofarmError as failure:
            if pulse.lost or (pulse.stop and not bench.ledger.release(claim.key, claim.token)):
                outcome = "lost"
            elif pulse.stop:
                outcome = "released"
            else:
                error = failure.as_dict()
                outcome = _failed(claim, bench, failure)
    return Ended(outcome, time.monotonic() - started, error)


def prove(
    work: Work, file: Path, renderer: Renderer, what: str, counted: Future[SoundProof] | None = None
) -> ChunkProof | SoundProof:
    """Decode the finished file and prove that it is what the work was to make.

    Args:    counted: of a sound, its counting where that was begun before.
    Raises:  VERIFY-00x.
    """
    if work.kind == "sound":
        proof = _counted(work, file) if counted is None else counted.result()
        return proof if work.loudness is None else _loud_enough(work, file, proof, work.loudness, renderer)
    if work.rate is None or work.shape is None:
        raise ValueError("a work of pictures names its rate and its shape")
    return count_frames(file, frames=work.frames, rate=work.rate, shape=work.shape, threads=renderer.threads, what=what)


def _counted(work: Work, file: Path) -> SoundProof:
    lengths = {"samples": work.samples, "sample_rate": work.sample_rate, "channels": work.channels}
    return count_sound(file, **lengths, what="the film's sound")


def _loud_enough(work: Work, file: Path, proof: SoundProof, wanted: Loudness, renderer: Renderer) -> SoundProof:
    """Hold a sound against its loudness: as its last stage measured it in this very folder, else measured now."""
    level = work.stages[-1].levelling
    log = None if level is None else file.parent / level.log
    made_here = log is not None and log.is_file()
    found = read_meter(log) if log and made_here else measure(file, renderer.binary, file.parent, renderer.threads)
    require_loudness(wanted, found, "VERIFY-021", "the film's sound")
    peak = None if found.true_peak is None else round(found.true_peak, 2)
    return proof.model_copy(update={"wanted": wanted, "loudness": found.integrated, "true_peak": peak})


@dataclass
class _Pulse:
    """What the beating thread and the working thread tell each other."""

    frames: int = 0
    stop: bool = False
    lost: bool = False


def _render(claim: Claim, bench: Bench, pulse: _Pulse) -> dict[str, Any]:
    try:
        work = Work.model_validate(claim.work)
        if work.key != claim.key:
            raise KinofarmError("FLOW-004", key=claim.key[:12])
        with bench.scratch(claim.key, claim.token) as folder:
            proof = _proof_of_kept(claim, work, bench, folder)
            if proof is None:
                proof, file = _made(claim, at_hand(work, bench.shelf, folder), bench, folder, pulse)
                kept = bench.shelf.keep(claim.key, file, claim.kind, proof.sha256)
                if kept.sha256 != proof.sha256:  # somebody else's came first, and stays
                    proof = _proof_of_kept(claim, work, bench, folder) or proof
        return proof.model_dump(mode="json")
    except KinofarmError:
        raise
    except Exception as bug:
        logger.exception("chunk %s of job %s ran into a bug", claim.index, claim.job)
        raise KinofarmError("FLOW-005", reason=type(bug).__name__) from bug


def _made(claim: Claim, work: Work, bench: Bench, folder: Path, pulse: _Pulse) -> tuple[ChunkProof | SoundProof, Path]:
    """Make the file and prove it. A sound is counted while its loudness is still being measured."""
    counted: Future[SoundProof] | None = None

    def report(frames: int) -> None:
        pulse.frames = frames

    def count(file: Path) -> None:
        nonlocal counted
        counted = beside.submit(_counted, work, file)

    with ThreadPoolExecutor(1, thread_name_prefix="count") as beside:
        file = execute(work, folder, bench.renderer, on_frames=report, should_stop=lambda: pulse.stop, on_made=count)
        return prove(work, file, bench.renderer, f"chunk {claim.index}", counted), file


def _proof_of_kept(claim: Claim, work: Work, bench: Bench, folder: Path) -> ChunkProof | SoundProof | None:
    """Prove what lies under this key already: a shard that died between keeping and finishing left it there."""
    file = bench.shelf.fetch(claim.key, folder / f"kept{work.suffix}")
    if file is None:
        return None
    try:
        return prove(work, file, bench.renderer, f"chunk {claim.index}")
    except KinofarmError as damaged:
        logger.warning("chunk %s of job %s in the cache is thrown away: %s", claim.index, claim.job, damaged)
        bench.shelf.discard(claim.key)
        return None


def _failed(claim: Claim, bench: Bench, failure: KinofarmError) -> Outcome:
    delay = min(FIRST_DELAY * 2 ** (claim.attempt - 1), LONGEST_DELAY)
    logger.warning("chunk %s of job %s, attempt %s: %s", claim.index, claim.job, claim.attempt, failure)
    if not bench.ledger.fail(claim.key, claim.token, failure.as_dict(), retry=failure.retry, delay=delay):
        return "lost"
    return "retried" if failure.retry else "failed"


@contextmanager
def _beating(claim: Claim, bench: Bench, leaving: threading.Event | None) -> Iterator[_Pulse]:
    """Renew the lease in a thread of its own until the block ends."""
    pulse, ended = _Pulse(), threading.Event()

    def beat() -> None:
        while not ended.wait(LOOK_SECONDS):
            try:
                answer = bench.ledger.beat(claim.key, claim.token, bench.lease, pulse.frames)
            except KinofarmError as away:  # nobody else can claim either while the database is away
                logger.warning("no heartbeat for chunk %s of job %s: %s", claim.index, claim.job, away)
                continue
            if ended.is_set():
                return
            pulse.lost = pulse.lost or not answer.held
            pulse.stop = pulse.stop or pulse.lost or answer.cancelled or (leaving is not None and leaving.is_set())

    thread = threading.Thread(target=beat, name=f"beat {claim.key[:8]}", daemon=True)
    thread.start()
    try:
        yield pulse
    finally:
        ended.set()
        thread.join(timeout=LOOK_SECONDS)
