"""What the effects' tests share."""

from __future__ import annotations

import pytest

from tests.tasks.compiler.effects.chart import Darkroom


@pytest.fixture
def darkroom(ffmpeg_binary: str) -> Darkroom:
    return Darkroom(ffmpeg_binary)
