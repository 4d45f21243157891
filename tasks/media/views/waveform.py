"""A waveform: how far the samples of a sound reach in each short span, as numbers and as a picture.

Source: the data format of audiowaveform, version 2, which peaks.js and wavesurfer.js read; full scale is +/- 32,767.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import av.error
import numpy as np
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from infra.errors import KinofarmError
from infra.values import Value
from tasks.media.facts import MediaFacts, SoundFacts
from tasks.media.untrusted import opened, translated, words
from tasks.media.views.view import View, no_sound

FULL = 32_767
BLOCK = 2**16
"""Samples per channel that are gathered before they are looked at."""
INK = (92, 88, 222, 255)
GROUND = (0, 0, 0, 0)


class PeaksOptions(Value):
    """How they are to be."""

    points: int = Field(1000, ge=10, le=20_000, description="Spans over the whole sound; a short one has fewer.")
    sound: int | None = Field(None, ge=0, le=255, description="Which sound, from 0; none: the one that is played.")


class WaveformOptions(PeaksOptions):
    """How it is to be."""

    points: int = Field(1000, ge=10, le=4000, description="Pixels across; a short sound has fewer spans, each wider.")
    height: int = Field(160, ge=8, le=1000, description="Pixels.")


def lacks_that_sound(facts: MediaFacts, options: PeaksOptions) -> SoundFacts:
    """Return the sound that is meant.

    Raises:  KinofarmError MEDIA-014.
    """
    found = facts.sound(options.sound)
    if found is None:
        raise KinofarmError("MEDIA-014", file="the file", view="waveform", reason=f"it has {len(facts.sounds)} sounds")
    return found


def peaks_of(path: Path, facts: MediaFacts, options: PeaksOptions) -> tuple[NDArray[np.int16], int]:
    """Return lowest and highest sample of each span, as (spans, 2), and the samples of a span; channels are taken together.

    Raises:  KinofarmError MEDIA-001, MEDIA-002, MEDIA-006 when nothing can be decoded, MEDIA-009, MEDIA-014.
    """
    sound = lacks_that_sound(facts, options)
    total = max(1, round((sound.end - max(sound.start, Fraction(0))) * sound.sample_rate))
    span = max(1, -(-total // options.points))
    found: list[NDArray[np.int16]] = []
    filled = 0
    for block in _reach(path, facts, sound):
        begins = np.arange(-filled % span if filled else 0, len(block), span)
        if filled:  # the first of them go on with the span before
            going_on = int(begins[0]) if len(begins) else len(block)
            found[-1][-1] = _reduced(np.concatenate([found[-1][-1:], block[:going_on]]), np.array([0]))[0]
        if len(begins):
            found.append(_reduced(block, begins))
        filled = (filled + len(block)) % span
    return (np.concatenate(found)[: options.points + 1] if found else np.zeros((1, 2), np.int16)), span


def _reduced(block: NDArray[np.int16], begins: NDArray[Any]) -> NDArray[np.int16]:
    """Of a block of (samples, 2), the lowest of the lows and the highest of the highs from each beginning to the next."""
    lows, highs = np.minimum.reduceat(block[:, 0], begins), np.maximum.reduceat(block[:, 1], begins)
    return np.stack([lows, highs], axis=1)


def _reach(path: Path, facts: MediaFacts, sound: SoundFacts) -> Iterator[NDArray[np.int16]]:
    """Decode a sound, and yield for blocks of its samples the lowest and the highest of all channels, as (samples, 2)."""
    complaint, decoded = "", 0
    with translated(path), opened(path, facts) as container:
        stream = container.streams[sound.index]
        # Packed: PyAV crashes on planes of more than eight channels.
        resampler = AudioResampler(format="s16", layout=stream.codec_context.layout, rate=sound.sample_rate)
        gathered: list[NDArray[np.int16]] = []
        size = 0
        for packet in container.demux(stream):
            try:
                frames = stream.codec_context.decode(packet if packet.size else None)
                flat = [
                    part.to_ndarray().reshape(-1, len(part.layout.channels))
                    for frame in frames
                    for part in resampler.resample(frame)
                ]
            except av.error.EOFError:
                break
            except (av.error.FFmpegError, ValueError) as error:
                complaint = words(error)
                continue
            for samples in flat:
                gathered.append(np.stack([samples.min(axis=1), samples.max(axis=1)], axis=1))
                size += len(samples)
            if size >= BLOCK:
                decoded += size
                yield np.concatenate(gathered)
                gathered, size = [], 0
        if gathered:
            decoded += size
            yield np.concatenate(gathered)
    if not decoded and complaint:
        raise KinofarmError("MEDIA-006", file=path.name, reason=complaint)


def make_peaks(path: Path, facts: MediaFacts, options: PeaksOptions, out: Path) -> Mapping[str, Any]:
    """Write them as JSON.

    Returns: how many spans there are, and how many samples each has.
    Raises:  KinofarmError MEDIA-00x, MEDIA-014.
    """
    peaks, span = peaks_of(path, facts, options)
    sound = lacks_that_sound(facts, options)
    document = {
        "version": 2,
        "channels": 1,
        "sample_rate": sound.sample_rate,
        "samples_per_pixel": span,
        "bits": 16,
        "length": len(peaks),
        "data": peaks.reshape(-1).tolist(),
    }
    out.write_text(json.dumps(document, separators=(",", ":")), encoding="ascii")
    return {"length": len(peaks), "samples_per_pixel": span, "sample_rate": sound.sample_rate}


def make_picture(path: Path, facts: MediaFacts, options: WaveformOptions, out: Path) -> Mapping[str, Any]:
    """Draw it as a PNG on nothing.

    Returns: its width and height in pixels.
    Raises:  KinofarmError MEDIA-00x, MEDIA-014.
    """
    peaks, _ = peaks_of(path, facts, options)
    columns = peaks[np.arange(options.points) * len(peaks) // options.points].astype(np.float64) / FULL
    middle = (options.height - 1) / 2
    rows = np.arange(options.height)[:, None]
    top, bottom = middle - columns[:, 1] * middle, middle - columns[:, 0] * middle
    inside = (rows >= np.floor(top + 0.5)) & (rows <= np.ceil(bottom - 0.5))
    image = np.where(inside[..., None], np.array(INK, np.uint8), np.array(GROUND, np.uint8))
    Image.fromarray(image.astype(np.uint8)).save(out, format="PNG", optimize=True)
    return {"width": options.points, "height": options.height}


PEAKS = View(
    "peaks", "how far its samples reach, as numbers", ".json", "application/json", 1, PeaksOptions, no_sound, make_peaks
)  # fmt: skip
WAVEFORM = View(
    "waveform", "how far its samples reach, as a picture", ".png", "image/png", 1, WaveformOptions, no_sound, make_picture
)  # fmt: skip
