"""The process of `infra.swift`: Swift's account, container, object and proxy server as green threads of one.

python -m infra.swift_server FOLDER
"""

from __future__ import annotations

import eventlet

eventlet.monkey_patch()  # before anything else is imported

import json
import sys
from pathlib import Path

from eventlet import wsgi
from swift.common import utils
from swift.common.ring import RingBuilder
from swift.common.storage_policy import reload_storage_policies
from swift.common.wsgi import SwiftHttpProtocol, loadapp

RINGS = ("account", "container", "object")


def main(folder: Path) -> None:
    """Serve the folder that `EmbeddedS3` configured until SIGTERM."""
    ports = json.loads((folder / "server.json").read_text())["ports"]
    utils.SWIFT_CONF_FILE = str(folder / "swift.conf")
    utils.validate_configuration()
    reload_storage_policies()
    for name in RINGS:
        _ring(folder, name, ports[name])
    serving = [eventlet.spawn(_serve, folder, name, port) for name, port in ports.items()]
    for each in serving:
        each.wait()


def _ring(folder: Path, name: str, port: int) -> None:
    file = folder / f"{name}.ring.gz"
    if file.exists():
        return
    builder = RingBuilder(6, 1, 0)
    where = {"ip": "127.0.0.1", "port": port, "replication_ip": "127.0.0.1", "replication_port": port}
    builder.add_dev({"id": 0, "region": 1, "zone": 1, "weight": 1.0, "device": "d1", **where})
    builder.rebalance()
    builder.get_ring().save(str(file))


def _serve(folder: Path, name: str, port: int) -> None:
    app = loadapp(str(folder / f"{name}.conf"), global_conf={})
    wsgi.server(eventlet.listen(("127.0.0.1", port)), app, protocol=SwiftHttpProtocol, log_output=False, max_size=1024)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
