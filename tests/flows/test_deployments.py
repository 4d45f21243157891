"""Every flow has its deployment, and every deployment its flow."""

import importlib
from pathlib import Path
from typing import Any

import yaml
from prefect import Flow

import flows
from flows.dispatch import RENDER, SHARDS
from infra.prefect import POOLS

ROOT = Path(flows.__file__).parents[1]


def deployments() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    return found


def flow_of(entrypoint: str) -> Flow[Any, Any]:
    module, _, name = entrypoint.rpartition(".")
    found = getattr(importlib.import_module(module), name)
    assert isinstance(found, Flow)
    return found


def test_every_flow_in_the_house_has_a_deployment_and_every_deployment_a_flow() -> None:
    deployed = {deployment["entrypoint"] for deployment in deployments()}
    written = set()
    for file in (ROOT / "flows").glob("**/*.py"):
        name = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, Flow) and value.fn.__module__ == name:
                written.add(f"{name}.{value.fn.__name__}")
    assert written == deployed


def test_deployments_run_in_the_farm_s_pools_and_pull_nothing() -> None:
    document = yaml.safe_load((ROOT / "prefect.yaml").read_text())
    assert document["pull"] == []
    assert {deployment["work_pool"]["name"] for deployment in deployments()} <= set(POOLS)


def test_the_names_that_dispatch_uses_are_deployed() -> None:
    names = {f"{flow_of(each['entrypoint']).name}/{each['name']}" for each in deployments()}
    assert {RENDER, *SHARDS.values()} <= names


def test_every_deployment_says_what_it_is_for() -> None:
    assert all(deployment["description"] for deployment in deployments())
