"""Tails of logs: bounded, of plain files of the farm's own folder only, and without secrets that slipped into one."""

from __future__ import annotations

from pathlib import Path

from apps.ui.logs import MOST_BYTES, logs, tail


def test_only_plain_logs_of_the_folder_are_listed(tmp_path: Path) -> None:
    (tmp_path / "api.log").write_text("well")
    (tmp_path / "secret.txt").write_text("no log")
    (tmp_path / "..log").write_text("odd")
    (tmp_path / "link.log").symlink_to("/etc/passwd")
    (tmp_path / "folder.log").mkdir()
    assert logs(tmp_path) == ["api.log"]
    assert logs(tmp_path / "not there") == []


def test_of_a_long_log_the_end_is_read_from_a_whole_line_on(tmp_path: Path) -> None:
    log = tmp_path / "long.log"
    log.write_text("".join(f"line {number}\n" for number in range(20_000)))
    text, whole = tail(log)
    assert whole == log.stat().st_size
    assert len(text) <= MOST_BYTES
    assert text.startswith("line ")
    assert text.endswith("line 19999\n")


def test_tokens_and_passwords_in_a_log_are_not_shown(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    log.write_text(
        "Bearer kf_abcdefgh12345678SECRET\npostgresql://farm:hunter2@127.0.0.1/x\nbytes \xff\n", encoding="latin-1"
    )
    text, _ = tail(log)
    assert "SECRET" not in text
    assert "hunter2" not in text
    assert "postgresql://farm:…@127.0.0.1/x" in text
