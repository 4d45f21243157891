"""The pipeline, end to end with the detector of shapes, and with models written by hand."""

from __future__ import annotations

import threading
import time
import tracemalloc
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from infra.errors import KinofarmError
from tasks.media.numbered import parsed
from tasks.media.numbered_probe import probe_numbered
from tasks.media.probe import probe
from tasks.recognition import pipeline, session
from tasks.recognition.findings import findings
from tasks.recognition.found import FoundFrame, FoundFrames
from tasks.recognition.frames import Pace, taken_frames
from tasks.recognition.masks import COARSE, cells
from tasks.recognition.model import ModelFacts, facts_of, model_bytes
from tasks.recognition.pipeline import RecogniseOptions, recognise
from tasks.recognition.session import OpenModel
from tasks.recognition.tracks import tracked
from tests.media_factory import MediaFactory, pictures
from tests.models.onnx_writer import constant, slow
from tests.models.shapes.average_precision import Seen, mean_average_precision, overlap
from tests.models.shapes.drawn import KINDS, box
from tests.tasks.recognition.conftest import (
    DETECTOR,
    FRAMES,
    MOVERS,
    RATE,
    ShapesFilm,
    frame_duration,
    frames_of_shapes,
    opened,
)


def frames_of(groups: list[FoundFrames]) -> list[FoundFrame]:
    """All frames of some groups."""
    return [frame for group in groups for frame in group.frames]


def everything(film: ShapesFilm, model: OpenModel, options: RecogniseOptions | None = None) -> list[FoundFrame]:
    """What is found in a whole film."""
    return frames_of(list(recognise(film.path, film.facts, model, options or RecogniseOptions())))


def test_shapes_of_a_film_are_found_where_they_are(shapes_film: ShapesFilm, open_detector: OpenModel) -> None:
    frames = everything(shapes_film, open_detector, RecogniseOptions(least=0.02, overlap=0.6))
    assert [frame.number for frame in frames] == list(range(FRAMES))
    assert [frame.seconds for frame in frames] == [Fraction(number, RATE) for number in range(FRAMES)]
    found = [Seen(frame.number, one.kind, one.box, one.score) for frame in frames for one in frame.found]
    true = [Seen(number, kind, box) for number, shown in enumerate(shapes_film.shown) for kind, box in shown]
    assert mean_average_precision(found, true) >= 0.9
    assert mean_average_precision(found, true, least=0.75) >= 0.9


def test_findings_begin_and_end_within_two_frames_of_the_truth(
    shapes_film: ShapesFilm, open_detector: OpenModel
) -> None:
    frames = tracked(everything(shapes_film, open_detector))
    found = findings(frames, KINDS, frame_duration(shapes_film.facts))
    true = sorted((KINDS[mover.shape.kind], mover.first, mover.end) for mover in MOVERS)
    seen = sorted((one.name, one.first, one.last + 1) for one in found)
    assert [name for name, _, _ in seen] == [name for name, _, _ in true]
    for (_, first, end), (_, wanted_first, wanted_end) in zip(seen, true, strict=True):
        assert abs(first - wanted_first) <= 2
        assert abs(end - wanted_end) <= 2
    for one in found:
        assert one.begin == Fraction(one.first, RATE)
        assert one.end == Fraction(one.last + 1, RATE)


@pytest.mark.parametrize("pace", [Pace(), Pace(every=3), Pace(rate=Fraction(10)), Pace(rate=Fraction(7, 2))])
def test_work_that_goes_on_after_any_group_finds_what_it_would_have_found(
    shapes_film: ShapesFilm, open_detector: OpenModel, pace: Pace
) -> None:
    options = RecogniseOptions(pace=pace, group=16)
    whole = list(recognise(shapes_film.path, shapes_film.facts, open_detector, options))
    assert len(whole) > 1
    assert [group.begin for group in whole[1:]] == [group.end for group in whole[:-1]]
    for place, group in enumerate(whole):
        rest = list(recognise(shapes_film.path, shapes_film.facts, open_detector, options, begin=group.begin))
        assert [frame.number for frame in frames_of(rest)] == [frame.number for frame in frames_of(whole[place:])]
        # Batches differ, and with them the last digits.
        for one, other in zip(frames_of(rest), frames_of(whole[place:]), strict=True):
            assert [a.kind for a in one.found] == [b.kind for b in other.found]
            for a, b in zip(one.found, other.found, strict=True):
                assert a.box == pytest.approx(b.box, abs=1e-2)


