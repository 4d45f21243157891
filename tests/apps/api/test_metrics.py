"""Metrics: what Prometheus reads is what the farm's database and this process know."""

from __future__ import annotations

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from infra.jobs.ledger import Ledger
from infra.jobs.store import JobStore
from tests.apps.api.served import Api, served
from tests.infra.jobs.farm import planned


def samples(api: Api) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels."""
    with api.client() as client:
        answer = client.get(f"{api.url}/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(answer.text)
    return {(each.name, *each.labels.values()): each.value for family in families for each in family.samples}


def test_jobs_chunks_requests_and_listeners_are_counted(database: str, tmp_path: Path) -> None:
    with served(database, tmp_path) as api:
        store, ledger = api.services.get(JobStore), api.services.get(Ledger)
        planned(store, ["a", "b", "c"])
        ledger.claim("shard")
        with api.client() as client:
            for path in ("/jobs", "/jobs/ffff", "/no/such/thing", "/jobs/ffff/outputs/film"):
                client.get(path)
            with client.stream("GET", "/events"):
                found = samples(api)
        assert found["kinofarm_jobs", "planned"] == 1
        assert found["kinofarm_chunks", "cpu", "rendering"] == 1
        assert found["kinofarm_chunks", "cpu", "waiting"] == 2
        assert found["kinofarm_cache_bytes",] == 0
        assert found["kinofarm_event_listeners",] == 1
        assert found["kinofarm_connected", "events"] == 0
        requests = {key[1:]: value for key, value in found.items() if key[0] == "kinofarm_requests_total"}
        assert requests["GET", "/jobs", "200"] == 1
        assert requests["GET", "/jobs/{job}", "404"] == 1
        assert requests["GET", "/jobs/{job}/outputs/{kind}", "404"] == 1
        assert requests["GET", "(none)", "404"] == 1
        assert requests["GET", "/events", "200"] == 1
        assert found["kinofarm_request_seconds_count", "/jobs"] == 1
        assert samples(api)["kinofarm_requests_total", "GET", "/metrics", "200"] == 1


def test_metrics_are_not_for_everybody(database: str, tmp_path: Path) -> None:
    with served(database, tmp_path) as api, api.client("kf_wrong") as client:
        assert client.get(f"{api.url}/metrics").status_code == 401
