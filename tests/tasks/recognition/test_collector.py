"""The collector of cyclic garbage is quiet while somebody wants it to be, and as it was afterwards."""

from __future__ import annotations

import gc

import pytest

from tasks.recognition import collector


def test_it_is_quiet_until_the_last_one_leaves_and_then_as_it_was() -> None:
    before = gc.get_threshold()
    with collector.seldom():
        assert gc.get_threshold() == collector.THRESHOLDS
        frozen = gc.get_freeze_count()
        assert frozen > 1000, "what was there is not looked through"
        with collector.seldom():
            pass
        assert (gc.get_threshold(), gc.get_freeze_count() > 1000) == (collector.THRESHOLDS, True)
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)


def test_it_is_as_it_was_after_an_error_too() -> None:
    before = gc.get_threshold()
    with pytest.raises(ValueError, match="no"), collector.seldom():
        raise ValueError("no")
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)
