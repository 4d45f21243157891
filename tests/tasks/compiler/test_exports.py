"""What comes out: every container with every codec that it takes, rendered in chunks, joined, verified and played."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from infra.errors import KinofarmError
from tasks.compiler.claimed import prove
from tasks.compiler.encoders import ENCODERS, SOUND_ENCODERS
from tasks.compiler.exports import check_export, check_name, muxing
from tasks.compiler.model import Export, Timeline
from tasks.compiler.plan import Plan
from tasks.filesystem.publish import publish_folder
from tasks.media.assemble import ChunkFile, SoundFile
from tasks.media.containers import CONTAINERS
from tasks.media.film import Parts, join_parts, verify_and_keep
from tasks.media.packets import decoder_of
from tasks.media.palette import count_gif
from tasks.media.poster import poster
from tasks.media.proof import ChunkProof, SoundProof
from tasks.media.sequence import write_pictures
from tests.tasks.compiler.films import NTSC, PAL, Studio, clip, join, timeline, title, track

FRAMES = 8
SIZE = {"width": 256, "height": 128}
QUICK = {"preset": "ultrafast"}

FILMS = [(row.name, codec) for row in CONTAINERS.values() if row.kind == "film" for codec in row.pictures]
SOUNDS = [(row.name, codec) for row in CONTAINERS.values() for codec in row.sounds]


class Shelf:
    """A shelf that keeps a film where the test finds it, and knows no joins."""

    def __init__(self, folder: Path) -> None:
        self.joins, self.folder = self, folder

    def proven(self, joins: Any) -> frozenset[Any]:
        return frozenset()

    def add(self, joins: Any) -> None:
        pass

    def keep(self, key: str, source: Path, kind: str, **facts: Any) -> Any:
        from infra.cache.store import Stored
        from tasks.media.probe import content_hash

        place = source.replace(self.folder / f"kept{source.suffix}")
        return Stored(key=key, size=place.stat().st_size, sha256=content_hash(place))


def made(studio: Studio, film: Timeline, chunk_seconds: float = 0.12) -> tuple[Path, Any, Plan]:
    """Render a film's chunks and sound, join and verify them; returns the file, its facts and the plan."""
    folder = Path(tempfile.mkdtemp(dir=studio.folder))
    found = studio.plan(film, chunk_seconds)
    pictures, hashes = [], {}
    for chunk in found.chunks:
        path = studio.rendered(chunk.work)
        proof = prove(chunk.work, path, studio.renderer, f"chunk {chunk.index}")
        assert isinstance(proof, ChunkProof)
        pictures.append(ChunkFile(path, proof))
        hashes[chunk.work.key] = proof.sha256
    sound = None
    if found.sound is not None:
        path = studio.rendered(found.sound)
        heard = prove(found.sound, path, studio.renderer, "sound")
        assert isinstance(heard, SoundProof)
        sound, hashes[found.sound.key] = SoundFile(path, heard), heard.sha256
    parts = Parts(tuple(pictures), sound, hashes)
    joined = join_parts(parts, found.rate, folder, found.muxing)
    kept: Any = Shelf(folder)
    facts = verify_and_keep("0" * 64, joined, parts, found.rate, kept, found.muxing, studio.binary)
    (path,) = folder.glob("kept*")
    return path, facts.facts.measurements, found


def film_of(studio: Studio, export: dict[str, Any], rate: Fraction = NTSC, **more: Any) -> Timeline:
    """Eight frames of a counted source with a tone, at 29.97."""
    tone = 0.25 * np.sin(np.arange(96_000) * 2 * np.pi * 440 / 48_000)
    name = studio.counted("tone.mp4", 40, NTSC, size=(256, 128), sound=np.stack([tone, tone]))
    export = {"video": QUICK | export.pop("video", {})} | export
    shots = more.pop("tracks", [track(clip("a", name, 0, FRAMES, source_start="1001/3000"))])
    return timeline(*shots, duration=FRAMES, rate=rate, **({"size": SIZE, "export": export} | more))


