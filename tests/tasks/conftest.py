"""Fixtures of the tasks' tests."""

from __future__ import annotations

import pytest

from infra.ffmpeg import binary


@pytest.fixture(scope="session")
def ffmpeg_binary() -> str:
    """The ffmpeg that the farm uses by default."""
    return str(binary(None))
