"""Commands about what jobs published."""

from __future__ import annotations

import hashlib

from pydantic import Field, ValidationError

from infra.commands import Call, Command, Text
from infra.errors import KinofarmError
from infra.jobs.commands import OfJob
from infra.jobs.published import opened_output, output_of
from infra.jobs.store import JobStore
from tasks.media.manifest import Manifest, from_json


class ManifestNamed(OfJob):
    """A film of a job."""

    film: Text = Field("", description="A further film's name; empty: the job's main film.")


def show_manifest(call: Call, given: ManifestNamed) -> Manifest:
    """Show the manifest of a film: what it is made of, what was reused, how it was checked, with which tools.

    It is the document that was published with the film: one that was changed since is refused.

    Raises:  KinofarmError JOB-002, JOB-003, RESULT-001 to RESULT-005, RESULT-012.
    """
    store = call.services.get(JobStore)
    job = store.job(given.job)
    output = output_of(job, store.outputs(job.id), f"manifest:{given.film}" if given.film else "manifest")
    with opened_output(output) as file:
        document = file.read()
    if hashlib.sha256(document).hexdigest() != output.sha256:
        raise KinofarmError("RESULT-004", location=output.location)
    try:
        return from_json(document)
    except ValidationError:  # of another version of the farm
        raise KinofarmError("RESULT-012", location=output.location) from None


COMMANDS: tuple[Command, ...] = (
    Command("job.manifest", show_manifest, "GET /jobs/{job}/manifest", scope="read", example={"job": "b0"}),
)
"""Of this module."""
