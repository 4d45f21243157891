"""Sound: what of each clip sounds when, cut to the sample, at the film's sample rate and speed, before any effect.

The film's sound is rendered once over the whole timeline: joined chunks of AAC would drift. A clip under a
transition sounds as long as it shows, and crosses over with its neighbour.

Units: samples at the timeline's rate; frame n starts at sample n * sample_rate / rate, rounded down.
Source: ffmpeg-filters(1): aresample, pan; ITU-R BS.775 for the fold-down of 5.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil, gcd, lcm
from typing import Any

from tasks.compiler.blend import corners
from tasks.compiler.check import CheckedProject
from tasks.compiler.crossings import crossings, tempo
from tasks.compiler.effects.row import Stream
from tasks.compiler.effects.sound_stretch import stretched
from tasks.compiler.graph import Sources, joined
from tasks.compiler.model import Clip, Effect, MediaSource, Track
from tasks.compiler.pace import forwards, ramped, source_time
from tasks.media.facts import MediaFacts, SoundFacts

PREROLL = Fraction(1, 2)
"""Seconds read before a clip's first sample: decoders of AAC, MP3 and the like need a run-up."""

RESAMPLER_RUN_UP = Fraction(1, 4)
"""Seconds of decoded sound, at most, that the resampler gets before a clip's first sample."""

SKIP = 60
"""A clip that is cut later than so many seconds into its sound is not read from its beginning."""

RAMP_STEP = Fraction(1, 4)
"""Seconds of a clip along a speed ramp that play at one speed: a step in speed is heard less than a seam."""

SEGMENTS_AT_ONCE = 80
"""Clips that one ffmpeg opens; a film with more is mixed in several stages."""

_HALF_POWER = "0.7071067811865476"
_FOLD_DOWN = {
    "mono": "c0=c0|c1=c0",
    "3.0": f"c0=FL+{_HALF_POWER}*FC|c1=FR+{_HALF_POWER}*FC",
    "4.0": f"c0=FL+{_HALF_POWER}*FC+0.5*BC|c1=FR+{_HALF_POWER}*FC+0.5*BC",
    "quad": f"c0=FL+{_HALF_POWER}*BL|c1=FR+{_HALF_POWER}*BR",
    "quad(side)": f"c0=FL+{_HALF_POWER}*SL|c1=FR+{_HALF_POWER}*SR",
    "5.0": f"c0=FL+{_HALF_POWER}*FC+{_HALF_POWER}*BL|c1=FR+{_HALF_POWER}*FC+{_HALF_POWER}*BR",
    "5.0(side)": f"c0=FL+{_HALF_POWER}*FC+{_HALF_POWER}*SL|c1=FR+{_HALF_POWER}*FC+{_HALF_POWER}*SR",
    "5.1": f"c0=FL+{_HALF_POWER}*FC+{_HALF_POWER}*BL|c1=FR+{_HALF_POWER}*FC+{_HALF_POWER}*BR",
    "5.1(side)": f"c0=FL+{_HALF_POWER}*FC+{_HALF_POWER}*SL|c1=FR+{_HALF_POWER}*FC+{_HALF_POWER}*SR",
}
"""Channel layout → pan's matrix to stereo, unscaled (the limiter catches what exceeds); LFE is left out."""


@dataclass(frozen=True)
class Segment:
    """One clip's sound over the samples [start, end), with its cross-fades at the edges in samples.

    rings: samples after `end` in which its effects ring on. tempo: how much faster it plays than the picture.
    """

    start: int
    end: int
    clip: Clip
    track: Track
    rises: int = 0
    falls: int = 0
    rings: int = 0
    tempo: Fraction = Fraction(1)

    @property
    def last(self) -> int:
        """Where the last of it has been heard."""
        return self.end + self.rings

    @property
    def speed(self) -> Fraction:
        """Seconds of source for each second that sounds."""
        return self.clip.speed * self.tempo

    @property
    def stretched(self) -> bool:
        """Whether it plays at another speed with its pitch kept, along a ramp, or backwards."""
        if self.clip.reverse or ramped(self.clip):
            return True
        return self.tempo != 1 or (self.clip.speed != 1 and self.clip.keep_pitch)


