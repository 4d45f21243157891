"""Tokens, sessions and the audit log: who is let in, for how long, and what is kept of it."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from infra.access.audit import AuditLog
from infra.access.scopes import SCOPES, allows
from infra.access.sessions import SessionStore
from infra.access.tokens import TokenStore, digest
from infra.errors import KinofarmError


def test_a_token_is_known_by_itself_and_kept_only_as_its_hash(engine: Engine) -> None:
    store = TokenStore(engine)
    token, secret = store.create("newsroom", "submit")
    found = store.known(secret.get_secret_value())
    assert found is not None
    assert (found.name, found.scope) == ("newsroom", "submit")
    with engine.connect() as connection:
        kept = str(connection.execute(text("SELECT tokens FROM tokens")).scalars().all())
    assert secret.get_secret_value() not in kept
    assert digest(secret.get_secret_value()) in kept
    assert secret.get_secret_value() not in repr((token, secret))


@pytest.mark.parametrize("given", ["", "kf_", "kf_nobody", "newsroom", "kf_\x00", "kf_" + "x" * 10_000])
def test_what_is_no_token_is_nobody(engine: Engine, given: str) -> None:
    TokenStore(engine).create("newsroom", "read")
    assert TokenStore(engine).known(given) is None


def test_a_revoked_token_is_nobody_and_its_sessions_have_ended(engine: Engine) -> None:
    store, sessions = TokenStore(engine), SessionStore(engine)
    token, secret = store.create("newsroom", "read")
    cookie = sessions.begin(token, hours=1)
    assert sessions.known(cookie) is not None
    assert store.revoke("newsroom").revoked_at is not None
    assert store.known(secret.get_secret_value()) is None
    assert sessions.known(cookie) is None
    with pytest.raises(KinofarmError, match="ACCESS-005"):
        store.revoke("newsroom")


def test_an_expired_token_is_nobody_and_its_name_is_free_again(engine: Engine) -> None:
    store = TokenStore(engine)
    token, secret = store.create("for a day", "read", days=1)
    cookie = SessionStore(engine).begin(token, hours=48)
    with engine.begin() as connection:
        connection.execute(text("UPDATE tokens SET expires_at = now() - interval '1 second'"))
    assert store.known(secret.get_secret_value()) is None
    assert SessionStore(engine).known(cookie) is None
    store.create("for a day", "read")
    assert len(store.tokens()) == 2


def test_two_valid_tokens_of_one_name_are_refused(engine: Engine) -> None:
    store = TokenStore(engine)
    store.create("newsroom", "read")
    with pytest.raises(KinofarmError) as refused:
        store.create("newsroom", "admin")
    assert refused.value.code == "ACCESS-004"
    assert [token.scope for token in store.tokens()] == ["read"]


def test_it_is_noted_when_a_token_was_last_used(engine: Engine) -> None:
    store = TokenStore(engine)
    _, secret = store.create("newsroom", "read")
    assert store.tokens()[0].last_used_at is None
    store.known(secret.get_secret_value())
    first = store.tokens()[0].last_used_at
    assert first is not None
    store.known(secret.get_secret_value())
    assert store.tokens()[0].last_used_at == first, "a busy program writes no row a request"


def test_a_session_ends_when_its_browser_logs_out_and_when_its_time_is_over(engine: Engine) -> None:
    token, _ = TokenStore(engine).create("newsroom", "operate")
    sessions = SessionStore(engine)
    first, second = (sessions.begin(token, hours=1) for _ in range(2))
    known = sessions.known(first)
    assert known is not None
    assert (known.name, known.scope) == ("newsroom", "operate")
    assert known.csrf not in (first, second)
    sessions.end(first)
    assert sessions.known(first) is None
    assert sessions.known(second) is not None
    with engine.begin() as connection:
        connection.execute(text("UPDATE sessions SET expires_at = now()"))
    assert sessions.known(second) is None


def test_each_scope_allows_what_those_before_it_do() -> None:
    order = list(SCOPES)
    for held in order:
        assert [needed for needed in order if allows(held, needed)] == order[: order.index(held) + 1]


def test_the_audit_log_tells_the_newest_deeds_page_by_page_and_forgets_old_ones(engine: Engine) -> None:
    log = AuditLog(engine)
    for number in range(5):
        log.note("me", "api", "job.cancel", f"job-{number}", "ok", "127.0.0.1")
    newest = log.recent(2)
    assert [deed.subject for deed in newest] == ["job-4", "job-3"]
    assert [deed.subject for deed in log.recent(9, before=newest[-1].id)] == ["job-2", "job-1", "job-0"]
    with engine.begin() as connection:
        connection.execute(text("UPDATE audit SET at = now() - interval '40 days' WHERE subject < 'job-3'"))
    assert log.forget(30) == 3
    assert [deed.subject for deed in log.recent(9)] == ["job-4", "job-3"]
