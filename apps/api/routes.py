"""Routes of the registry's commands: what a command takes and answers is what its route takes and answers.

Fields of the input that the path names come from the path, the others from the query (GET, DELETE) or a JSON body.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Request
from pydantic import BaseModel, ValidationError, create_model
from pydantic.fields import FieldInfo

from apps.api.carrying import carried_out
from apps.api.entry import Caller, allowed
from apps.api.problems import documented
from infra.commands import Command, Nothing
from infra.errors import KinofarmError
from infra.values import Value

KEY = "idempotency_key"


def router(commands: Iterable[Command]) -> APIRouter:
    """Return the routes of these commands."""
    made = APIRouter()
    for command in commands:
        made.add_api_route(
            command.path,
            _endpoint(command),
            methods=[command.method],
            name=command.name,
            operation_id=command.name.replace(".", "_"),
            summary=command.summary,
            description=f"{command.description}\n\nNeeds the scope `{command.scope}`. On the command line: `kinofarm call {command.name}`.",
            tags=[command.group],
            status_code=command.status,
            response_model=command.output,
            responses=documented(),
        )
    return made


def _endpoint(command: Command) -> Callable[..., Any]:
    """Return a function with the signature that FastAPI makes a route of."""
    model, names = command.input, re.findall(r"{(\w+)}", command.path)
    rest = {name: field for name, field in model.model_fields.items() if name not in names}
    parameters = [_parameter("request", Request), _parameter("caller", _caller(command))]
    for name in names:
        field = model.model_fields[name]
        about = Path(description=field.description, examples=[command.example[name]])
        parameters.append(_parameter(name, _annotated(field, about)))
    queried = command.method in ("GET", "DELETE") and bool(rest)
    given = _rest(model, rest) if rest else Nothing if command.method in ("POST", "PUT") else None
    if given is not None:
        parameters.append(_given(command, given, names))
    keyed = KEY in rest
    if keyed:
        about = Header(alias="Idempotency-Key", description="As the field idempotency_key; the header goes first.")
        field = rest[KEY]
        kind = _annotated(field, about)
        parameters.append(_parameter("header_key", kind, None))

    def endpoint(**values: Any) -> BaseModel:
        request: Request = values.pop("request")
        caller: Caller = values.pop("caller")
        key = values.pop("header_key", None)
        if request.query_params and not queried:
            unknown = next(iter(request.query_params))
            raise KinofarmError("API-001", where=unknown, reason=f"{unknown}: no such parameter")
        fields = {name: values[name] for name in names}
        if given is not None:
            sent: BaseModel = values["given"]
            fields |= {name: getattr(sent, name) for name in sent.model_fields_set}
        if key is not None:
            fields[KEY] = key
        return carried_out(request.app.state.services, caller, command, fields)

    endpoint.__name__ = command.name.replace(".", "_")
    endpoint.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return endpoint


def _caller(command: Command) -> Any:
    return Annotated[Caller, Depends(allowed(command.scope, command.name))]


def _given(command: Command, given: type[BaseModel], names: list[str]) -> inspect.Parameter:
    if command.method in ("GET", "DELETE"):
        return _parameter("given", Annotated[given, Query()])
    example = {name: value for name, value in command.example.items() if name not in names}
    about = Body(openapi_examples={"example": {"value": example}})
    try:
        default: Any = given()
    except ValidationError:
        default = inspect.Parameter.empty
    return _parameter("given", Annotated[given, about], default)


def _rest(model: type[BaseModel], rest: Mapping[str, Any]) -> type[BaseModel]:
    """The model without the fields that the path gives."""
    if len(rest) == len(model.model_fields):
        return model
    fields: dict[str, Any] = {name: (field.annotation, copy(field)) for name, field in rest.items()}
    return create_model(f"{model.__name__}Body", __base__=Value, **fields)


def _annotated(field: FieldInfo, about: Any) -> Any:
    """A field's type with its bounds, as what `about` says (a part of the path, a header)."""
    return Annotated.__class_getitem__((field.annotation, *field.metadata, about))  # type: ignore[attr-defined]


def _parameter(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
