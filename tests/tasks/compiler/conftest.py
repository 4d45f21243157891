"""Fixtures of the compiler's tests."""

from __future__ import annotations

import pytest

from tests.tasks.compiler.films import Studio


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """A folder of small sources, shared by the session, and everything needed to render films from it."""
    return Studio(tmp_path_factory.mktemp("studio"))
