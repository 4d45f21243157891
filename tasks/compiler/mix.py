"""Mix: the clips' sounds laid into lanes, treated by their effects and their tracks', and summed in float.

A clip's effects work on the clip; what rings on after it is heard under what follows on its track. A track's effects work
on the sum of its clips, over the whole film, before the track's volume. Tracks without effects, to which none listens, need
no sum of their own: their clips go straight into the film's.

What a later filter can only know after a first pass (a loudness), and what one ffmpeg can't open at once, is written as
samples by stages of its own; the graph goes on from those.

Units: samples of the film. Source: ffmpeg-filters(1): amix, concat, afade, alimiter; docs/adr/0012.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from tasks.compiler.argv import samples_argv
from tasks.compiler.blend import blended
from tasks.compiler.check import CheckedProject
from tasks.compiler.effects.row import Setting, Stream
from tasks.compiler.graph import Sources, joined
from tasks.compiler.keyframes import value_at
from tasks.compiler.keys import key_of, keys, named_track
from tasks.compiler.levelling import levelled, metered
from tasks.compiler.model import Effect, Track, bounds
from tasks.compiler.sound import (
    SEGMENTS_AT_ONCE,
    SKIP,
    Segment,
    clip_sound,
    filtering,
    rings,
    sample,
    segments,
    windows,
)
from tasks.compiler.swell import Clock, swelled
from tasks.compiler.work import Levelling
from tasks.media.loudness import Loudness

Step = tuple[tuple[str, ...], Levelling | None]
"""A stage to be: its arguments, and what is measured by it."""


@dataclass(frozen=True)
class _Place:
    """Where an effect works: on a stream that begins at the film's sample `begins` and has `samples`, then `ringing` more.

    zero: the frame of the film from which the effect's own start and end count. frames: the length of what bears it.
    """

    begins: int
    samples: int
    zero: int
    frames: int
    ringing: int = 0


class Mix:
    """The sound of a film as a graph. sources: what it opens. steps: the stages that go before it, in order."""

    def __init__(self, project: CheckedProject) -> None:
        self.project = project
        self.sources = Sources()
        self.steps: list[Step] = []
        self._rate = project.timeline.sample_rate
        self._total = sample(project, project.timeline.duration)
        self._segments = segments(project)
        self._keys = keys(project.timeline, project.effects)
        self._spills = False
        # By the track's identity: nothing says that two tracks can not have one id.
        self._treated_clips: dict[tuple[int, str], Stream] = {}
        self._summed: dict[int, Iterator[Stream]] = {}
        self._parts, self._levels = count(), count()

    def film(self, start: int, end: int) -> Stream:
        """The film's samples [start, end), stereo float, not limited; each step before it is in `steps` afterwards."""
        tracks = [track for track in self.project.timeline.tracks if self._has_sum(track)]
        summed = [part for part in self._segments if self._has_sum(part.track)]
        plain = [
            part for part in self._segments if not self._has_sum(part.track) and part.last > start and part.start < end
        ]
        self._spills = len(plain) + len(summed) > SEGMENTS_AT_ONCE
        streams = [self._laid(plain, start, end)] if plain or not tracks else []
        heard = [track for track in tracks if track.enabled and track.volume > 0]
        streams += [_cut(self._sum(track), start, end, self._total) for track in heard]
        if not streams:
            return self._silence(end - start)
        return streams[0] if len(streams) == 1 else _added(streams)

    def levelled(self, stream: Stream, wanted: Loudness, samples: int) -> Stream:
        """Write the sound down, measure it, level it until it is as loud as wanted, and go on from there."""
        raw, level = self.measured(stream, wanted)
        name = f"level-{next(self._levels):03d}.f32"
        stream = metered(levelled(raw, level, self._rate), level.log)
        self._write(stream, name, level.model_copy(update={"again": 1}))
        return self.sources.samples(name, self._rate).filter("atrim", end_sample=samples)

    def measured(self, stream: Stream, wanted: Loudness) -> tuple[Stream, Levelling]:
        """Write the sound down and measure it; returns it as it was, and what its level will be known by."""
        name = f"measured-{next(self._levels):03d}"
        level = Levelling(log=f"{name}.log", gain=f"{name}.gain", ceiling=f"{name}.ceiling", loudness=wanted)
        self._write(metered(stream, level.log, peak=False), f"{name}.f32", level)
        return self.sources.samples(f"{name}.f32", self._rate), level

    def _has_sum(self, track: Track) -> bool:
        return track.id in self._keys or bool(filtering(self.project, track.effects))

    def _sum(self, track: Track) -> Stream:
        """The whole film's sound of a track, treated, at its volume; one copy for each that asks."""
        if id(track) not in self._summed:
            parts = [part for part in self._segments if part.track is track]
            stream = self._laid(parts, 0, self._total)
            place = _Place(begins=0, samples=self._total, zero=0, frames=self.project.timeline.duration)
            for effect in filtering(self.project, track.effects):
                stream = self._treated(stream, effect, place)
            if track.volume not in (0, 1):
                stream = stream.filter("volume", f"{track.volume:.9g}", precision="float")
            self._summed[id(track)] = _copies(stream) if track.id in self._keys else iter([stream])
        return next(self._summed[id(track)])

    def _laid(self, parts: Sequence[Segment], start: int, end: int) -> Stream:
        """The sum of the segments over [start, end), by way of stages where one ffmpeg can not open them all."""
        if not self._spills:
            return self._lanes(parts, start, end)
        pieces: list[Stream] = []
        for begin, stop, touched in windows(parts, start, end):
            name = f"part-{next(self._parts):03d}.f32"
            self._write(self._lanes(touched, begin, stop), name)
            pieces.append(self.sources.samples(name, self._rate))
        return _in_a_row(pieces)

    def _lanes(self, parts: Sequence[Segment], start: int, end: int) -> Stream:
        lanes: list[list[Segment]] = []
        for segment in parts:
            free = next((lane for lane in lanes if lane[-1].last <= segment.start), None)
            if free is None:
                lanes.append([segment])
            else:
                free.append(segment)
        streams: list[Stream] = []
        for lane in lanes:
            pieces: list[Stream] = []
            reached = start
            for segment in lane:
                begin, stop = max(segment.start, start), min(segment.last, end)
                if begin > reached:
                    pieces.append(self._silence(begin - reached))
                pieces.append(self._part(segment, begin, stop))
                reached = stop
            if reached < end:
                pieces.append(self._silence(end - reached))
            streams.append(_in_a_row(pieces))
        if not streams:
            return self._silence(end - start)
        return streams[0] if len(streams) == 1 else _added(streams)

    def _part(self, segment: Segment, begin: int, stop: int) -> Stream:
        """The film's samples [begin, stop) of a segment; what nothing before them depends on is not read from its start."""
        clip = segment.clip
        plain = not filtering(self.project, clip.effects) and not segment.stretched and "volume" not in clip.keyframes
        skipped = (begin - segment.start) // self._rate
        between = segment.rises <= skipped * self._rate and begin <= segment.end - segment.falls
        if plain and between and skipped > SKIP:
            moved = segment.start + skipped * self._rate
            # Whole seconds of the source: the resampler's phase stays the same.
            if (skipped * segment.clip.speed).denominator == 1:
                segment = replace(segment, start=moved, rises=0)
        return _cut(
            self._clip(segment, plain), begin - segment.start, stop - segment.start, segment.last - segment.start
        )

    def _clip(self, segment: Segment, plain: bool) -> Stream:
        """A segment's sound from its first sample to where the last has rung out, treated, faded, at its volume."""
        known = id(segment.track), segment.clip.id
        if not plain and known in self._treated_clips:
            return self._treated_clips[known]
        samples = segment.end - segment.start
        clip, effects = segment.clip, filtering(self.project, segment.clip.effects)
        # What rings on is not faded away with the clip: the fades come before the first such effect.
        dry = next((n for n, effect in enumerate(effects) if rings(self.project, effect)), len(effects))
        place = _Place(segment.start, samples, clip.start, clip.end - clip.start)
        stream = clip_sound(self.project, self.sources, segment)
        for effect in effects[:dry]:
            stream = self._treated(stream, effect, place)
        volume: float = 1 if "volume" in clip.keyframes else clip.volume
        if not self._has_sum(segment.track):
            volume *= segment.track.volume
        if volume != 1:
            stream = stream.filter("volume", f"{volume:.9g}", precision="float")
        if "volume" in clip.keyframes:
            stream = self._swelled(stream, segment)
        if segment.rises:
            stream = stream.filter("afade", type="in", start_sample=0, nb_samples=segment.rises, curve="qsin")
        if segment.falls:
            begin = samples - segment.falls
            stream = stream.filter("afade", type="out", start_sample=begin, nb_samples=segment.falls, curve="qsin")
        if segment.rings:
            stream = stream.filter("apad", whole_len=samples + segment.rings)
        for effect in effects[dry:]:
            stream = self._treated(stream, effect, replace(place, ringing=segment.rings))
        if not plain:
            self._treated_clips[known] = stream
        return stream

    def _swelled(self, stream: Stream, segment: Segment) -> Stream:
        (low, high), keys = bounds("volume"), segment.clip.keyframes["volume"]
        clock = self._clock(segment.start, segment.end - segment.start, segment.clip.start)
        gains = [min(high, max(low, value_at(keys, frame))) for frame in clock.frames]
        return swelled(stream, gains, clock, self.sources.generate)

    def _clock(self, begins: int, samples: int, zero: int) -> Clock:
        rate = self.project.timeline.rate
        return Clock(begins * rate / self._rate - zero, samples, self._rate, rate)

    def _treated(self, stream: Stream, effect: Effect, place: _Place) -> Stream:
        """Add an effect, to the whole stream or to the frames that it names; it rings on over what follows those."""
        first, last, total = 0, place.samples, place.samples + place.ringing
        if effect.start:
            first = min(place.samples, sample(self.project, place.zero + effect.start) - place.begins)
        if effect.end is not None and effect.end < place.frames:
            last = max(0, sample(self.project, place.zero + effect.end) - place.begins)
        if first >= last:
            return stream
        if (first, last) == (0, place.samples):
            return self._built(
                stream, effect, self._clock(place.begins, total, place.zero), place.begins, place.ringing
            )
        ringing = min(rings(self.project, effect), total - last)
        copies = _copies(stream)
        treated = _cut(next(copies), first, last, total)
        if ringing:
            treated = treated.filter("apad", whole_len=last - first + ringing)
        begins = place.begins + first
        clock = self._clock(begins, last - first + ringing, place.zero)
        treated = self._built(treated, effect, clock, begins, ringing)
        before = [_cut(next(copies), 0, first, total)] if first else []
        after = [_cut(next(copies), last, total, total)] if last < total else []
        if not ringing:
            return _in_a_row([*before, treated, *after])
        dry = _in_a_row([*before, self._silence(last - first), *after])
        ahead = [self._silence(first)] if first else []
        behind = [self._silence(total - last - ringing)] if total > last + ringing else []
        return _added([dry, _in_a_row([*ahead, treated, *behind])])

    def _built(self, stream: Stream, effect: Effect, clock: Clock, begins: int, ringing: int) -> Stream:
        row, samples = self.project.effects[effect.kind], clock.samples
        parameters: Any = row.parameters.model_validate(dict(effect.parameters))
        if row.sounding.loudness is not None:
            return self.levelled(stream, row.sounding.loudness(parameters), samples)
        setting = Setting(
            rate=clock.rate,
            sample_rate=self._rate,
            samples=samples,
            ringing=ringing,
            generate=self.sources.generate,
        )
        name = key_of(effect, self.project.effects)
        if name is not None:
            key = self._sum(named_track(self.project.timeline, name))
            setting = replace(setting, key=_cut(key, begins, begins + samples, self._total))
        if effect.keyframes:
            return blended(stream, row, effect, setting, clock)
        return row.build(stream, parameters, setting)

    def _silence(self, samples: int) -> Stream:
        stream = self.sources.generate("anullsrc", channel_layout="stereo", sample_rate=self._rate)
        return stream.filter("atrim", end_sample=samples).filter("aformat", sample_fmts="fltp")

    def _write(self, stream: Stream, name: str, level: Levelling | None = None) -> None:
        self.steps.append(((*samples_argv(stream, self._rate)[:-1], name), level))


def limited(stream: Stream) -> Stream:
    """Keep a mix at or below full scale; what lies below it stays as it is."""
    return stream.filter("alimiter", limit=1, level=0, attack=5, release=50, latency=1)


def _cut(stream: Stream, begin: int, end: int, length: int) -> Stream:
    """The samples [begin, end) of a stream that has `length`."""
    if (begin, end) == (0, length):
        return stream
    return stream.filter("atrim", start_sample=begin, end_sample=end).filter("asetpts", "PTS-STARTPTS")


def _in_a_row(pieces: Sequence[Stream]) -> Stream:
    return pieces[0] if len(pieces) == 1 else joined("concat", pieces, n=len(pieces), v=0, a=1)


def _added(streams: Sequence[Stream]) -> Stream:
    return joined("amix", streams, inputs=len(streams), normalize=0, duration="longest", dropout_transition=0)


def _copies(stream: Stream) -> Iterator[Stream]:
    """Copies of a stream, each for one filter; how many there are is counted when the graph is written."""
    split = stream.filter_multi_output("asplit")
    return (split[number] for number in count())
