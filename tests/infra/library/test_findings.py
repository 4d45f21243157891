"""Findings in the database: asked for by name, time and score, page by page, and summed up."""

from __future__ import annotations

import base64
import json
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine

from infra.errors import KinofarmError
from infra.library.analyses import AnalysisStore
from infra.library.findings import FindingEntered, FindingStore, FindingsWanted
from tests.fakes.analyses import looked_through

FILM, OTHER = "a" * 64, "b" * 64


def _found(name: str, start: float, end: float, best: float = 0.9) -> FindingEntered:
    return FindingEntered(name=name, seen_from=start, seen_to=end, best=best, finding={"track": 1})


def _cursor(path: str, seen_from: float, number: int) -> str:
    place = json.dumps([path, str(UUID(int=1)), seen_from, number])
    return base64.urlsafe_b64encode(place.encode()).decode()


def test_findings_are_asked_for_by_name_time_score_and_how_long_they_last(engine: Engine) -> None:
    store = AnalysisStore(engine)
    for content, path, found in (
        (FILM, "/a.mov", [_found("dog", 1, 4), _found("dog", 10, 11.5), _found("cat", 2, 9, 0.4)]),
        (OTHER, "/b.mov", [_found("Dog", 0, 2.5, 0.6)]),
    ):
        looked_through(store, content, path, "pets", found)

    def asked(**wanted: object) -> list[tuple[str, str, float]]:
        return [
            (one.path, one.name, one.seen_from)
            for one in FindingStore(engine).find(FindingsWanted.model_validate(wanted)).found
        ]

    assert asked(names=("DOG",), over=2) == [("/a.mov", "dog", 1), ("/b.mov", "dog", 0)]
    assert asked(names=("dog", "cat"), best=0.5) == [("/a.mov", "dog", 1), ("/a.mov", "dog", 10), ("/b.mov", "dog", 0)]
    assert asked(content=FILM, seen_from=4, seen_to=10) == [("/a.mov", "cat", 2)]
    assert asked(seen_from=3, over=1.2) == [("/a.mov", "cat", 2), ("/a.mov", "dog", 10)], "so long within that time"
    assert asked(model="pets", limit=1) == [("/a.mov", "dog", 1)]
    assert asked(model="none") == []
    store.begin(FILM, "1" * 64, "/a.mov", "animals", {}, "")
    assert [name for _, name, _ in asked(model="animals")] == ["dog", "cat", "dog"], "the same model by another name"
    assert len(asked(model="pets")) == 4
    assert asked() == [("/a.mov", "dog", 1), ("/a.mov", "cat", 2), ("/a.mov", "dog", 10), ("/b.mov", "dog", 0)]


def test_all_findings_are_told_page_by_page_in_one_order_and_none_twice(engine: Engine) -> None:
    store, analyses, every = FindingStore(engine), AnalysisStore(engine), 1205
    for content, path in ((FILM, "/ä/one.mov"), (OTHER, "/b.mov"), ("c" * 64, "/b.mov")):
        looked_through(analyses, content, path, "pets", [_found("dog", at // 3, at + 1) for at in range(every)])
    pages, after = [], None
    while after is not None or not pages:
        page = store.find(FindingsWanted(names=("dog",), limit=500, after=after))
        pages.append(page.found)
        after = page.following
    told = [one for found in pages for one in found]
    assert [len(found) for found in pages] == [500] * 7 + [115]
    assert len({(one.analysis, one.seen_to) for one in told}) == 3 * every
    assert tuple(told) == store.find(FindingsWanted(limit=3 * every)).found
    assert store.find(FindingsWanted(limit=3 * every)).following is None, "the last page says so"
    assert len(store.find_all(FindingsWanted(limit=3 * every))) == 3 * every
    with pytest.raises(KinofarmError, match="ANALYSIS-022") as cut:
        store.find_all(FindingsWanted(limit=3 * every - 1))
    assert str(3 * every - 1) in cut.value.message


@pytest.mark.parametrize("cursor", ["", "?", "bm9uZQ", "W10", "WyJhIiwiYiIsMSwxXQ", _cursor("/a\0", 0, 0), _cursor("\ud800", 0, 0), _cursor("/a", 0, 2**31), _cursor("/a", float("nan"), 0)])  # fmt: skip
def test_a_cursor_that_no_page_has_given_is_an_error(engine: Engine, cursor: str) -> None:
    with pytest.raises(KinofarmError, match="ANALYSIS-023"):
        FindingStore(engine).find(FindingsWanted(after=cursor))


def test_what_an_analysis_found_is_summed_up_however_much_it_is(engine: Engine) -> None:
    store = FindingStore(engine)
    dogs = [_found("dog", second, second + 0.5, 0.3) for second in range(2500)]
    overlapping = [_found("cat", 10, 20), _found("cat", 12, 14), _found("cat", 19, 25, 0.95), _found("cat", 30, 31)]
    row = looked_through(
        AnalysisStore(engine), FILM, "/a.mov", "pets", [*dogs, _found("dog", 7.25, 9, 0.8), *overlapping]
    )
    dog, cat = store.seen(row.id, 100)
    assert (dog.name, dog.times, dog.first, dog.last, dog.best) == ("dog", 2501, 0, 2499.5, 0.8)
    assert dog.seconds == 2500 * 0.5 + 1, "what two of them cover counts once"
    assert len(dog.spans) == 100
    assert [dog.spans[0].begin, dog.spans[-1].end] == [0, 2499.5]
    assert dog.spans[0].best == 0.8
    assert (cat.name, cat.times, cat.seconds, cat.best) == ("cat", 4, 16, 0.95)
    spans = [(span.begin, span.end) for span in store.seen(row.id, 1000)[1].spans]
    assert spans == [(10, 20), (19, 25), (30, 31)], "two cats begin within the same 2.5 seconds"
    assert store.seen(uuid4(), 100) == ()
