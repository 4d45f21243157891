"""Prefect's REST API, as far as the farm uses it: pools, automations, runs, workers.

A thin client over httpx: importing Prefect itself costs a second and 80 MB, which the supervisor and the command line
have better uses for.

Source:  Prefect's API reference, /work_pools, /automations, /flow_runs, /deployments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import tenacity

from infra.errors import KinofarmError
from infra.values import Value

TIMEOUT_SECONDS = 15
PATIENCE_SECONDS = 20
"""Longest wait for a server that is away or busy; each request may be repeated safely."""
ATTEMPTS = 12
BUSY = (408, 429, 502, 503, 504)
"""Prefect answers 503 when SQLite finds its database locked: a moment later it is free."""
UNFINISHED = ("SCHEDULED", "PENDING", "RUNNING", "CANCELLING", "PAUSED")

POOL_TEMPLATE: Mapping[str, Any] = {
    "job_configuration": {
        name: "{{ " + name + " }}" for name in ("command", "env", "labels", "name", "stream_output", "working_dir")
    },
    "variables": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "title": "Name"},
            "env": {"type": "object", "title": "Environment Variables", "additionalProperties": {"type": "string"}},
            "labels": {"type": "object", "title": "Labels", "additionalProperties": {"type": "string"}},
            "command": {"type": "string", "title": "Command", "default": "python -m infra.engine"},
            "stream_output": {"type": "boolean", "title": "Stream Output", "default": True},
            "working_dir": {"type": "string", "title": "Working Directory"},
        },
    },
}
"""A process pool whose runs start by our command (see `infra.engine`). Without a command of its own Prefect's process
worker puts two more processes and a second of work before each run."""

_CRASH = {"type": "change-flow-run-state", "state": "CRASHED", "name": "Crashed"}
_EACH_RUN = {
    "type": "event",
    "posture": "Proactive",
    "match": {"prefect.resource.id": "prefect.flow-run.*"},
    "for_each": ["prefect.resource.id"],
    "threshold": 1,
}
# a running engine beats every 30 s: that it runs is known even where the event that said so came too early
_LATER_STATES = ("Running", "Completed", "Failed", "Crashed", "Cancelled", "Cancelling", "Paused", "Scheduled")

AUTOMATIONS: tuple[Mapping[str, Any], ...] = (
    {
        "name": "kinofarm: an engine that stopped beating has crashed",
        "description": "Three heartbeats of 30 s missed: the machine is gone. The reconciler brings the run back.",
        "enabled": True,
        "trigger": {
            **_EACH_RUN,
            "after": ["prefect.flow-run.heartbeat"],
            "expect": ["prefect.flow-run.*"],
            "within": 90,
        },
        "actions": [{**_CRASH, "message": "The engine sent no heartbeat for 90 seconds."}],
    },
    {
        "name": "kinofarm: a run that does not start has crashed",
        "description": "A worker took the run and died before its engine ran. The reconciler brings the run back.",
        "enabled": True,
        "trigger": {
            **_EACH_RUN,
            "after": ["prefect.flow-run.Pending", "prefect.flow-run.Submitting"],
            "expect": [f"prefect.flow-run.{state}" for state in (*_LATER_STATES, "heartbeat")],
            "within": 45,
        },
        "actions": [{**_CRASH, "message": "The run was taken by a worker and did not start within 45 seconds."}],
    },
)
"""Crash detection by the server; the supervisor's own (engines that left their file behind) is quicker on its machine."""


class Run(Value):
    """A flow run: its state's type, such as RUNNING, and its name, such as AwaitingRetry."""

    id: UUID
    name: str
    state: str
    state_name: str
    pool: str | None
    since: datetime


class WorkerState(Value):
    name: str
    online: bool
    last_heartbeat: datetime | None


