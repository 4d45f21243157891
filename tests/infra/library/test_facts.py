"""Facts of files: remembered as long as they hold."""

from __future__ import annotations

import os
import random
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from infra.errors import KinofarmError
from infra.jobs.engine import transaction
from infra.library.facts import FactsStore, Remembered
from infra.library.medium import MediumState

FACTS = {"sha256": "0" * 64, "duration": "1001/30000"}


def test_facts_hold_until_the_file_changes(engine: Engine, tmp_path: Path) -> None:
    store = FactsStore(engine)
    file = tmp_path / "clip é.mov"
    file.write_bytes(b"one")
    assert store.get(file, MediumState.of(file.stat())) is None
    store.put(file, MediumState.of(file.stat()), FACTS)
    store.put(file, MediumState.of(file.stat()), FACTS | {"size": 3})
    assert store.get(file, MediumState.of(file.stat())) == FACTS | {"size": 3}
    before = file.stat()
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert store.get(file, MediumState.of(file.stat())) is None
    other = tmp_path / "other.mov"
    other.write_bytes(b"two")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(file)  # same size and time, another inode
    assert store.get(file, MediumState.of(file.stat())) is None


def test_a_name_that_is_not_unicode_is_simply_not_remembered(engine: Engine, tmp_path: Path) -> None:
    store = FactsStore(engine)
    file = tmp_path / os.fsdecode(b"clip-\xff.mov")
    file.write_bytes(b"one")
    store.put(file, MediumState.of(file.stat()), FACTS)
    assert store.get(file, MediumState.of(file.stat())) is None


def test_errors_are_remembered_as_facts_are_and_both_for_so_many_days(engine: Engine, tmp_path: Path) -> None:
    store = FactsStore(engine, days=2)
    good, bad = tmp_path / "good.mov", tmp_path / "bad.mov"
    for path in (good, bad):
        path.write_bytes(b"film")
    store.put(good, MediumState.of(good.stat()), FACTS)
    store.put(bad, MediumState.of(bad.stat()), None, {"code": "MEDIA-001"})
    known = store.known(bad, MediumState.of(bad.stat()))
    assert known is not None
    assert (known.facts, known.error) == (None, {"code": "MEDIA-001"})
    assert store.get(bad, MediumState.of(bad.stat())) is None
    with transaction(engine) as connection:
        connection.execute(
            text("UPDATE media_facts SET probed_at = now() - interval '49 hours' WHERE path = :path"),
            {"path": str(good)},
        )
    assert store.known(good, MediumState.of(good.stat())) is None
    assert store.below(tmp_path).keys() == {str(bad)}
    assert store.forget() == 1
    store.put(bad, MediumState.of(bad.stat()), FACTS)
    assert store.get(bad, MediumState.of(bad.stat())) == FACTS, "what was broken may be mended"


def test_files_are_known_by_the_folder_that_they_lie_in(engine: Engine, tmp_path: Path) -> None:
    store = FactsStore(engine)
    paths = [tmp_path / name for name in ("a/x.mov", "a/b/y.mov", "a0/z.mov", "a.mov", "ab/w.mov")]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.touch()
        store.put(path, MediumState.of(path.stat()), FACTS)
    assert store.below(tmp_path / "a").keys() == {str(path) for path in paths[:2]}
    assert store.those([paths[0], paths[4], tmp_path / "none.mov"]).keys() == {str(paths[0]), str(paths[4])}
    with transaction(engine) as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = connection.execute(
            text("EXPLAIN SELECT FROM media_facts WHERE path ~>=~ '/a/' AND path ~<~ '/a0'")
        ).scalars()
        assert "ix_media_facts_folder" in "\n".join(plan)


def test_whatever_stands_in_facts_and_errors_is_kept(engine: Engine, tmp_path: Path) -> None:
    store, state = FactsStore(engine), MediumState(size=1, modified_ns=1, inode="1:1")
    odd = {
        "codec": "a\0b",
        "tags\0": ["\udcff", {"language": "de\0"}],
        "level": float("nan"),
        "size": 2**70,
        "alpha": True,
    }
    store.put(tmp_path / "odd.mov", state, odd)
    assert store.get(tmp_path / "odd.mov", state) == {
        "codec": r"a\x00b", r"tags\x00": [r"\udcff", {"language": r"de\x00"}], "level": None, "size": 2**70, "alpha": True,
    }  # fmt: skip
    error = KinofarmError("MEDIA-002", file=os.fsdecode(b"clip-\xff.mov"), reason="its box \0 ends")
    store.put(tmp_path / "bad.mov", state, None, {**error.as_dict(), "where": "\0"})
    known = store.known(tmp_path / "bad.mov", state)
    assert known is not None
    assert known.error == {**error.as_dict(), "where": r"\x00"}
    assert error.detail == r"its box \x00 ends", "wherever else it is kept"


def test_what_can_not_be_kept_does_not_keep_others_from_being_kept(engine: Engine, tmp_path: Path) -> None:
    store, state = FactsStore(engine), MediumState(size=1, modified_ns=1, inode="1:1")
    noise = "".join(random.Random(1).choices("0123456789abcdefghijklmnopqrstuvwxyz", k=4000))
    long = tmp_path / "/".join(noise[at : at + 200] for at in range(0, 3800, 200))
    paths = [tmp_path / "one.mov", long, tmp_path / "two.mov"]
    store.put_all([Remembered.of(path, state, FACTS) for path in paths])
    assert [store.get(path, state) for path in paths] == [FACTS, None, FACTS]


@pytest.mark.parametrize("modified", ["2302-09-25", "2000-01-01", "1960-01-01", "1600-01-01"])
def test_any_time_and_size_of_a_file_can_be_kept(engine: Engine, tmp_path: Path, modified: str) -> None:
    store, file = FactsStore(engine), tmp_path / "clip.mov"
    ns = (date.fromisoformat(modified) - date(1970, 1, 1)).days * 86_400 * 10**9
    state = MediumState(size=2**64, modified_ns=ns, inode="1:1")
    store.put(file, state, FACTS)
    assert store.get(file, state) == FACTS
    assert store.below(tmp_path)[str(file)].holds(state)
    for change in ({"modified_ns": ns + 1}, {"modified_ns": ns - 1}, {"size": 2**64 + 1}):
        assert store.get(file, state.model_copy(update=change)) is None
