"""The demo's project file: a Timeline Studio ProjectSchema of 24 seconds, cut on the beat of its music.

0 s   dusk, under the opening title        12 s  the fractal, with the music's spectrum in a frame
6 s   dissolve to night, lower third       18 s  three cells of a split screen, then dusk and the closing title
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apps.demo.music import SAMPLE_RATE, SECONDS
from apps.demo.scenes import HEIGHT, MUSIC, RATE, WIDTH
from apps.demo.titles import FONT, closing, font_size, frame, ground, lower_third, opening

_SMALL = {"scale": 0.30, "x": 0.305, "y": -0.295}
"""The spectrum's size and place: fractions of the frame, from its centre."""


def project(files: Mapping[str, str]) -> dict[str, Any]:
    """Return the project.

    Args:    files: each scene's file, relative to the project file.
    """
    day = "2026-01-01T00:00:00Z"
    return {
        "version": "1.0.0",
        "metadata": {"name": "Kinofarm demo", "created_at": day, "modified_at": day},
        "timeline": {
            "duration": float(SECONDS),
            "fps": RATE,
            "resolution": [WIDTH, HEIGHT],
            "sample_rate": SAMPLE_RATE,
            "aspect_ratio": "Ratio16x9",
        },
        "tracks": _tracks(files),
        "effects": [
            {
                "id": "music-fade",
                "effect_type": "audio-fade",
                "name": "In softly, out slowly",
                "enabled": True,
                "parameters": {"fade_in": 1.2, "fade_out": 3.0},
            }
        ],
        "transitions": [
            _transition("dusk-to-night", "dissolve", "dusk", "night", start=5.2, duration=1.6),
            _transition("night-to-fractal", "diagbr", "night", "fractal", start=11.52, duration=0.96),
        ],
        "filters": [],
        "templates": [_THREE_CELLS],
        "style_templates": [opening(), lower_third(), frame(**_SMALL), ground(), closing()],
        "subtitles": [
            _subtitle("s1", 12.8, 15.2, "Zoom in as far as you like:"),
            _subtitle("s2", 15.32, 17.8, "the music up there is playing right now."),
            _subtitle("s3", 18.32, 20.8, "Three cells, one frame."),
        ],
        "settings": {
            "export": {
                "format": "Mp4",
                "quality": 85,
                "rate_control_mode": "crf",
                "crf": 20,
                "preset": "veryfast",
                "video_bitrate": 12000,
                "audio_bitrate": 192,
                "hardware_acceleration": False,
                "ffmpeg_args": [],
            },
            "preview": {"resolution": [640, 360], "quality": 75, "fps": RATE, "format": "Jpeg"},
            "custom": {},
        },
    }


def _tracks(files: Mapping[str, str]) -> list[dict[str, Any]]:
    small = {
        "scale_x": _SMALL["scale"],
        "scale_y": _SMALL["scale"],
        "position_x": _SMALL["x"],
        "position_y": _SMALL["y"],
    }
    return [
        _track(
            "V1",
            "Scenes",
            _clip("dusk", files["dusk"], 0, 6, volume=0.9),
            _clip("night", files["night"], 6, 12, source=1.0, volume=0.5),
            _clip("fractal", files["fractal"], 12, 18, source=0.6, volume=0.6),
            _title("ground", 18, 21),
            _clip("dusk-again", files["dusk"], 21, 24, source=7.0, volume=0.9),
        ),
        _track(
            "V2",
            "Frame, first cell",
            _title("frame", 13.2, 17.6),
            _clip("population", files["population"], 18, 21, volume=0.3, template_id="three", template_cell=0),
        ),
        _track(
            "V3",
            "Picture in picture, second cell",
            # The picture shows the music at its own time: the scene starts 11.5 s into the piece.
            _clip("spectrum", files["spectrum"], 13.2, 17.6, source=1.7, volume=0, transform=small),
            _clip("carpet", files["carpet"], 18.36, 21, volume=0.3, template_id="three", template_cell=1),
        ),
        _track(
            "V4",
            "Titles, third cell",
            _title("opening", 0, 5),
            _title("lower-third", 7, 11.2),
            _clip("night-cell", files["night"], 18.72, 21, source=3.0, volume=0, template_id="three", template_cell=2),
            _title("closing", 21, 24),
        ),
        {
            **_track(
                "A1", "Music", {**_clip("music", files[MUSIC], 0, SECONDS, volume=1.0), "effects": ["music-fade"]}
            ),
            "track_type": "Audio",
        },
    ]


def _track(name: str, title: str, *clips: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": name,
        "track_type": "Video",
        "name": title,
        "enabled": True,
        "locked": False,
        "volume": 1.0,
        "clips": list(clips),
        "effects": [],
        "filters": [],
    }


def _clip(name: str, file: str, start: float, end: float, *, source: float = 0.0, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "source": {"File": file},
        "start_time": start,
        "end_time": end,
        "source_start": source,
        "source_end": source + end - start,
        "speed": 1.0,
        "opacity": 1.0,
        "effects": [],
        "filters": [],
        **more,
    }


def _title(name: str, start: float, end: float) -> dict[str, Any]:
    return {
        "id": f"title-{name}",
        "source": "Generated",
        "start_time": start,
        "end_time": end,
        "source_start": 0.0,
        "source_end": end - start,
        "speed": 1.0,
        "volume": 1.0,
        "opacity": 1.0,
        "style_template_id": name,
        "effects": [],
        "filters": [],
    }


def _transition(name: str, kind: str, before: str, after: str, *, start: float, duration: float) -> dict[str, Any]:
    return {
        "id": name,
        "transition_type": kind,
        "duration": {"value": duration},
        "start_time": start,
        "from_clip_id": before,
        "to_clip_id": after,
        "parameters": {},
        "enabled": True,
    }


_THREE_CELLS = {
    "id": "three",
    "template_type": "Custom",
    "screens": 3,
    "cells": [
        {
            "index": index,
            "x": x,
            "y": 6.0,
            "width": 30.5,
            "height": 76.0,
            "fit_mode": "Cover",
            "align_x": "Center",
            "align_y": "Center",
        }
        for index, x in enumerate((2.5, 34.75, 67.0))
    ],
    "regions": [],
}


def _subtitle(name: str, start: float, end: float, text: str) -> dict[str, Any]:
    return {
        "id": name,
        "text": text,
        "start_time": start,
        "end_time": end,
        "enabled": True,
        "position": {"type": "Relative", "align_x": "Center", "align_y": "Bottom"},
        "style": {
            "font_family": FONT,
            "font_size": font_size(60),
            "font_weight": "bold",
            "color": "#ffffff",
            "stroke_color": "#101020",
            "stroke_width": 4,
        },
        "animations": [{"animation_type": "FadeIn", "duration": 0.2}, {"animation_type": "FadeOut", "duration": 0.2}],
    }
