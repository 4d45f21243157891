"""The workloads as MLT's XML, for `melt`: what Shotcut and Kdenlive would have it render.

Source: MLT XML, https://www.mltframework.org/docs/mltxml/; the services' pages there: composite, luma, mix, affine, pango.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

from bench.sources import HEIGHT, LOOK, RATE, WIDTH
from infra.process import run_tool

Project = Mapping[str, Any]

Entry = tuple[str | None, int, int]
"""A producer with its first and last frame; no producer: so many blank frames, the second number."""

CAN = ("cuts60", "dissolves12", "pip_titles", "graded")
"""What it has the means for; it can't lower one track under another."""

LONGEST = 3600.0
"""Seconds that a film may take."""


def version() -> str | None:
    """Return which one there is; None: none."""
    binary = shutil.which("melt")
    if binary is None:
        return None
    words = run_tool([binary, "--version"], timeout=20).split()
    return next((word for word in words if word[:1].isdigit()), "unknown")


def render(project: Project, files: Mapping[str, Path], preset: str, out: Path, scratch: Path) -> None:
    """Render a workload's project with as many threads as there are cores.

    Raises:  KinofarmError FARM-00x.
    """
    document = scratch / "film.mlt"
    document.write_bytes(Xml.tostring(_document(project, files)))
    encoder = ("vcodec=libx264", f"preset={preset}", "crf=20", "g=50", "pix_fmt=yuv420p", "movflags=+faststart")
    sound = ("acodec=aac", "ab=192k", "ar=48000")
    workers = "real_time=-2"  # pictures made ahead by two threads, none dropped
    consumer = ("-consumer", f"avformat:{out}", *encoder, *sound, workers, "terminate_on_pause=1")
    run_tool([str(shutil.which("melt")), "-silent", str(document), *consumer], cwd=scratch, timeout=LONGEST)


