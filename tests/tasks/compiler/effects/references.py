"""What the effects compute, written a second time: in NumPy, from the formulas of their docstrings and of the docs.

Pictures are arrays (height, width, 3) of sRGB values from 0 to 1; what comes back is not yet clamped at its end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Picture = np.ndarray

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
SEPIA = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])


def saturate(amount: float) -> np.ndarray:
    luma = np.array([[0.213, 0.715, 0.072]] * 3)
    return luma + amount * (np.eye(3) - luma)


def hue(degrees: float) -> np.ndarray:
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    luma = np.array([[0.213, 0.715, 0.072]] * 3)
    turn = np.array([[-0.213, -0.715, 0.928], [0.143, 0.140, -0.283], [-0.787, 0.715, 0.072]])
    return luma + cos * (np.eye(3) - luma) + sin * turn


def mixed(x: Picture, matrix: np.ndarray) -> Picture:
    return np.clip(x @ matrix.T, 0, 1)


def channels(x: Picture, *curves: Any) -> Picture:
    return np.stack([curve(x[..., place]) for place, curve in enumerate(curves)], axis=-1)


def bent(power: float, black: float = 0, white: float = 1) -> Any:
    return lambda x: black + (white - black) * x**power


def steep(x: Picture) -> Picture:
    return x * x * (3 - 2 * x)


def toward_sepia(amount: float) -> np.ndarray:
    return amount * SEPIA + (1 - amount) * np.eye(3)


def shade(shape: tuple[int, ...], intensity: float, radius: float) -> Picture:
    """The mask of a vignette."""
    height, width = shape[:2]
    across, down = (np.arange(width) + 0.5) / width * 2 - 1, (np.arange(height) + 0.5) / height * 2 - 1
    distance = np.hypot(across[None, :], down[:, None])
    t = np.clip((distance - radius) / (2**0.5 - radius), 0, 1)
    return (1 - intensity * t * t * (3 - 2 * t))[..., None]


def grey(x: Picture) -> Picture:
    return np.repeat((x @ LUMINANCE)[..., None], 3, axis=-1)


LOOKS: Mapping[str, Any] = {
    "vintage": lambda x: channels(
        mixed(x, saturate(0.7) @ toward_sepia(0.35)), bent(1, 0.07, 0.97), bent(1, 0.06, 0.9), bent(1, 0.12, 0.74)
    ),
    "sunset": lambda x: channels(mixed(x, saturate(1.15)), bent(0.7), bent(1.05, 0, 0.94), bent(1.3, 0, 0.78)),
    "lomo": lambda x: (
        shade(x.shape, 0.7, 0.35) * channels(mixed(x, saturate(1.35)), steep, steep, lambda v: 0.08 + 0.8 * steep(v))
    ),
    "twilight": lambda x: channels(
        mixed(x, saturate(0.8)), bent(1.2, 0, 0.66), bent(1.15, 0, 0.6), bent(0.85, 0.06, 0.92)
    ),
    "noir": lambda x: shade(x.shape, 0.6, 0.5) * steep(grey(x) ** 1.4),
    "cyberpunk": lambda x: channels(
        mixed(x, np.array([[0.9, -0.15, 0.4], [0.05, 0.7, 0.15], [0.25, 0.1, 0.85]])),
        bent(0.85),
        bent(1.35, 0, 0.9),
        bent(0.8, 0.1, 1),
    ),
    "infrared": lambda x: channels(
        mixed(x, np.array([[-0.3, 1.5, -0.2], [0.6, 0.2, 0.2], [0.1, 0.2, 0.7]])), bent(0.8), bent(1.2), bent(1.3)
    ),
    "matrix": lambda x: channels(grey(x), bent(1.6, 0, 0.4), bent(0.85, 0.03, 1), bent(1.5, 0, 0.5)),
    "arctic": lambda x: channels(
        mixed(x, saturate(0.45)), bent(1.15, 0, 0.9), bent(0.95, 0.03, 0.98), bent(0.7, 0.1, 1)
    ),
}


def look(name: str) -> Any:
    return lambda x, intensity=1.0: x + intensity * (np.clip(LOOKS[name](x), 0, 1) - x)


def around(x: Picture, kernel: Sequence[Sequence[float]]) -> Picture:
    """A 3x3 neighbourhood, weighed; beyond the edge lies the edge's mirror."""
    wide = np.pad(x, ((1, 1), (1, 1), (0, 0)), mode="reflect")
    height, width = x.shape[:2]
    return sum(
        kernel[row][column] * wide[row : row + height, column : column + width]
        for row in range(3)
        for column in range(3)
    )


