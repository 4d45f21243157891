"""Sound: every clip's sound cut to the sample, laid into lanes, summed in float and limited at full scale.

The film's sound is rendered once over the whole timeline: joined chunks of AAC would drift. A clip under a
transition sounds as long as it shows, and crosses over with its neighbour.

Units: samples at the timeline's rate; frame n starts at sample n * sample_rate / rate, rounded down.
Source: ffmpeg-filters(1): aresample, atempo, pan, amix, alimiter; ITU-R BS.775 for the fold-down of 5.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd, lcm
from typing import Any

from tasks.compiler.check import CheckedProject
from tasks.compiler.effects.row import Setting, Stream
from tasks.compiler.graph import Sources, decimal, joined
from tasks.compiler.keyframes import value_at
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

VOLUME_STEP = 64
"""Samples that share one volume while it moves: 1.3 ms, below what is heard as a step."""

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
    """One clip's sound over the samples [start, end), with its cross-fades at the edges in samples."""

    start: int
    end: int
    clip: Clip
    track: Track
    rises: int = 0
    falls: int = 0


def segments(project: CheckedProject) -> tuple[Segment, ...]:
    """Return what sounds in a film, in order of time."""
    found: list[Segment] = []
    for track in project.timeline.tracks:
        if track.enabled and track.volume > 0:
            found += _of_track(project, track)
    return tuple(sorted(found, key=lambda segment: (segment.start, segment.end)))


def length(project: CheckedProject, frames: int) -> int:
    """The length of that many frames, from the film's first on, in samples."""
    return _sample(project, frames)


def mixed(project: CheckedProject, sources: Sources, parts: Sequence[Segment], start: int, end: int) -> Stream:
    """Return the sum of the segments over the film's samples [start, end), stereo float, not limited."""
    rate = project.timeline.sample_rate
    total = end - start
    lanes: list[list[Segment]] = []
    for segment in parts:
        free = next((lane for lane in lanes if lane[-1].end <= segment.start), None)
        if free is None:
            lanes.append([segment])
        else:
            free.append(segment)
    streams: list[Stream] = []
    for lane in lanes:
        pieces: list[Stream] = []
        reached = start
        for segment in lane:
            begin, stop = max(segment.start, start), min(segment.end, end)
            if begin > reached:
                pieces.append(_silence(sources, rate, begin - reached))
            pieces.append(_part(project, sources, segment, begin, stop))
            reached = stop
        if reached < end:
            pieces.append(_silence(sources, rate, end - reached))
        streams.append(pieces[0] if len(pieces) == 1 else joined("concat", pieces, n=len(pieces), v=0, a=1))
    if not streams:
        return _silence(sources, rate, total)
    if len(streams) == 1:
        return streams[0]
    return joined("amix", streams, inputs=len(streams), normalize=0, duration="longest", dropout_transition=0)


def limited(stream: Stream) -> Stream:
    """Keep a mix at or below full scale; what lies below it stays as it is."""
    return stream.filter("alimiter", limit=1, level=0, attack=5, release=50, latency=1)


def windows(parts: Sequence[Segment], start: int, total: int) -> Iterator[tuple[int, int, tuple[Segment, ...]]]:
    """Cut the samples [start, total) into stretches that touch at most SEGMENTS_AT_ONCE segments each, where they can."""
    while start < total:
        touched = [part for part in parts if part.end > start and part.start < total]
        end = total
        if len(touched) > SEGMENTS_AT_ONCE:
            end = max(touched[SEGMENTS_AT_ONCE].start, start + 1)
            if end == start + 1:
                end = min(total, min(part.end for part in touched))
        yield start, end, tuple(part for part in touched if part.start < end)
        start = end


def _of_track(project: CheckedProject, track: Track) -> Iterator[Segment]:
    comes = {join.to_clip: join for join in track.transitions}
    goes = {join.from_clip: join for join in track.transitions}
    for clip in track.clips:
        if _sound_of(project, clip) is None or clip.volume == 0:
            continue
        arrival, departure = comes.get(clip.id), goes.get(clip.id)
        first = min(clip.start, arrival.start) if arrival else clip.start
        last = max(clip.end, departure.end) if departure else clip.end
        yield Segment(
            start=_sample(project, first),
            end=_sample(project, last),
            clip=clip,
            track=track,
            rises=_sample(project, arrival.end) - _sample(project, arrival.start) if arrival else 0,
            falls=_sample(project, departure.end) - _sample(project, departure.start) if departure else 0,
        )


def _sample(project: CheckedProject, frame: int) -> int:
    return int(frame * project.timeline.sample_rate / project.timeline.rate)


