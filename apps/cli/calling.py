"""Commands for scripts and operators: call (any command of the registry), token, tokens, revoke, audit."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.cli import console
from apps.cli.options import AsJson
from apps.cli.render import submitter
from infra.access.scopes import Scope
from infra.errors import KinofarmError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from infra.commands import Command


class RefusedElsewhere(Exception):  # noqa: N818 (it carries the error)
    """A farm elsewhere answered with an error; carries it as `KinofarmError.as_dict()` gives one."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error['code']}  {error['message']}")
        self.error = error
        self.code: str = error["code"]


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    for command in (call, token, tokens, revoke, audit):
        app.command()(command)


def call(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The command; without it they are listed.", show_default=False)
    ] = None,
    fields: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FIELD=VALUE",
            help="What it takes. A value that begins with [ or { is JSON; a field that is given again is a list.",
            show_default=False,
        ),
    ] = None,
    given: Annotated[
        Path | None,
        typer.Option("--input", metavar="FILE", help="A JSON document with the fields; - for standard input."),
    ] = None,
    farm: Annotated[
        str | None,
        typer.Option(
            "--farm",
            metavar="URL",
            envvar="KINOFARM_URL",
            help="A farm elsewhere; the environment variable KINOFARM_TOKEN holds the token for it.",
            show_default="this machine's",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to write the file that a command answers with, such as analysis.export; - for standard output.",
            show_default="the answer has it in base64",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Call any command of the registry, as the REST API does: docs/commands.md lists them. Prints its answer as JSON."""
    from apps.registry import COMMANDS, command

    if name is None:
        if as_json:
            console.show_json([{"name": each.name, "summary": each.summary} for each in COMMANDS.values()])
        else:
            for each in COMMANDS.values():
                console.show(f"{each.name:<24} {each.summary}")
        return
    wanted = command(name)
    if output is not None and wanted.file_field is None:
        raise KinofarmError("CLI-027", name=name)
    asked = {**_document(wanted, given), **_fields(wanted, fields or [])}
    answer = _answer(wanted, asked) if farm is None else _elsewhere(farm, wanted, asked)
    if output is None or wanted.file_field is None:
        console.show_json(answer)
        return
    content = base64.b64decode(answer.pop(wanted.file_field))
    if str(output) == "-":
        sys.stdout.buffer.write(content)
    else:
        _write(output, content)
        console.show_json({**answer, "output": str(output)})


def token(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose it is, or what it is for.", show_default=False)],
    scope: Annotated[Scope, typer.Option("--scope", help="What it allows.")] = "read",
    days: Annotated[
        float | None, typer.Option("--days", min=0.01, help="Days for which it is valid.", show_default="for good")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a token for the REST API and the status page. It is shown this once, on standard output."""
    made = called("token.create", {"name": name, "scope": scope, "days": days})
    if as_json:
        console.show_json(made)
        return
    console.say(f"a token for {name}, which may {scope}; it is kept nowhere:")
    console.show(made["secret"])


def tokens(as_json: AsJson = False) -> None:
    """List the tokens that there are and were; none is shown itself."""
    found = called("token.list", {})["tokens"]
    if as_json:
        console.show_json(found)
        return
    for each in found:
        ended = "revoked" if each["revoked_at"] else f"until {each['expires_at']:.16}" if each["expires_at"] else ""
        used = f"used {each['last_used_at']:.16}" if each["last_used_at"] else "never used"
        console.show(f"{each['name']:<20} {each['scope']:<8} made {each['created_at']:.16}  {used}  {ended}".rstrip())


def revoke(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The token's name.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """End a token, and the sessions of the status page that were begun with it."""
    ended = called("token.revoke", {"name": name})
    if as_json:
        console.show_json(ended)
    else:
        console.say(f"the token {name} is valid no more")


def audit(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many, the newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Read who changed what through which door, and who was not let."""
    found = called("audit.list", {"limit": limit})["deeds"]
    if as_json:
        console.show_json(found)
        return
    for each in found:
        what = f"{each['command']} {each['subject']}".strip()
        console.show(f"{each['at']:.19}  {each['who']:<16} {each['door']:<4} {what}  {each['outcome']}")
    if not found:
        console.say("nothing was changed yet")


def called(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Carry out a command of the registry on this machine's farm, and return its answer as JSON values.

    Raises:  KinofarmError API-009, what the command raises.
    """
    from apps.registry import command

    return _answer(command(name), fields)


def _answer(wanted: Command, fields: dict[str, Any]) -> dict[str, Any]:
    """Carry a command out on this machine's farm, as whoever sits here; what changes something stands in the audit log.

    Raises:  KinofarmError API-009, what the command raises.
    """
    from infra import services
    from infra.access.audit import AuditLog
    from infra.commands import Call
    from infra.settings import in_force

    given = wanted.understood(fields)
    with services.opened(in_force()) as container:
        outcome = "ok"
        try:
            answer: BaseModel = wanted.run(Call(container, submitter(), "admin", remote=False), given)
        except KinofarmError as error:
            outcome = error.code
            raise
        except Exception:
            outcome = "INTERNAL-001"
            raise
        finally:
            if wanted.changes and outcome.partition("-")[0] not in ("DB", "FARM"):
                subject = str(fields.get(wanted.subject or "", ""))
                container.get(AuditLog).note(submitter(), "cli", wanted.name, subject, outcome)
        return answer.model_dump(mode="json")


def _elsewhere(url: str, wanted: Command, fields: dict[str, Any]) -> Any:
    """Carry a command out on a farm elsewhere.

    Raises:  KinofarmError API-009; RefusedElsewhere.
    """
    import kinofarm

    wanted.understood(fields)
    group, _, verb = wanted.name.partition(".")
    try:
        with kinofarm.Farm(url) as farm:
            return getattr(getattr(farm, group), verb)(**fields)
    except kinofarm.Problem as problem:
        raise RefusedElsewhere(problem.as_dict()) from None


def _write(target: Path, content: bytes) -> None:
    """Write a file, whole or not at all.

    Raises:  KinofarmError PUBLISH-00x.
    """
    from tasks.filesystem.publish import check_target, put_in_place, staged

    check_target(target)
    with staged(target) as hidden:
        hidden.write_bytes(content)
        put_in_place([(hidden, target)])


def _document(wanted: Command, given: Path | None) -> dict[str, Any]:
    if given is None:
        return {}
    try:
        found = json.loads(sys.stdin.read() if str(given) == "-" else given.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise KinofarmError("API-009", name=wanted.name, reason=f"{given} is no JSON document: {error}") from None
    if not isinstance(found, dict):
        raise KinofarmError("API-009", name=wanted.name, reason=f"{given} is no JSON object")
    return found


def _fields(wanted: Command, texts: list[str]) -> dict[str, Any]:
    found: dict[str, list[Any]] = {}
    for text in texts:
        name, given, value = text.partition("=")
        if not given:
            raise KinofarmError("API-009", name=wanted.name, reason=f"{text} is no FIELD=VALUE")
        found.setdefault(name, []).append(_value(wanted, name, value))
    known = wanted.input.model_json_schema().get("properties", {})
    lists = {name for name, field in known.items() if field.get("type") == "array"}
    return {
        name: values[0] if len(values) == 1 and (name not in lists or isinstance(values[0], list)) else values
        for name, values in found.items()
    }


def _value(wanted: Command, name: str, value: str) -> Any:
    if not value.startswith(("[", "{")):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise KinofarmError("API-009", name=wanted.name, reason=f"{name}: {error}") from None
