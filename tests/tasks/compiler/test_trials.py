"""Encoders on devices: tried before they are believed, and fallen back from with a reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from infra.ffmpeg import binary
from tasks.compiler import trials as trying
from tasks.compiler.encoders import ENCODERS
from tasks.compiler.encoders.hardware import HARDWARE
from tasks.compiler.encoders.row import EncoderRow, on_scale
from tasks.compiler.exports import check_export
from tasks.compiler.model import Export, Timeline, VideoExport
from tasks.compiler.trials import Offer, Trial, pinned, trial
from tests.tasks.compiler.films import timeline


def film(**video: Any) -> Timeline:
    return timeline(duration=10, size={"width": 320, "height": 180}, export={"video": video})


def works(*names: str) -> Any:
    def attempt(row: EncoderRow) -> Trial:
        reason = "" if row.name in names else "no device"
        return Trial(encoder=row.name, family=row.hardware, reason=reason)

    return attempt


def test_a_trial_encodes_decodes_and_counts() -> None:
    """The software encoders pass the very trial that devices must pass."""
    for name in ("libx264", "libx265"):
        assert trial(ENCODERS[name], binary(None)) == Trial(encoder=name, family="")


def test_an_encoder_that_is_not_there_fails_with_ffmpeg_s_own_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    row = replace(ENCODERS["libx264"], name="mine", arguments=lambda export, rate, gop: ("-c:v", "h264_mine"))
    monkeypatch.setitem(trying.ENCODERS, "mine", row)  # type: ignore[arg-type]
    found = trial(row, binary(None))
    assert not found.works
    assert "h264_mine" in found.reason


def test_an_encoder_whose_headers_follow_what_it_sees_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = ENCODERS["libx264"].arguments
    levels = iter(("3.0", "3.1"))
    row = replace(ENCODERS["libx264"], name="moody", arguments=lambda *asked: (*plain(*asked), "-level", next(levels)))
    monkeypatch.setitem(trying.ENCODERS, "moody", row)  # type: ignore[arg-type]
    assert "joined" in trial(row, binary(None)).reason


def test_auto_takes_the_first_device_that_works_and_says_so_when_none_does() -> None:
    found, said = pinned(film(encoder="auto", profile="high"), Offer(works("h264_qsv", "h264_vaapi")))
    assert (found.export.video.encoder, said) == ("h264_qsv", ())
    list(check_export(found))
    found, (one,) = pinned(film(encoder="auto", codec="hevc"), Offer(works()))
    assert (found.export.video.encoder, one.code) == ("software", "CHECK-942")
    assert "libx265" in one.message


def test_a_named_device_that_does_not_work_is_fallen_back_from_with_its_reason() -> None:
    found, (one,) = pinned(film(encoder="h264_nvenc"), Offer(works()))
    assert (found.export.video.encoder, one.code) == ("software", "CHECK-943")
    assert "h264_nvenc" in one.message
    ten, (other,) = pinned(film(encoder="h264_nvenc", bits=10), Offer(works("h264_nvenc")))
    assert (ten.export.video.encoder, other.code) == ("software", "CHECK-943")


def test_on_a_farm_a_named_device_is_waited_for_and_auto_is_not() -> None:
    nobody = Offer(works(), patient=True)
    found, (one,) = pinned(film(encoder="h264_nvenc"), nobody)
    assert (found.export.video.encoder, one.code) == ("h264_nvenc", "CHECK-944")
    found, (one,) = pinned(film(encoder="auto"), nobody)
    assert (found.export.video.encoder, one.code) == ("software", "CHECK-942")
    found, (one,) = pinned(film(encoder="h264_nvenc", bits=10), nobody)  # none will ever do that
    assert (found.export.video.encoder, one.code) == ("software", "CHECK-943")


def test_without_a_wish_for_a_device_none_is_tried() -> None:
    def never(row: EncoderRow) -> Trial:
        raise AssertionError(row.name)

    for video in ({}, {"encoder": "libx264"}, {"encoder": "nobody"}):
        assert pinned(film(**video), Offer(never)) == (film(**video), ())


@pytest.mark.parametrize("row", HARDWARE, ids=lambda row: row.name)
def test_one_quality_is_a_number_on_every_device_s_scale(row: EncoderRow) -> None:
    numbers = [on_scale(quality, row.scale) for quality in (1, 25, 50, 75, 85, 100)]
    assert numbers in (sorted(numbers), sorted(numbers, reverse=True))
    assert len(set(numbers)) == 6
    assert all(0 <= number <= max(row.worst, 100) for number in numbers)
    better, worse = (
        row.arguments(Export(video=VideoExport(codec=row.codec, encoder=row.name, quality=quality)), 25, 50)
        for quality in (90, 40)
    )
    assert better != worse
    assert len(better) == len(worse)
