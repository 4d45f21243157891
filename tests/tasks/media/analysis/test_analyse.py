"""One call, one pass: what is opened and decoded, what is told on the way, and what comes back."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import pytest

from infra.errors import KinofarmError
from tasks.media.analysis.analyse import analyse
from tasks.media.analysis.findings import MediaAnalysis
from tasks.media.analysis.reading import Openers
from tasks.media.analysis.scenes import Scenes
from tasks.media.analysis.settings import AnalysisSettings
from tasks.media.analysis.table import ALL, ANALYSES
from tasks.media.facts import MediaFacts
from tasks.media.probe import probe
from tasks.media.untrusted import opened
from tests.media_factory import MediaFactory
from tests.tasks.media.analysis.conftest import seen


class CountedDecoder:
    """A decoder that counts what goes in and comes out."""

    def __init__(self, decoder: Any) -> None:
        self.__dict__.update(decoder=decoder, kind=decoder.type, packets=0, frames=0)

    def decode(self, packet: Any) -> list[Any]:
        frames: list[Any] = self.decoder.decode(packet)
        self.__dict__["packets"] += packet is not None
        self.__dict__["frames"] += len(frames)
        return frames

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.decoder, name, value)


class PausingDecoder(CountedDecoder):
    """A decoder that pauses once in the middle, long enough for a question and a report."""

    def decode(self, packet: Any) -> list[Any]:
        if self.packets == 40:
            time.sleep(0.25)
        return super().decode(packet)


PAUSING = Openers(decoder=lambda stream: PausingDecoder(stream.codec_context))


@dataclass
class Counter:
    """Counts what a pass opens."""

    containers: int = 0
    decoders: list[CountedDecoder] = field(default_factory=list)

    def openers(self) -> Openers:
        def container(path: Path, facts: MediaFacts) -> Any:
            self.containers += 1
            return opened(path, facts)

        def decoder(stream: Any) -> Any:
            self.decoders.append(CountedDecoder(stream.codec_context))
            return self.decoders[-1]

        return Openers(container, decoder)


def test_all_analyses_share_one_container_one_decoder_a_stream_and_one_decoding_of_each_frame(film: Path) -> None:
    counter, facts = Counter(), probe(film)
    found = analyse(film, facts, openers=counter.openers())
    assert set(found.found) == ALL
    assert counter.containers == 1
    picture, sound = counter.decoders
    assert (picture.packets, picture.frames) == (160, 160)
    assert sound.packets == sum(1 for packet in _packets(film, "audio") if packet.size)
    assert found.frames == 160


def test_what_needs_no_decoding_opens_no_decoder(film: Path) -> None:
    counter = Counter()
    found = analyse(film, probe(film), {"key_frames", "frame_times"}, openers=counter.openers())
    assert (counter.containers, counter.decoders) == (1, [])
    assert set(found.found) == {"key_frames", "frame_times"}


def test_sound_alone_is_wanted_and_the_picture_is_not_decoded(film: Path) -> None:
    counter = Counter()
    analyse(film, probe(film), {"loudness", "silence"}, openers=counter.openers())
    assert [decoder.kind for decoder in counter.decoders] == ["audio"]


def test_a_result_does_not_depend_on_what_else_is_wanted(film: Path) -> None:
    facts = probe(film)
    together = analyse(film, facts)
    for kind in ALL:
        assert analyse(film, facts, {kind}).found[kind] == together.found[kind]


def test_an_analysis_goes_through_json_and_comes_back_the_same(film: Path) -> None:
    found = analyse(film, probe(film))
    dumped = json.loads(json.dumps(found.model_dump(mode="json")))
    assert MediaAnalysis.model_validate(dumped) == found
    assert type(MediaAnalysis.model_validate(dumped).found["scenes"]) is Scenes
    assert found.of(Scenes) is found.found["scenes"]
    dumped["found"]["smell"] = {}
    with pytest.raises(ValueError, match="smell"):
        MediaAnalysis.model_validate(dumped)


def test_every_analysis_has_a_type_of_its_own() -> None:
    assert len({row.result for row in ANALYSES.values()}) == len(ANALYSES)


def test_an_unknown_analysis_is_refused_with_the_known_ones(film: Path) -> None:
    with pytest.raises(KinofarmError, match="smell") as caught:
        analyse(film, probe(film), {"scenes", "smell"})
    assert caught.value.code == "MEDIA-030"
    assert all(kind in caught.value.hint for kind in ALL)


def test_a_stopped_analysis_ends_as_cancelled(film: Path) -> None:
    with pytest.raises(KinofarmError) as caught:
        analyse(film, probe(film), should_stop=lambda: True, openers=PAUSING)
    assert caught.value.code == "FFMPEG-001"


def test_progress_grows_to_one(film: Path) -> None:
    told: list[float] = []
    analyse(film, probe(film), progress=told.append, openers=PAUSING)
    assert told == sorted(told)
    assert len(told) >= 2
    assert 0 < told[0] < told[-1] == 1.0


def test_what_a_callback_raises_is_not_taken_for_an_error_of_the_file(film: Path) -> None:
    def told(share: float) -> None:
        raise BrokenPipeError(share)

    with pytest.raises(BrokenPipeError):
        analyse(film, probe(film), progress=told, openers=PAUSING)


def test_a_still_gives_what_a_still_has_and_reasons_for_the_rest(media_factory: MediaFactory) -> None:
    still = media_factory.make("analysed-still.png", "-f", "lavfi", "-i", "color=black:s=64x48", "-frames:v", "1")
    found = analyse(still, probe(still))
    assert set(found.found) == {"black", "quality", "key_frames"}
    assert found.found["black"].count == 1  # type: ignore[attr-defined]
    assert found.skipped == dict.fromkeys(
        ("scenes", "frozen", "motion", "interlacing", "frame_times"), "it is a single image"
    ) | dict.fromkeys(("silence", "loudness", "channels"), "the file has no sound")


def test_sound_alone_gives_what_sound_has(media_factory: MediaFactory) -> None:
    sound = media_factory.sound(48_000)
    found = analyse(sound, probe(sound))
    assert set(found.found) == {"silence", "loudness", "channels"}
    assert set(found.skipped.values()) == {"the file has no picture"}


def test_a_sound_that_is_not_there_is_a_reason(film: Path) -> None:
    assert seen(film, "channels", sound=3).skipped == {"channels": "the file has no such sound"}


def test_the_second_sound_can_be_analysed(media_factory: MediaFactory) -> None:
    two = media_factory.make(
        "two-sounds.mkv",
        *("-f", "lavfi", "-i", "sine=d=1", "-f", "lavfi", "-i", "anullsrc=d=1", "-map", "0", "-map", "1"),
        *("-c:a", "pcm_s16le"),
    )
    assert seen(two, "channels", sound=0).found["channels"].kind == "mono"  # type: ignore[attr-defined]
    assert seen(two, "channels", sound=1).found["channels"].kind == "silent"  # type: ignore[attr-defined]


def test_settings_travel_with_the_result(film: Path) -> None:
    assert seen(film, "black", black_level=0.2).settings == AnalysisSettings(black_level=0.2)


def _packets(path: Path, kind: str) -> Iterator[Any]:
    with av.open(str(path)) as container:
        yield from container.demux(**{kind: 0})