def segments(project: CheckedProject) -> tuple[Segment, ...]:
    """Return what sounds in a film, in order of time."""
    found: list[Segment] = []
    for track in project.timeline.tracks:
        if track.enabled and track.volume > 0:
            found += _of_track(project, track)
    return tuple(sorted(found, key=lambda segment: (segment.start, segment.end)))


def sample(project: CheckedProject, frame: Fraction | int) -> int:
    """The sample at which a frame starts; that many frames, from the film's first on, last as many samples."""
    return int(frame * project.timeline.sample_rate / project.timeline.rate)


def filtering(project: CheckedProject, effects: Sequence[Effect]) -> list[Effect]:
    """Those of the effects that change sound by filtering it, in order."""
    found = []
    for effect in effects:
        row = project.effects[effect.kind]
        if row.on == "sound" and row.sounding.tempo is None and row.sounding.crosses is None:
            found.append(effect)
    return found


def rings(project: CheckedProject, effect: Effect) -> int:
    """How many samples an effect rings on after the last one that it was given."""
    row = project.effects[effect.kind]
    if row.sounding.rings is None:
        return 0
    seconds = max(map(row.sounding.rings, corners(row, effect)))
    return ceil(seconds * project.timeline.sample_rate)


def clip_sound(project: CheckedProject, sources: Sources, segment: Segment) -> Stream:
    """A segment's sound from its first sample to its end, stereo float, as it is in its source."""
    rate = project.timeline.sample_rate
    samples = segment.end - segment.start
    stream, layout = _resampled(project, sources, segment)
    taken = samples * segment.speed
    if ramped(segment.clip):
        first, last = (source_time(segment.clip, n, project.timeline.rate) for n in _frames(project, segment))
        taken = (last - first) * segment.tempo * rate
    stream = stream.filter("atrim", end_sample=int(taken) + rate)
    if matrix := _FOLD_DOWN.get(layout):
        stream = stream.filter("pan", args=f"stereo|{matrix}")
    elif layout != "stereo":
        stream = stream.filter("aformat", channel_layouts="stereo")
    if ramped(segment.clip):
        stream = _along_the_ramp(project, stream, segment)
    elif segment.clip.speed != 1 and not segment.clip.keep_pitch:
        stream = stream.filter("asetrate", max(1, round(rate * segment.clip.speed))).filter("aresample", rate)
        if segment.tempo != 1:
            stream = stretched(stream, segment.tempo, samples, rate)
    elif segment.speed != 1:
        stream = stretched(stream, segment.speed, samples, rate)
    stream = stream.filter("apad", whole_len=samples).filter("atrim", end_sample=samples)
    return stream.filter("areverse") if segment.clip.reverse else stream


def windows(parts: Sequence[Segment], start: int, total: int) -> Iterator[tuple[int, int, tuple[Segment, ...]]]:
    """Cut the samples [start, total) into stretches that touch at most SEGMENTS_AT_ONCE segments each, where they can."""
    while start < total:
        touched = [part for part in parts if part.last > start and part.start < total]
        end = total
        if len(touched) > SEGMENTS_AT_ONCE:
            end = max(touched[SEGMENTS_AT_ONCE].start, start + 1)
            if end == start + 1:
                end = min(total, min(part.last for part in touched))
        yield start, end, tuple(part for part in touched if part.start < end)
        start = end


def _of_track(project: CheckedProject, track: Track) -> Iterator[Segment]:
    crossed = crossings(project, track)
    comes = {into: crossing for (_, into), crossing in crossed.items()}
    goes = {out: crossing for (out, _), crossing in crossed.items()}
    total = sample(project, project.timeline.duration)
    for clip in track.clips:
        if _sound_of(project, clip) is None or clip.volume == 0:
            continue
        arrival, departure = comes.get(clip.id), goes.get(clip.id)
        end = sample(project, max(Fraction(clip.end), departure.end) if departure else clip.end)
        ringing = sum(rings(project, effect) for effect in clip.effects)
        yield Segment(
            start=sample(project, min(Fraction(clip.start), arrival.start) if arrival else clip.start),
            end=end,
            clip=clip,
            track=track,
            rises=sample(project, arrival.end) - sample(project, arrival.start) if arrival else 0,
            falls=sample(project, departure.end) - sample(project, departure.start) if departure else 0,
            rings=min(ringing, total - end),
            tempo=tempo(project, clip, track),
        )