OPEN_GROUPS = ("-c:v", "libx264", "-preset", "ultrafast", "-x264-params", "open-gop=1:keyint=20:bframes=3")


@pytest.mark.parametrize(
    ("name", "argv"),
    [
        ("open.mp4", OPEN_GROUPS),
        ("open.mkv", (*OPEN_GROUPS, "-r", "30000/1001")),
        ("open.ts", OPEN_GROUPS),
        ("order.avi", ("-c:v", "mpeg4", "-bf", "2", "-q:v", "4")),
    ],
)
def test_work_goes_on_in_files_whose_pictures_refer_over_key_frames_or_have_no_times(
    shapes_film: ShapesFilm, open_detector: OpenModel, media_factory: MediaFactory, name: str, argv: tuple[str, ...]
) -> None:
    made = media_factory.make(f"going-on-{name}", "-i", f"file:{shapes_film.path}", *argv)
    facts = probe(made)
    options = RecogniseOptions(pace=Pace(every=3), group=8, least=0.3)
    whole = list(recognise(made, facts, open_detector, options))
    picture = facts.picture()
    assert picture is not None
    assert [frame.number for frame in frames_of(whole)] == list(range(0, picture.frames, 3))
    if picture.rate is not None and picture.constant_rate:
        assert all(frame.seconds == picture.start + frame.number / picture.rate for frame in frames_of(whole))
    for place in (2, 5):
        rest = frames_of(list(recognise(made, facts, open_detector, options, begin=whole[place].begin)))
        for one, other in zip(rest, frames_of(whole[place:]), strict=True):
            assert (one.number, one.seconds) == (other.number, other.seconds)
            assert [a.kind for a in one.found] == [b.kind for b in other.found]
            for a, b in zip(one.found, other.found, strict=True):
                assert a.box == pytest.approx(b.box, abs=0.05)


def test_no_frame_is_lost_where_a_seek_lands_on_a_later_key_frame(
    shapes_film: ShapesFilm, media_factory: MediaFactory
) -> None:
    made = media_factory.make("going-on-open.mp4", "-i", f"file:{shapes_film.path}", *OPEN_GROUPS)
    facts = probe(made)
    for frame in range(30, 65):
        taken, _ = next(taken_frames(made, facts, Pace(), Fraction(frame, RATE)))
        assert taken.number == frame


def test_the_end_of_the_last_group_is_the_end_of_the_film(shapes_film: ShapesFilm, open_detector: OpenModel) -> None:
    options = RecogniseOptions(pace=Pace(every=4))
    whole = list(recognise(shapes_film.path, shapes_film.facts, open_detector, options))
    assert whole[-1].end >= shapes_film.facts.duration
    again = list(recognise(shapes_film.path, shapes_film.facts, open_detector, options, begin=whole[-1].end))
    assert frames_of(again) == []


def test_only_the_classes_asked_for_are_found(shapes_film: ShapesFilm, open_detector: OpenModel) -> None:
    frames = everything(shapes_film, open_detector, RecogniseOptions(classes=("Star",), pace=Pace(every=10)))
    assert {one.kind for frame in frames for one in frame.found} == {KINDS.index("star")}
    with pytest.raises(KinofarmError, match="MODEL-021"):
        everything(shapes_film, open_detector, RecogniseOptions(classes=("dog",)))


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_boxes_of_a_turned_film_lie_where_a_player_shows_its_things(
    shapes_film: ShapesFilm, open_detector: OpenModel, media_factory: MediaFactory, turn: int
) -> None:
    made = media_factory.make(
        f"shapes-{turn}.mp4", "-display_rotation:v:0", str(-turn), "-i", f"file:{shapes_film.path}", "-c", "copy"
    )
    facts = probe(made)
    picture = facts.picture()
    assert picture is not None
    assert picture.rotation == turn
    film = ShapesFilm(made, facts, shapes_film.shown)
    width, height = 320.0, 180.0
    seen = everything(film, open_detector, RecogniseOptions(least=0.5, pace=Pace(every=5)))
    checked = 0
    for frame in seen:
        for kind, (left, top, right, bottom) in film.shown[frame.number]:
            turned = {
                90: (height - bottom, left, height - top, right),
                180: (width - right, height - bottom, width - left, height - top),
                270: (top, width - right, bottom, width - left),
            }[turn]
            best = max((overlap(one.box, turned) for one in frame.found if one.kind == kind), default=0.0)
            checked += best > 0.75
    total = sum(len(film.shown[frame.number]) for frame in seen)
    assert checked >= 0.95 * total


