"""One flow run, as `python -m prefect.engine`, but from a warm start: this is the `command` of the farm's work pools.

    python -m infra.engine

Python and Prefect take one to two seconds of a core to start. So a worker of ours keeps a process that has all of it
imported (`infra.warm`); this small program asks it for a fork and stands in for the engine towards the worker: it passes
signals on, and ends as the engine ends. Where there is no such process, or it can't be used, this program becomes the
engine itself. It imports next to nothing before that is decided.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys

WARM = "KINOFARM_WARM"
"""Environment variable: the address (in Linux's abstract namespace) of the worker's warm process."""
WORKER_PID = "KINOFARM_WORKER_PID"
"""Environment variable: the worker."""
PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main() -> None:
    """Be the engine, or its stand-in."""
    address = os.environ.get(WARM)
    connection = _connected(address) if address else None
    if connection is not None:
        _stand_in(connection)
    run_cold()


def run_cold() -> None:
    """Be the engine of the flow run that the environment names; ends with the worker."""
    from infra.engines import run  # imports for a second, which the warm way spares

    run(parent=int(os.environ.get(WORKER_PID, 0)))


def _connected(address: str) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect("\0" + address)
        here = os.getcwd()  # noqa: PTH109 (pathlib costs what this program saves)
        request = json.dumps({"env": dict(os.environ), "cwd": here}).encode()
        head = len(request).to_bytes(4, "big")
        socket.send_fds(connection, [head], [1, 2])
        connection.sendall(request)
    except OSError:
        connection.close()
        return None
    return connection


def _stand_in(connection: socket.socket) -> None:
    """Wait for the engine and end as it ends; returns when there is no warm engine to be had."""
    answers = connection.makefile("r")
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)  # until we know whom to pass them on to
    pid = int(answers.readline() or 0)
    if pid == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        connection.close()
        return
    for number in PASSED_ON:
        signal.signal(number, lambda number, _: _signal(pid, number))
    signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    status = int(answers.readline() or -signal.SIGKILL)  # no answer: the warm process died, and all its engines with it
    if status < 0:
        signal.signal(-status, signal.SIG_DFL) if -status != signal.SIGKILL else None
        os.kill(os.getpid(), -status)
    os._exit(status)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


if __name__ == "__main__":
    main()
    sys.exit()
