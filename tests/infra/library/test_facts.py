"""Facts of files, and proofs of joins: remembered as long as they hold."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import Engine

from infra.jobs.joins import JoinProofs
from infra.jobs.ledger import Ledger
from infra.jobs.store import JobStore
from infra.library.facts import FactsStore
from tests.infra.jobs.farm import RESULT, key_of, nothing, planned

FACTS = {"sha256": "0" * 64, "duration": "1001/30000"}


def test_facts_hold_until_the_file_changes(engine: Engine, tmp_path: Path) -> None:
    store = FactsStore(engine)
    file = tmp_path / "clip é.mov"
    file.write_bytes(b"one")
    assert store.get(file, file.stat()) is None
    store.put(file, file.stat(), FACTS)
    store.put(file, file.stat(), FACTS | {"size": 3})
    assert store.get(file, file.stat()) == FACTS | {"size": 3}
    before = file.stat()
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert store.get(file, file.stat()) is None
    other = tmp_path / "other.mov"
    other.write_bytes(b"two")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(file)  # same size and time, another inode
    assert store.get(file, file.stat()) is None


def test_a_name_that_is_not_unicode_is_simply_not_remembered(engine: Engine, tmp_path: Path) -> None:
    store = FactsStore(engine)
    file = tmp_path / os.fsdecode(b"clip-\xff.mov")
    file.write_bytes(b"one")
    store.put(file, file.stat(), FACTS)
    assert store.get(file, file.stat()) is None


def test_a_join_is_proven_once_and_in_its_direction(engine: Engine) -> None:
    proofs = JoinProofs(engine)
    a, b, c = key_of("a"), key_of("b"), key_of("c")
    assert proofs.proven([]) == frozenset()
    proofs.add([(a, b), (b, c)])
    proofs.add([(a, b)])
    proofs.add([])
    assert proofs.proven([(a, b), (b, a), (b, c), (a, c)]) == {(a, b), (b, c)}


def test_a_chunk_made_anew_has_to_join_anew(engine: Engine) -> None:
    store, ledger, proofs = JobStore(engine), Ledger(engine), JoinProofs(engine)
    planned(store, "abc")
    while (claim := ledger.claim("shard")) is not None:
        ledger.finish(claim.key, claim.token, RESULT)
    a, b, c = key_of("a"), key_of("b"), key_of("c")
    proofs.add([(a, b), (b, c), (c, a)])
    planned(store, "b", present=nothing)
    assert proofs.proven([(a, b), (b, c), (c, a)]) == {(c, a)}
