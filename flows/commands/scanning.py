"""Commands that take folders of media into the library."""

from __future__ import annotations

from typing import Literal
from uuid import UUID, uuid4

from pydantic import Field

from flows.commands.places import folder_of
from infra.commands import Call, Command, Text
from infra.errors import KinofarmError
from infra.jobs.commands import Newest
from infra.library.scans import Scan, ScanStore
from infra.prefect_api import PrefectApi
from infra.values import Value

INGEST = "ingest/ingest"


class ScanWanted(Value):
    """A folder that is to be scanned."""

    folder: Text = Field(description="On the farm's machine, in one of its media roots.")
    views: tuple[Literal["thumbnail", "storyboard", "animation", "waveform", "peaks"], ...] = Field(
        ("thumbnail",), max_length=5, description="That are made of each file besides, where it has them."
    )
    recursive: bool = Field(True, description="The folders below it, too.")
    sequences: bool = Field(True, description="Numbered pictures are one medium; false: each picture by itself.")
    proxies: bool = Field(False, description="A proxy of each film besides, rendered as a job; of a content only once.")


class ScanNamed(Value):
    """A scan."""

    scan: UUID = Field(description="Its id.")


class Scans(Value):
    """Scans, the newest first."""

    scans: tuple[Scan, ...]


def begin_scan(call: Call, given: ScanWanted) -> Scan:
    """Scan a folder: look into each media file that has changed since it was looked into, and make views of it.

    Raises:  KinofarmError PATH-002, FARM-02x.
    """
    folder = folder_of(call, given.folder, "folder")
    how = {"recursive": given.recursive, "sequences": given.sequences, "proxies": given.proxies}
    options = {"views": list(dict.fromkeys(given.views)), **how}
    store = call.services.get(ScanStore)
    scan = store.add(uuid4(), str(folder), options, call.name)
    parameters = {"folder": scan.folder, **options, "submitted_by": call.name, "scan": str(scan.id)}
    try:
        call.services.get(PrefectApi).create_run(INGEST, parameters, idempotency_key=str(scan.id))
    except KinofarmError as error:
        store.end(scan.id, "failed", error.as_dict())
        raise
    return scan


def list_scans(call: Call, given: Newest) -> Scans:
    """List the scans of folders, the newest first: how far they are, or how they ended."""
    return Scans(scans=call.services.get(ScanStore).newest(given.limit))


def show_scan(call: Call, given: ScanNamed) -> Scan:
    """Show a scan: how far it is, or how it ended."""
    return call.services.get(ScanStore).get(given.scan)


def stop_scan(call: Call, given: ScanNamed) -> Scan:
    """Stop a scan: files that are being looked into are given up, no other is begun; what was looked into stays known."""
    return call.services.get(ScanStore).stop(given.scan)


_EXAMPLE = {"scan": "5ca9ab1e-0000-4000-8000-000000000001"}

COMMANDS: tuple[Command, ...] = (
    Command("scan.begin", begin_scan, "POST /scans", scope="submit", example={"folder": "moved"}, kind="job"),
    Command("scan.list", list_scans, "GET /scans", scope="read", example={"limit": 10}),
    Command("scan.show", show_scan, "GET /scans/{scan}", scope="read", example=_EXAMPLE),
    Command("scan.stop", stop_scan, "POST /scans/{scan}/stop", scope="submit", example=_EXAMPLE),
)
"""Of this module."""
