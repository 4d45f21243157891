"""Carrying commands out for a caller: what REST and the status page have in common. What changes something is audited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from apps.api.entry import Caller
from infra.access.audit import AuditLog
from infra.commands import Call, Command
from infra.errors import KinofarmError
from infra.services import Services
from infra.storable import storable


def carried_out(services: Services, caller: Caller, command: Command, fields: Mapping[str, Any]) -> BaseModel:
    """Carry a command out for a caller who may; what changes something stands in the audit log, well or not.

    Raises:  what the command raises; pydantic.ValidationError for fields that it does not take.
    """
    subject = storable(str(fields.get(command.subject or "", "")))

    def note(outcome: str) -> None:
        if command.changes:
            log = services.get(AuditLog)
            log.note(caller.name, caller.door, command.name, subject, outcome, caller.address)

    try:
        answer: BaseModel = command.run(Call(services, caller.name, caller.scope), command.understood(fields))
    except KinofarmError as error:
        note(error.code)
        raise
    except Exception:  # a fault of ours; what it had done by then is done
        note("INTERNAL-001")
        raise
    note("ok")
    return answer
