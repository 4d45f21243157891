"""Analyses: found out once for a content, wherever it lies; gone on with behind what is finished; asked for afterwards."""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import sqlalchemy
from PIL import Image

from flows.camera import MOST_FRAMES, PLANNED
from flows.commands.analysing import (
    MOST_EXPORTED,
    AnalysisNamed,
    ExportWanted,
    FindingsAsked,
    SummaryWanted,
    export,
    find,
    summarise,
)
from flows.commands.media import MediaNamed, looked_into
from flows.commands.reframing import ReframeWanted, SheetWanted, reframe, render_boxes, render_reframed, show_sheet
from flows.library import Library
from flows.lookers import heal
from flows.looking import Looker
from flows.wishes import MediaWish, RecognitionWish, begin, enter, wish_of
from infra.apart import Apart
from infra.commands import Call
from infra.errors import KinofarmError
from infra.jobs.engine import transaction
from infra.library.analyses import STARTS, AnalysisEntry, AnalysisStore
from infra.library.findings import FindingEntered
from infra.library.vision import VisionModels
from infra.services import Services
from infra.settings import Settings, as_environment
from infra.uploads.library import Uploads
from tasks.compiler.imports import media
from tasks.compiler.model import Timeline
from tasks.recognition.findings import Finding
from tasks.recognition.follow import camera_path
from tasks.recognition.frames import Pace
from tasks.recognition.model import look_at
from tasks.recognition.pipeline import RecogniseOptions
from tests.fakes.analyses import looked_through
from tests.media_factory import MediaFactory
from tests.models.shapes.drawn import Picture, Shape, draw, ground, write_film
from tests.tasks.recognition.conftest import DETECTOR, FRAMES, MOVERS, RATE, frames_of_shapes

TIMES = 12
"""How often the film of shapes is shown in the long film."""


@pytest.fixture(scope="module")
def shapes(media_factory: MediaFactory) -> Path:
    """The film of shapes, 150 frames."""
    place = media_factory.folder / "analysed-shapes.mp4"
    write_film(str(place), frames_of_shapes(), 23, RATE)
    return place


@pytest.fixture
def model(container: Services) -> str:
    """The detector of shapes, as a model of the farm's."""
    facts = look_at(DETECTOR)
    return container.get(VisionModels).add("shapes", DETECTOR.read_bytes(), facts.model_dump(mode="json"), "anna").name


def _entered(
    container: Services, path: Path, wish: MediaWish | RecognitionWish, model: str | None = None
) -> AnalysisEntry:
    """Enter an analysis as `begin` does, without a looker for it: there is no Prefect here."""
    return enter(container, path, Library(container).facts(path), wish, model, "anna")


def _unheard(share: float) -> None:
    pass


def _going_on() -> bool:
    return False


def _carried_out(container: Services, row: AnalysisEntry) -> AnalysisEntry:
    claimed = container.get(AnalysisStore).claim("cpu", "here")
    assert claimed is not None
    assert claimed.id == row.id
    return Looker(container, "cpu", _going_on).look_through(claimed, _unheard)


def test_a_films_own_analyses_are_kept_with_their_ranges(
    container: Services, media_root: Path, media_factory: MediaFactory
) -> None:
    film = media_factory.make(
        "two-scenes.mp4", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=4", "-f", "lavfi", "-i", "color=black:s=320x180:r=25:d=2",
        "-f", "lavfi", "-i", "aevalsrc='if(lt(t,4),0.5*sin(2*PI*440*t),0)':s=48000:d=6", "-filter_complex", "[0][1]concat=n=2[v]",
        "-map", "[v]", "-map", "2:a", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac",
    )  # fmt: skip
    path = Path(shutil.copy(film, media_root / "film.mp4"))
    done = _carried_out(
        container, _entered(container, path, MediaWish(kinds=("scenes", "black", "silence", "key_frames")))
    )
    assert (done.state, done.progress) == ("done", 1.0)
    assert done.result is not None
    assert set(done.result["found"]) == {"scenes", "black", "silence", "key_frames"}
    call = Call(container, "anna", "read")
    found = [(one.name, round(one.seen_from, 1), round(one.seen_to, 1)) for one in find(call, FindingsAsked()).findings]
    assert ("scene", 0, 4) in found
    assert ("scene", 4, 6) in found
    assert ("black", 4, 6) in found
    assert any(name == "silence" and abs(start - 4) <= 0.1 for name, start, _ in found)
    moved = path.rename(media_root / "moved.mp4")
    facts = Library(container).facts(moved)
    again = begin(container, moved, facts, MediaWish(kinds=("silence", "scenes", "key_frames", "black")), None, "bert")
    assert (again.id, again.state) == (done.id, "done"), "nothing is begun: there is no Prefect here to begin it"


