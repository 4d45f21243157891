"""Analyse a media file: everything that is wanted of it, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from infra.errors import KinofarmError
from infra.values import Value
from tasks.media.analysis.findings import MediaAnalysis
from tasks.media.analysis.parts import (
    Analysis,
    Ending,
    FrameCollector,
    Frames,
    PacketReader,
    Scope,
    Sound,
    SoundCollector,
)
from tasks.media.analysis.reading import Openers, Outcome, Reading
from tasks.media.analysis.samples import SoundBlock
from tasks.media.analysis.settings import AnalysisSettings
from tasks.media.analysis.shot import Shot
from tasks.media.analysis.table import ALL, ANALYSES, AnalysisKind, require_known
from tasks.media.analysis.watch import Watch
from tasks.media.facts import MediaFacts


def analyse(
    path: Path,
    facts: MediaFacts,
    wanted: Collection[AnalysisKind] = ALL,
    *,
    progress: Callable[[float], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    settings: AnalysisSettings | None = None,
    openers: Openers | None = None,
) -> MediaAnalysis:
    """Return what the wanted analyses find in a file, which is opened once and decoded once at most.

    Args:
        path: a file inside a media root, as `MediaRoots.resolve` returns it.
        facts: what `probe` returned of it.
        wanted: names in `ANALYSES`.
        progress: told the share of the file that is done, 0 to 1, about five times a second, and 1 at the end.
        should_stop: asked about five times a second.
        openers: how containers and decoders are opened.
    Raises:  KinofarmError MEDIA-030 an unknown analysis, MEDIA-031 too damaged, MEDIA-032 a format that can't be looked at,
        MEDIA-00x and SECURITY-00x as `probe`, FFMPEG-001 stopped. What the callbacks raise passes through.
    """
    settings = settings or AnalysisSettings()
    kinds = require_known(wanted)
    scope = Scope(facts, facts.picture(), facts.sound(settings.sound), settings)
    skipped = {kind: reason for kind in kinds if (reason := _why_not(ANALYSES[kind], scope))}
    work = _Work(scope, [kind for kind in kinds if kind not in skipped])
    outcome = Outcome.nothing()
    if work.kinds:
        outcome = Reading(
            path,
            facts,
            scope.picture if work.reads_picture else None,
            scope.sound,
            look=work.look if work.frames else None,
            hear=work.hear if work.sounds else None,
            watch=Watch(facts.duration, progress, should_stop),
            openers=openers or Openers(),
            threads=settings.threads,
            most_damaged=settings.most_damaged,
        ).run()
    found = work.results(outcome, skipped)
    if work.kinds and not found:
        raise KinofarmError("MEDIA-006", file=path.name, reason="nothing comes out of its decoders")
    if progress is not None:
        progress(1.0)
    return MediaAnalysis(
        sha256=facts.sha256,
        settings=settings,
        picture=scope.picture.index if scope.picture is not None else None,
        sound=scope.sound.index if scope.sound is not None else None,
        frames=outcome.frames,
        damaged=outcome.damaged,
        cut_short=outcome.cut_short,
        found=found,
        skipped=skipped,
    )


class _Work:
    """The collectors of a pass.

    Args:  kinds: those that apply.
    """

    def __init__(self, scope: Scope, kinds: list[AnalysisKind]) -> None:
        self.kinds = kinds
        self.frames: dict[AnalysisKind, FrameCollector] = {}
        self.sounds: dict[AnalysisKind, SoundCollector] = {}
        self.packets: dict[AnalysisKind, PacketReader] = {}
        for kind in kinds:
            row = ANALYSES[kind]
            if isinstance(row, Frames):
                self.frames[kind] = row.start(scope)
            elif isinstance(row, Sound):
                self.sounds[kind] = row.start(scope)
            else:
                self.packets[kind] = row.start(scope)

    @property
    def reads_picture(self) -> bool:
        return bool(self.frames or self.packets)

    def look(self, shot: Shot) -> None:
        for collector in self.frames.values():
            collector.look(shot)

    def hear(self, block: SoundBlock) -> None:
        for collector in self.sounds.values():
            collector.hear(block)

    def results(self, outcome: Outcome, skipped: dict[AnalysisKind, str]) -> dict[AnalysisKind, Value]:
        """Return the results; what a stream gave nothing for is added to `skipped`."""
        end = Ending(outcome.picture, outcome.sound, outcome.timing)
        found: dict[AnalysisKind, Value] = {}
        for kind in self.kinds:
            if kind in self.frames and not outcome.frames:
                skipped[kind] = "none of its frames could be decoded"
            elif kind in self.sounds and not outcome.blocks:
                skipped[kind] = "none of its sound could be decoded"
            else:
                collector = self.frames.get(kind) or self.sounds.get(kind) or self.packets[kind]
                found[kind] = collector.result(end)
        return found


def _why_not(analysis: Analysis, scope: Scope) -> str | None:
    if analysis.stream == "picture" and scope.picture is None:
        return "the file has no picture"
    if analysis.stream == "sound" and scope.sound is None:
        return "the file has no sound" if not scope.facts.sounds else "the file has no such sound"
    return analysis.why_not(scope)
