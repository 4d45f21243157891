"""What is benchmarked: each workload is a row with the farm's project and the name of the hand-written graph beside it.

The graphs lie in `bench/graphs/NAME.args` and say the same film in ffmpeg's own words; the validity gate proves it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.sources import COUNT, HEIGHT, LOOK, NAMES, RATE, WIDTH

Project = dict[str, Any]
Files = Mapping[str, str]
"""Source name → its path, as the project file writes it."""

TITLES = ("Harbour at noon", "The old mill", "North wind", "Second harvest", "Night shift", "Way home")

SAMPLE_RATE = 48_000

LOUDNESS = -16.0
"""LUFS of the films whose sound is normalised."""


@dataclass(frozen=True)
class Workload:
    """A row: seconds of film, the project as a function of the source files and the x264 preset, whether a graph exists.

    loudness: LUFS to which both films' sound is brought; the graph has a first pass then, `NAME-first.args`.
    heard: sound alone is delivered, as .m4a.
    """

    name: str
    summary: str
    seconds: int
    project: Callable[[Files, str], Project]
    source_seconds: int = 46
    compared: bool = True
    loudness: float | None = None
    heard: bool = False

    @property
    def amount(self) -> int:
        """What the film holds: frames, or samples where it is sound alone."""
        return self.seconds * (SAMPLE_RATE if self.heard else RATE)

    @property
    def suffix(self) -> str:
        """Of its film's file."""
        return ".m4a" if self.heard else ".mp4"


