"""Commands that have folders of media looked through by one wish."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from flows.commands.analysing import LookedFor, wish_asked_for
from flows.commands.places import folder_of
from flows.wishes import begin_batch
from infra.commands import Call, Command, Text
from infra.jobs.commands import Limit
from infra.library.batches import Batch, BatchFailure, BatchStore
from infra.values import Value

MOST_FAILURES = 100


class BatchWanted(LookedFor):
    """A folder of media files, and what they are to be looked through for."""

    folder: Text = Field(description="On the farm's machine, in one of its media roots.")
    recursive: bool = Field(True, description="The folders below it, too.")
    sequences: bool = Field(
        True, description="Numbered pictures are one film; else each picture is looked at by itself."
    )


class BatchNamed(Value):
    """A batch."""

    batch: UUID = Field(description="Its id.")


class BatchesWanted(Value):
    """Which batches."""

    limit: Limit = Field(50, description="Most that are answered.")
    folder: Text | None = Field(None, description="Of this folder only.")


class Batches(Value):
    """Batches, the newest first."""

    batches: tuple[Batch, ...]


class BatchShown(Value):
    """A batch, and the files that could not be looked through."""

    batch: Batch
    progress: float = Field(description="0 to 1.")
    failures: tuple[BatchFailure, ...] = Field(description=f"The first {MOST_FAILURES}, by path.")


def begin(call: Call, given: BatchWanted) -> Batch:
    """Look the media files of a folder through, for what a model recognises or for their scenes, silence and the like.

    Each file is an analysis of its own, on whichever machine is free; what was looked through before is known.
    Raises:  KinofarmError PATH-002, ANALYSIS-002, ANALYSIS-009, MEDIA-030, API-009, FARM-02x.
    """
    wish = wish_asked_for(given, "batch.begin")
    folder = folder_of(call, given.folder, "folder")
    recursive, sequences = given.recursive, given.sequences
    return begin_batch(call.services, folder, wish, given.model, call.name, recursive=recursive, sequences=sequences)


def list_batches(call: Call, given: BatchesWanted) -> Batches:
    """List the batches, the newest first: how far they are, or how they ended."""
    folder = None if given.folder is None else str(folder_of(call, given.folder, "folder"))
    return Batches(batches=call.services.get(BatchStore).newest(given.limit, folder))


def show(call: Call, given: BatchNamed) -> BatchShown:
    """Show a batch: how far it is, or how it ended, and which files could not be looked through."""
    store = call.services.get(BatchStore)
    batch = store.get(given.batch)
    return BatchShown(batch=batch, progress=batch.progress, failures=store.failures(batch.id, MOST_FAILURES))


def stop(call: Call, given: BatchNamed) -> Batch:
    """Stop a batch, with its analyses that no other batch wants; what was found stays, and the same wish goes on where they stopped."""
    return call.services.get(BatchStore).stop(given.batch)


_EXAMPLE = {"batch": "5ca9ab1e-0000-4000-8000-0000000000b0"}

COMMANDS: tuple[Command, ...] = (
    Command("batch.begin", begin, "POST /batches", scope="submit", example={"folder": "moved", "kinds": ["scenes"]}, kind="job"),
    Command("batch.list", list_batches, "GET /batches", scope="read", example={"limit": 10}),
    Command("batch.show", show, "GET /batches/{batch}", scope="read", example=_EXAMPLE),
    Command("batch.stop", stop, "POST /batches/{batch}/stop", scope="submit", example=_EXAMPLE),
)  # fmt: skip
"""Of this module."""