def test_what_a_model_finds_is_asked_for_and_exported(
    container: Services, media_root: Path, shapes: Path, model: str
) -> None:
    path = Path(shutil.copy(shapes, media_root / "shapes.mp4"))
    row = _entered(container, path, RecognitionWish(), model)
    done = _carried_out(container, row)
    assert done.result is not None
    assert (done.result["frames"], done.result["looked_at_now"], done.result["device"]) == (FRAMES, FRAMES, "cpu")
    call = Call(container, "anna", "read")
    found = find(call, FindingsAsked(name=("circle",), over=2, least=0.5)).findings
    (circle,) = [mover for mover in MOVERS if mover.shape.kind == 0 and mover.end - mover.first > 2 * RATE]
    assert len(found) == 1
    assert abs(found[0].seen_from - circle.first / RATE) <= 2 / RATE
    assert abs(found[0].seen_to - circle.end / RATE) <= 2 / RATE
    assert (found[0].path, found[0].model) == (str(path), "shapes")

    files = {form: export(call, ExportWanted(analysis=row.id, form=form)) for form in ("json", "csv", "vtt", "otio")}  # type: ignore[arg-type]
    assert files["csv"].name == "shapes.shapes.csv"
    assert len(list(csv.reader(io.StringIO(_text(files["csv"]))))) == 1 + len(MOVERS)
    assert len(json.loads(_text(files["json"]))["findings"]) == len(MOVERS)
    assert _text(files["vtt"]).count("-->") == len(MOVERS)
    assert "Marker" in _text(files["otio"])

    sheet = show_sheet(call, SheetWanted(analysis=row.id))
    with Image.open(io.BytesIO(sheet.jpeg)) as image:
        assert (image.format, image.size) == ("JPEG", (sheet.width, sheet.height))
    assert sheet.findings == len(MOVERS)
    upright = reframe(call, ReframeWanted(analysis=row.id, name=("square",)))
    assert (upright.width, upright.height, upright.followed) == (102, 180, 1)
    timeline = Timeline.model_validate(upright.timeline)
    assert "transform.position_x" in timeline.tracks[0].clips[0].keyframes, "the square moves to the left"
    assert timeline.tracks[0].clips[0].source.path == str(path)  # type: ignore[union-attr]

    facts = Library(container).facts(path)
    same = RecognitionWish(look=RecogniseOptions(decode_threads=2, group=32), batch=4)
    again = begin(container, path, facts, same, model, "bert")
    assert again.id == row.id, "how it is worked on makes no other wish"
    assert (
        wish_of(RecognitionWish(look=RecogniseOptions(least=0.2)), container.get(VisionModels).get(model)) != row.wish
    )
    with pytest.raises(KinofarmError) as caught:
        begin(container, path, facts, RecognitionWish(), "none", "")
    assert caught.value.code == "ANALYSIS-002"


