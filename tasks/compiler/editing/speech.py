"""Speech: a timeline's subtitles as files, and files as its subtitles. A track of subtitles is the lines of one language.

Units: frames at the timeline's rate; files count milliseconds, or in ASS hundredths of a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Literal

from infra.errors import KinofarmError
from infra.values import Value
from tasks.compiler.model import Subtitle, Timeline
from tasks.subtitles.reading import SpokenLine
from tasks.subtitles.soft import soft_tracks, written

Form = Literal["srt", "vtt", "ass"]


class SubtitleFile(Value):
    """The lines of one language as a file."""

    language: str
    form: Form
    lines: int
    text: str


def subtitle_files(timeline: Timeline, form: Form, language: str | None = None) -> tuple[SubtitleFile, ...]:
    """Return a file for each language, or for the one that is asked for.

    Raises:  KinofarmError EDIT-008 when there is none.
    """
    tracks = soft_tracks(timeline.subtitles, 0, timeline.duration)
    found = tuple(
        SubtitleFile(
            language=track.language,
            form=form,
            lines=len(track.lines),
            text=written(track, timeline.rate, form).decode(),
        )
        for track in tracks
        if language is None or track.language.casefold() == language.casefold()
    )
    if not found:
        raise KinofarmError("EDIT-008", where="language", what=f' in "{language}"' if language is not None else "")
    return found


def with_speech(
    timeline: Timeline, lines: Sequence[SpokenLine], language: str, *, offset: Fraction = Fraction(0), replace: bool
) -> Timeline:
    """Return the timeline with these lines in a language, as they look in the subtitles of that language, or of any other.

    Args:    offset: seconds by which all lines come later. replace: the lines that the language has make way for them.
    Raises:  KinofarmError EDIT-010 when none of them shows within the film.
    """
    own = [line for line in timeline.subtitles if line.language.casefold() == language.casefold()]
    likeness = next(iter((*own, *timeline.subtitles)), None)
    bare = {"animations": (), "language": language}
    like = likeness.model_copy(update=bare) if likeness else Subtitle(text="", start=0, end=0, language=language)
    kept = [line for line in timeline.subtitles if not (replace and line in own)]
    taken = {line.id for line in kept}
    added = tuple(_placed(timeline, lines, like, offset, taken))
    if not added:
        raise KinofarmError("EDIT-010", where="text", seconds=f"{float(timeline.duration / timeline.rate):g}")
    return timeline.model_copy(update={"subtitles": (*kept, *added)})


def _placed(
    timeline: Timeline, lines: Sequence[SpokenLine], like: Subtitle, offset: Fraction, taken: set[str]
) -> Iterator[Subtitle]:
    for number, line in enumerate(lines, start=1):
        start = max(0, round((line.start + offset) * timeline.rate))
        end = min(timeline.duration, max(round((line.end + offset) * timeline.rate), start + 1))
        if line.end + offset <= 0 or start >= timeline.duration:
            continue
        name, more = f"{like.language or 'line'}-{number}", 2
        while name in taken:
            name, more = f"{like.language or 'line'}-{number}~{more}", more + 1
        taken.add(name)
        yield like.model_copy(update={"id": name, "text": line.text, "start": start, "end": end})
