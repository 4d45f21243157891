"""docs/media.md: the views of media files, with what can be asked of each."""

from __future__ import annotations

from pydantic import BaseModel

from tasks.media.scan import SUFFIXES
from tasks.media.views.table import VIEWS

_HEAD = """\
A view is a small file that shows a media file. It is made once for each content and each wish, in a process of its own with
a ceiling on time and memory, and kept in the farm's cache. `kinofarm call media.view path=FILE view=NAME` and `POST
/api/v1/media/view` answer with it; `GET /api/v1/media/NAME?path=FILE` is its file, with the options below as the query.
A storyboard's pictures are named by time in a WebVTT track: `GET /api/v1/media/storyboard/track?path=FILE`."""

_SCANS = """\
`scan.begin` (`POST /api/v1/scans`, the status page, or the flow `ingest` in Prefect) looks into every media file of a folder, as
many at once as the setting `media.readers` says, and makes the views that are wanted. Files that have not changed are not
read again until `media.remembered_days` are over. A file that gives an error is listed with it. Media files are those
whose names end in: """


def page() -> str:
    """Return the page, in Markdown."""
    parts = ["# Media", _HEAD]
    for view in VIEWS.values():
        parts += [
            f"## {view.name}",
            f"{view.summary[:1].upper()}{view.summary[1:]} (`{view.media_type}`).",
            _options(view.options),
        ]
    return "\n\n".join([*parts, "## Scanning folders", _SCANS + " ".join(f"`{each}`" for each in SUFFIXES)])


def _options(model: type[BaseModel]) -> str:
    rows = ["| option | default | |", "| --- | --- | --- |"]
    for name, field in model.model_fields.items():
        rows.append(f"| `{name}` | {'none' if field.default is None else field.default} | {field.description} |")
    return "\n".join(rows)
