"""Every real file as a one-clip timeline: exact frame count, right way up, right shape, right colours, right sound.

What is expected is worked out here from the file itself, by PyAV, numpy and Pillow, and from the table below, which
was written by looking at the files.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray
from PIL import Image

from flows.dispatch import submit
from tasks.compiler.order import Order
from tests.acceptance import films
from tests.acceptance.kinofarm import Kinofarm, folder
from tests.acceptance.projects import media_clip, timeline, track, written

RATE = 25
SIZE = 320, 240
"""Neither square nor 16:9, so that every file has to be fitted."""


@dataclass(frozen=True)
class Known:
    """What is known of a file: frames of the film to make of it, and how its pixels are meant.

    turn: degrees clockwise that a player turns it. aspect: of a pixel. decoder: the one that sees all there is.
    """

    frames: int
    matrix: str = "bt709"
    full: bool = False
    turn: int = 0
    aspect: Fraction = Fraction(1)
    picture: bool = True
    sound: bool = True
    decoder: str = ""


FILES = {
    "av1_video.mkv": Known(75, sound=False),
    "big_buck_bunny_0_30.webm": Known(75, matrix="bt601"),
    "bt709_full_range.mp4": Known(25, full=True, sound=False),
    "chaplin.mp4": Known(75, matrix="bt601"),
    "eac3.mp4": Known(50, picture=False),
    "fire2.mp4": Known(60, turn=180),
    "frames.webm": Known(75, sound=False),
    "h265_10bits.mp4": Known(25, matrix="bt601", sound=False),
    "nasa_13013.mp4": Known(75),
    "piano.wav": Known(75, picture=False),
    "pigs_in_a_polka.gif": Known(75, sound=False),
    "rain.mp3": Known(75, picture=False),
    "red-image.png": Known(50, sound=False),
    "rotate-buck-bunny.mp4": Known(50, turn=90),
    "test1.mp4": Known(17, matrix="bt601", aspect=Fraction(11, 12)),
    "transparent.webm": Known(75, matrix="bt601", decoder="libvpx-vp9"),
}
PICTURES = [name for name, known in FILES.items() if known.picture]
SOUNDS = [name for name, known in FILES.items() if known.sound]


@pytest.fixture(scope="module")
def rendered(farm: Kinofarm, real_media: Path) -> Any:
    """Name of the file → the film that the farm made of it. All are submitted at once, without sixteen command lines."""
    with folder("matrix") as desk, farm.services() as container:

        def one(name: str) -> str:
            kind = "video" if FILES[name].picture else "audio"
            clip = media_clip(real_media / name, 0, FILES[name].frames)
            project = timeline(FILES[name].frames, track("T", clip, kind=kind), rate=RATE, size=SIZE, crf=10)
            order = Order(project=str(written(desk / f"{name}.json", project)), media_roots=(str(real_media),))
            parameters = {**order.model_dump(mode="json", exclude_none=True), "output": str(desk / f"{name}.mp4")}
            return str(submit(container, parameters, order.model_dump(mode="json", exclude={"project"})).id)

        ended = {name: farm.wait(job) for name, job in [(name, one(name)) for name in FILES]}
        assert {job["state"] for job in ended.values()} == {"done"}, ended
        yield {name: desk / f"{name}.mp4" for name in FILES}


def test_the_table_names_every_file(real_media: Path) -> None:
    assert {path.name for path in real_media.iterdir() if path.suffix != ".md"} == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_film_has_exactly_the_frames_that_its_timeline_says(rendered: dict[str, Path], name: str) -> None:
    assert films.count(rendered[name]) == FILES[name].frames


@pytest.mark.parametrize("name", FILES)
def test_sound_is_as_long_as_the_film(rendered: dict[str, Path], name: str) -> None:
    assert films.sound_length(rendered[name]) == FILES[name].frames * 48_000 // RATE


@pytest.mark.parametrize("name", PICTURES)
def test_picture_is_the_right_way_up(rendered: dict[str, Path], real_media: Path, name: str) -> None:
    shown, expected = _shown_and_expected(rendered[name], real_media / name)
    right = films.likeness(shown, expected)
    ways = [(degrees, mirrored) for degrees in (0, 90, 180, 270) for mirrored in (False, True)]
    for degrees, mirrored in ways:
        if (degrees, mirrored) != (FILES[name].turn, False):
            other = _framed(_turned(_source(real_media / name), degrees, mirrored), FILES[name].aspect)
            # A file that is its own mirror image (a plain red, a letter C) cannot tell; a wrong way loses by far more.
            assert films.likeness(shown, other) < right + 0.01, f"it looks turned by {degrees}, mirrored: {mirrored}"


@pytest.mark.parametrize("name", PICTURES)
def test_picture_has_the_right_shape_and_black_around_it(
    rendered: dict[str, Path], real_media: Path, name: str
) -> None:
    shown, expected = _shown_and_expected(rendered[name], real_media / name)
    assert films.likeness(shown, expected) > 0.9
    left, top, width, height = _place(real_media / name)
    around = np.ones(shown.shape[:2], dtype=bool)
    around[max(0, top - 2) : top + height + 2, max(0, left - 2) : left + width + 2] = False
    assert not around.any() or shown[around].max() < 12


@pytest.mark.parametrize("name", PICTURES)
def test_picture_has_the_right_colours(rendered: dict[str, Path], real_media: Path, name: str) -> None:
    shown, expected = _shown_and_expected(rendered[name], real_media / name)
    left, top, width, height = _place(real_media / name)
    inside = np.s_[top + 4 : top + height - 4, left + 4 : left + width - 4]
    difference = shown[inside] - expected[inside]
    assert np.abs(difference.mean(axis=(0, 1))).max() < 1.5, "a channel is off as a whole"
    rows, columns = (side // 8 * 8 for side in difference.shape[:2])  # in blocks, since 4:2:0 blurs colour
    blocks = difference[:rows, :columns].reshape(rows // 8, 8, columns // 8, 8, 3).mean(axis=(1, 3))
    assert np.sqrt((blocks**2).mean()) < 4


@pytest.mark.parametrize("name", [name for name in FILES if not FILES[name].picture])
def test_a_file_without_pictures_is_sound_over_black(rendered: dict[str, Path], name: str) -> None:
    assert all(films.luma(found).max() <= 18 for found in films.frames(rendered[name]))


@pytest.mark.parametrize("name", SOUNDS)
def test_sound_is_the_files_sound_at_its_time(rendered: dict[str, Path], real_media: Path, name: str) -> None:
    heard, rate, first = films.sound(rendered[name])
    assert rate == 48_000
    assert first == 0
    expected = _expected_sound(real_media / name)
    length = min(len(heard), len(expected))
    heard, expected = heard[:length], expected[:length]
    assert heard.shape[1] == 2
    loudness, wanted = np.sqrt((heard**2).mean(axis=0)), np.sqrt((expected**2).mean(axis=0))
    if wanted.max() < 1e-4:
        assert loudness.max() < 1e-4, "the file is silent"
        return
    assert loudness == pytest.approx(wanted, rel=0.05)
    for side in range(2):
        assert _correlation(heard[:, side], expected[:, side]) > 0.97


@pytest.mark.parametrize("name", [name for name in FILES if not FILES[name].sound])
def test_a_file_without_sound_is_silent(rendered: dict[str, Path], name: str) -> None:
    heard, _, _ = films.sound(rendered[name])
    assert np.abs(heard).max() < 1e-4


def _shown_and_expected(film: Path, file: Path) -> tuple[films.Pixels, films.Pixels]:
    known = FILES[file.name]
    picture = _turned(_source(file), known.turn, mirrored=False)
    return films.frame(film, known.frames // 2), _framed(picture, known.aspect)


_SOURCES: dict[Path, films.Pixels] = {}


def _source(file: Path) -> films.Pixels:
    """The file's picture that the middle frame of the film shows, as it is coded: neither turned nor scaled."""
    if file not in _SOURCES:
        _SOURCES[file] = _decoded(file)
    return _SOURCES[file]


