"""Warm engines: a process of the worker's that has Prefect and the flows imported, and forks one engine per flow run.

It is single-threaded (a fork copies the calling thread only, and what others hold stays locked for ever): it refuses
to fork when an import has started a thread, and the run then starts cold. It is forked off the worker before that
starts any thread of its own, and dies with it; an engine dies with this process, and when its stand-in goes away.

The address is a socket in Linux's abstract namespace (a home may be too deep for a path); whoever connects must be of
our own user. Elsewhere there is no warm process and engines start cold.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import logging
import os
import secrets
import selectors
import signal
import socket
import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from infra import engines
from infra.engine import WARM
from infra.process import die_with_parent

ENGINE_MODULES = ("prefect.flow_engine", "prefect.task_engine", "prefect._internal.metrics", "prefect.events.worker")
BLAS_THREADS = "OPENBLAS_NUM_THREADS"
"""numpy's algebra starts a thread for each core when it is imported; what is forked does without them."""
REQUEST_BYTES = 4 * 1024 * 1024
REQUEST_SECONDS = 5.0

logger = logging.getLogger("kinofarm.warm")


@dataclass
class _Engine:
    """A forked engine: its stand-in's connection and its process."""

    pid: int
    pidfd: int
    stand_in: socket.socket


def keep_warm(modules: Sequence[str]) -> None:
    """Fork off the warm process of this worker and announce it to the engines in the environment.

    Must be called while this process has one thread. Returns in the worker; in each engine it does not return.
    """
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        return
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    address = f"kinofarm-{secrets.token_hex(16)}"
    listener.bind("\0" + address)
    listener.listen(64)
    worker = os.getpid()
    if os.fork() == 0:
        die_with_parent(signal.SIGKILL, worker)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # it ends with the worker: its engines must have time to end well
        os.environ[BLAS_THREADS] = "1"
        _import((*ENGINE_MODULES, *modules))
        be_engine = _Warm(listener).serve()
        be_engine()
        raise SystemExit
    listener.close()
    os.environ[WARM] = address


class _Warm:
    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._pid = os.getpid()
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ)
        self._engines: dict[int, _Engine] = {}

    def serve(self) -> Callable[[], None]:
        """Serve for ever; returns only in a forked engine, with what that has to do."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._listener:
                    connection, _ = self._listener.accept()
                    try:
                        engine = self._fork(connection)
                    except (OSError, ValueError, KeyError):
                        logger.exception("an engine could not be forked; it starts cold")
                        connection.close()
                        continue
                    if engine is not None:
                        return engine
                else:
                    self._look_at(key.data)

    def _fork(self, connection: socket.socket) -> Callable[[], None] | None:
        """Fork an engine for the stand-in that has just connected; returns what to do in the engine, else None.

        Raises:  OSError, ValueError, KeyError when the request is bad or no process can be forked.
        """
        env, cwd, outputs = _request(connection)
        try:
            if len(os.listdir("/proc/self/task")) > 1:  # noqa: PTH208 (names only)
                raise OSError("an import has started a thread")
            pid = os.fork()
        except OSError:
            for output in outputs:  # kept open here, the worker would wait for their end, and its slot, for ever
                os.close(output)
            raise
        if pid == 0:
            return lambda: self._become_engine(connection, env, cwd, outputs)
        for output in outputs:
            os.close(output)
        connection.sendall(f"{pid}\n".encode())
        engine = _Engine(pid, os.pidfd_open(pid), connection)
        self._engines[pid] = engine
        self._selector.register(engine.pidfd, selectors.EVENT_READ, engine)
        self._selector.register(connection, selectors.EVENT_READ, engine)
        return None

    def _look_at(self, engine: _Engine) -> None:
        """Its process has ended, or its stand-in went away: then it is killed, and ends later."""
        if engine.pid not in self._engines:
            return
        pid, status = os.waitpid(engine.pid, os.WNOHANG)
        if pid == 0:
            os.kill(engine.pid, signal.SIGKILL)
            self._selector.unregister(engine.stand_in)
            return
        del self._engines[engine.pid]
        with contextlib.suppress(OSError):
            engine.stand_in.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
        for watched in (engine.pidfd, engine.stand_in):
            with contextlib.suppress(KeyError):
                self._selector.unregister(watched)
        os.close(engine.pidfd)
        engine.stand_in.close()

    def _become_engine(self, connection: socket.socket, env: dict[str, str], cwd: str, outputs: list[int]) -> None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for target, output in zip((1, 2), outputs, strict=True):
            os.dup2(output, target)
            os.close(output)
        self._selector.close()
        self._listener.close()
        connection.close()
        for other in self._engines.values():
            os.close(other.pidfd)
            other.stand_in.close()
        os.environ.clear()
        os.environ.update(env)
        os.chdir(cwd)
        refresh = importlib.import_module("prefect.context").refresh_global_settings_context
        refresh()
        engines.run(parent=self._pid)


def _request(connection: socket.socket) -> tuple[dict[str, str], str, list[int]]:
    connection.settimeout(REQUEST_SECONDS)
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    if struct.unpack("3i", credentials)[1] != os.getuid():
        raise OSError("whoever connects must be of our own user")
    head, outputs, _, _ = socket.recv_fds(connection, 4, 2)
    length = int.from_bytes(head, "big")
    if len(head) != 4 or len(outputs) != 2 or length > REQUEST_BYTES:
        raise ValueError("not a request")
    with connection.makefile("rb") as stream:
        body = json.loads(stream.read(length))
    return body["env"], body["cwd"], outputs


@contextlib.contextmanager
def importing() -> Iterator[None]:
    """Import without the cyclic collector, which takes a sixth of the time and finds nothing; what was imported is
    frozen: never looked at again, so that forks go on sharing it."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _import(modules: Sequence[str]) -> None:
    with importing():
        for module in modules:
            try:
                importlib.import_module(module)
            except Exception:
                logger.exception("%s can't be imported ahead; its runs will say so too", module)
