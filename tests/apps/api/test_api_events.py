"""Events over HTTP: they go on where they broke off, for all who listen, and for nobody who may not."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Engine, text
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from apps.api import events
from infra.access.sessions import SessionStore
from infra.access.tokens import TokenStore
from infra.events import Event, JobAccepted, JobCancelled
from infra.jobs.engine import transaction
from infra.jobs.ledger import Ledger
from infra.jobs.store import JobStore
from tests.apps.api.served import Api, served
from tests.infra.jobs.farm import key_of, planned


@pytest.fixture
def api(database: str, tmp_path: Path) -> Iterator[Api]:
    with served(database, tmp_path) as up:
        wait_for(lambda: up.hub.hears_database)
        yield up


def wait_for(true: Any, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def tell(api: Api, *told: Event) -> None:
    """Have the hub tell, in its own loop."""

    async def all_of_it() -> None:
        for event in told:
            api.hub.tell(event)

    asyncio.run_coroutine_threadsafe(all_of_it(), api.server.loop).result(10)


class Stream:
    """Messages of one stream of Server-Sent Events."""

    def __init__(self, response: httpx.Response) -> None:
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        self._lines = response.iter_lines()
        self.last_id = ""

    def next(self) -> dict[str, Any]:
        """The next message; StopIteration at the stream's end."""
        fields: dict[str, str] = {}
        while True:
            line = next(self._lines)
            name, _, value = line.partition(": ")
            if name == "id":
                self.last_id = value
            if line.startswith(":"):
                continue
            if line:
                fields[name] = value
            elif "data" in fields:
                message = json.loads(fields["data"])
                assert (fields["id"], fields["event"]) == (message["id"], message["name"])
                return dict(message)
            else:
                fields = {}

    def quiet(self) -> None:
        """Read on until a comment says that nothing was told for a while, and of which place that is."""
        while not next(self._lines).startswith(":"):
            pass


@contextlib.contextmanager
def listening(api: Api, path: str = "/events", **headers: str) -> Iterator[Stream]:
    with api.client() as client, client.stream("GET", path, headers=headers) as response:
        yield Stream(response)


def sockets(api: Api, query: str = "", **headers: str) -> ClientConnection:
    address = api.url.replace("http://", "ws://") + f"/api/v1/events/ws{query}"
    return connect(address, additional_headers=headers, proxy=None)


def test_a_stream_begins_with_how_things_stand_and_tells_what_happens(api: Api) -> None:
    job = uuid4()
    with listening(api) as stream:
        first = stream.next()
        assert (first["name"], first["event"]) == ("connection", {"events": False, "database": True})
        tell(api, JobCancelled(job=job))
        told = stream.next()
        assert (told["name"], told["event"]) == ("kinofarm.job.cancelled", {"job": str(job)})


def test_a_stream_that_broke_off_anywhere_goes_on_without_loss_or_repetition(api: Api) -> None:
    jobs = [str(uuid4()) for _ in range(300)]
    stop = threading.Event()

    def telling() -> None:
        for job in jobs:
            tell(api, JobCancelled(job=job))
            stop.wait(0.005)

    got: list[str] = []
    with listening(api) as stream:
        last = stream.next()["id"]
    teller = threading.Thread(target=telling)
    teller.start()
    breaks = 0
    try:
        while len(got) < len(jobs):
            breaks += 1
            with listening(api, "/events?last_event_id=stale-0", **{"Last-Event-ID": last}) as stream:
                assert stream.next()["name"] == "connection"
                for _ in range(min(17, len(jobs) - len(got))):
                    message = stream.next()
                    got.append(message["event"]["job"])
                    last = message["id"]
    finally:
        stop.set()
        teller.join()
    assert breaks > 10
    assert got == jobs


@pytest.mark.parametrize("place", ["other-3", "nonsense", "%00%ff", "{boot}-999999"])
def test_who_can_t_go_on_is_told_first_to_read_a_snapshot(api: Api, place: str) -> None:
    with listening(api, f"/events?last_event_id={place.format(boot=api.hub.boot)}") as stream:
        reset = stream.next()
        assert (reset["name"], reset["event"]) == ("reset", None)
        assert stream.next()["name"] == "connection"