def test_frames_of_no_constant_rate_have_their_own_times_and_are_counted_from_any_begin(
    shapes_film: ShapesFilm, open_detector: OpenModel, media_factory: MediaFactory
) -> None:
    made = media_factory.make(
        "shapes-vfr.mkv", "-i", f"file:{shapes_film.path}",
        *("-vf", "settb=1/1000,setpts='N*N/4'", "-enc_time_base", "filter", "-fps_mode", "passthrough", "-frames:v", "60", "-c:v", "libx264", "-preset", "ultrafast", "-g", "10"),
    )  # fmt: skip
    film = ShapesFilm(made, probe(made), ())
    picture = film.facts.picture()
    assert picture is not None
    assert not picture.constant_rate
    for pace in (Pace(every=7), Pace(rate=Fraction(20))):
        whole = list(recognise(made, film.facts, open_detector, RecogniseOptions(pace=pace, group=8)))
        times = [frame.seconds for frame in frames_of(whole)]
        shown = [Fraction(round(number * number / 4), 1000) for number in range(60)]
        if pace.rate is None:
            assert times == pytest.approx(shown[::7], abs=0.0011)
        else:
            assert len(times) < 60
            assert len({int(time * 20) for time in times}) == len(times)
        for place, group in enumerate(whole):
            rest = recognise(made, film.facts, open_detector, RecogniseOptions(pace=pace, group=8), begin=group.begin)
            assert [one.seconds for one in frames_of(list(rest))] == [one.seconds for one in frames_of(whole[place:])]


def test_a_still_picture_is_one_frame(
    open_detector: OpenModel, media_factory: MediaFactory, shapes_film: ShapesFilm
) -> None:
    made = media_factory.make("shapes.png", "-ss", "3", "-i", f"file:{shapes_film.path}", "-frames:v", "1")
    (group,) = recognise(made, probe(made), open_detector, RecogniseOptions())
    assert [(frame.number, frame.seconds) for frame in group.frames] == [(0, 0)]
    assert {one.kind for one in group.frames[0].found} == {0, 1, 2, 3}


@pytest.mark.parametrize("suffix", ["heic", "avif"])
def test_a_photo_of_a_phone_is_one_frame(open_detector: OpenModel, tmp_path: Path, suffix: str) -> None:
    photo = tmp_path / f"photo.{suffix}"
    Image.fromarray(list(frames_of_shapes())[75]).save(photo, quality=90)
    (group,) = recognise(photo, probe(photo), open_detector, RecogniseOptions())
    (frame,) = group.frames
    assert (frame.number, frame.seconds) == (0, 0)
    for mover in MOVERS[:4]:
        near = [one for one in frame.found if one.kind == mover.shape.kind and one.score > 0.5]
        assert max(overlap(one.box, box(mover.at(75))) for one in near) > 0.75


def test_a_webp_that_moves_is_a_film_with_the_times_of_its_pictures(open_detector: OpenModel, tmp_path: Path) -> None:
    shown = [Image.fromarray(picture) for picture in list(frames_of_shapes())[62:90]]
    made = tmp_path / "moves.webp"
    shown[0].save(made, save_all=True, append_images=shown[1:], duration=[40] * 27 + [3_000], quality=90)
    for pace, numbers in ((Pace(), list(range(28))), (Pace(every=9), [0, 9, 18, 27])):
        groups = list(recognise(made, probe(made), open_detector, RecogniseOptions(pace=pace, group=8)))
        frames = frames_of(groups)
        assert [frame.seconds for frame in frames] == [Fraction(number, 25) for number in numbers]
        assert all({one.kind for one in frame.found} == {0, 1, 2, 3} for frame in frames)
        rest = recognise(made, probe(made), open_detector, RecogniseOptions(pace=pace, group=8), begin=groups[0].end)
        assert [frame.seconds for frame in frames_of(list(rest))] == [one.seconds for one in frames_of(groups[1:])]