def _decoded(file: Path) -> films.Pixels:
    known = FILES[file.name]
    with av.open(str(file)) as container:
        stream = max(container.streams.video, key=lambda found: (int(found.disposition) & 1, found.width))
        assert stream.time_base is not None
        begin = Fraction(container.start_time or 0, av.time_base)
        wanted = Fraction(known.frames // 2, RATE) + begin + stream.time_base / 2
        reached: Any = None
        found: Any
        if known.decoder:
            decoder: Any = av.CodecContext.create(known.decoder, "r")
            found = (picture for packet in container.demux(stream) for picture in decoder.decode(packet))
        else:
            found = container.decode(stream)
        for picture in found:
            if reached is not None and picture.pts * stream.time_base > wanted:
                break
            reached = picture
    if "yuva" in reached.format.name:
        alpha = films.plane_of(reached, 3) / 255
        return films.rgb(reached, known.matrix, full=known.full) * alpha[..., None]
    if "yuv" in reached.format.name:
        return films.rgb(reached, known.matrix, full=known.full)
    whole = np.asarray(reached.to_ndarray(format="rgba"), dtype=np.float64)
    return np.asarray(whole[..., :3] * whole[..., 3:] / 255)


def _turned(picture: films.Pixels, degrees: int, mirrored: bool) -> films.Pixels:
    turned = np.rot90(picture, k=-degrees // 90)
    return turned[:, ::-1] if mirrored else turned


def _framed(picture: films.Pixels, aspect: Fraction) -> films.Pixels:
    """The picture contained in the frame, centred on black."""
    left, top, width, height = _box(picture.shape, aspect)
    image = Image.fromarray(picture.round().astype(np.uint8)).resize((width, height), Image.Resampling.BICUBIC)
    frame = Image.new("RGB", SIZE)
    frame.paste(image, (left, top))
    return np.asarray(frame, dtype=np.float64)


def _place(file: Path) -> tuple[int, int, int, int]:
    """Where the file's picture lies in the frame: left, top, width, height."""
    return _box(_turned(_source(file), FILES[file.name].turn, mirrored=False).shape, FILES[file.name].aspect)


def _box(shape: tuple[int, ...], aspect: Fraction) -> tuple[int, int, int, int]:
    """Left, top, width and height of a picture of that shape (rows, columns) contained in the frame."""
    height, width = shape[0], shape[1] * aspect
    factor = min(Fraction(SIZE[0]) / width, Fraction(SIZE[1], height))
    fitted = round(width * factor), round(height * factor)
    return (SIZE[0] - fitted[0]) // 2, (SIZE[1] - fitted[1]) // 2, *fitted


def _expected_sound(file: Path) -> NDArray[np.float64]:
    """The file's sound as stereo at 48 kHz, from the container's first timestamp on, silent where the file has a gap.

    5.1 is folded down by ITU-R BS.775.
    """
    with av.open(str(file)) as container:
        stream = container.streams.audio[0]
        begin = Fraction(container.start_time or 0, av.time_base)
        to_float = AudioResampler(format="fltp", layout=stream.layout)
        pieces: list[tuple[int, NDArray[np.float32]]] = []
        for found in container.decode(stream):
            start = round(((found.pts or 0) * Fraction(found.time_base or 0) - begin) * found.rate)
            samples = np.concatenate([part.to_ndarray() for part in to_float.resample(found)], axis=1)
            pieces.append((max(0, start), samples[:, max(0, -start) :]))
        whole = av.AudioFrame.from_ndarray(_laid_out(pieces, stream.rate // 1000), "fltp", stream.layout.name)
        whole.rate = stream.rate
    resampler = AudioResampler(format="fltp", layout=stream.layout, rate=48_000)
    resampled = [*resampler.resample(whole), *resampler.resample(None)]
    channels = np.concatenate([part.to_ndarray() for part in resampled], axis=1).astype(np.float64)
    if len(channels) == 1:
        return np.stack([channels[0], channels[0]], axis=1)
    if len(channels) == 6:
        left, right, centre, _, left_back, right_back = channels
        half = 0.5**0.5
        return np.stack([left + half * (centre + left_back), right + half * (centre + right_back)], axis=1)
    return np.asarray(channels.T)


def _laid_out(pieces: list[tuple[int, NDArray[np.float32]]], rounding: int) -> NDArray[np.float32]:
    """Join pieces of sound by their first samples' places; a gap is silent.

    Less than `rounding` samples is a timestamp's rounding, and a jump that the next piece takes back a wrong timestamp.
    """
    laid: list[NDArray[np.float32]] = []
    length = 0
    for number, (start, samples) in enumerate(pieces):
        end = start + samples.shape[1]
        confirmed = number + 1 == len(pieces) or abs(pieces[number + 1][0] - end) <= rounding
        if start - length > rounding and confirmed:
            laid.append(np.zeros((len(samples), start - length), np.float32))
            length = start
        laid.append(samples)
        length += samples.shape[1]
    return np.ascontiguousarray(np.concatenate(laid, axis=1))


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float((a * b).sum() / max(1e-12, np.sqrt((a**2).sum() * (b**2).sum())))
