"""ffmpeg and tools as processes: progress, cancelling, hanging, failing, and what is left behind."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from infra import ffmpeg
from infra.errors import KinofarmError
from infra.process import Limits, Progress, environment, run_ffmpeg, run_tool

TEST_PICTURE = ("-f", "lavfi", "-i", "testsrc2=s=160x90:r=25")
ENDLESS = ("-re", *TEST_PICTURE, "-f", "null", "-")


def alive_with(marker: str) -> list[int]:
    """Return the pids of living processes whose command line holds `marker`."""
    living = [p for p in psutil.process_iter(["cmdline", "status"]) if p.info["status"] != psutil.STATUS_ZOMBIE]
    return [p.pid for p in living if any(marker in part for part in p.info["cmdline"] or ())]


def refused(code: str, *argv: str, cwd: Path, **options: object) -> KinofarmError:
    with pytest.raises(KinofarmError) as caught:
        run_ffmpeg(argv, cwd=cwd, **options)  # type: ignore[arg-type]
    assert caught.value.code == code, caught.value
    return caught.value


def test_an_encode_reports_its_frames_and_processor_time(tmp_path: Path) -> None:
    seen: list[Progress] = []
    argv = (*TEST_PICTURE, "-frames:v", "30", "-c:v", "libx264", "-pix_fmt", "yuv420p", "out.mp4")
    result = run_ffmpeg(argv, cwd=tmp_path, on_progress=seen.append)
    assert (tmp_path / "out.mp4").stat().st_size > 1000
    assert result.frames == 30
    assert result.seconds > 0
    assert result.cpu_seconds > 0
    assert seen[-1].frame == 30
    assert [p.frame for p in seen] == sorted(p.frame for p in seen)


def test_cancelling_ends_ffmpeg_within_two_seconds(tmp_path: Path) -> None:
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    started = time.monotonic()
    error = refused("FFMPEG-001", *ENDLESS, "-metadata", f"title={tmp_path}", cwd=tmp_path, should_stop=stop.is_set)
    assert time.monotonic() - started < 2.5
    assert not error.retry
    assert alive_with(str(tmp_path)) == []


def test_an_ffmpeg_that_ignores_the_first_signal_is_killed(tmp_path: Path) -> None:
    deaf = tmp_path / "deaf"
    deaf.write_text("#!/bin/sh\ntrap '' TERM\nsleep 60 &\nwhile :; do sleep 0.1; done\n")
    deaf.chmod(0o755)
    started = time.monotonic()
    refused("FFMPEG-002", "-x", cwd=tmp_path, binary=deaf, timeout=0.3)
    assert time.monotonic() - started < 3
    assert alive_with(str(deaf)) == []


def test_no_frame_and_no_processor_time_is_a_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "silent.y4m")
    error = refused("FFMPEG-003", "-i", "silent.y4m", "-f", "null", "-", cwd=tmp_path, hang=0.6)
    assert error.retry


def test_work_that_uses_the_processor_is_not_a_hang(tmp_path: Path) -> None:
    busy = tmp_path / "busy"
    busy.write_text(f"#!{sys.executable} -ISE\nimport time\nwhile time.process_time() < 1.2: pass\n")
    busy.chmod(0o755)
    assert run_ffmpeg(("-x",), cwd=tmp_path, binary=busy, hang=0.4).frames == 0


def test_invalid_data_is_not_tried_again_and_shows_no_folder(tmp_path: Path) -> None:
    (tmp_path / "not.mp4").write_bytes(b"no film at all\x1b[31m" * 50)
    error = refused("FFMPEG-004", "-i", str(tmp_path / "not.mp4"), "-f", "null", "-", cwd=tmp_path)
    assert not error.retry
    assert "Invalid data" in error.detail
    assert "not.mp4" in error.detail
    assert str(tmp_path) not in error.detail
    assert "\x1b" not in error.detail


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_tried_again(tmp_path: Path) -> None:
    error = refused("FFMPEG-006", *TEST_PICTURE, "-frames:v", "200", "-f", "rawvideo", "/dev/full", cwd=tmp_path)
    assert error.retry


def test_a_kill_from_outside_is_tried_again(tmp_path: Path) -> None:
    title = f"title={tmp_path}"

    def kill() -> None:
        for pid in alive_with(title):
            os.kill(pid, signal.SIGKILL)

    threading.Timer(0.5, kill).start()
    error = refused("FFMPEG-005", *ENDLESS, "-metadata", title, cwd=tmp_path)
    assert error.retry
    assert "SIGKILL" in error.message


def test_a_file_beyond_its_limit_is_not_written(tmp_path: Path) -> None:
    argv = (*TEST_PICTURE, "-frames:v", "100", "-f", "rawvideo", "big.yuv")
    refused("FFMPEG-005", *argv, cwd=tmp_path, limits=Limits(file_size=1_000_000))
    assert (tmp_path / "big.yuv").stat().st_size <= 1_000_000


def test_what_a_callback_raises_passes_through_and_ends_ffmpeg(tmp_path: Path) -> None:
    def broken() -> bool:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_ffmpeg((*ENDLESS, "-metadata", f"title={tmp_path}"), cwd=tmp_path, should_stop=broken)
    assert alive_with(str(tmp_path)) == []


def test_ffmpeg_sees_no_secret_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINOFARM_DATABASE__URL", "postgresql://user:hunter2@host/db")
    assert "hunter2" not in str(environment())
    tell = tmp_path / "tell"
    tell.write_text("#!/bin/sh\nenv > told\n")
    tell.chmod(0o755)
    run_ffmpeg((), cwd=tmp_path, binary=tell)
    told = dict(line.split("=", 1) for line in (tmp_path / "told").read_text().splitlines())
    assert set(told) <= {"PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "HOME",
                         "FONTCONFIG_FILE", "PWD", "SHLVL", "_", "OLDPWD"}  # fmt: skip
    assert told["HOME"] == str(tmp_path)


def test_ffmpeg_dies_with_the_process_that_waits_for_it(tmp_path: Path) -> None:
    title = f"title={tmp_path}"
    script = (
        "import sys; from pathlib import Path; from infra.process import run_ffmpeg\n"
        f"run_ffmpeg({(*ENDLESS, '-metadata', title)!r}, cwd=Path({str(tmp_path)!r}))"
    )
    parent = psutil.Popen([sys.executable, "-c", script], cwd=Path(ffmpeg.__file__).parents[1])
    wait_until(lambda: any("ffmpeg" in psutil.Process(pid).name() for pid in alive_with(title) if pid != parent.pid))
    parent.kill()
    parent.wait()
    wait_until(lambda: alive_with(title) == [])


def test_a_tool_answers_or_says_why_not(tmp_path: Path) -> None:
    assert run_tool(["/bin/sh", "-c", "echo hello; pwd"], cwd=tmp_path).split()[0] == "hello"
    for code, argv in (
        ("FARM-001", [str(tmp_path / "nothing")]),
        ("FARM-002", ["/bin/sh", "-c", "echo because >&2; exit 3"]),
        ("FARM-003", ["/bin/sh", "-c", "sleep 30"]),
    ):
        with pytest.raises(KinofarmError) as caught:
            run_tool(argv, timeout=0.5)
        assert caught.value.code == code
    assert alive_with("sleep 30") == []


def wait_until(true: object, seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