def _sound_of(project: CheckedProject, clip: Clip) -> tuple[MediaFacts, SoundFacts] | None:
    if not isinstance(clip.source, MediaSource) or clip.freeze:
        return None
    media = project.facts(clip)
    sound = media.sound(clip.source.audio_stream)
    return None if sound is None else (media, sound)


def _resampled(project: CheckedProject, sources: Sources, segment: Segment) -> tuple[Stream, str]:
    """The source's sound from the segment's first sample on, at the film's sample rate, and its channel layout.

    Times are counted in ticks that both rates divide. The resampler starts at a fixed distance before the first
    sample, a whole number of samples in both rates, so that its phase does not hang on where a packet began.
    """
    found = _sound_of(project, segment.clip)
    assert found is not None, "only clips with sound become segments"
    media, sound = found
    rate, own = project.timeline.sample_rate, sound.sample_rate
    if ramped(segment.clip) or segment.clip.reverse:
        begins = max(Fraction(0), source_time(segment.clip, _frames(project, segment)[0], project.timeline.rate))
    else:
        from_clip = segment.start - sample(project, segment.clip.start)
        begins = segment.clip.source_start + Fraction(from_clip, rate) * segment.speed
    stream = sources.media_stream(media.sha256, sound.index, media.demuxer, begins - PREROLL)
    ticks = lcm(own, rate) if lcm(own, rate) < 2**31 else own
    zero = round((media.start + begins) * ticks)
    stream = stream.filter("asettb", f"1/{ticks}")
    stream = stream.filter("asetpts", f"PTS-{zero}" if zero >= 0 else f"PTS+{-zero}")
    shared = own // gcd(own, rate)
    run_up = int(RESAMPLER_RUN_UP * own) // shared * shared
    if own != rate and run_up:
        stream = stream.filter("atrim", start_pts=-run_up)
    return stream.filter("aresample", rate, **{"async": 1, "first_pts": 0, "out_sample_fmt": "fltp"}), sound.layout


def _frames(project: CheckedProject, segment: Segment) -> tuple[int, int]:
    """The frames of its clip that a segment plays, as it would play them forwards, counted from the clip's first."""
    clip, rate = segment.clip, project.timeline.rate / project.timeline.sample_rate
    return forwards(clip, round(segment.start * rate) - clip.start, round(segment.end * rate) - clip.start)


def _along_the_ramp(project: CheckedProject, stream: Stream, segment: Segment) -> Stream:
    """Play a stretch of RAMP_STEP after the other, each at its mean speed, so that every stretch starts where its frame does."""
    clip, rate, sample_rate = segment.clip, project.timeline.rate, project.timeline.sample_rate
    first, last = _frames(project, segment)
    edges = [*range(first, last, max(1, round(RAMP_STEP * rate))), last]
    taken = [(source_time(clip, edge, rate) - source_time(clip, first, rate)) * segment.tempo for edge in edges]
    places = [round(seconds * sample_rate) for seconds in taken]
    starts = [sample(project, clip.start + edge) for edge in edges]
    copies: Any = stream.filter_multi_output("asplit", len(edges) - 1) if len(edges) > 2 else [stream]
    parts: list[Stream] = []
    for number, (begin, end) in enumerate(pairwise(places)):
        length = starts[number + 1] - starts[number]
        part = copies[number].filter("atrim", start_sample=begin, end_sample=end).filter("asetpts", "PTS-STARTPTS")
        if clip.keep_pitch:
            part = stretched(part, Fraction(end - begin, length), length, sample_rate)
        else:
            part = part.filter("asetrate", max(1, round(Fraction(end - begin, length) * sample_rate)))
            part = part.filter("aresample", sample_rate)
        parts.append(part.filter("apad", whole_len=length).filter("atrim", end_sample=length))
    return parts[0] if len(parts) == 1 else joined("concat", parts, n=len(parts), v=0, a=1)
