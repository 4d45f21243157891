"""Python's collector of cyclic garbage, kept quiet while many small values are made that are in no cycle.

A frame full of things is a hundred values. Each few hundred new ones make the collector look through young objects, now and then
through all that the process has, while no other thread runs Python: the model waits for it (measured: a sixth of its time).

Source:  Python's documentation, `gc.freeze`, `gc.set_threshold`.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

THRESHOLDS = (20_000, 20, 20)
"""New objects, and younger generations' turns, before a generation is looked through; Python's own begin at 700."""

_lock = threading.Lock()
_users = 0
_before = gc.get_threshold()


@contextmanager
def seldom() -> Iterator[None]:
    """Within this block what was there before is not looked through, and what is new seldom. May be entered by several threads."""
    global _users, _before
    with _lock:
        if _users == 0:
            _before = gc.get_threshold()
            gc.set_threshold(*THRESHOLDS)
            gc.freeze()
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                gc.unfreeze()
                gc.set_threshold(*_before)
