"""Commands: what the farm can be asked, each a function with a pydantic input and output.

A module's `commands.py` lists its own; `apps/registry.py` holds the one table of all. REST routes, `kinofarm call`, the
OpenAPI document and docs/commands.md follow from it.

    def cancel(call: Call, given: OfJob) -> Job:
        '''Cancel a job. What it had finished stays in the cache.'''

    CANCEL = Command("job.cancel", cancel, "POST /jobs/{job}/cancel", scope="submit", example={"job": "3f2a"})
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import BaseModel, StringConstraints, ValidationError

from infra.access.scopes import Scope
from infra.errors import KinofarmError
from infra.services import Services
from infra.values import Value

Method = Literal["GET", "POST", "PUT", "DELETE"]


@dataclass(frozen=True)
class Call:
    """Who asks, and what he may. services: of the farm. name: a token's, or the user's on the command line.

    remote: it came over the network: paths may lie in the farm's own roots only.
    """

    services: Services
    name: str
    scope: Scope
    remote: bool = True


@dataclass(frozen=True)
class Command:
    """A command of the registry.

    name: "noun.verb". run: takes a Call and the input, returns the output. route: "METHOD /path/{field}"; of the other
    fields of the input GET and DELETE take the query, POST and PUT a JSON body. scope: what a token needs. kind: "job" when
    the work goes on after the answer. example: an input that works on the farm that the examples' test builds. makes: it
    creates something (201).
    """

    name: str
    run: Callable[[Call, Any], Any]
    route: str
    scope: Scope
    example: Mapping[str, Any] = field(default_factory=dict)
    kind: Literal["quick", "job"] = "quick"
    makes: bool = False

    @property
    def method(self) -> Method:
        return self.route.partition(" ")[0]  # type: ignore[return-value]

    @property
    def path(self) -> str:
        return self.route.partition(" ")[2]

    @property
    def group(self) -> str:
        """The noun before the dot."""
        return self.name.partition(".")[0]

    @property
    def changes(self) -> bool:
        """Whether it changes anything: such calls stand in the audit log."""
        return self.method != "GET"

    @property
    def status(self) -> int:
        """Of the answer when it went well."""
        return 202 if self.kind == "job" else 201 if self.makes else 200

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(self.run)

    @property
    def input(self) -> type[BaseModel]:
        """The model of what it takes."""
        second = list(inspect.signature(self.run).parameters)[1]
        found: type[BaseModel] = self._hints[second]
        return found

    @property
    def output(self) -> type[BaseModel]:
        """The model of what it answers."""
        found: type[BaseModel] = self._hints["return"]
        return found

    @property
    def file_field(self) -> str | None:
        """The field of its answer that is a whole file, in base64."""
        fields = self.output.model_fields.items()
        return next((name for name, field in fields if field.annotation is bytes), None)

    @property
    def summary(self) -> str:
        """The first line of what its function says of itself."""
        return inspect.cleandoc(self.run.__doc__ or "").partition("\n")[0]

    @property
    def description(self) -> str:
        """All that its function says of itself but what it raises."""
        return inspect.cleandoc(self.run.__doc__ or "").partition("\nRaises:")[0].strip()

    def understood(self, fields: Mapping[str, Any]) -> BaseModel:
        """Return these fields as the input.

        Raises:  KinofarmError API-009 for what it does not take, with the field's name.
        """
        try:
            return self.input.model_validate(dict(fields))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            reason = f"{place}: {first['msg']}" if place else str(first["msg"])
            raise KinofarmError("API-009", where=place, name=self.name, reason=reason) from None

    @property
    def subject(self) -> str | None:
        """The field of the input that says what it is done to: the first one of the path."""
        rest = self.path.partition("{")[2]
        return rest.partition("}")[0] if rest else None


MOST_TEXT = 4096
Text = Annotated[str, StringConstraints(max_length=MOST_TEXT, pattern=r"^[^\x00]*$")]
"""Text of a sensible length, without the one sign that PostgreSQL can't keep."""
Name = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f/]+$")]
"""What something is called."""


class Nothing(Value):
    """An input of which nothing is asked."""
