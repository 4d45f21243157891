"""docs/errors.md: every error code with its words."""

from __future__ import annotations

from collections.abc import Mapping

from infra.errors import Message, catalogue

_FAMILIES: Mapping[str, str] = {
    "ACCESS": "who may do what",
    "ADVICE": "what would make a project better (told by `project.optimise`)",
    "ANALYSIS": "analyses of media",
    "API": "the REST API",
    "CACHE": "the store of finished chunks",
    "CHECK": "a timeline that does not fit together, or not with its media",
    "CLI": "the command line",
    "DB": "PostgreSQL and the job ledger",
    "EDIT": "making projects of projects",
    "FARM": "the farm's own processes",
    "FFMPEG": "running ffmpeg",
    "FLOW": "rendering: flows, shards, chunks",
    "FORMAT": "reading a project file",
    "INTERNAL": "bugs of Kinofarm",
    "JOB": "jobs and their states",
    "LIBRARY": "the media library",
    "MEDIA": "media files",
    "MODEL": "models that recognise things in pictures",
    "NEWS": "telling webhooks what became of jobs",
    "PATH": "where files may lie",
    "PLAN": "cutting a timeline into work",
    "PREFECT": "the Prefect server and its workers",
    "PUBLISH": "putting the film in its place",
    "RESULT": "what jobs published, and previews of it",
    "SECURITY": "what a project may not ask ffmpeg to do",
    "SETTINGS": "the farm's settings",
    "TEXT": "titles, subtitles and fonts",
    "UPLOAD": "files that are uploaded",
    "VERIFY": "checking a film before it is published",
    "WAIT": "why a job does not go on (told by `kinofarm job`)",
    "WATCH": "watched folders",
}


def page() -> str:
    """Return the page, in Markdown, one section per family of codes."""
    families: dict[str, list[tuple[str, Message]]] = {}
    for code, entry in sorted(catalogue().items()):
        families.setdefault(code.rpartition("-")[0], []).append((code, entry))
    parts = [
        "# Errors",
        "Every error has a code that stays, a message, and a hint that says what to do. `{names}` stand for what the error "
        "is about. *Retried* errors can pass by themselves: the farm tries the same work again, with growing pauses, before "
        "it gives up. With `--json` an error is printed as "
        '`{"error": {"code", "message", "hint", "where", "detail"}}`; `where` is the place in the project file.',
    ]
    for family, entries in families.items():
        parts.append(f"## {family}: {_FAMILIES[family]}")
        parts += [_entry(code, entry) for code, entry in entries]
    return "\n\n".join(parts)


def _entry(code: str, entry: Message) -> str:
    lines = [f"### {code}", "", _text(entry["message"])]
    if detail := entry.get("detail"):
        lines += ["", _text(detail)]
    if entry["hint"]:
        lines += ["", f"**Try:** {_text(entry['hint'])}"]
    if entry["retry"]:
        lines += ["", "*Retried.*"]
    return "\n".join(lines)


def _text(words: str) -> str:
    """Keep Markdown from reading meaning into a message."""
    return words.replace("<", "&lt;").replace("*", "\\*").replace("\n", " ")
