"""Proxies: small films of the same proportions, with key frames close to each other."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from flows.commands.media import MediaNamed
from flows.commands.proxies import _small, make_proxy, proxy_of
from infra.commands import Call
from infra.errors import KinofarmError
from infra.services import Services
from tasks.compiler.imports import media
from tasks.media.probe import probe
from tests.media_factory import MediaFactory


@pytest.mark.parametrize(
    ("size", "proxy"), [((1920, 800), (1296, 540)), ((720, 1280), (540, 960)), ((320, 180), (320, 180))]
)
def test_a_proxy_keeps_the_proportions_and_is_never_larger(
    media_factory: MediaFactory, size: tuple[int, int], proxy: tuple[int, int]
) -> None:
    file = media_factory.video(10, rate=Fraction(30000, 1001), size=size, sound=False)
    facts = probe(file)
    (picture,) = facts.pictures
    small = _small(media.read(file, lambda _: facts).timeline, picture, str(file))
    assert small.export.size is not None
    assert (small.export.size.width, small.export.size.height) == proxy
    assert (small.export.container, small.export.video.codec, small.export.video.gop) == ("mp4", "h264", 15)
    assert (small.duration, small.rate) == (10, Fraction(30000, 1001))
    assert small.tracks[0].clips[0].source.path == str(file)  # type: ignore[union-attr]


def test_what_is_no_film_has_no_proxy(container: Services, media_root: Path, media_factory: MediaFactory) -> None:
    Image.new("RGB", (64, 64)).save(media_root / "still.png")
    shutil.copy(media_factory.sound(4800), media_root / "sound.m4a")
    for name, reason in (("still.png", "a single picture"), ("sound.m4a", "no picture")):
        with pytest.raises(KinofarmError) as caught:
            make_proxy(Call(container, "anna", "submit"), MediaNamed(path=name))
        assert caught.value.code == "MEDIA-014"
        assert reason in caught.value.message


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("two\tlines\n.mp4", "PATH-005"),
        ("half \udcff.mp4", "MEDIA-005"),
        ("100% done\u200b.mp4", ""),
        ("x" * 240 + ".mp4", ""),
    ],
)
def test_what_a_film_is_called_is_a_clear_error_at_most(
    container: Services, media_root: Path, media_factory: MediaFactory, name: str, code: str
) -> None:
    file = Path(shutil.copy(media_factory.video(10, sound=False), media_root / name))
    call = Call(container, "anna", "submit", remote=False)
    if not code:
        assert Path(proxy_of(call, file, probe(file)).job.project).stem.endswith("-proxy")
        return
    with pytest.raises(KinofarmError) as caught:
        proxy_of(call, file, probe(file))
    assert caught.value.code == code, "no timeline can name it"


@pytest.mark.parametrize(("shown", "film"), [((20_000, 48), (16384, 40)), ((300_000, 100), (16384, 16)), ((500, 499), (500, 500))])  # fmt: skip
def test_a_film_is_no_larger_than_films_are(shown: tuple[int, int], film: tuple[int, int]) -> None:
    size = media.size_of((Fraction(shown[0]), Fraction(shown[1])))
    assert (size.width, size.height) == film


def test_a_very_wide_film_has_a_proxy(container: Services, media_root: Path, media_factory: MediaFactory) -> None:
    file = media_factory.video(10, size=(1000, 48), sound=False, filters="setsar=20")
    facts = probe(file)
    assert facts.pictures[0].display_size == (20_000, 48)
    timeline = media.read(file, lambda _: facts).timeline
    assert (timeline.size.width, timeline.size.height) == (16384, 40)
    small = _small(timeline, facts.pictures[0], str(file)).export.size
    assert small is not None
    assert (small.width, small.height) == (16384, 40)


def test_a_film_of_absurd_length_or_place_in_time_is_an_error(media_factory: MediaFactory) -> None:
    file = media_factory.video(10, sound=False)
    facts = probe(file)
    for change, words in (
        ({"frames": 10_000_001}, "it has 10000001 frames at 25 a second, and a film at most 10000000"),
        ({"on_grid": False, "end": Fraction(10**9)}, "it has 25000000000 frames at 25 a second, and a film at most 10000000"),
        ({"start": Fraction(10**7)}, "source_start: Value error, must lie between 0 and 1000000 seconds"),
        ({"start": Fraction(-1)}, "source_start: Value error, must lie between 0 and 1000000 seconds"),
    ):  # fmt: skip
        odd = facts.model_copy(update={"pictures": (facts.pictures[0].model_copy(update=change),)})
        with pytest.raises(KinofarmError) as caught:
            media.read(file, lambda _, odd=odd: odd)  # type: ignore[misc]
        assert (caught.value.code, caught.value.detail) == ("MEDIA-005", words)
