"""The names of Timeline Studio's catalogue: what a project may ask for, whether the farm renders it yet or not.

Which of them are built is the business of the effect and transition tables.

Source:  Timeline Studio's library; docs/format.md. The transitions of ffmpeg's xfade stand beside the catalogue's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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


TRANSITIONS: Mapping[str, float] = {
    "zoom": 1.0,
    "fade": 0.8,
    "slide": 1.2,
    "scale": 1.0,
    "rotate": 1.5,
    "flip": 1.0,
    "push": 1.3,
    "squeeze": 1.8,
    "diagonal": 1.2,
    "spiral": 2.0,
    "wipe-horizontal": 1.5,
    "wipe-vertical": 1.5,
    "wipe-diagonal": 1.8,
    "radial-wipe": 2.0,
    "cube-3d": 2.5,
    "page-turn": 2.0,
    "ripple": 2.5,
    "pixelize": 1.5,
    "dissolve": 1.5,
    "morph": 3.0,
    "glitch": 1.0,
    "kaleidoscope": 2.5,
    "shatter": 2.0,
    "burn": 2.5,
    "blinds": 1.5,
    "iris": 1.5,
    "swirl": 2.0,
    "zoom-blur": 1.0,
    "wave": 1.8,
    "tv-static": 0.8,
}
"""The catalogue's transitions, each with the seconds that it lasts when the project does not say."""

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