def edge_enhance(x: Picture, intensity: float = 0.5) -> Picture:
    return x + intensity * around(x, [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]])


def emboss(x: Picture, intensity: float = 0.8) -> Picture:
    return x + intensity * around(x, [[-2, -1, 0], [-1, 0, 1], [0, 1, 2]])


def solarize(x: Picture, threshold: float = 0.5) -> Picture:
    return np.where(x <= threshold, x, 1 - x)


def pixelate(x: Picture, pixelSize: int = 4) -> Picture:  # noqa: N803
    found = x.copy()
    for top in range(0, x.shape[0], pixelSize):
        for left in range(0, x.shape[1], pixelSize):
            block = np.s_[top : top + pixelSize, left : left + pixelSize]
            found[block] = x[block].mean((0, 1))
    return found


def gains(temperature: float, tint: float) -> np.ndarray:
    warm, magenta = 0.3 * temperature / 100, 0.15 * tint / 100
    return np.array([(1 + warm) * (1 + magenta), 1 - magenta, (1 - warm) * (1 + magenta)])


def exposure(x: Picture, exposure: float) -> Picture:
    light = 2.0**exposure * np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)


def duotone(x: Picture, intensity: float = 1, shadows: str = "#1d1160", highlights: str = "#ffd166") -> Picture:
    dark, light = (
        np.array([int(ink[place : place + 2], 16) / 255 for place in (1, 3, 5)]) for ink in (shadows, highlights)
    )
    return x + intensity * (dark + (light - dark) * grey(x) - x)


def wheels(x: Picture, **values: float) -> Picture:
    def of(name: str, neutral: float) -> np.ndarray:
        return np.array([values.get(f"{name}_{channel}", neutral) for channel in "rgb"])

    raised = of("gain", 1) * (x + of("lift", 0) * (1 - x)) + of("offset", 0)
    return np.maximum(raised, 0) ** (1 / of("gamma", 1))


def levels(
    x: Picture, black: float = 0, white: float = 1, gamma: float = 1, output_black: float = 0, output_white: float = 1
) -> Picture:
    inside = np.clip((x - black) / (white - black), 0, 1) ** (1 / gamma)
    return output_black + (output_white - output_black) * inside


def balance(x: Picture, **values: float) -> Picture:
    """The balance of shadows, middle tones and highlights of each channel."""

    def of(name: str) -> np.ndarray:
        return np.array([values.get(f"{name}_{channel}", 0) for channel in "rgb"])

    x = x + 0.8 * of("shadows") * x * (1 - x) ** 2
    x = x + 0.8 * of("midtones") * x * (1 - x)
    return x + 0.8 * of("highlights") * x**2 * (1 - x)


def vibrance(x: Picture, amount: float) -> Picture:
    """Saturation that spares what is saturated already."""
    luma = (x @ np.array([0.212656, 0.715158, 0.072186]))[..., None]
    spread = (x.max(-1) - x.min(-1))[..., None]
    return luma + (x - luma) * (1 + amount * (1 - spread))


NEUTRAL = {"contrast": 1.0, "saturation": 1.0, "gamma": 1.0}


def filtered(x: Picture, **values: float) -> Picture:
    """A filter of the editor, but for the steps that look at a pixel's neighbours or draw at random."""
    intensity = values.pop("intensity", 1.0)
    led = {name: NEUTRAL.get(name, 0) + intensity * (value - NEUTRAL.get(name, 0)) for name, value in values.items()}

    def of(name: str) -> float:
        return led.get(name, NEUTRAL.get(name, 0.0))

    x = np.clip(x * gains(of("temperature"), of("tint")), 0, 1)
    x = x + 0.8 * of("shadows") * x * (1 - x) ** 2
    x = x + 0.8 * of("highlights") * x**2 * (1 - x)
    x = x + 0.25 * of("blacks") * (1 - x) ** 3 + 0.25 * of("whites") * x**3
    x = (x - 0.15 * of("dehaze")) / (1 - 0.15 * of("dehaze"))
    x = (x - 0.5) * of("contrast") + 0.5 + of("brightness")
    x = np.clip(np.maximum(x, 0) ** (1 / of("gamma")), 0, 1)
    x = mixed(x, saturate(of("saturation")) @ hue(of("hue")))
    if of("vibrance"):
        x = np.clip(vibrance(x, of("vibrance")), 0, 1)
    return x * shade(x.shape, of("vignette"), 0.8)