def test_work_that_shall_stop_stops_and_leaves_no_thread(shapes_film: ShapesFilm, open_detector: OpenModel) -> None:
    looked: list[int] = []
    options = RecogniseOptions(group=8)
    groups = recognise(
        shapes_film.path, shapes_film.facts, open_detector, options,
        progress=lambda frames, _: looked.append(frames), should_stop=lambda: len(looked) >= 3,
    )  # fmt: skip
    assert len(list(groups)) == 3
    abandoned = recognise(shapes_film.path, shapes_film.facts, open_detector, options)
    next(abandoned)
    abandoned.close()  # type: ignore[attr-defined]
    assert not [one for one in threading.enumerate() if "_work" in one.name]


@pytest.mark.parametrize("stops", [True, False])
def test_a_model_that_is_slow_on_pictures_alone_is_ended(shapes_film: ShapesFilm, tmp_path: Path, stops: bool) -> None:
    made, names = tmp_path / "slow.onnx", tmp_path / "names"
    made.write_bytes(slow(300, 1, 3_000))
    names.write_text("one\ntwo\nthree")
    facts = facts_of(made, made.read_bytes(), names, "v8")
    model = OpenModel(made.read_bytes(), facts, seconds=60 if stops else 1)
    begun = time.monotonic()
    groups = recognise(
        shapes_film.path, shapes_film.facts, model, RecogniseOptions(),
        should_stop=lambda: stops and time.monotonic() > begun + 1,
    )  # fmt: skip
    if stops:
        assert list(groups) == []
    else:
        with pytest.raises(KinofarmError, match="MODEL-015"):
            list(groups)
    assert time.monotonic() - begun < 20
    assert not [one for one in threading.enumerate() if "_work" in one.name]
    assert model.slots(1), "it can be used again"


class Deaf:
    """A session whose runs end when they like."""

    def __init__(self) -> None:
        self.gate = threading.Event()

    def run_with_iobinding(self, binding: object, options: object) -> None:
        """Wait until the gate is opened."""
        self.gate.wait(60)

    def io_binding(self) -> object:
        """Return what takes any buffer."""
        return SimpleNamespace(bind_input=lambda *_: None, bind_output=lambda *_: None)


def test_a_model_that_can_not_be_ended_is_left_alone_and_not_used_until_it_has_ended(
    shapes_film: ShapesFilm, detector: ModelFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "PATIENCE", 0.5)
    model, deaf = OpenModel(model_bytes(DETECTOR), detector, seconds=1), Deaf()
    model.seconds, model._session = 0.5, deaf
    for _ in range(2):
        with pytest.raises(KinofarmError, match="MODEL-015"):
            everything(shapes_film, model)
    left = [one for one in threading.enumerate() if "_work" in one.name]
    assert len(left) == 1
    deaf.gate.set()
    left[0].join()
    assert model.slots(1)


def test_a_film_that_is_gone_or_cut_off_is_an_error_and_not_an_end(
    shapes_film: ShapesFilm, open_detector: OpenModel, tmp_path: Path
) -> None:
    with pytest.raises(KinofarmError, match="MEDIA-009"):
        list(recognise(tmp_path / "gone.mp4", shapes_film.facts, open_detector, RecogniseOptions()))
    (tmp_path / "cut.mp4").write_bytes(shapes_film.path.read_bytes()[:2_000])
    with pytest.raises(KinofarmError, match="MEDIA-00"):
        list(recognise(tmp_path / "cut.mp4", shapes_film.facts, open_detector, RecogniseOptions()))


def test_masks_lie_in_their_boxes_and_show_what_their_prototypes_say(shapes_film: ShapesFilm, tmp_path: Path) -> None:
    # One box over the middle of the picture, whose left half is covered; 64 x 64 into which 320 x 180 is laid as 64 x 36.
    answers = np.zeros((1, 4 + 3 + 2, 80), np.float32)
    answers[0, :4, 5] = 32, 32, 32, 18
    answers[0, 5, 5] = 0.9
    answers[0, 7:, 5] = 1, -0.5
    prototypes = np.zeros((1, 2, 16, 16), np.float32)
    prototypes[0, 0, :, :8] = 1
    prototypes[0, 1] = 1
    model = opened(constant([answers, prototypes]), tmp_path)
    assert model.facts.task == "segment"
    frame = everything(shapes_film, model, RecogniseOptions(pace=Pace(every=100)))[0]
    (found,) = frame.found
    assert found.kind == 1
    assert found.box == pytest.approx((80, 45, 240, 135))
    assert found.mask is not None
    covered = cells(found.mask)
    assert covered.shape == (90, 160)
    assert covered[:, :75].all()
    assert not covered[:, 85:].any()