def _sound_of(project: CheckedProject, clip: Clip) -> tuple[MediaFacts, SoundFacts] | None:
    if not isinstance(clip.source, MediaSource) or clip.freeze:
        return None
    media = project.facts(clip)
    sound = media.sound(clip.source.audio_stream)
    return None if sound is None else (media, sound)


def _part(project: CheckedProject, sources: Sources, segment: Segment, begin: int, stop: int) -> Stream:
    """The film's samples [begin, stop) of a segment; what nothing before them depends on is not read from its start."""
    rate = project.timeline.sample_rate
    clip = segment.clip
    steady = not clip.keyframes and not clip.reverse and (clip.speed == 1 or not clip.keep_pitch)
    plain = steady and not _effects(project, segment)
    skipped = (begin - segment.start) // rate
    between = segment.rises <= skipped * rate and begin <= segment.end - segment.falls
    if plain and between and skipped > SKIP:
        moved = segment.start + skipped * rate
        # Whole seconds of the source: the resampler's phase stays the same.
        if (skipped * clip.speed).denominator == 1:
            segment = replace(segment, start=moved, rises=0)
    stream = _clip_sound(project, sources, segment)
    if (begin, stop) == (segment.start, segment.end):
        return stream
    stream = stream.filter("atrim", start_sample=begin - segment.start, end_sample=stop - segment.start)
    return stream.filter("asetpts", "PTS-STARTPTS")


def _clip_sound(project: CheckedProject, sources: Sources, segment: Segment) -> Stream:
    """A segment's sound from its first sample to its last, stereo float, faded, at its volume."""
    clip, track = segment.clip, segment.track
    rate = project.timeline.sample_rate
    samples = segment.end - segment.start
    stream, layout = _resampled(project, sources, segment)
    taken = samples * clip.speed
    if ramped(clip):
        first, last = (source_time(clip, frame, project.timeline.rate) for frame in _frames(project, segment))
        taken = (last - first) * rate
    stream = stream.filter("atrim", end_sample=int(taken) + rate)
    if matrix := _FOLD_DOWN.get(layout):
        stream = stream.filter("pan", args=f"stereo|{matrix}")
    elif layout != "stereo":
        stream = stream.filter("aformat", channel_layouts="stereo")
    if ramped(clip):
        stream = _along_the_ramp(project, stream, segment)
    elif clip.speed != 1:
        stream = _respeeded(stream, clip.speed, clip.keep_pitch, rate)
    stream = stream.filter("apad", whole_len=samples).filter("atrim", end_sample=samples)
    if clip.reverse:
        stream = stream.filter("areverse")
    for effect in _effects(project, segment):
        stream = _treated(project, stream, effect, segment)
    volume = track.volume if "volume" in clip.keyframes else clip.volume * track.volume
    if volume != 1:
        stream = stream.filter("volume", f"{volume:.9g}", precision="float")
    if "volume" in clip.keyframes:
        stream = _swelled(project, stream, segment)
    if segment.rises:
        stream = stream.filter("afade", type="in", start_sample=0, nb_samples=segment.rises, curve="qsin")
    if segment.falls:
        begin = samples - segment.falls
        stream = stream.filter("afade", type="out", start_sample=begin, nb_samples=segment.falls, curve="qsin")
    return stream


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
        begins = source_time(segment.clip, _frames(project, segment)[0], project.timeline.rate)
        begins = max(begins, Fraction(0))
    else:
        from_clip = segment.start - _sample(project, segment.clip.start)
        begins = segment.clip.source_start + Fraction(from_clip, rate) * segment.clip.speed
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


def _effects(project: CheckedProject, segment: Segment) -> list[Effect]:
    effects = (*segment.clip.effects, *segment.track.effects)
    return [effect for effect in effects if project.effects[effect.kind].on == "sound"]


def _treated(project: CheckedProject, stream: Stream, effect: Effect, segment: Segment) -> Stream:
    """Add an effect, to the whole segment or to the frames of the clip that it names."""
    row, clip = project.effects[effect.kind], segment.clip
    parameters = row.parameters.model_validate(dict(effect.parameters))
    samples = segment.end - segment.start
    first, last = 0, samples
    if effect.start:
        first = min(samples, _sample(project, clip.start + effect.start) - segment.start)
    if effect.end is not None and effect.end < clip.end - clip.start:
        last = max(0, _sample(project, clip.start + effect.end) - segment.start)
    edges = [(0, first, False), (first, last, True), (last, samples, False)]
    pieces = [piece for piece in edges if piece[0] < piece[1]]
    copies = [stream]
    if len(pieces) > 1:
        split = stream.filter_multi_output("asplit", len(pieces))
        copies = [split[number] for number in range(len(pieces))]
    parts: list[Stream] = []
    for part, (begin, stop, treated) in zip(copies, pieces, strict=True):
        if len(pieces) > 1:
            part = part.filter("atrim", start_sample=begin, end_sample=stop).filter("asetpts", "PTS-STARTPTS")
        setting = Setting(rate=project.timeline.rate, sample_rate=project.timeline.sample_rate, samples=stop - begin)
        parts.append(row.build(part, parameters, setting) if treated else part)
    return parts[0] if len(parts) == 1 else joined("concat", parts, n=len(parts), v=0, a=1)


