"""The effects: one table of what the farm can do to a clip's or a track's picture and sound."""

from __future__ import annotations

from tasks.compiler.effects.blur import BLUR
from tasks.compiler.effects.brightness import BRIGHTNESS
from tasks.compiler.effects.chroma_key import CHROMA_KEY
from tasks.compiler.effects.chromatic_aberration import CHROMATIC_ABERRATION
from tasks.compiler.effects.colour_correction import COLOR_CORRECTION, colour_correction as colour_correction
from tasks.compiler.effects.contrast import CONTRAST
from tasks.compiler.effects.custom import CUSTOM
from tasks.compiler.effects.detail import EDGE_ENHANCE, EMBOSS, SHARPEN
from tasks.compiler.effects.duotone import DUOTONE
from tasks.compiler.effects.exposure import EXPOSURE
from tasks.compiler.effects.film_grain import FILM_GRAIN
from tasks.compiler.effects.filter_table import FILTERS
from tasks.compiler.effects.glitch import GLITCH
from tasks.compiler.effects.glow import DREAMY, GLOW
from tasks.compiler.effects.grading import CURVES, LIFT_GAMMA_GAIN
from tasks.compiler.effects.grayscale import GRAYSCALE
from tasks.compiler.effects.hologram import HOLOGRAM
from tasks.compiler.effects.hue_rotate import HUE_ROTATE
from tasks.compiler.effects.invert import INVERT
from tasks.compiler.effects.lens_flare import LENS_FLARE
from tasks.compiler.effects.looks import ARCTIC, CYBERPUNK, INFRARED, LOMO, MATRIX, NOIR, SUNSET, TWILIGHT, VINTAGE
from tasks.compiler.effects.lut import LUT
from tasks.compiler.effects.motion_blur import MOTION_BLUR
from tasks.compiler.effects.neon import NEON
from tasks.compiler.effects.noise_reduction import NOISE_REDUCTION
from tasks.compiler.effects.pixelate import PIXELATE
from tasks.compiler.effects.row import EffectTable
from tasks.compiler.effects.saturation import SATURATION
from tasks.compiler.effects.sepia import SEPIA
from tasks.compiler.effects.solarize import SOLARIZE
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
from tasks.compiler.effects.stabilization import STABILIZATION
from tasks.compiler.effects.vignette import VIGNETTE
from tasks.compiler.effects.white_balance import TEMPERATURE, TINT
from tasks.compiler.effects.zoom_blur import ZOOM_BLUR

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
        VINTAGE,
        NEON,
        VIGNETTE,
        SUNSET,
        LOMO,
        TWILIGHT,
        SHARPEN,
        CHROMATIC_ABERRATION,
        LENS_FLARE,
        GLOW,
        FILM_GRAIN,
        DUOTONE,
        NOIR,
        CYBERPUNK,
        DREAMY,
        INFRARED,
        MATRIX,
        ARCTIC,
        NOISE_REDUCTION,
        STABILIZATION,
        TEMPERATURE,
        TINT,
        EXPOSURE,
        MOTION_BLUR,
        GLITCH,
        PIXELATE,
        EDGE_ENHANCE,
        EMBOSS,
        SOLARIZE,
        ZOOM_BLUR,
        HOLOGRAM,
        CHROMA_KEY,
        LIFT_GAMMA_GAIN,
        CURVES,
        LUT,
        CUSTOM,
        *FILTERS,
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
