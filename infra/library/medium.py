"""The state of a medium, by which it is known whether somebody has written to it since it was looked into."""

from __future__ import annotations

import os

from infra.values import Value


class MediumState(Value):
    """The state of a medium, which changes when somebody writes to it. inode: what tells its files from others."""

    size: int
    modified_ns: int
    inode: str

    @classmethod
    def of(cls, stat: os.stat_result) -> MediumState:
        """Return the state of a file."""
        return cls(size=stat.st_size, modified_ns=stat.st_mtime_ns, inode=f"{stat.st_dev}:{stat.st_ino}")
