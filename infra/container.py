"""The library behind `infra.services` (svcs), without its glue to web frameworks.

It imports that glue for each framework that is installed, and Prefect brings FastAPI along: half a second and a
warning that every command would pay for nothing. A module that is None in `sys.modules` can't be found.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if not TYPE_CHECKING:
    for _framework in ("aiohttp", "fastapi", "flask", "starlette"):
        sys.modules.setdefault(f"svcs.{_framework}", None)

from svcs import Container, Registry, ServicePing

__all__ = ["Container", "Registry", "ServicePing"]
