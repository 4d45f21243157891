"""The warm process of a worker: what it refuses to fork costs nobody anything."""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import threading

import pytest

from infra.warm import _Warm


@pytest.mark.skipif(sys.platform != "linux", reason="there is no warm process elsewhere")
def test_a_run_that_is_refused_leaves_no_output_open() -> None:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    pipes = [os.pipe() for _ in range(2)]
    body = json.dumps({"env": {}, "cwd": "/"}).encode()
    socket.send_fds(ours, [len(body).to_bytes(4, "big")], [write for _, write in pipes])
    ours.sendall(body)
    for _, write in pipes:
        os.close(write)
    over = threading.Event()
    waiting = threading.Thread(target=over.wait)
    waiting.start()
    try:
        with listener, ours, theirs, pytest.raises(OSError, match="thread"):
            _Warm(listener)._fork(theirs)
        for read, _ in pipes:
            assert select.select([read], [], [], 5)[0], "whoever reads its output waits for ever"
            assert os.read(read, 1) == b""
            os.close(read)
    finally:
        over.set()
        waiting.join()
