"""The effects: one table of what the farm can do to a clip's or a track's picture and sound."""

from __future__ import annotations

from tasks.compiler.effects.blur import BLUR
from tasks.compiler.effects.brightness import BRIGHTNESS
from tasks.compiler.effects.colour_correction import COLOR_CORRECTION, colour_correction as colour_correction
from tasks.compiler.effects.contrast import CONTRAST
from tasks.compiler.effects.custom import CUSTOM
from tasks.compiler.effects.grayscale import GRAYSCALE
from tasks.compiler.effects.hue_rotate import HUE_ROTATE
from tasks.compiler.effects.invert import INVERT
from tasks.compiler.effects.row import EffectTable
from tasks.compiler.effects.saturation import SATURATION
from tasks.compiler.effects.sepia import SEPIA
from tasks.compiler.effects.sound_denoise import DENOISE
from tasks.compiler.effects.sound_distortion import DISTORTION
from tasks.compiler.effects.sound_ducking import DUCKING
from tasks.compiler.effects.sound_dynamics import COMPRESSOR, EXPANDER, GATE, LIMITER
from tasks.compiler.effects.sound_equalizer import EQUALIZER
from tasks.compiler.effects.sound_fades import CROSSFADE, FADE, FADE_IN, FADE_OUT
from tasks.compiler.effects.sound_loudness import NORMALIZE
from tasks.compiler.effects.sound_pan import PAN, STEREO_WIDTH
from tasks.compiler.effects.sound_passes import BANDPASS, HIGHPASS, LOWPASS
from tasks.compiler.effects.sound_space import CHORUS, DELAY, REVERB
from tasks.compiler.effects.sound_stretch import PITCH, TEMPO

EFFECTS: EffectTable = {
    row.name: row
    for row in (
        BRIGHTNESS,
        CONTRAST,
        SATURATION,
        SEPIA,
        GRAYSCALE,
        INVERT,
        HUE_ROTATE,
        BLUR,
        COLOR_CORRECTION,
        CUSTOM,
        FADE_IN,
        FADE_OUT,
        FADE,
        CROSSFADE,
        EQUALIZER,
        COMPRESSOR,
        REVERB,
        DELAY,
        CHORUS,
        DISTORTION,
        NORMALIZE,
        DENOISE,
        PITCH,
        TEMPO,
        DUCKING,
        GATE,
        LIMITER,
        EXPANDER,
        PAN,
        STEREO_WIDTH,
        HIGHPASS,
        LOWPASS,
        BANDPASS,
    )
}
