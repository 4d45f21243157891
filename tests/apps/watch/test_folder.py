"""One round of a watched folder: what is entered, and as what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from apps.watch import folder as looked_after
from apps.watch.folder import Watch
from apps.watch.looking import being_written
from infra import services
from infra.jobs.arrivals import ArrivalStore
from infra.sections import DatabaseSettings, PrefectSettings, WatchedFolder
from infra.services import Services
from infra.settings import Settings


@pytest.fixture
def container(database: str, tmp_path: Path) -> Iterator[Services]:
    """A real database, a Prefect that nobody answers for."""
    settings = Settings(
        home=tmp_path / "home",
        database=DatabaseSettings(url=SecretStr(database)),
        prefect=PrefectSettings(api_url="http://127.0.0.1:9/api", auth=SecretStr("u:p")),
    )
    with services.opened(settings) as opened:
        yield opened


def _writes_the_rest(file: Path) -> None:
    with file.open("ab") as handle:
        handle.write(b"the other half")


@pytest.mark.parametrize(("meanwhile", "sizes"), [(_writes_the_rest, [28]), (Path.unlink, [])])
def test_a_file_that_changed_since_it_was_listed_is_not_entered_as_it_was(
    container: Services,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: Callable[[Path], None],
    sizes: list[int],
) -> None:
    """A copy that was paused ends between the listing and the look at who has it open."""
    (inbox := tmp_path / "in").mkdir()
    file = inbox / "a.mp4"
    file.write_bytes(b"the first half")
    watch = Watch(WatchedFolder(folder=inbox, output=tmp_path / "out", polls=1, poll_seconds=1))
    rest = [meanwhile]

    def looked_at(paths: Iterable[Path]) -> frozenset[Path]:
        while rest:
            rest.pop()(file)
        return being_written(paths)

    monkeypatch.setattr(looked_after, "being_written", looked_at)
    watch.round(container)
    assert container.get(ArrivalStore).recent(10) == ()
    watch.round(container)
    assert [arrival.size for arrival in container.get(ArrivalStore).recent(10)] == sizes
