"""What jobs published, where it lies: opened only while it is the file that was published."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from typing import BinaryIO

from infra.errors import KinofarmError
from infra.jobs.records import Job, Output


def output_of(job: Job, outputs: Sequence[Output], kind: str) -> Output:
    """Return what a job published of that kind.

    Raises:  KinofarmError RESULT-001, RESULT-002.
    """
    if job.state != "done":
        raise KinofarmError("RESULT-001", job=str(job.id), state=job.state)
    found = next((each for each in outputs if each.kind == kind), None)
    if found is None:
        raise KinofarmError("RESULT-002", job=str(job.id), kind=kind, kinds=", ".join(each.kind for each in outputs))
    return found


def opened_output(output: Output) -> BinaryIO:
    """Open a published file; nothing else that lies in its place, no link and no device.

    Raises:  KinofarmError RESULT-003 (gone), RESULT-004 (changed), RESULT-005 (a folder of pictures).
    """
    try:
        handle = os.open(output.location, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (OSError, ValueError):
        raise KinofarmError("RESULT-003", location=output.location) from None
    facts = os.fstat(handle)
    if stat.S_ISREG(facts.st_mode) and facts.st_size == output.size:
        return os.fdopen(handle, "rb", buffering=0)
    os.close(handle)
    raise KinofarmError("RESULT-005" if stat.S_ISDIR(facts.st_mode) else "RESULT-004", location=output.location)
