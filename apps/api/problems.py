"""Errors as the API answers them: problem+json with the fields that every error of the farm has.

Source:  RFC 9457.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import Field
from starlette.exceptions import HTTPException

from infra.errors import KinofarmError
from infra.values import Value

MEDIA_TYPE = "application/problem+json"

_BY_CODE: Mapping[str, int] = {
    "ACCESS-001": 401,
    "ACCESS-002": 401,
    "ACCESS-003": 403,
    "ACCESS-004": 409,
    "ACCESS-005": 404,
    "ACCESS-006": 403,
    "ACCESS-007": 403,
    "ANALYSIS-001": 404,
    "ANALYSIS-002": 404,
    "ANALYSIS-003": 410,
    "ANALYSIS-004": 507,
    "ANALYSIS-007": 409,
    "ANALYSIS-008": 404,
    "ANALYSIS-009": 409,
    "ANALYSIS-010": 404,
    "ANALYSIS-013": 409,
    "ANALYSIS-021": 409,
    "API-002": 404,
    "API-003": 405,
    "API-004": 413,
    "API-005": 429,
    "API-030": 503,
    "API-031": 403,
    "CLI-026": 404,
    "EDIT-011": 413,
    "EDIT-012": 503,
    "EDIT-013": 404,
    "JOB-002": 404,
    "JOB-003": 409,
    "JOB-004": 409,
    "JOB-006": 409,
    "JOB-007": 409,
    "LIBRARY-001": 404,
    "MEDIA-010": 503,
    "MEDIA-014": 404,
    "NEWS-001": 404,
    "UPLOAD-001": 404,
    "UPLOAD-002": 409,
    "UPLOAD-003": 423,
    "UPLOAD-004": 413,
    "UPLOAD-005": 460,
    "UPLOAD-006": 507,
    "UPLOAD-007": 503,
    "UPLOAD-008": 413,
    "UPLOAD-009": 400,
    "UPLOAD-010": 412,
    "UPLOAD-011": 415,
    "UPLOAD-012": 408,
    "UPLOAD-013": 403,
    "UPLOAD-014": 409,
    "RESULT-001": 404,
    "RESULT-002": 404,
    "RESULT-003": 410,
    "RESULT-004": 410,
    "RESULT-005": 409,
    "RESULT-006": 416,
    "RESULT-007": 404,
    "RESULT-008": 404,
    "RESULT-009": 503,
    "RESULT-010": 404,
    "RESULT-011": 404,
    "RESULT-012": 409,
    "INTERNAL-001": 500,
}
_BY_FAMILY: Mapping[str, int] = {"DB": 503, "FARM": 503, "CACHE": 503, "SETTINGS": 503, "FFMPEG": 503}
_OTHERS = 422
"""A project, its media, a path, a preset: understood, and refused for what it says."""

logger = logging.getLogger("kinofarm.api")


class Problem(Value):
    """An error."""

    type: str = Field(description="urn:kinofarm:error: and the code.")
    title: str = Field(description="What is wrong.")
    status: int
    code: str = Field(description="Stays the same, whatever the words: docs/errors.md lists all.")
    detail: str = Field(description="More about it; may be empty.")
    hint: str = Field(description="What to do about it.")
    where: str = Field(description="The place in the project file, or the field of the request.")
    retry: bool = Field(description="Whether the same request may be answered later.")
    instance: str = Field(description="The path that was asked for.")


def status_of(code: str) -> int:
    """Return the HTTP status of an error's code."""
    return _BY_CODE.get(code) or _BY_FAMILY.get(code.rpartition("-")[0], _OTHERS)


def problem(error: KinofarmError, path: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return the answer to a request that failed."""
    status = status_of(error.code)
    document = Problem(
        type=f"urn:kinofarm:error:{error.code}",
        title=error.message,
        status=status,
        code=error.code,
        detail=error.detail,
        hint=error.hint,
        where=error.where,
        retry=error.retry,
        instance=path,
    )
    more = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
    return JSONResponse(document.model_dump(), status, {**more, **(headers or {})}, MEDIA_TYPE)


def documented(more: Mapping[int, str] | None = None) -> dict[int | str, dict[str, Any]]:
    """Return the problems that any route may answer, as OpenAPI describes them.

    Args:    more: what this route may answer beside them, with words about it.
    """
    words = {
        401: "No token, or none that is valid",
        403: "The token's scope does not allow it",
        404: "There is no such thing",
        405: "The path does not take this method",
        409: "The state of things does not allow it",
        410: "It is not there any more",
        413: "The body is too large",
        422: "The request is not understood, or what it asks for can't be done",
        429: "Too many requests",
        503: "The farm, its database or its cache can't be reached",
        507: "There is no room for it",
    }
    content = {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}}
    return {status: {"description": text, "content": content} for status, text in {**words, **(more or {})}.items()}


def describe(app: FastAPI) -> None:
    """Let an app's OpenAPI document hold what `documented` refers to."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        found = plain()
        schemas = found.setdefault("components", {}).setdefault("schemas", {})
        schemas.setdefault(Problem.__name__, Problem.model_json_schema())
        return found

    app.openapi = openapi  # type: ignore[method-assign]


def handle(app: FastAPI) -> None:
    """Let every error of an app be answered as a problem."""
    app.add_exception_handler(KinofarmError, refused)
    app.add_exception_handler(RequestValidationError, _misunderstood)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _bug)


async def refused(request: Request, error: Exception) -> JSONResponse:
    """Answer a KinofarmError."""
    assert isinstance(error, KinofarmError)
    after = {"Retry-After": str(error.params["seconds"])} if error.code == "API-005" else {}
    return problem(error, request.url.path, after)


async def _misunderstood(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"][1:])
    reason = f"{place}: {first['msg']}" if place else str(first["msg"])
    return problem(KinofarmError("API-001", where=place, reason=reason), request.url.path)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    path = request.url.path
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return problem(KinofarmError("API-003", path=path, method=request.method), path, error.headers)
    if error.status_code == HTTPStatus.NOT_FOUND:
        return problem(KinofarmError("API-002", path=path), path)
    return problem(KinofarmError("API-001", reason=str(error.detail)), path)


async def _bug(request: Request, error: Exception) -> JSONResponse:
    logger.exception("%s %s ran into a bug", request.method, request.url.path, exc_info=error)
    return problem(KinofarmError("INTERNAL-001", log="the log of the api (HOME/logs/api.log)"), request.url.path)
