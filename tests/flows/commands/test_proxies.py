"""Proxies: small films of the same proportions, with key frames close to each other."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from flows.commands.media import MediaNamed
from flows.commands.proxies import _small, make_proxy
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