def lumas(path: Path) -> list[int]:
    """The middle of every picture that PyAV plays, as grey from 0 to 255 in full range."""
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        decoder, found = decoder_of(stream), []
        for packet in file.demux(stream):
            for frame in decoder.decode(packet if packet.size else None):
                grey = frame.reformat(format="gray", dst_color_range=2).to_ndarray()
                found.append(int(grey[grey.shape[0] // 2, grey.shape[1] // 2]))
        return found


def played(path: Path) -> tuple[int, float]:
    """How many samples PyAV plays, and the loudest of them as a share of full scale."""
    count, loudest = 0, 0.0
    with av.open(str(path)) as file:
        for frame in file.decode(audio=0):
            samples = frame.to_ndarray()
            full = 1 if samples.dtype.kind == "f" else -float(np.iinfo(samples.dtype).min)
            count, loudest = count + frame.samples, max(loudest, float(np.abs(samples.astype(float)).max()) / full)
    return count, loudest


def test_the_model_and_the_tables_name_the_same_things() -> None:
    model = Export.model_json_schema()
    assert set(model["properties"]["container"]["enum"]) == set(CONTAINERS)
    assert set(model["$defs"]["VideoExport"]["properties"]["codec"]["enum"]) == {row.codec for row in ENCODERS.values()}
    assert set(model["$defs"]["SoundExport"]["properties"]["codec"]["enum"]) == set(SOUND_ENCODERS)
    taken = {codec for row in CONTAINERS.values() for codec in (*row.pictures, *row.sounds)}
    assert taken == {row.codec for row in ENCODERS.values()} | set(SOUND_ENCODERS)


@pytest.mark.parametrize(("container", "codec"), FILMS)
def test_every_codec_in_every_container_plays_to_the_last_frame(studio: Studio, container: str, codec: str) -> None:
    path, measured, found = made(studio, film_of(studio, {"container": container, "video": {"codec": codec}}))
    assert len(found.chunks) == 2
    assert measured.frames == FRAMES
    shown = lumas(path)
    wanted = [round((10 + n) * 255 / 219) for n in range(FRAMES)]
    assert len(shown) == FRAMES
    assert all(abs(a - b) <= 3 for a, b in zip(shown, wanted, strict=True)), (shown, wanted)
    count, loudest = played(path)
    assert count >= measured.sound_samples
    assert loudest == pytest.approx(0.25, abs=0.04)


@pytest.mark.parametrize(("container", "codec"), SOUNDS)
def test_every_sound_in_every_container_plays_to_the_last_sample(studio: Studio, container: str, codec: str) -> None:
    bits = {"bits": 24} if codec == "flac" else {}
    path, measured, _ = made(studio, film_of(studio, {"container": container, "sound": {"codec": codec} | bits}))
    assert measured.sound_samples == FRAMES * 48_048 // 30
    count, loudest = played(path)
    assert count >= measured.sound_samples - (128 if codec == "vorbis" else 0)
    assert loudest == pytest.approx(0.25, abs=0.04)


def test_a_gif_has_one_palette_and_every_frame_at_its_hundredth(studio: Studio) -> None:
    path, measured, found = made(studio, film_of(studio, {"container": "gif"}))
    assert (len(found.chunks), found.sound, measured.frames, measured.shape.codec) == (2, None, FRAMES, "gif")
    shown = lumas(path)
    assert all(abs(a - round((10 + n) * 255 / 219)) <= 3 for n, a in enumerate(shown)), shown
    content = path.read_bytes()
    assert content[:6] == b"GIF89a"
    assert content.count(b"NETSCAPE2.0") == 1
    with pytest.raises(KinofarmError) as refused:
        count_gif(path, frames=FRAMES + 1, rate=NTSC, size=(256, 128))
    assert refused.value.code == "VERIFY-002"


@pytest.mark.parametrize(("container", "first"), [("png", "000001.png"), ("jpg", "000001.jpg")])
def test_pictures_one_by_one_are_numbered_files(studio: Studio, tmp_path: Path, container: str, first: str) -> None:
    path, measured, _ = made(studio, film_of(studio, {"container": container}))
    publish_folder(partial(write_pictures, path), tmp_path / "pictures", {tmp_path / "x.json": b"{}"})
    files = sorted(file.name for file in (tmp_path / "pictures").iterdir())
    assert (len(files), files[0], measured.frames) == (FRAMES, first, FRAMES)
    assert (tmp_path / "x.json").read_bytes() == b"{}"
    for number, name in enumerate(files):
        with Image.open(tmp_path / "pictures" / name) as picture:
            grey = picture.convert("RGB").getpixel((128, 64))
        assert all(abs(value - round((10 + number) * 255 / 219)) <= 3 for value in grey), (name, grey)
    with pytest.raises(KinofarmError) as refused:
        publish_folder(partial(write_pictures, path), tmp_path / "pictures", {})
    assert refused.value.code == "PUBLISH-011"


CLEAR = [
    {"container": "mov", "video": {"codec": "prores", "alpha": True}},
    {"container": "mkv", "video": {"codec": "prores", "profile": "4444xq", "alpha": True}},
    {"container": "webm", "video": {"codec": "vp9", "alpha": True, "crf": 4}},
    {"container": "png", "video": {"alpha": True}},
]


@pytest.mark.parametrize("export", CLEAR, ids=lambda export: f"{export['container']}")
def test_what_no_clip_covers_stays_clear(studio: Studio, export: dict[str, Any]) -> None:
    """A picture in the left half that fades into another, a half clear title in the right half, a subtitle below."""
    name = studio.counted("grey.mp4", 40, size=(128, 128))
    left = {"cell": {"x": 0, "y": 0, "width": 0.5, "height": 1, "fit": "fill"}}
    shots = [clip("a", name, 0, 4, source_start="1/25", **left), clip("b", name, 4, 8, source_start=1, **left)]
    box = {"x": 0.6, "y": 0.2, "width": 0.3, "height": 0.3}
    film = film_of(
        studio,
        export,
        PAL,
        tracks=[track(*shots, joins=[join("a", "b", 3, 5)]), track(title("t", 0, 8, colour="#ff000080", box=box))],
        subtitles=[{"text": "MM", "x": 0.75, "start": 0, "end": 8}],
    )
    path, _, _ = made(studio, film)
    seen = []
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        decoder = decoder_of(stream)
        for packet in file.demux(stream):
            seen += [frame.to_ndarray(format="rgba") for frame in decoder.decode(packet if packet.size else None)]
    assert len(seen) == 8
    for picture in seen:
        assert picture[30, 50, 3] >= 253
        assert picture[10, 250, 3] <= 2
        red, green, blue, alpha = (int(value) for value in picture[40, 190])
        assert alpha == pytest.approx(128, abs=4)
        assert red > 240
        assert max(green, blue) < 14
        assert picture[100:, 130:, 3].max() > 240, "the subtitle is not there"


def test_ten_bits_are_ten_bits_from_the_source_on(studio: Studio) -> None:
    """A ramp of 10 bit steps of one: in 8 bits four of them would be one."""
    name = studio.source("ramp.mkv", ramp)
    shot = clip("a", name, 0, FRAMES)
    small = title("t", 0, FRAMES, box={"x": 0, "y": 0, "width": 0.1, "height": 0.1})
    export = {"container": "mov", "video": {"codec": "prores", "profile": "4444xq"}}
    path, _, _ = made(studio, film_of(studio, export, PAL, tracks=[track(shot), track(small)]))
    with av.open(str(path)) as file:
        plane = next(file.decode(video=0)).planes[0]
    shown = np.frombuffer(plane, np.uint16).reshape(plane.height, plane.line_size // 2)[64, 40:240]
    assert len({int(value) for value in shown}) >= 150
    for codec in ("hevc", "h264", "av1", "vp9"):
        export = {"container": "mkv", "video": {"codec": codec, "bits": 10}}
        work = studio.plan(film_of(studio, export, PAL, tracks=[track(shot)])).chunks[0].work
        assert work.shape is not None
        assert work.shape.pixel_format == "yuv420p10le"
        assert "yuv420p," not in str(work.stages[0].argv)
        prove(work, studio.rendered(work), studio.renderer, codec)


def ramp(path: Path) -> None:
    with av.open(str(path), "w") as file:
        stream = file.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 256, 128, "yuv422p10le"
        context = stream.codec_context
        context.colorspace, context.color_primaries, context.color_trc, context.color_range = 1, 1, 1, 1
        for number in range(FRAMES):
            picture = av.VideoFrame(256, 128, "yuv422p10le")
            for plane, values in zip(
                picture.planes, (np.arange(300, 556), np.full(128, 512), np.full(128, 512)), strict=True
            ):
                rows = np.zeros((plane.height, plane.line_size // 2), np.uint16)
                rows[:, : len(values)] = values
                plane.update(rows)
            picture.pts = number
            file.mux(stream.encode(picture))
        file.mux(stream.encode(None))


@pytest.mark.parametrize("container", ["mp4", "mov", "mkv", "webm", "m4a", "ogg"])
def test_chapters_tags_and_language_are_in_the_file(studio: Studio, container: str) -> None:
    markers = [
        {"time": 2, "name": "One = 1; #a", "kind": "chapter"},
        {"time": 3, "name": "a note"},
        {"time": 5, "name": "Zwölf", "kind": "chapter"},
    ]
    tags = {"title": "A film: its name", "author": "Мы", "language": "deu"}
    codecs = {"m4a": ("h264", "aac"), "ogg": ("h264", "opus"), "webm": ("vp9", "opus")}.get(container, ("h264", "aac"))
    export = {"container": container, "tags": tags, "video": {"codec": codecs[0]}, "sound": {"codec": codecs[1]}}
    path, _, _ = made(studio, film_of(studio, export, markers=markers))
    with av.open(str(path), metadata_errors="replace") as file:
        named = {name.casefold(): text for name, text in (file.metadata | file.streams.audio[0].metadata).items()}
        chapters = [
            (one["metadata"].get("title"), round(float(one["start"] * one["time_base"]), 2)) for one in file.chapters()
        ]
        assert (named["title"], named["artist"]) == ("A film: its name", "Мы")
        assert named["language"] == ("ger" if container == "mov" else "deu")
    assert chapters == [("Start", 0.0), ("One = 1; #a", round(2 / 29.97, 2)), ("Zwölf", round(5 / 29.97, 2))]


def test_the_poster_is_the_film_s_own_frame(studio: Studio) -> None:
    for container in ("mp4", "webm", "avi"):
        film = film_of(studio, {"container": container, "poster": {"frame": 6, "format": "png"}})
        path, _, found = made(studio, film)
        assert found.poster is not None
        with Image.open(BytesIO(poster(path, found.poster.frame, found.rate, "png"))) as picture:
            assert picture.size == (256, 128)
            assert abs(picture.convert("L").getpixel((128, 64)) - round(16 * 255 / 219)) <= 3
    assert studio.plan(film, start=7, end=8).poster == found.poster.model_copy(update={"frame": 0})


@pytest.mark.parametrize("codec", ["h264", "hevc", "vp9"])
def test_two_passes_look_at_each_chunk_first(studio: Studio, codec: str) -> None:
    video = {"codec": codec, "mode": "vbr", "bitrate": 300, "passes": 2}
    _, measured, found = made(studio, film_of(studio, {"container": "mkv", "video": video}))
    assert [len(chunk.work.stages) for chunk in found.chunks] == [2, 2]
    assert measured.joins_decoded == 1


@pytest.mark.parametrize(
    ("codec", "mode"), [(codec, mode) for codec in ("h264", "hevc", "av1", "vp9") for mode in ("vbr", "cbr")]
)
def test_every_rate_control_renders(studio: Studio, codec: str, mode: str) -> None:
    film = film_of(studio, {"container": "mkv", "video": {"codec": codec, "mode": mode, "bitrate": 400}})
    for chunk in studio.plan(film).chunks:
        prove(chunk.work, studio.rendered(chunk.work), studio.renderer, "chunk")


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"container": "webm", "video": {"codec": "h264"}}, "CHECK-060", "export.video.codec"),
    ({"container": "mp4", "sound": {"codec": "pcm"}}, "CHECK-060", "export.sound.codec"),
    ({"container": "wav", "sound": {"codec": "aac"}}, "CHECK-060", "export.sound.codec"),
    ({"container": "mov", "video": {"codec": "prores", "crf": 3}}, "CHECK-061", "export.video.mode"),
    ({"container": "avi", "video": {"codec": "jpeg", "mode": "cbr", "bitrate": 900}}, "CHECK-062", "export.video.mode"),
    ({"video": {"codec": "hevc", "profile": "hq"}}, "CHECK-063", "export.video.profile"),
    ({"container": "mov", "video": {"codec": "prores", "bits": 8}}, "CHECK-063", "export.video.bits"),
    (
        {"container": "mov", "video": {"codec": "prores", "profile": "hq", "alpha": True}},
        "CHECK-063",
        "export.video.profile",
    ),
    ({"container": "mov", "video": {"codec": "dnxhr", "profile": "sq", "bits": 10}}, "CHECK-063", "export.video.bits"),
    ({"container": "mov", "video": {"codec": "prores", "alpha": True, "bits": 10}}, "CHECK-063", "export.video.bits"),
    ({"video": {"alpha": True}}, "CHECK-063", "export.video.alpha"),
    ({"video": {"encoder": "libx265"}}, "CHECK-064", "export.video.encoder"),
    ({"video": {"encoder": "mine"}}, "CHECK-064", "export.video.encoder"),
    ({"video": {"crf": 52}}, "CHECK-065", "export.video.crf"),
    ({"video": {"codec": "av1"}, "ffmpeg_args": ["-tune", "film"]}, "CHECK-066", "export.ffmpeg_args"),
    ({"container": "mp4", "video": {"codec": "vp9", "alpha": True}}, "CHECK-067", "export.video.alpha"),
    ({"container": "gif"}, "CHECK-068", "export.container"),
    (
        {"container": "mov", "size": {"width": 128, "height": 64}, "video": {"codec": "dnxhr"}},
        "CHECK-069",
        "export.video.codec",
    ),
    ({"container": "wav", "poster": {"frame": 0}}, "CHECK-070", "export.poster"),
    ({"poster": {"frame": 8}}, "CHECK-071", "export.poster.frame"),
    ({"video": {"mode": "vbr"}}, "CHECK-072", "export.video.bitrate"),
    ({"video": {"passes": 2}}, "CHECK-073", "export.video.passes"),
    ({"container": "mp4", "sound": {"codec": "mp3", "bitrate": 400}}, "CHECK-074", "export.sound.bitrate"),
]


@pytest.mark.parametrize(("export", "code", "where"), REFUSED, ids=[f"{code} {where}" for _, code, where in REFUSED])
def test_what_the_tables_can_not_make_is_refused_with_its_place(export: dict[str, Any], code: str, where: str) -> None:
    film = timeline(duration=FRAMES, rate=Fraction(60), size=SIZE, export=export)
    with pytest.raises(KinofarmError) as refused:
        list(check_export(film))
    assert (refused.value.code, refused.value.where) == (code, where)


def test_soft_subtitles_go_into_containers_that_hold_them_and_are_refused_elsewhere() -> None:
    line = {"text": "Hello", "start": 1, "end": 4, "language": "en"}
    for container, export in (("mp4", {}), ("mov", {"container": "mov"})):
        film = timeline(duration=FRAMES, size=SIZE, subtitles=[line], export={"subtitles": "soft"} | export)
        assert list(check_export(film)) == [], container
        assert [track.language for track in muxing(film, 0, FRAMES).subtitles] == ["en"]
    film = timeline(duration=FRAMES, size=SIZE, subtitles=[line], export={"subtitles": "both", "container": "webm"})
    with pytest.raises(KinofarmError) as refused:
        list(check_export(film))
    assert (refused.value.code, refused.value.where) == ("CHECK-076", "export.subtitles")
    for form, container in (("srt", "mp4"), ("mov_text", "mkv")):
        export = {"subtitles": "soft", "subtitle_form": form, "container": container}
        with pytest.raises(KinofarmError) as refused:
            list(check_export(timeline(duration=FRAMES, size=SIZE, subtitles=[line], export=export)))
        assert (refused.value.code, refused.value.where) == ("CHECK-084", "export.subtitle_form")
    chosen = {"subtitles": "soft", "subtitle_form": "ass", "container": "mkv"}
    film = timeline(duration=FRAMES, size=SIZE, subtitles=[line], export=chosen)
    assert muxing(film, 0, FRAMES).text_form == "ass"
    burnt = timeline(duration=FRAMES, size=SIZE, subtitles=[line])
    assert muxing(burnt, 0, FRAMES).subtitles == ()


def test_what_a_container_does_not_hold_is_said() -> None:
    marker = {"time": 0, "name": "a", "kind": "chapter"}
    film = timeline(duration=FRAMES, size=SIZE, sample_rate=44_100, markers=[marker], export={"container": "webm"})
    assert [notice.code for notice in check_export(film)] == ["CHECK-940"]
    film = film.model_copy(update={"export": Export.model_validate({"container": "avi", "tags": {"title": "x"}})})
    assert [notice.code for notice in check_export(film)] == ["CHECK-941"]
    film = film.model_copy(update={"export": Export.model_validate({"container": "gif", "tags": {"title": "x"}})})
    assert [notice.code for notice in check_export(film)] == ["CHECK-941", "CHECK-941"]


def test_a_name_may_not_promise_another_container() -> None:
    check_name(Export(), Path("a.mp4"))
    check_name(Export(), Path("a.M4V"))
    check_name(Export(), Path("a"))
    check_name(Export(), Path("a.v2"))
    for export, name in (
        (Export(), "a.mov"),
        (Export(container="png"), "a.png.gif"),
        (Export(container="wav"), "a.mp3"),
    ):
        with pytest.raises(KinofarmError) as refused:
            check_name(export, Path(name))
        assert refused.value.code == "PUBLISH-010"


def test_codecs_that_are_not_named_are_the_container_s_usual_ones() -> None:
    for row in CONTAINERS.values():
        export = Export.model_validate({"container": row.name})
        assert not row.pictures or export.video.codec == row.pictures[0]
        assert not row.sounds or export.sound.codec == row.sounds[0]