def test_a_stream_of_one_job_tells_of_no_other_and_its_place_moves_on(
    api: Api, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "KEEP_ALIVE_SECONDS", 0.3)
    store = JobStore(engine)
    job, other = planned(store, ["a"]), planned(store, ["b"])
    with listening(api, f"/events?job={str(job.id)[:13]}") as stream:
        stream.next()
        tell(api, JobCancelled(job=other.id))
        place = stream.last_id
        stream.quiet()
        tell(api, JobCancelled(job=job.id))
        assert stream.next()["event"] == {"job": str(job.id)}
        assert stream.last_id != place
        store.pause(job.id)
        assert stream.next() | {"id": "", "at": ""} == {
            "id": "",
            "at": "",
            "name": "job.changed",
            "event": {"job": str(job.id)},
        }
    with api.client() as client:
        assert client.get("/events?job=ffffffff").json()["code"] == "JOB-002"


def test_each_new_state_of_a_chunk_is_told_in_order_to_every_job_that_wants_it(api: Api, engine: Engine) -> None:
    store, ledger = JobStore(engine), Ledger(engine)
    first, second = planned(store, ["shared"]), planned(store, ["shared"])
    with listening(api, f"/events?job={first.id}") as stream, listening(api, f"/events?job={second.id}") as other:
        claim = ledger.claim("shard")
        assert claim is not None
        assert ledger.release(claim.key, claim.token)
        claim = ledger.claim("shard")
        assert claim is not None
        assert ledger.finish(claim.key, claim.token, {"frames": 50})
        for each, job in ((stream, first), (other, second)):
            told = []
            while told[-1:] != ["done"]:
                message = each.next()
                if message["name"] == "chunk.changed":
                    assert message["event"] | {"state": ""} == {
                        "job": str(job.id), "key": claim.key, "index": 0, "state": ""
                    }  # fmt: skip
                    told.append(message["event"]["state"])
            assert told == ["leased", "ready", "leased", "done"]


def test_states_that_come_together_are_told_in_their_order(api: Api, engine: Engine) -> None:
    job = planned(JobStore(engine), ["a"])
    with listening(api, f"/events?job={job.id}") as stream:
        with transaction(engine) as connection:  # what one transaction tells comes at once, each thing once
            for state in ("leased", "ready", "leased", "done"):
                connection.execute(
                    text("UPDATE chunks SET state = :state WHERE key = :key"), {"state": state, "key": key_of("a")}
                )
        told: list[str] = []
        while len(told) < 3:
            message = stream.next()
            if message["name"] == "chunk.changed":
                told.append(message["event"]["state"])
    assert told == ["leased", "ready", "done"]


def test_fifty_clients_hear_everything(api: Api) -> None:
    jobs = [uuid4() for _ in range(200)]
    got: dict[int, list[str]] = {number: [] for number in range(50)}
    ready = threading.Barrier(51)

    def client(number: int) -> None:
        with listening(api) as stream:
            stream.next()
            ready.wait(60)
            got[number] = [stream.next()["event"]["job"] for _ in jobs]

    threads = [threading.Thread(target=client, args=[number]) for number in got]
    for thread in threads:
        thread.start()
    ready.wait(60)
    assert api.hub.listeners == 50
    tell(api, *[JobCancelled(job=job) for job in jobs])
    for thread in threads:
        thread.join(60)
    assert all(each == list(map(str, jobs)) for each in got.values())
    wait_for(lambda: api.hub.listeners == 0)


def test_nobody_listens_without_a_token(api: Api) -> None:
    bare = httpx.get(f"{api.url}/api/v1/events")
    assert (bare.status_code, bare.json()["code"]) == (401, "ACCESS-001")
    for headers, code in (({}, "ACCESS-001"), ({"Authorization": "Bearer kf_no"}, "ACCESS-002")):
        with pytest.raises(InvalidStatus) as refused:
            sockets(api, "", **headers)
        assert refused.value.response.status_code == 401
        assert json.loads(refused.value.response.body)["code"] == code
    with pytest.raises(InvalidStatus):
        sockets(api, f"?token={api.token}&access_token={api.token}")


