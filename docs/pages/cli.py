"""docs/cli.md: every command with its arguments, options and exit codes, from the command line itself."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import typer

from apps.cli.console import EXIT_CODES
from apps.cli.main import app


def page() -> str:
    """Return the page, in Markdown, one section per command."""
    parts = [
        "# The command line",
        app.info.help or "",
        "Results go to standard output; progress, messages and errors to standard error. With `--json` standard output holds "
        "one JSON document and nothing else; an error is then "
        '`{"error": {"code", "message", "hint", "where", "detail"}}`.',
        "## Exit codes",
        "\n".join(
            ["| code | meaning |", "| --- | --- |", *(f"| {code} | {words} |" for code, words in EXIT_CODES.items())]
        ),
        "## Commands",
    ]
    parts += [_section(name, command) for name, command in commands()]
    return "\n\n".join(parts)


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command that is shown, by its name, in the order of `kinofarm --help`."""
    yield from _below(typer.main.get_command(app), "")


def _below(group: Any, above: str) -> Iterator[tuple[str, Any]]:
    """The commands of a group; of a group in it, those that it has."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _below(command, f"{name} ")
        elif not command.hidden:
            yield f"{above}{name}", command


def _section(name: str, command: Any) -> str:
    shown = [item for item in command.params if not getattr(item, "hidden", False) and item.name != "help"]
    arguments = [item for item in shown if item.param_type_name == "argument"]
    options = [item for item in shown if item.param_type_name == "option"]
    usage = " ".join(["kinofarm", name, *(_place(item) for item in arguments), *(["[OPTIONS]"] if options else [])])
    parts = [f"### {name}", inspect.cleandoc(command.help or "").replace("\f", ""), f"```sh\n{usage}\n```"]
    if shown:
        rows = ["| argument or option | default | meaning |", "| --- | --- | --- |"]
        rows += [f"| {_names(item)} | {_default(item)} | {_meaning(item)} |" for item in (*arguments, *options)]
        parts.append("\n".join(rows))
    return "\n\n".join(parts)


def _place(argument: Any) -> str:
    word = argument.metavar or argument.name.upper()
    return word if argument.required else f"[{word}]"


def _names(item: Any) -> str:
    if item.param_type_name == "argument":
        return f"`{item.metavar or item.name.upper()}`"
    names = ", ".join(f"`{name}`" for name in (*item.opts, *item.secondary_opts))
    return names if item.is_flag else f"{names} `{item.metavar or _kind(item)}`"


def _kind(item: Any) -> str:
    """What an option without a name for its value takes."""
    return {int: "NUMBER", float: "NUMBER"}.get(item.type_descriptor.annotation, "TEXT")


def _default(item: Any) -> str:
    if item.required:
        return "required"
    value = item.default
    if value is None or value is False or value == () or callable(value):
        return ""
    return f"`{getattr(value, 'value', value)}`"


def _meaning(item: Any) -> str:
    return str(getattr(item, "help", "") or "").replace("|", "\\|")
