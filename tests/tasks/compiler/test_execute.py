"""Work is done in its own folder: placeholders become files, and what was planned with is what is read."""

from pathlib import Path

import pytest

from infra import ffmpeg
from infra.errors import KinofarmError
from tasks.compiler.execute import Renderer, arguments, execute
from tasks.compiler.work import FontUse, MediaUse, Stage, TextFile, Work
from tasks.media.probe import content_hash
from tests.media_factory import MediaFactory

FFMPEG = ffmpeg.binary(None)
RENDERER = Renderer(FFMPEG, ffmpeg.version(FFMPEG), threads=1)
SHA = "a" * 64


def use_of(file: Path) -> MediaUse:
    facts = file.stat()
    return MediaUse(sha256=content_hash(file), path=str(file), size=facts.st_size, modified_ns=facts.st_mtime_ns)


def work_on(file: Path, *options: str, **more: object) -> Work:
    use = use_of(file)
    argv = ("-i", f"media:{use.sha256}", *options, "-c:v", "libx264", "-frames:v", "5", "-an", "out")
    facts = {"kind": "picture", "frames": 5, "suffix": ".mp4", "media": (use,), "ffmpeg": RENDERER.version}
    return Work.model_validate({**facts, "stages": (Stage(argv=argv),), **more})


def test_placeholders_become_files_and_threads_are_the_machine_s() -> None:
    work = Work(
        kind="picture", frames=1, suffix=".mp4", stages=(Stage(argv=("x",)),), ffmpeg="v",
        media=(MediaUse(sha256=SHA, path="/media/a b.mp4", size=1, modified_ns=1),),
    )  # fmt: skip
    argv = ("-f", "mov", "-i", f"media:{SHA}", "-map", "0:v", "out")
    assert arguments(argv, work, threads=3, out="out.mp4") == (
        *("-filter_threads", "3", "-filter_complex_threads", "3"),
        *("-f", "mov", "-threads", "3", "-i", "file:/media/a b.mp4"),
        *("-map", "0:v", "-threads", "3", "file:out.mp4"),
    )


def test_a_clip_comes_out_of_the_folder_and_its_frames_are_reported(
    media_factory: MediaFactory, tmp_path: Path
) -> None:
    frames: list[int] = []
    out = execute(work_on(media_factory.video()), tmp_path, RENDERER, on_frames=frames.append)
    assert out == tmp_path / "out.mp4"
    assert frames[-1] == 5


def test_texts_and_fonts_are_laid_where_the_graph_expects_them(media_factory: MediaFactory, tmp_path: Path) -> None:
    font = tmp_path / "some.TTF"
    font.write_bytes(b"font")
    work = work_on(
        media_factory.video(),
        files=(TextFile(name="text-1.ass", text="[Script Info]\n"),),
        fonts=(FontUse(sha256=SHA, path=str(font)),),
    )
    folder = tmp_path / "folder"
    folder.mkdir()
    execute(work, folder, RENDERER)
    assert (folder / "text-1.ass").read_text() == "[Script Info]\n"
    assert (folder / "fonts" / f"{SHA}.ttf").read_bytes() == b"font"


def test_media_that_changed_since_planning_is_refused(media_factory: MediaFactory, tmp_path: Path) -> None:
    work = work_on(media_factory.video())
    stale = work.media[0].model_copy(update={"modified_ns": 1})
    with pytest.raises(KinofarmError) as refused:
        execute(work.model_copy(update={"media": (stale,)}), tmp_path, RENDERER)
    assert refused.value.code == "FLOW-001"
    assert list(tmp_path.iterdir()) == []


def test_another_ffmpeg_than_planned_is_refused(media_factory: MediaFactory, tmp_path: Path) -> None:
    with pytest.raises(KinofarmError) as refused:
        execute(work_on(media_factory.video(), ffmpeg="ffmpeg version 1"), tmp_path, RENDERER)
    assert (refused.value.code, refused.value.retry) == ("FLOW-002", True)