def test_points_of_faces_lie_in_displayed_pixels(shapes_film: ShapesFilm, tmp_path: Path) -> None:
    answers = np.zeros((1, 4 + 1 + 15, 84), np.float32)
    answers[0, :5, 9] = 32, 32, 16, 18, 0.8
    answers[0, 5:, 9] = np.array([[24 + 4 * k, 23 + 4 * k, 0.5] for k in range(5)]).ravel()
    model = opened(constant([answers]), tmp_path, ("face",))
    assert model.facts.task == "face"
    (found,) = everything(shapes_film, model, RecogniseOptions(pace=Pace(every=100)))[0].found
    np.testing.assert_allclose(found.points, [(120 + 20 * k, 45 + 20 * k, 0.5) for k in range(5)], rtol=1e-5)


@pytest.mark.parametrize("element", [np.float16, np.float32])
@pytest.mark.parametrize("harm", [np.inf, -np.inf, np.nan, 60_000])
def test_key_points_that_are_no_numbers_end_no_work(
    shapes_film: ShapesFilm, tmp_path: Path, element: type, harm: float
) -> None:
    answers = np.zeros((1, 4 + 1 + 15, 84), element)
    answers[0, :5, 9] = 32, 32, 16, 18, 0.8
    answers[0, 5:, 9] = np.array([[24 + 4 * k, 23 + 4 * k, 0.5] for k in range(5)]).ravel()
    answers[0, 5, 9], answers[0, 10, 9] = harm, harm
    model = opened(constant([answers]), tmp_path, ("face",))
    (found,) = everything(shapes_film, model, RecogniseOptions(pace=Pace(every=100)))[0].found
    assert len(found.points) == 5
    far = np.isfinite(harm)
    assert found.points[0] == pytest.approx((640, 45, 0.5) if far else (160, 90, 0), rel=2e-3)
    assert found.points[1][2] == (1 if far else 0)
    assert found.points[2] == pytest.approx((160, 85, 0.5), rel=2e-3)


@pytest.mark.parametrize("harm", [np.inf, np.nan])
def test_a_mask_of_what_is_no_number_covers_nothing(shapes_film: ShapesFilm, tmp_path: Path, harm: float) -> None:
    answers = np.zeros((1, 4 + 3 + 2, 80), np.float32)
    answers[0, :4, 5] = 32, 32, 32, 18
    answers[0, 5, 5] = 0.9
    answers[0, 7:, 5] = harm, -harm
    prototypes = np.ones((1, 2, 16, 16), np.float32)
    model = opened(constant([answers, prototypes]), tmp_path)
    (found,) = everything(shapes_film, model, RecogniseOptions(pace=Pace(every=100)))[0].found
    assert found.mask is not None
    assert not cells(found.mask).any()