def _cuts(count: int, length: float, first: float, step: float) -> Callable[[Files, str], Project]:
    def project(files: Files, preset: str) -> Project:
        clips = [
            _clip(f"c{cut}", files[NAMES[cut % COUNT]], cut * length, length, first + cut // COUNT * step)
            for cut in range(count)
        ]
        return _project(count * length, preset, [_track("V1", clips)])

    return project


def _four_tracks(
    seconds: int, voice: tuple[int, int], music: int, steps: tuple[float, float]
) -> Callable[[Files, str], Project]:
    """A voice and three beds that make way for it.

    Args:    voice: seconds from one of its clips to the next, and of each. music: seconds of a bed's clips. steps: by how much
             later each of both begins in a source, every time that the sources start over.
    """

    def project(files: Files, preset: str) -> Project:
        every, long = voice
        words = [
            _clip(f"v{k}", files[NAMES[k % COUNT]], k * every, long, 0.48 + k // COUNT * steps[0])
            for k in range(seconds // every)
        ]
        beds = [
            [
                _clip(
                    f"b{bed}-{k}",
                    files[NAMES[(k + 2 * bed + 1) % COUNT]],
                    k * music,
                    music,
                    0.48 + k // COUNT * steps[1],
                )
                for k in range(seconds // music)
            ]
            for bed in range(3)
        ]
        duck = {"id": "duck", "effect_type": "audio-ducking", "parameters": {"track": "voice", "amount": 12.0}}
        tracks = [
            {**_track(f"bed{n}", clips), "track_type": "Audio", "effects": ["duck"]} for n, clips in enumerate(beds)
        ]
        tracks.append({**_track("voice", words), "track_type": "Audio"})
        film = _project(seconds, preset, tracks)
        film["effects"] = [{**duck, "name": "duck", "enabled": True}]
        film["settings"]["export"] |= {"format": {"Custom": "m4a"}}
        film["settings"]["export"] |= {"normalize_audio": True, "audio_target": LOUDNESS, "audio_peak": -1.0}
        return film

    return project


def _pip_titles(files: Files, preset: str) -> Project:
    small = {"scale_x": 0.3, "scale_y": 0.3, "position_x": 0.3, "position_y": -0.3}
    ground = [_clip(f"g{number}", files[NAMES[number]], number * 30, 30, 4) for number in range(4)]
    inset = [
        {
            **_clip(f"p{number}", files[NAMES[4 + number % 2]], number * 40, 40, 2 + number),
            "transform": small,
            "volume": 0,
        }
        for number in range(3)
    ]
    titles = [_title(f"t{number}", f"title{number}", 5 + 20 * number, 5) for number in range(6)]
    styles = [_lower_third(f"title{number}", text) for number, text in enumerate(TITLES)]
    tracks = [_track("V1", ground), _track("V2", inset), _track("V3", titles)]
    return _project(120, preset, tracks, style_templates=styles)


def _dissolves(files: Files, preset: str) -> Project:
    clips = [_clip(f"c{cut}", files[NAMES[cut % COUNT]], cut * 10, 10, 2 + cut // COUNT * 15) for cut in range(12)]
    transitions = [
        {
            "id": f"x{cut}",
            "transition_type": "dissolve",
            "duration": 1.0,
            "start_time": round(cut * 10 - 0.48, 2),
            "from_clip_id": f"c{cut - 1}",
            "to_clip_id": f"c{cut}",
            "parameters": {},
            "enabled": True,
        }
        for cut in range(1, 12)
    ]
    return _project(120, preset, [_track("V1", clips)], transitions=transitions)


def _graded(seconds: int, count: int) -> Callable[[Files, str], Project]:
    """Clips with a look-up table, a colour correction and a blur, each zoomed into by 30 % over its length."""
    frames = seconds * RATE // count

    def project(files: Files, preset: str) -> Project:
        zoom = [{"frame": 0, "value": 1}, {"frame": frames - 1, "value": 1.3}]
        effects = [
            {"kind": "lut", "parameters": {"file": LOOK}},
            {"kind": "color-correction", "parameters": {"contrast": 1.1, "saturation": 1.2}},
            {"kind": "blur", "parameters": {"radius": 1.5}},
        ]
        clips = [
            {
                "id": f"c{number}",
                "source": {"kind": "media", "path": files[NAMES[number]]},
                "start": number * frames,
                "end": (number + 1) * frames,
                "source_start": 1,
                "effects": effects,
                "transform": {"scale_x": zoom, "scale_y": zoom},
            }
            for number in range(count)
        ]
        return {
            "format": "kinofarm/1",
            "name": "bench",
            "rate": RATE,
            "size": {"width": WIDTH, "height": HEIGHT},
            "duration": count * frames,
            "tracks": [{"id": "V1", "kind": "video", "clips": clips}],
            "export": {"video": {"crf": 20, "preset": preset}, "sound": {"bitrate": 192}},
        }

    return project


def ten_minutes(files: Files, preset: str, tenth_title: str = "Title 10") -> Project:
    """Return 120 clips of five seconds with twenty titles; `tenth_title` is what the edit changes."""
    clips = [_clip(f"c{cut}", files[NAMES[cut % COUNT]], cut * 5, 5, 0.48 + cut // COUNT * 1.52) for cut in range(120)]
    texts = [tenth_title if number == 10 else f"Title {number}" for number in range(20)]
    titles = [_title(f"t{number}", f"title{number}", 12 + 30 * number, 4) for number in range(20)]
    styles = [_lower_third(f"title{number}", text) for number, text in enumerate(texts)]
    return _project(600, preset, [_track("V1", clips), _track("V2", titles)], style_templates=styles)


WORKLOADS: dict[str, Workload] = {
    row.name: row
    for row in (
        Workload("cuts60", "60 cuts between six files", 120, _cuts(60, 2, 0.48, 3.52)),
        Workload("pip_titles", "picture in picture with six titles", 120, _pip_titles),
        Workload("dissolves12", "12 clips with 11 dissolves of one second", 120, _dissolves),
        Workload(
            "sound4",
            "four sound tracks with ducking and R128 (by hand in two passes), sound alone",
            600,
            _four_tracks(600, (30, 20), 40, (7, 2)),
            loudness=LOUDNESS,
            heard=True,
        ),
        Workload("graded", "LUT, colour, blur and a moving scale", 60, _graded(60, 4)),
        Workload("ten_minutes", "120 clips with twenty titles", 600, ten_minutes, compared=False),
        Workload("smoke", "two cuts, to see that the harness works", 2, _cuts(2, 1, 0.48, 1), source_seconds=3),
        Workload("smoke_graded", "the same for graded clips that move", 2, _graded(2, 2), source_seconds=3),
        Workload(
            "smoke_sound",
            "the same for four sound tracks",
            6,
            _four_tracks(6, (2, 1), 2, (0, 0)),
            source_seconds=3,
            loudness=LOUDNESS,
            heard=True,
        ),
    )
}


def _project(seconds: float, preset: str, tracks: Sequence[Project], **more: Any) -> Project:
    day = "2026-01-01T00:00:00Z"
    return {
        "version": "1.0.0",
        "metadata": {"name": "bench", "created_at": day, "modified_at": day},
        "timeline": {
            "duration": seconds,
            "fps": RATE,
            "resolution": [WIDTH, HEIGHT],
            "sample_rate": SAMPLE_RATE,
            "aspect_ratio": "Ratio16x9",
        },
        "tracks": list(tracks),
        "effects": [],
        "transitions": [],
        "filters": [],
        "templates": [],
        "style_templates": [],
        "subtitles": [],
        "settings": {
            "export": {
                "format": "Mp4",
                "quality": 85,
                "rate_control_mode": "crf",
                "crf": 20,
                "preset": preset,
                "audio_bitrate": 192,
                "hardware_acceleration": False,
                "ffmpeg_args": [],
            },
            "custom": {},
        },
        **more,
    }


def _track(name: str, clips: Sequence[Project]) -> Project:
    return {
        "id": name,
        "track_type": "Video",
        "name": name,
        "enabled": True,
        "locked": False,
        "volume": 1.0,
        "clips": list(clips),
        "effects": [],
        "filters": [],
    }


def _clip(name: str, file: str, start: float, length: float, source: float) -> Project:
    source = round(source, 2)
    return {
        "id": name,
        "source": {"File": file},
        "start_time": start,
        "end_time": start + length,
        "source_start": source,
        "source_end": round(source + length, 2),
        "speed": 1.0,
        "volume": 1.0,
        "opacity": 1.0,
        "effects": [],
        "filters": [],
    }


def _title(name: str, style: str, start: float, length: float) -> Project:
    return {**_clip(name, "", start, length, 0), "source": "Generated", "style_template_id": style}


def _lower_third(name: str, text: str) -> Project:
    plate = {"shape_type": "rectangle", "background_color": "#0b1030", "opacity": 0.8}
    words = {"text": text, "font_family": "Roboto", "font_size": 40, "color": "#ffffff", "text_align": "Left"}
    return {
        "id": name,
        "name": name,
        "category": "LowerThird",
        "style": "Modern",
        "duration": 5.0,
        "elements": [
            _element("plate", "Shape", (5, 78), (36, 10), plate),
            _element("words", "Text", (7, 79), (32, 8), words),
        ],
    }


def _element(
    name: str, kind: str, place: tuple[float, float], size: tuple[float, float], properties: Mapping[str, Any]
) -> Project:
    return {
        "id": name,
        "name": name,
        "element_type": kind,
        "position": {"x": place[0], "y": place[1]},
        "size": {"width": size[0], "height": size[1]},
        "timing": {"start": 0.0, "end": 5.0},
        "properties": dict(properties),
        "animations": [],
    }
