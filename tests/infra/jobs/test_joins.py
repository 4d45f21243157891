"""Proofs of joins: remembered as long as they hold."""

from __future__ import annotations

from sqlalchemy import Engine

from infra.jobs.joins import JoinProofs
from infra.jobs.ledger import Ledger
from infra.jobs.store import JobStore
from tests.infra.jobs.farm import RESULT, key_of, nothing, planned


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