def test_masks_of_noise_are_coarse_and_groups_that_are_full_are_short(
    shapes_film: ShapesFilm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = np.zeros((1, 4 + 3 + 1, 80), np.float32)
    for place in range(30):
        answers[0, :4, place], answers[0, 4 + place % 3, place] = (20 + place, 32, 38, 34), 0.9 - place / 100
    answers[0, 7] = 1
    noise = np.random.default_rng(6).choice([-1, 1], (1, 1, 256, 256)).astype(np.float32)
    model = opened(constant([answers, noise]), tmp_path)
    options = RecogniseOptions(pace=Pace(every=30), overlap=1)
    monkeypatch.setattr(pipeline, "MOST_RUNS", 20_000)
    (group,) = recognise(shapes_film.path, shapes_film.facts, model, options)
    assert len(group.frames) == 5
    masks = [one.mask for one in group.frames[0].found if one.mask is not None]
    assert len(masks) == 30
    assert max(masks[0].columns, masks[0].rows) > COARSE
    assert max(masks[-1].columns, masks[-1].rows) == COARSE
    assert sum(len(mask.runs) for mask in masks) < 20_000 + 30 * COARSE**2
    monkeypatch.setattr(pipeline, "MOST_NUMBERS", 5_000)
    groups = list(recognise(shapes_film.path, shapes_film.facts, model, options))
    assert len(groups) > 3
    assert frames_of(groups) == list(group.frames)


def test_what_can_not_be_read_is_an_error_of_the_model(shapes_film: ShapesFilm, tmp_path: Path) -> None:
    answers = np.zeros((1, 4 + 3 + 2, 80), np.float32)
    answers[0, :4, 5] = 32, 32, 32, 18
    answers[0, 5, 5] = 0.9
    model = opened(constant([answers, np.ones((1, 2, 0, 16), np.float32)]), tmp_path)  # nothing that OpenCV scales
    with pytest.raises(KinofarmError) as raised:
        everything(shapes_film, model)
    assert (raised.value.code, raised.value.params["model"]) == ("MODEL-017", "made")


def test_no_picture_is_copied_on_its_way_and_memory_stays_as_it_is(
    open_detector: OpenModel, media_factory: MediaFactory
) -> None:
    """tracemalloc sees Python's and numpy's memory: over a group it never rises by as much as one picture has."""
    made = media_factory.video(600, size=(160, 90), sound=False)
    facts = probe(made)
    picture = 3 * 160 * 160 * 4
    rises, held = [], []
    tracemalloc.start()
    for _ in recognise(made, facts, open_detector, RecogniseOptions(group=64, least=0.9)):
        now, peak = tracemalloc.get_traced_memory()
        rises.append(peak - held[-1] if held else 0)
        held.append(now)
        tracemalloc.reset_peak()
    tracemalloc.stop()
    assert len(held) >= 9
    assert max(rises[1:]) < picture
    assert held[-1] - held[1] < picture / 4


def test_numbered_pictures_give_what_the_film_gives_and_go_on_where_work_stopped(
    shapes_film: ShapesFilm, open_detector: OpenModel, tmp_path: Path
) -> None:
    path = pictures(tmp_path / "shapes", "s%03d.png", FRAMES, source=f"movie={shapes_film.path}")
    sequence = parsed(path)
    assert sequence is not None
    facts = probe_numbered(path, sequence)
    film = everything(shapes_film, open_detector)
    whole = list(recognise(path, facts, open_detector, RecogniseOptions(group=32)))
    assert [(one.number, one.seconds) for one in frames_of(whole)] == [(one.number, one.seconds) for one in film]
    ours = findings(tracked(frames_of(whole)), KINDS, frame_duration(facts))
    theirs = findings(tracked(film), KINDS, frame_duration(shapes_film.facts))
    assert len(ours) == len(MOVERS)
    for one, other in zip(ours, theirs, strict=True):
        assert one.name == other.name
        assert abs(one.first - other.first) <= 2, (
            "the pictures are RGB: conversions round, and a score is near the least"
        )
        assert abs(one.last - other.last) <= 2
    found = [Seen(frame.number, one.kind, one.box, one.score) for frame in frames_of(whole) for one in frame.found]
    true = [Seen(number, kind, box) for number, shown in enumerate(shapes_film.shown) for kind, box in shown]
    assert mean_average_precision(found, true) >= 0.9
    first = sequence.name_of(1)
    (path.parent / first).rename(path.parent / "first.png")  # whoever began from the start would miss it
    rest = list(recognise(path, facts, open_detector, RecogniseOptions(group=32), begin=whole[2].begin))
    assert [frame.number for frame in frames_of(rest)] == [frame.number for frame in frames_of(whole[2:])]


def test_pictures_that_are_missing_or_damaged_are_left_out(
    shapes_film: ShapesFilm, open_detector: OpenModel, tmp_path: Path
) -> None:
    path = pictures(tmp_path / "shapes", "s%03d.png", 40, source=f"movie={shapes_film.path}")
    for gone in (11, 12):
        path.with_name(f"s{gone:03}.png").unlink()
    sequence = parsed(path)
    assert sequence is not None
    facts = probe_numbered(path, sequence)
    damaged = path.with_name("s021.png")
    damaged.write_bytes(damaged.read_bytes()[:60])
    for pace in (Pace(), Pace(every=3)):
        taken = [taken.number for taken, _ in taken_frames(path, facts, pace)]
        there = [number for number in range(40) if number not in (10, 11, 20)]
        assert taken == there[:: pace.every]