def _respeeded(stream: Stream, speed: Fraction, keep_pitch: bool, rate: int) -> Stream:
    """Play faster or slower: with the pitch kept, or as a tape would."""
    if speed == 1:
        return stream
    if not keep_pitch:
        played = max(1, round(rate * speed))
        return stream.filter("asetrate", played).filter("aresample", rate)
    while speed < Fraction(1, 2):
        stream = stream.filter("atempo", "0.5")
        speed *= 2
    return stream.filter("atempo", decimal(speed, 9))


def _frames(project: CheckedProject, segment: Segment) -> tuple[int, int]:
    """The frames of its clip that a segment plays, as it would play them forwards, counted from the clip's first."""
    clip, rate = segment.clip, project.timeline.rate / project.timeline.sample_rate
    first, last = round(segment.start * rate) - clip.start, round(segment.end * rate) - clip.start
    return forwards(clip, first, last)


def _along_the_ramp(project: CheckedProject, stream: Stream, segment: Segment) -> Stream:
    """Play a stretch of RAMP_STEP after the other, each at its mean speed, so that every stretch starts where its frame does."""
    clip, rate, sample_rate = segment.clip, project.timeline.rate, project.timeline.sample_rate
    first, last = _frames(project, segment)
    step = max(1, round(RAMP_STEP * rate))
    edges = [*range(first, last, step), last]
    places = [round((source_time(clip, edge, rate) - source_time(clip, first, rate)) * sample_rate) for edge in edges]
    starts = [_sample(project, clip.start + edge) for edge in edges]
    copies: Any = [stream]
    if len(edges) > 2:
        copies = stream.filter_multi_output("asplit", len(edges) - 1)
    parts: list[Stream] = []
    for number in range(len(edges) - 1):
        length = starts[number + 1] - starts[number]
        part = copies[number].filter("atrim", start_sample=places[number], end_sample=places[number + 1])
        part = part.filter("asetpts", "PTS-STARTPTS")
        part = _respeeded(part, Fraction(places[number + 1] - places[number], length), clip.keep_pitch, sample_rate)
        parts.append(part.filter("apad", whole_len=length).filter("atrim", end_sample=length))
    return parts[0] if len(parts) == 1 else joined("concat", parts, n=len(parts), v=0, a=1)


def _swelled(project: CheckedProject, stream: Stream, segment: Segment) -> Stream:
    """Follow the volume's keyframes: straight from frame to frame, in steps of VOLUME_STEP samples."""
    clip, rate = segment.clip, project.timeline.rate
    keys = clip.keyframes["volume"]
    first = round(segment.start * rate / project.timeline.sample_rate) - clip.start
    last = round(segment.end * rate / project.timeline.sample_rate) - clip.start
    values = [min(10.0, max(0.0, value_at(keys, frame))) for frame in range(first, last + 1)]
    bends = [0]
    bends += [n for n in range(1, len(values) - 1) if abs(values[n + 1] - 2 * values[n] + values[n - 1]) > 1e-9]
    bends.append(len(values) - 1)

    def piece(left: int, right: int) -> str:
        """The line between bends, as a tree of comparisons; t is in seconds from the segment's start."""
        if right - left == 1:
            a, b = bends[left], bends[right]
            slope = (values[b] - values[a]) / (b - a) * float(rate)
            return f"{values[a]:.9g}+(t-{float(a / rate):.9f})*({slope:.9g})"
        middle = (left + right) // 2
        return f"if(lt(t,{float(bends[middle] / rate):.9f}),{piece(left, middle)},{piece(middle, right)})"

    shape = piece(0, len(bends) - 1) if len(bends) > 1 and bends[-1] else f"{values[0]:.9g}"
    stream = stream.filter("asetnsamples", n=VOLUME_STEP, p=0)
    return stream.filter("volume", shape, eval="frame", precision="float")


def _silence(sources: Sources, rate: int, samples: int) -> Stream:
    stream = sources.generate("anullsrc", channel_layout="stereo", sample_rate=rate)
    return stream.filter("atrim", end_sample=samples).filter("aformat", sample_fmts="fltp")