def test_a_way_is_planned_apart_and_over_so_many_frames_at_most(
    container: Services, media_root: Path, shapes: Path, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(shutil.copy(shapes, media_root / "shapes.mp4"))
    row = _carried_out(container, _entered(container, path, RecognitionWish(), model))
    call, wanted = Call(container, "anna", "read"), ReframeWanted(analysis=row.id, name=("square",))
    facts = Library(container).facts(path)
    found = [Finding.model_validate(one.finding) for one in find(call, FindingsAsked(name=("square",))).findings]
    asked, inner = [], container.get(Apart).call

    def noted(function: str, *given: Any, **how: Any) -> Any:
        asked.append(function)
        return inner(function, *given, **how)

    monkeypatch.setattr(container.get(Apart), "call", noted)
    film = Timeline.model_validate(reframe(call, wanted).timeline)
    assert asked == [PLANNED]
    picture = facts.pictures[0]
    way = camera_path(found, size=picture.display_size, rate=RATE, frames=FRAMES, aspect=Fraction(9, 16))
    keys = film.tracks[0].clips[0].keyframes["transform.position_x"]
    assert [key.frame for key in keys] == [point.frame for point in way.points]

    begun = time.monotonic()
    for end, code in ((Fraction(MOST_FRAMES + 1, 25), "ANALYSIS-020"), (Fraction(10**9), "MEDIA-005")):
        claimed = picture.model_copy(update={"end": end, "on_grid": False, "rate": Fraction(25)})
        lying = facts.model_copy(update={"pictures": (claimed,)})
        monkeypatch.setattr("flows.library.Library.facts", lambda self, path, lying=lying: lying)
        with pytest.raises(KinofarmError) as caught:
            reframe(call, wanted)
        assert caught.value.code == code
    assert time.monotonic() - begun < 1


def test_findings_are_asked_for_page_by_page_and_too_many_are_no_file(container: Services, media_root: Path) -> None:
    store, call = container.get(AnalysisStore), Call(container, "anna", "read")
    every = MOST_EXPORTED + 1
    dogs = [FindingEntered(name="dog", seen_from=at, seen_to=at + 3, finding={}) for at in range(every)]
    row = looked_through(store, "a" * 64, str(media_root / "gone.mp4"), "shapes", dogs)
    first = find(call, FindingsAsked(name=("dog",), over=2))
    assert (len(first.findings), first.findings[-1].seen_from) == (1000, 999)
    second = find(call, FindingsAsked(name=("dog",), over=2, after=first.following))
    assert second.findings[0].seen_from == 1000
    (dog,) = summarise(call, SummaryWanted(analysis=row.id)).names
    assert (dog.times, dog.seconds, len(dog.spans)) == (every, every + 2, 100)
    for refused in (
        lambda: export(call, ExportWanted(analysis=row.id)),
        lambda: show_sheet(call, SheetWanted(analysis=row.id)),
    ):
        with pytest.raises(KinofarmError) as caught:
            refused()
        assert caught.value.code == "ANALYSIS-022"
        assert "100000" in caught.value.message


def _text(exported: Any) -> str:
    return bytes(exported.content).decode()


def test_a_recognition_whose_process_is_killed_goes_on_behind_its_last_group(
    container: Services, settings: Settings, media_root: Path, shapes: Path, model: str, media_factory: MediaFactory
) -> None:
    looped = media_factory.make("long-shapes.mp4", "-stream_loop", str(TIMES - 1), "-i", str(shapes), "-c", "copy")
    path = Path(shutil.copy(looped, media_root / "long.mp4"))
    store, wish = container.get(AnalysisStore), RecognitionWish(look=RecogniseOptions(group=64), device="cpu")
    row = _entered(container, path, wish, model)
    worked = subprocess.Popen(
        [sys.executable, "-c", _WORK, str(row.id)], env={**os.environ, **as_environment(settings)}, cwd=Path.cwd()
    )
    deadline = time.monotonic() + 60
    while len(store.groups(row.id)) < 3:
        assert time.monotonic() < deadline
        assert worked.poll() is None, "it is killed in the middle"
        time.sleep(0.02)
    worked.send_signal(signal.SIGKILL)
    worked.wait()
    kept = sum(len(group["frames"]) for group in store.groups(row.id))
    assert 0 < kept < FRAMES * TIMES

    assert store.claim("cpu", "here") is None, "who was killed may still be at work, for all that is known"
    _lose(container)
    done = _carried_out(container, row)
    assert done.result is not None
    assert (done.state, done.starts, done.machine, done.result["frames"]) == ("done", 2, "here", FRAMES * TIMES)
    assert done.result["looked_at_now"] == FRAMES * TIMES - kept, "no frame of a finished group is looked at again"
    found = find(Call(container, "anna", "read"), FindingsAsked(analysis=row.id)).findings
    assert len(found) >= len(MOVERS) * TIMES - TIMES, "the tracks run over the place where it was killed"


_WORK = """
import sys
from uuid import UUID
from flows.looking import Looker
from infra import services
from infra.library.analyses import AnalysisStore
from infra.settings import in_force
with services.opened(in_force()) as container:
    row = container.get(AnalysisStore).claim("cpu", "there")
    assert row.id == UUID(sys.argv[1])
    Looker(container, "cpu", lambda: False).look_through(row, lambda share: None)
"""


def test_an_analysis_stops_when_it_is_asked_to_and_one_that_crashes_again_and_again_is_given_up(
    container: Services, media_root: Path, shapes: Path, model: str
) -> None:
    path, store = Path(shutil.copy(shapes, media_root / "shapes.mp4")), container.get(AnalysisStore)
    row = _entered(container, path, RecognitionWish(look=RecogniseOptions(pace=Pace(every=2))), model)
    claimed = store.claim("cpu", "here")
    assert claimed is not None
    assert store.stop(row.id).state == "running", "whoever works on it hears of it"
    assert Looker(container, "cpu", _going_on).look_through(claimed, _unheard).state == "stopped"
    other = _entered(container, path, RecognitionWish(look=RecogniseOptions(pace=Pace(every=3))), model)
    for _ in range(STARTS):
        assert store.claim("cpu", "here") is not None
        _lose(container)
    assert store.claim("cpu", "here") is None
    heal(container)
    given_up = store.get(other.id)
    assert given_up.state == "failed"
    assert given_up.error is not None
    assert given_up.error["code"] == "ANALYSIS-005"


def test_a_subject_of_a_screen_recording_is_seen_for_as_long_as_its_frames_are_held(
    container: Services, media_root: Path, model: str
) -> None:
    shown = list(frames_of_shapes())
    empty, circle = shown[0:12:2], shown[30]
    times = [*(40 * n for n in range(6)), 2_000, 2_067, 10_000, *(10_000 + 40 * n for n in range(1, 6))]
    path = media_root / "recording.mkv"
    recorded(path, [*empty, circle, circle, *empty], times)
    picture = Library(container).facts(path).picture()
    assert picture is not None
    assert not picture.constant_rate
    done = _carried_out(container, _entered(container, path, RecognitionWish(), model))
    call = Call(container, "anna", "read")
    (found,) = find(call, FindingsAsked(analysis=done.id, name=("circle",), over=2)).findings
    assert (found.seen_from, found.seen_to) == (2, 10)
    (square,) = find(call, FindingsAsked(analysis=done.id, name=("square",), over=9)).findings
    assert square.seen_to == pytest.approx(float(picture.end), abs=0.1)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_a_reframed_film_jumps_at_the_cut_where_its_picture_begins_after_its_sound(
    container: Services, media_root: Path, model: str, media_factory: MediaFactory, suffix: str
) -> None:
    bare = media_factory.folder / "two-sides.mp4"
    write_film(str(bare), _two_sides(), 20, RATE)
    late = media_factory.make(
        f"late-picture.{suffix}", *("-f", "lavfi", "-i", "sine=r=48000:d=5", "-itsoffset", "1", "-i", f"file:{bare}"),
        *("-map", "1:v", "-map", "0:a", "-c:v", "copy", "-c:a", "aac"),
    )  # fmt: skip
    path = Path(shutil.copy(late, media_root / f"late.{suffix}"))
    picture = Library(container).facts(path).picture()
    assert picture is not None
    assert picture.start == pytest.approx(1, abs=0.1)
    assert _jumps(container, path, model) == [50]


def test_a_reframed_film_jumps_in_the_frame_that_shows_the_cut_first(
    container: Services, media_root: Path, model: str
) -> None:
    path = media_root / "cut.mkv"
    recorded(path, _two_sides(), [*(40 * n for n in range(50)), 2_006, *(2_033 + 33 * n for n in range(49))])
    film = media.read(path, lambda path: Library(container).facts(path)).timeline
    assert film.rate == 60
    assert _jumps(container, path, model) == [121], "frame 120 shows what is shown at 2 s"


def _two_sides() -> list[Picture]:
    """A triangle on the left for 50 frames, and then, in another place, one on the right."""
    shown = []
    for seed, x in ((11, 50.0), (4, 270.0)):
        back = ground(np.random.default_rng(seed), 320, 180)
        shown += [draw(back, [Shape(2, x, 90, 34, 3 * n, (240, 220, 40))]) for n in range(50)]
    return shown


def _jumps(container: Services, path: Path, model: str) -> list[int]:
    """The frames with which the window of a reframed film is somewhere else by more than half of its way."""
    _carried_out(container, _entered(container, path, MediaWish(kinds=("scenes",))))
    done = _carried_out(container, _entered(container, path, RecognitionWish(), model))
    made = reframe(Call(container, "anna", "read"), ReframeWanted(analysis=done.id, name=("triangle",)))
    points = Timeline.model_validate(made.timeline).tracks[0].clips[0].keyframes["transform.position_x"]
    way = max(point.value for point in points) - min(point.value for point in points)
    return [
        other.frame
        for one, other in itertools.pairwise(points)
        if other.frame == one.frame + 1 and abs(other.value - one.value) > way / 2
    ]


@pytest.mark.parametrize("held", [False, True])
def test_a_subject_of_one_frame_counts_where_that_is_held(
    container: Services, media_root: Path, model: str, held: bool
) -> None:
    shown = list(frames_of_shapes())
    times = [*(40 * n for n in range(6)), 400, 8_400 if held else 440, *(8_440 + 40 * n for n in range(5))]
    recorded(media_root / "recording.mkv", [*shown[0:12:2], shown[30], *shown[0:12:2]], times)
    done = _carried_out(container, _entered(container, media_root / "recording.mkv", RecognitionWish(), model))
    found = find(Call(container, "anna", "read"), FindingsAsked(analysis=done.id, name=("circle",))).findings
    assert [(one.seen_from, one.seen_to) for one in found] == ([(0.4, 8.4)] if held else [])


def test_what_is_looked_at_once_a_second_is_seen_for_whole_seconds(
    container: Services, media_root: Path, shapes: Path, model: str
) -> None:
    path = Path(shutil.copy(shapes, media_root / "shapes.mp4"))
    wish = RecognitionWish(look=RecogniseOptions(pace=Pace(rate=Fraction(1))))
    done = _carried_out(container, _entered(container, path, wish, model))
    found = find(Call(container, "anna", "read"), FindingsAsked(analysis=done.id)).findings
    spans = {(one.name, one.seen_from, one.seen_to) for one in found}
    assert ("square", 0, 6) in spans
    assert ("circle", 1, 4) in spans, "it is there from 0.48 s to 3.6 s: in the frames of 1, 2 and 3 s"


def recorded(path: Path, shown: Sequence[Picture], times: Sequence[int]) -> None:
    """Write pictures that are shown from these milliseconds on."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1000, options={"crf": "23", "preset": "ultrafast", "bf": "0"})
        stream.height, stream.width = shown[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for picture, time_shown in zip(shown, times, strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = time_shown, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.mark.parametrize("suffix", ["png", "heic"])
def test_a_black_still_is_found_by_whoever_asks_for_black(container: Services, media_root: Path, suffix: str) -> None:
    path = media_root / f"black.{suffix}"
    Image.new("RGB", (64, 48)).save(path)
    done = _carried_out(container, _entered(container, path, MediaWish()))
    assert done.result is not None
    assert set(done.result["found"]) == {"black", "quality", "key_frames"}
    call = Call(container, "anna", "read")
    for asked in ({"name": ("black",)}, {"analysis": done.id}, {"begin": 0}, {"end": 1}, {"begin": 0, "end": 1}):
        (found,) = find(call, FindingsAsked.model_validate(asked)).findings
        assert (found.name, found.seen_from, found.seen_to) == ("black", 0, 0)
    for asked in ({"over": 0.01}, {"begin": 0.01}, {"end": 0}):
        assert find(call, FindingsAsked.model_validate(asked)).findings == ()


def test_what_has_no_findings_of_a_model_yet_is_told_from_what_never_will(
    container: Services, media_root: Path, shapes: Path, model: str
) -> None:
    path = Path(shutil.copy(shapes, media_root / "shapes.mp4"))
    call, waits = Call(container, "anna", "read"), _entered(container, path, RecognitionWish(), model)
    own = _entered(container, path, MediaWish(kinds=("black",)))
    for row, code, again in ((waits, "ANALYSIS-007", True), (own, "ANALYSIS-021", False)):
        for asked in (lambda row=row: export(call, ExportWanted(analysis=row.id)), lambda row=row: reframe(call, ReframeWanted(analysis=row.id))):  # fmt: skip
            with pytest.raises(KinofarmError) as caught:
                asked()
            assert (caught.value.code, caught.value.retry) == (code, again)


def _lose(container: Services) -> None:
    """As if whoever works on analyses had told nothing for long."""
    with transaction(container.get(sqlalchemy.Engine)) as connection:
        connection.execute(sqlalchemy.text("UPDATE analyses SET beat_at = now() - interval '2 minutes'"))


def test_a_file_that_became_another_is_not_looked_through_in_its_place(
    container: Services, media_root: Path, shapes: Path, media_factory: MediaFactory
) -> None:
    path = Path(shutil.copy(shapes, media_root / "shapes.mp4"))
    row = _entered(container, path, MediaWish())
    shutil.copy(media_factory.video(30), path)
    ended = _carried_out(container, row)
    assert (ended.state, ended.error and ended.error["code"]) == ("failed", "ANALYSIS-006")


def test_what_lies_in_a_films_place_now_is_not_shown_but_what_was_found_is_still_exported(
    container: Services, media_root: Path, tmp_path: Path, shapes: Path, model: str, media_factory: MediaFactory
) -> None:
    path = Path(shutil.copy(shapes, media_root / "shapes.mp4"))
    row = _carried_out(container, _entered(container, path, RecognitionWish(), model))
    call, secret = Call(container, "anna", "read"), Path(shutil.copy(shapes, tmp_path / "secret.mp4"))
    before = {form: export(call, ExportWanted(analysis=row.id, form=form)) for form in ("json", "csv", "vtt", "otio")}  # type: ignore[arg-type]

    def refused() -> set[str]:
        codes = set()
        for run, given in (
            (show_sheet, SheetWanted(analysis=row.id)),
            (reframe, ReframeWanted(analysis=row.id)),
            (render_reframed, ReframeWanted(analysis=row.id)),
            (render_boxes, AnalysisNamed(analysis=row.id)),
        ):
            with pytest.raises(KinofarmError) as caught:
                run(call, given)  # type: ignore[operator]
            codes.add(caught.value.code)
        return codes

    path.unlink()
    path.symlink_to(secret)
    assert refused() == {"PATH-003"}, "even of the same content"
    path.unlink()
    shutil.copy(media_factory.video(30), path)
    assert refused() == {"ANALYSIS-006"}
    shutil.copy(media_factory.sound(4800), path)
    assert refused() == {"ANALYSIS-006"}
    path.unlink()
    assert refused() == {"MEDIA-009"}
    for form in ("csv", "vtt"):
        assert export(call, ExportWanted(analysis=row.id, form=form)) == before[form]  # type: ignore[arg-type]
    now, then = (
        json.loads(_text(one))["film"] for one in (export(call, ExportWanted(analysis=row.id)), before["json"])
    )
    assert now | {"frames": 0} == then | {"frames": 0}
    assert now["frames"] == max(mover.end for mover in MOVERS), "as far as anything was seen"
    shown = path.with_name("elsewhere.mp4")
    shutil.copy(shapes, shown)
    path.symlink_to(shown)
    assert show_sheet(call, SheetWanted(analysis=row.id)).findings == len(MOVERS), "a link to it in a media root"


def test_findings_in_an_upload_are_shown_in_it(container: Services, shapes: Path, model: str) -> None:
    uploads = container.get(Uploads)
    upload = uploads.begin("shapes.mp4", shapes.stat().st_size, "anna").id
    with uploads.appending(upload, 0) as appended:
        appended.write(shapes.read_bytes())
        appended.keep()
    call = Call(container, "anna", "read")
    path, facts = looked_into(call, MediaNamed(upload=upload))
    row = _carried_out(container, enter(container, path, facts, RecognitionWish(), model, "anna"))
    assert show_sheet(call, SheetWanted(analysis=row.id)).findings == len(MOVERS)
    clip = Timeline.model_validate(reframe(call, ReframeWanted(analysis=row.id)).timeline).tracks[0].clips[0]
    assert clip.source.path == f"upload://{upload}"  # type: ignore[union-attr]
