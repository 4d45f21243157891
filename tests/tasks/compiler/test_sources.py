"""Sources by content: in place where they are what they are named, from the cache where they are not, never something else."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import Engine

from infra.cache.folder import FolderStore
from infra.cache.index import CacheIndex, Limits
from infra.cache.store import Stored
from infra.errors import KinofarmError
from infra.jobs.joins import JoinProofs
from infra.jobs.store import JobStore
from tasks.compiler.film import works_of
from tasks.compiler.sources import at_hand, share, sources_of
from tasks.compiler.work import Work
from tasks.media.shelf import Shelf
from tests.flows.bench import film_of, plan_of
from tests.infra.jobs.farm import accepted, nothing, picture
from tests.media_factory import MediaFactory


@pytest.fixture
def shelf(engine: Engine, tmp_path: Path) -> Shelf:
    store = FolderStore(tmp_path / "cache")
    return Shelf(store, CacheIndex(engine, store, Limits()), JoinProofs(engine))


@pytest.fixture
def work(media_factory: MediaFactory, tmp_path: Path) -> Work:
    """The work of a chunk that reads a clip and fonts, both in a folder of this test."""
    media = tmp_path / "project" / "clip.mp4"
    media.parent.mkdir()
    media.write_bytes(media_factory.video().read_bytes())
    plan = plan_of(film_of(media, tmp_path / "project", frames=20, title="Hello"), (media.parent,), 10)
    work = next(works_of(plan))
    fonts = []
    for font in work.fonts:
        copy = tmp_path / "project" / Path(font.path).name
        copy.write_bytes(Path(font.path).read_bytes())
        fonts.append(font.model_copy(update={"path": str(copy)}))
    assert fonts
    return work.model_copy(update={"fonts": tuple(fonts)})


def test_what_is_here_is_read_in_place(work: Work, shelf: Shelf, tmp_path: Path) -> None:
    assert at_hand(work, shelf, tmp_path) is work


def test_what_is_elsewhere_comes_from_the_cache_and_the_work_is_the_same(
    work: Work, shelf: Shelf, tmp_path: Path
) -> None:
    assert share(sources_of([work]), shelf) == len(sources_of([work]))
    assert share(sources_of([work]), shelf) == 0
    wanted = dict(sources_of([work]))
    for path in wanted.values():
        path.unlink()
    folder = tmp_path / "scratch"
    folder.mkdir()
    here = at_hand(work, shelf, folder)
    assert here.key == work.key
    for sha256, path in sources_of([here]).items():
        assert path.parent == folder
        assert path.suffix == wanted[sha256].suffix
        assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    assert at_hand(here, shelf, folder) is here


def test_another_file_of_that_name_is_not_taken_for_it(work: Work, shelf: Shelf, tmp_path: Path) -> None:
    share(sources_of([work]), shelf)
    for path in sources_of([work]).values():
        path.write_bytes(b"something else")
    here = at_hand(work, shelf, tmp_path)
    assert all(hashlib.sha256(path.read_bytes()).hexdigest() == sha256 for sha256, path in sources_of([here]).items())


def test_what_is_nowhere_is_said_so_and_may_be_tried_elsewhere(work: Work, shelf: Shelf, tmp_path: Path) -> None:
    Path(work.media[0].path).unlink()
    with pytest.raises(KinofarmError, match="FLOW-009") as missing:
        at_hand(work, shelf, tmp_path)
    assert missing.value.retry


def test_a_file_that_changed_since_planning_is_not_shared(work: Work, shelf: Shelf) -> None:
    Path(work.media[0].path).write_bytes(b"something else")
    with pytest.raises(KinofarmError, match="FLOW-001"):
        share(sources_of([work]), shelf)
    assert not shelf.store.has(work.media[0].sha256)


def test_the_sources_of_a_live_job_are_not_evicted(engine: Engine, shelf: Shelf, work: Work) -> None:
    jobs = JobStore(engine)
    job = accepted(jobs)
    jobs.needs(job.id, sources_of([work]))
    share(sources_of([work]), shelf)
    tight = CacheIndex(engine, shelf.store, Limits(bytes=0))
    assert tight.evict() == ()
    with pytest.raises(KinofarmError, match="CACHE-007"):
        tight.record(Stored(key="ab" * 32, size=1, sha256="ab" * 32), "picture")
    jobs.plan(job.id, [picture("a", 0)], nothing)
    jobs.advance(job.id, "cancelled")
    assert set(tight.evict()) == set(sources_of([work]))