class _Document:
    """An MLT document in the making: producers get a name each."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self.root = Xml.Element("mlt", LC_NUMERIC="C")
        size = {"width": WIDTH, "height": HEIGHT, "display_aspect_num": 16, "display_aspect_den": 9}
        rate = {"frame_rate_num": RATE, "frame_rate_den": 1, "sample_aspect_num": 1, "sample_aspect_den": 1}
        profile = size | rate | {"progressive": 1, "colorspace": 709}
        Xml.SubElement(self.root, "profile", {name: str(value) for name, value in profile.items()})
        self._files = {f"{name}.mp4": path for name, path in files.items()}
        self._count = 0

    def named(self) -> str:
        self._count += 1
        return f"e{self._count}"

    def producer(self, **properties: object) -> str:
        name = self.named()
        element = Xml.SubElement(self.root, "producer", id=name)
        _properties(element, properties)
        return name

    def media(self, file: str) -> str:
        return self.producer(mlt_service="avformat", resource=self._files[file])

    def playlist(self, entries: Sequence[Entry]) -> str:
        name = self.named()
        element = Xml.SubElement(self.root, "playlist", id=name)
        for producer, first, last in entries:
            if producer is None:
                Xml.SubElement(element, "blank", length=str(last))
            else:
                Xml.SubElement(element, "entry", {"producer": producer, "in": str(first), "out": str(last)})
        return name

    def tractor(self, tracks: Sequence[tuple[str, str | None]], transitions: Sequence[Mapping[str, object]]) -> str:
        """Tracks, each with what is hidden of it; transitions by their properties, `in` and `out` among them."""
        name = self.named()
        element = Xml.SubElement(self.root, "tractor", id=name)
        for track, hidden in tracks:
            Xml.SubElement(element, "track", {"producer": track} | ({"hide": hidden} if hidden else {}))
        for transition in transitions:
            reach = {key: str(transition[key]) for key in ("in", "out") if key in transition}
            child = Xml.SubElement(element, "transition", reach)
            _properties(child, {key: value for key, value in transition.items() if key not in reach})
        return name


def _document(project: Project, files: Mapping[str, Path]) -> Xml.Element:
    film = _Document(files)
    if project.get("format") == "kinofarm/1":
        _graded(film, project)
        return film.root
    ground = film.playlist([*_joined(film, project)])
    tracks: list[tuple[str, str | None]] = [(ground, None)]
    laid: list[Mapping[str, object]] = []
    for track in project["tracks"][1:]:
        for playlist, box in _above(film, track["clips"], project["style_templates"]):
            tracks.append((playlist, "audio"))
            laid.append(
                {
                    "mlt_service": "composite",
                    "a_track": 0,
                    "b_track": len(tracks) - 1,
                    "geometry": box,
                    "progressive": 1,
                }
            )
    film.tractor(tracks, laid)
    return film.root


def _joined(film: _Document, project: Project) -> Iterator[tuple[str, int, int]]:
    """The clips of the first track in order, with a tractor of its own for each cross-fade between two."""
    clips = {clip["id"]: clip for clip in project["tracks"][0]["clips"]}
    joins = {join["to_clip_id"]: join for join in project["transitions"]}
    leaves = {join["from_clip_id"]: join for join in project["transitions"]}
    for name, clip in clips.items():
        first, last = _frame(clip["start_time"]), _frame(clip["end_time"])
        into = _frame(clip["source_start"]) - first
        if join := joins.get(name):
            start, length = _frame(join["start_time"]), _frame(join["duration"])
            before = clips[join["from_clip_id"]]
            out_of = _frame(before["source_start"]) - _frame(before["start_time"])
            sides = [
                film.playlist([(film.media(file), start + shift, start + shift + length - 1)])
                for file, shift in ((before["source"]["File"], out_of), (clip["source"]["File"], into))
            ]
            both = {"a_track": 0, "b_track": 1, "in": 0, "out": length - 1}
            crossed = [
                {"mlt_service": "luma", **both},
                {"mlt_service": "mix", "start": -1, "accepts_blanks": 1, **both},
            ]
            yield film.tractor([(side, None) for side in sides], crossed), 0, length - 1
            first = start + length
        if leave := leaves.get(name):
            last = _frame(leave["start_time"])
        yield film.media(clip["source"]["File"]), first + into, last + into - 1


def _above(film: _Document, clips: Sequence[Project], templates: Sequence[Project]) -> Iterator[tuple[str, str]]:
    """Playlists that lie over the ground, each with its box: x/y:widthxheight."""
    if "transform" in clips[0]:
        small = clips[0]["transform"]
        width, height = round(WIDTH * small["scale_x"]), round(HEIGHT * small["scale_y"])
        x = round(WIDTH * (0.5 + small["position_x"])) - width // 2
        y = round(HEIGHT * (0.5 + small["position_y"])) - height // 2
        small_ones: list[Entry] = [
            (film.media(clip["source"]["File"]), start := _frame(clip["source_start"]), start + _length(clip) - 1)
            for clip in clips
        ]
        yield film.playlist(small_ones), f"{x}/{y}:{width}x{height}"
        return
    titles = {template["id"]: template["elements"] for template in templates}
    for number in (0, 1):
        entries: list[Entry] = []
        at = 0
        for clip in clips:
            element = titles[clip["style_template_id"]][number]
            entries += [(None, 0, _frame(clip["start_time"]) - at), (_drawn(film, element), 0, _length(clip) - 1)]
            at = _frame(clip["end_time"])
        place, size = element["position"], element["size"]
        x, y = place["x"] * WIDTH / 100, place["y"] * HEIGHT / 100
        yield film.playlist(entries), f"{x:g}/{y:g}:{size['width'] * WIDTH / 100:g}x{size['height'] * HEIGHT / 100:g}"


def _drawn(film: _Document, element: Project) -> str:
    style = element["properties"]
    if element["element_type"] == "Shape":
        alpha = round(255 * style["opacity"])
        return film.producer(mlt_service="color", resource=f"#{alpha:02x}{style['background_color'][1:]}")
    font = {"family": style["font_family"], "size": style["font_size"], "fgcolour": style["color"]}
    return film.producer(mlt_service="pango", text=style["text"], length=10_000, **font)


def _graded(film: _Document, project: Project) -> None:
    """Each clip with its filters, zoomed by an affine filter whose rectangle has two keyframes."""
    entries = []
    for clip in project["tracks"][0]["clips"]:
        _, colour, blur = (effect["parameters"] for effect in clip["effects"])
        length = clip["end"] - clip["start"]
        start = clip["source_start"] * RATE
        producer = film.media(clip["source"]["path"])
        element = film.root[-1]
        final = clip["transform"]["scale_x"][-1]["value"]
        wide, high = WIDTH * final, HEIGHT * final
        rectangle = f"{start}=0 0 {WIDTH} {HEIGHT};{start + length - 1}={(WIDTH - wide) / 2:g} {(HEIGHT - high) / 2:g} {wide:g} {high:g}"
        for service, properties in (
            ("avfilter.lut3d", {"av.file": LOOK, "av.interp": "tetrahedral"}),
            ("avfilter.eq", {"av.contrast": colour["contrast"], "av.saturation": colour["saturation"]}),
            ("avfilter.gblur", {"av.sigma": blur["radius"]}),
            ("affine", {"transition.rect": rectangle, "transition.distort": 0, "transition.fill": 1}),
        ):
            child = Xml.SubElement(element, "filter")
            _properties(child, {"mlt_service": service, **properties})
        entries.append((producer, int(start), int(start + length - 1)))
    film.playlist(entries)


def _properties(element: Xml.Element, properties: Mapping[str, object]) -> None:
    for name, value in properties.items():
        Xml.SubElement(element, "property", name=name).text = str(value)


def _frame(seconds: float) -> int:
    return round(seconds * RATE)


def _length(clip: Project) -> int:
    return _frame(clip["end_time"]) - _frame(clip["start_time"])
