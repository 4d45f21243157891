"""The names of Timeline Studio's catalogue: what a project may ask for, whether the farm renders it yet or not.

Which of them are built is the business of the effect and transition tables. Durations are seconds: the editor's
slider from minimum to maximum, and its default.

Source:  Timeline Studio's library; docs/format.md. The transitions of ffmpeg's xfade stand beside the catalogue's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tasks.compiler.imports.timeline_studio.fields import squash
from tasks.compiler.transitions.xfade import XFADES


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


PICTURE_EFFECTS = _words(
    "brightness contrast saturation sepia grayscale vintage neon vignette sunset lomo twilight sharpen"
    " chromatic-aberration lens-flare glow film-grain invert hue-rotate blur duotone noir cyberpunk dreamy infrared"
    " matrix arctic noise-reduction stabilization temperature tint exposure motion-blur glitch pixelate edge-enhance"
    " emboss solarize zoom-blur hologram speed reverse color-correction chroma-key custom"
)

SOUND_EFFECTS = _words(
    "audio-fade-in audio-fade-out audio-fade audio-crossfade audio-equalizer audio-compressor audio-reverb audio-delay"
    " audio-chorus audio-distortion audio-normalize audio-denoise audio-pitch audio-tempo audio-ducking audio-gate"
    " audio-limiter audio-expander audio-pan audio-stereo-width audio-highpass audio-lowpass audio-bandpass"
)

FILTER_LOOKS = _words(
    "s-log d-log v-log hlg rec709 rec2020 cinestyle flat neutral portrait landscape vintage-film warm-sunset cold-blue"
    " dramatic-contrast"
)

FILTER_TYPES = _words(
    "brightness contrast saturation gamma temperature tint hue vibrance shadows highlights blacks whites clarity dehaze"
    " vignette grain blur sharpen glow shadows-highlights white-balance exposure curves levels color-balance custom"
)


class Slider(NamedTuple):
    """A transition's duration in the editor, in seconds."""

    low: float
    high: float
    default: float


TRANSITIONS: Mapping[str, Slider] = {
    "zoom": Slider(0.5, 3.0, 1.0),
    "fade": Slider(0.3, 2.0, 0.8),
    "slide": Slider(0.5, 2.5, 1.2),
    "scale": Slider(0.4, 2.0, 1.0),
    "rotate": Slider(0.8, 3.0, 1.5),
    "flip": Slider(0.6, 2.0, 1.0),
    "push": Slider(0.8, 2.5, 1.3),
    "squeeze": Slider(1.0, 3.0, 1.8),
    "diagonal": Slider(0.7, 2.2, 1.2),
    "spiral": Slider(1.2, 4.0, 2.0),
    "wipe-horizontal": Slider(0.5, 3.0, 1.5),
    "wipe-vertical": Slider(0.5, 3.0, 1.5),
    "wipe-diagonal": Slider(0.6, 3.0, 1.8),
    "radial-wipe": Slider(0.8, 3.5, 2.0),
    "cube-3d": Slider(1.0, 4.0, 2.5),
    "page-turn": Slider(1.0, 3.5, 2.0),
    "ripple": Slider(1.2, 4.0, 2.5),
    "pixelize": Slider(0.8, 3.0, 1.5),
    "dissolve": Slider(0.8, 3.0, 1.5),
    "morph": Slider(1.5, 5.0, 3.0),
    "glitch": Slider(0.5, 2.0, 1.0),
    "kaleidoscope": Slider(1.0, 4.0, 2.5),
    "shatter": Slider(1.0, 3.0, 2.0),
    "burn": Slider(1.5, 4.0, 2.5),
    "blinds": Slider(0.8, 3.0, 1.5),
    "iris": Slider(0.8, 3.0, 1.5),
    "swirl": Slider(1.0, 4.0, 2.0),
    "zoom-blur": Slider(0.5, 2.0, 1.0),
    "wave": Slider(1.0, 3.0, 1.8),
    "tv-static": Slider(0.3, 1.5, 0.8),
}

XFADE_DURATION = 1.0
"""Seconds that ffmpeg's own transitions last when the project does not say; xfade's default."""


def _table(names: Iterable[str]) -> Mapping[str, str]:
    return {squash(name): name for name in names}


_EFFECTS = _table([*PICTURE_EFFECTS, *SOUND_EFFECTS])
_FILTERS = _table([*FILTER_LOOKS, *FILTER_TYPES])
_TRANSITIONS = _table(TRANSITIONS)
_XFADES = _table(XFADES)


def effect_name(written: str) -> str | None:
    """Return the catalogue's name of an effect, from either spelling; None when there is none."""
    return _EFFECTS.get(squash(written))


def filter_name(written: str) -> str | None:
    """Return the catalogue's name of a filter, a look or a single type; None when there is none."""
    return _FILTERS.get(squash(written))


def transition_name(written: str) -> str | None:
    """Return a transition's name in the model: the catalogue's, else "xfade:NAME"; None when there is none."""
    prefix, colon, name = written.partition(":")
    if colon:
        found = _XFADES.get(squash(name)) if squash(prefix) == "xfade" else None
        return f"xfade:{found}" if found else None
    squashed = squash(written)
    if squashed in _TRANSITIONS:
        return _TRANSITIONS[squashed]
    return f"xfade:{_XFADES[squashed]}" if squashed in _XFADES else None
