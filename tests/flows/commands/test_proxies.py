"""Proxies: small films of the same proportions, with key frames close to each other."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from flows.commands.analysing import AnalysisNamed
from flows.commands.media import MediaNamed
from flows.commands.proxies import _small, make_proxy, proxy_of
from flows.commands.reframing import ReframeWanted, render_boxes, render_reframed
from flows.looking import entered
from infra.commands import Call
from infra.errors import KinofarmError
from infra.jobs.store import JobStore
from infra.library.analyses import AnalysisStore
from infra.services import Services
from tasks.compiler.imports import media
from tasks.media.probe import content_hash, probe
from tasks.recognition.findings import Finding, PathPoint
from tests.fakes.analyses import looked_through
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


def test_a_content_has_one_proxy_wherever_it_lies_and_whoever_asks(
    container: Services, media_root: Path, tmp_path: Path, media_factory: MediaFactory
) -> None:
    film = media_factory.video(30, pattern="smptehdbars")
    (media_root / "day 2").mkdir()
    for place in (media_root / "a.mp4", media_root / "day 2" / "b.mp4", tmp_path / "away.mp4"):
        shutil.copy(film, place)
    anna, bert = Call(container, "anna", "submit"), Call(container, "bert", "submit")
    here = Call(container, "carl", "admin", remote=False)
    first = make_proxy(anna, MediaNamed(path="a.mp4")).job
    assert make_proxy(bert, MediaNamed(path="day 2/b.mp4")).job.id == first.id
    assert make_proxy(here, MediaNamed(path=str(tmp_path / "away.mp4"))).job.id == first.id
    shutil.copy(media_factory.video(31, pattern="smptehdbars"), media_root / "other.mp4")
    assert make_proxy(anna, MediaNamed(path="other.mp4")).job.id != first.id, "another content"
    jobs = container.get(JobStore)
    jobs.fail(first.id, {"code": "MEDIA-001"})
    again = make_proxy(bert, MediaNamed(path="a.mp4")).job
    assert again.id != first.id, "it failed: it is made again"
    assert make_proxy(here, MediaNamed(path=str(media_root / "a.mp4"))).job.id == again.id


def test_the_same_content_asked_for_in_two_places_at_once_is_one_job(
    container: Services, media_root: Path, media_factory: MediaFactory
) -> None:
    for name in ("a.mp4", "b.mp4", "c.mp4", "d.mp4"):
        shutil.copy(media_factory.video(32, pattern="smptehdbars"), media_root / name)
    call = Call(container, "anna", "submit")
    with ThreadPoolExecutor(4) as at_once:
        made = at_once.map(
            lambda name: make_proxy(call, MediaNamed(path=name)).job.id, ["a.mp4", "b.mp4", "c.mp4", "d.mp4"]
        )
        assert len(set(made)) == 1


def test_who_is_on_the_farm_s_machine_has_films_made_of_any_file_and_others_of_media_roots(
    container: Services, tmp_path: Path, media_factory: MediaFactory
) -> None:
    film = Path(shutil.copy(media_factory.video(33, pattern="smptehdbars"), tmp_path / "away.mp4"))
    here, far = Call(container, "carl", "admin", remote=False), Call(container, "anna", "admin")
    assert make_proxy(here, MediaNamed(path=str(film))).job.options["media_roots"] == [str(tmp_path)]
    with pytest.raises(KinofarmError, match="PATH-002"):
        make_proxy(far, MediaNamed(path=str(film)))
    store = container.get(AnalysisStore)
    box = (1.0, 1.0, 90.0, 90.0)
    dog = Finding(
        name="dog", track=1, first=0, last=9, begin=Fraction(0), end=Fraction(2, 5), seen=9, best=0.9, mean=0.8, best_frame=1,
        best_seconds=Fraction(0), best_box=box, path=(PathPoint(frame=0, seconds=Fraction(0), box=box),),
    )  # fmt: skip
    model = {"model": "ab" * 32}
    row = looked_through(store, content_hash(film), str(film), "pets", tuple(entered([dog])), result=model, by="carl")
    for command, wanted in (
        (render_boxes, AnalysisNamed(analysis=row.id)),
        (render_reframed, ReframeWanted(analysis=row.id)),
    ):
        assert command(here, wanted).job.state == "accepted"
        with pytest.raises(KinofarmError, match="PATH-002"):
            command(far, wanted)


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