@pytest.mark.parametrize("by", ["token", "session"])
def test_a_stream_ends_when_its_token_is_revoked(api: Api, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    assert events.CHECK_SECONDS + events.PARTING_SECONDS < 30
    monkeypatch.setattr(events, "CHECK_SECONDS", 0.3)
    secret = api.secret("leaver")
    token = api.services.get(TokenStore).known(secret)
    assert token is not None
    cookie = api.services.get(SessionStore).begin(token, 1)
    shown = {"Authorization": f"Bearer {secret}"} if by == "token" else {"Cookie": f"kinofarm_session={cookie}"}
    origin = {} if by == "token" else {"Origin": api.url}
    with httpx.stream("GET", f"{api.url}/api/v1/events", headers=shown, timeout=30) as response, sockets(api, "", **shown, **origin) as socket:  # fmt: skip
        stream = Stream(response)
        assert stream.next()["name"] == json.loads(socket.recv(5))["name"] == "connection"
        time.sleep(0.7)
        tell(api, JobCancelled(job=uuid4()))
        assert stream.next()["name"] == json.loads(socket.recv(5))["name"] == "kinofarm.job.cancelled"
        if by == "token":
            api.services.get(TokenStore).revoke("leaver")
        else:
            api.services.get(SessionStore).end(cookie)
        with pytest.raises(StopIteration):
            stream.next()
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008
    assert httpx.get(f"{api.url}/api/v1/events", headers=shown).status_code == 401


def test_a_websocket_tells_the_same_and_goes_on_after_a_message(api: Api) -> None:
    shown = {"Authorization": f"bearer {api.token}"}
    jobs = [str(uuid4()) for _ in range(5)]
    with sockets(api, "", **shown) as socket, listening(api) as stream:
        assert json.loads(socket.recv(5))["name"] == stream.next()["name"] == "connection"
        tell(api, *[JobCancelled(job=job) for job in jobs])
        messages = [json.loads(socket.recv(5)) for _ in jobs]
        assert messages == [stream.next() for _ in jobs]
        assert [each["event"]["job"] for each in messages] == jobs
        socket.send("what nobody reads")
    with sockets(api, f"?last_event_id={messages[1]['id']}", **shown) as socket:
        assert json.loads(socket.recv(5))["name"] == "connection"
        assert [json.loads(socket.recv(5)) for _ in jobs[2:]] == messages[2:]
    with sockets(api, "?last_event_id=older-7", **shown) as socket:
        assert json.loads(socket.recv(5))["name"] == "reset"
    wait_for(lambda: api.hub.listeners == 0)


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null", "{url}.evil.example", "{scheme}s://{host}"])
def test_a_session_listens_over_a_websocket_from_the_farm_s_own_origin_only(api: Api, origin: str | None) -> None:
    token = api.services.get(TokenStore).known(api.token)
    assert token is not None
    shown = {"Cookie": f"kinofarm_session={api.services.get(SessionStore).begin(token, 1)}"}
    scheme, _, host = api.url.partition("://")
    given = {} if origin is None else {"Origin": origin.format(url=api.url, scheme=scheme, host=host)}
    with pytest.raises(InvalidStatus) as refused:
        sockets(api, "", **shown, **given)
    assert refused.value.response.status_code == 403
    assert json.loads(refused.value.response.body)["code"] == "API-031"
    with sockets(api, "", **shown, Origin=api.url) as socket:
        assert json.loads(socket.recv(5))["name"] == "connection"


def test_streams_end_at_once_when_the_server_does(database: str, tmp_path: Path) -> None:
    with served(database, tmp_path) as api:
        shown = {"Authorization": f"Bearer {api.token}"}
        with listening(api) as stream, sockets(api, "", **shown) as socket:
            stream.next()
            socket.recv(5)
            began = time.monotonic()
            api.server.should_exit = True
            with pytest.raises(StopIteration):
                stream.next()
            with pytest.raises(ConnectionClosed):
                socket.recv(10)
            assert time.monotonic() - began < 1.5


def test_more_listeners_than_the_api_takes_are_refused(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MOST_LISTENERS", 2)
    with listening(api), listening(api):
        wait_for(lambda: api.hub.listeners == 2)
        with api.client() as client:
            refused = client.get("/events")
            assert (refused.status_code, refused.json()["code"]) == (503, "API-030")


def test_a_client_that_does_not_read_holds_nobody_up(api: Api) -> None:
    with listening(api) as deaf, listening(api) as stream:
        deaf.next()
        stream.next()
        many = [JobAccepted(job=uuid4(), project="x" * 2000, output="o") for _ in range(200)]
        for _ in range(80):  # more than the kernel's buffers and the ring hold together
            tell(api, *many)
            assert [stream.next()["event"]["job"] for _ in many] == [str(each.job) for each in many]
        held = 0
        while deaf.next()["name"] != "reset":
            held += 1
        assert 0 < held < 10_000