class PrefectApi:
    """A connection to one Prefect server.

    Args:    url: ends in /api. auth: `user:password`, or None.
    Raises:  every method: KinofarmError FARM-020 not reachable, -021 password refused, -022 request refused.
    """

    def __init__(self, url: str, auth: str | None, timeout: float = TIMEOUT_SECONDS) -> None:
        user, _, password = (auth or "").partition(":")
        self.url = url.rstrip("/")
        self._client = httpx.Client(
            base_url=self.url, auth=(user, password) if auth else None, timeout=timeout, trust_env=False
        )

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def healthy(self) -> bool:
        """Whether the server answers now, whatever the password; never raises."""
        try:
            return self._client.get("/health", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def version(self) -> str:
        """Return the server's version."""
        return str(self._ask("GET", "/admin/version"))

    def ensure_pool(self, name: str, limit: int | None, description: str) -> None:
        """Make the work pool, or set its template and limit (most runs at once) when it exists."""
        body = {"description": description, "concurrency_limit": limit, "base_job_template": POOL_TEMPLATE}
        if self._ask("GET", f"/work_pools/{name}", missing=None) is None:
            self._ask("POST", "/work_pools/", {"name": name, "type": "process", **body})
        else:
            self._ask("PATCH", f"/work_pools/{name}", body)

    def block(self, name: str) -> str | None:
        """Return the id of a block "type/name"; None: there is none."""
        kind, _, own = name.partition("/")
        found = self._ask("GET", f"/block_types/slug/{kind}/block_documents/name/{own}", missing=None)
        return None if found is None else str(found["id"])

    def ensure_automations(self, wanted: Sequence[Mapping[str, Any]], ours: str = "kinofarm: ") -> None:
        """Make the automations that are missing, by name, set those that exist, and delete others that begin with `ours`."""
        found = self._ask("POST", "/automations/filter", {"limit": 200})
        known = {each["name"]: each["id"] for each in found if each["name"].startswith(ours)}
        names = {automation["name"] for automation in wanted}
        for name in known.keys() - names - {each["name"] for each in found if _of_deployment(each)}:
            self._ask("DELETE", f"/automations/{known[name]}", missing=None)
        for automation in wanted:
            if (known_id := known.get(automation["name"])) is None:
                self._ask("POST", "/automations/", automation)
            else:
                self._ask("PUT", f"/automations/{known_id}", automation)

    def deployments(self) -> frozenset[str]:
        """Return the full names, `flow/deployment`, of all deployments."""
        found = self._ask("POST", "/deployments/filter", {"limit": 200})
        flows = self._ask("POST", "/flows/filter", {"limit": 200})
        names = {flow["id"]: flow["name"] for flow in flows}
        return frozenset(f"{names.get(each['flow_id'], '?')}/{each['name']}" for each in found)

    def put_deployment(
        self,
        like: str,
        name: str,
        *,
        parameters: Mapping[str, Any],
        tags: Sequence[str],
        schedules: Sequence[Mapping[str, Any]],
        description: str,
    ) -> None:
        """Make a deployment of the same flow, in the same pool, as `flow/deployment`, or set the one of that name.

        Raises:  KinofarmError FARM-022 when the parameters or schedules are refused, FARM-023 when there is none like it.
        """
        flow, _, short = like.partition("/")
        found = self._ask("GET", f"/deployments/name/{flow}/{short}", missing=None)
        if found is None:
            raise KinofarmError("FARM-023", deployment=like)
        same = ("flow_id", "entrypoint", "path", "pull_steps", "work_pool_name", "work_queue_name")
        body = {name: found[name] for name in (*same, "parameter_openapi_schema", "enforce_parameter_schema")}
        body |= {"name": name, "parameters": dict(parameters), "tags": list(tags), "schedules": list(schedules)}
        self._ask("POST", "/deployments/", body | {"description": description})

    def automations(self) -> tuple[str, ...]:
        """Return the names of all automations, sorted."""
        return tuple(sorted(each["name"] for each in self._ask("POST", "/automations/filter", {"limit": 200})))

    def deployments_tagged(self, tag: str) -> tuple[dict[str, Any], ...]:
        """Return the deployments that have the tag, as Prefect shows them."""
        body = {"deployments": {"tags": {"all_": [tag]}}, "limit": 200}
        return tuple(self._ask("POST", "/deployments/filter", body))

    def delete_deployment(self, deployment: str) -> None:
        """Delete a deployment, with its runs that have not begun."""
        self._ask("DELETE", f"/deployments/{deployment}", missing=None)

    def next_run(self, deployment: str) -> datetime | None:
        """Return when the next planned run of a deployment starts; None: none is planned yet."""
        body = {
            "deployments": {"id": {"any_": [deployment]}},
            "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
        }
        found = self._ask("POST", "/flow_runs/filter", body | {"sort": "EXPECTED_START_TIME_ASC", "limit": 1})
        return datetime.fromisoformat(found[0]["expected_start_time"]) if found else None

    def create_run(
        self,
        deployment: str,
        parameters: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        name: str | None = None,
        tags: Sequence[str] = (),
    ) -> UUID:
        """Start a run of `flow/deployment`; with a key that was used before: return the run that it started.

        Raises:  KinofarmError FARM-022 when the parameters do not fit the flow, FARM-023 when there is no such deployment.
        """
        flow, _, short = deployment.partition("/")
        found = self._ask("GET", f"/deployments/name/{flow}/{short}", missing=None)
        if found is None:
            raise KinofarmError("FARM-023", deployment=deployment)
        body = {"parameters": dict(parameters), "tags": list(tags), "state": {"type": "SCHEDULED"}}
        body |= {"idempotency_key": idempotency_key or str(uuid4())}  # a request that is repeated starts no second run
        body |= {"name": name} if name else {}
        return UUID(self._ask("POST", f"/deployments/{found['id']}/create_flow_run", body)["id"])

    def run(self, run: UUID) -> Run | None:
        """Return the run, None when there is none of that id."""
        found = self._ask("GET", f"/flow_runs/{run}", missing=None)
        return None if found is None else _run(found)

    def runs(
        self, pools: Sequence[str], states: Sequence[str] = UNFINISHED, *, flow: str | None = None
    ) -> tuple[Run, ...]:
        """Return the runs of these pools in these states, of one flow if it is named, at most 200."""
        body: dict[str, Any] = {
            "work_pools": {"name": {"any_": list(pools)}},
            "flow_runs": {"state": {"type": {"any_": list(states)}}},
            "limit": 200,
        }
        body |= {"flows": {"name": {"any_": [flow]}}} if flow else {}
        return tuple(_run(each) for each in self._ask("POST", "/flow_runs/filter", body))

    def set_state(
        self, run: UUID, state: str, *, message: str = "", name: str | None = None, force: bool = False
    ) -> bool:
        """Propose a state (its type, such as CRASHED); return whether the server took it."""
        given: dict[str, Any] = {"type": state, "message": message} | ({"name": name} if name else {})
        answer = self._ask("POST", f"/flow_runs/{run}/set_state", {"state": given, "force": force})
        return bool(answer.get("status") == "ACCEPT")

    def workers(self, pool: str) -> tuple[WorkerState, ...]:
        """Return the workers that the pool has seen; none when there is no such pool."""
        found = self._ask("POST", f"/work_pools/{pool}/workers/filter", {}, missing=[])
        return tuple(
            WorkerState(
                name=each["name"], online=each["status"] == "ONLINE", last_heartbeat=each.get("last_heartbeat_time")
            )
            for each in found
        )

    def _ask(self, method: str, path: str, body: Any = None, **missing: Any) -> Any:
        """Return the answer's JSON; `missing` is what a 404 means where one is expected."""
        try:
            answer = self._send(method, path, body)
        except httpx.HTTPError as error:
            raise KinofarmError("FARM-020", url=self.url, reason=str(error) or type(error).__name__) from None
        if answer.status_code == 404 and "missing" in missing:
            return missing["missing"]
        if answer.status_code in (401, 403):
            raise KinofarmError("FARM-021", url=self.url)
        if answer.status_code >= 500:
            raise KinofarmError("FARM-020", url=self.url, reason=f"it answered {answer.status_code}")
        if answer.is_error:
            raise KinofarmError("FARM-022", path=path, reason=f"{answer.status_code} {_detail(answer)}")
        return answer.json() if answer.content else None

    @tenacity.retry(
        retry=tenacity.retry_if_exception_type(httpx.TransportError),
        stop=tenacity.stop_after_attempt(ATTEMPTS) | tenacity.stop_after_delay(PATIENCE_SECONDS),
        wait=tenacity.wait_random_exponential(0.1, max=1.5),
        reraise=True,
    )
    def _send(self, method: str, path: str, body: Any) -> httpx.Response:
        answer = self._client.request(method, path, json=body)
        if answer.status_code in BUSY:
            raise httpx.TransportError(f"it answered {answer.status_code}")
        return answer


def _of_deployment(automation: Mapping[str, Any]) -> bool:
    """Whether an automation is the trigger of a deployment, which comes and goes with it."""
    return any(str(tag).startswith("deployment") for tag in automation.get("tags") or ()) or any(
        action.get("type") == "run-deployment" for action in automation.get("actions", ())
    )


def _run(found: Mapping[str, Any]) -> Run:
    state = found.get("state") or {}
    return Run(
        id=found["id"],
        name=found["name"],
        state=found.get("state_type") or "SCHEDULED",
        state_name=found.get("state_name") or "",
        pool=found.get("work_pool_name"),
        since=state.get("timestamp") or found["created"],
    )


def _detail(answer: httpx.Response) -> str:
    try:
        found = answer.json()
    except ValueError:
        return answer.text
    return str(found.get("detail") or found.get("exception_detail") or found)
