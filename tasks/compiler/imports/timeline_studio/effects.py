"""Effects and filters of a project, referred to by id from clips and tracks.

A filter becomes an effect of the kind "filter-NAME". The effects `speed` and `reverse` change a clip's time, not its picture:
they become its speed and direction. A Custom one becomes the kind "custom" with its filter
template filled in; whether what the template says is allowed is checked where it is built.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any

from pydantic import Field, PlainValidator, TypeAdapter, ValidationError

from infra.errors import KinofarmError
from tasks.compiler.imports.imported import Warnings
from tasks.compiler.imports.places import problem
from tasks.compiler.imports.timeline_studio.fields import Id, Parameters, Read, Real, Seconds, number as number_
from tasks.compiler.imports.timeline_studio.grid import Grid
from tasks.compiler.imports.timeline_studio.names import effect_name, filter_name
from tasks.compiler.model import Effect

_PLACE = re.compile(r"\{([^{}]{1,200})\}")
_SAFE_TEXT = re.compile(r"[\w.#+-]{0,200}")

MAX_TEMPLATE = 10_000
"""Characters of a filter template, before and after its places are filled."""

Template = Annotated[str, Field(max_length=MAX_TEMPLATE)]


_PARAMETERS: TypeAdapter[dict[str, Any]] = TypeAdapter(Parameters)


def _presets(value: Any) -> dict[str, dict[str, Any]]:
    """Read presets: {"name": {parameters}} or {"name": {"params": {…}}}."""
    if not isinstance(value, dict) or not all(isinstance(preset, dict) for preset in value.values()):
        raise problem("FORMAT-020", problem="it should be an object of presets by name")
    found = {}
    for name, preset in value.items():
        inner = preset.get("params", preset.get("parameters", preset))
        try:
            found[name] = _PARAMETERS.validate_python(inner)
        except ValidationError:
            raise problem("FORMAT-020", problem="a preset is an object of parameters by name") from None
    return found


Presets = Annotated[dict[str, dict[str, Any]], PlainValidator(_presets)]


class EffectObject(Read):
    """`effects[]`: times are relative to the clip; the clip's own parameters win over the chosen preset's."""

    id: Id
    effect_type: Id
    name: Any = None
    enabled: bool = True
    parameters: Parameters = Field(default_factory=dict)
    presets: Presets = Field(default_factory=dict)
    preset: Id | None = None
    start_time: Seconds | None = None
    end_time: Seconds | None = None
    ffmpeg_command: Template | None = None


class FilterObject(Read):
    """`filters[]`: intensity scales the whole filter, 1 is as written."""

    id: Id
    filter_type: Id
    name: Any = None
    enabled: bool = True
    intensity: Real = 1.0
    parameters: Parameters = Field(default_factory=dict)
    custom_filter: Template | None = None
    ffmpeg_command: Template | None = None


SPEED, REVERSE = "speed", "reverse"
"""Effects that become a clip's own speed and direction."""


@dataclass(frozen=True)
class Motion:
    """What a clip's effects on time make of it: a factor on its speed, and whether it is turned round."""

    rate: Fraction = Fraction(1)
    reverse: bool = False


@dataclass(frozen=True)
class _Defined:
    """An effect or filter of the file, and where it stands. effect is None when it is switched off."""

    effect: Effect | None
    place: str
    unknown: str = ""


class Looks:
    """The project's effects and filters by id, each turned into the model once and shared by all its users."""

    def __init__(
        self, effects: Sequence[EffectObject], filters: Sequence[FilterObject], grid: Grid, warnings: Warnings
    ) -> None:
        self._effects = {e.id: _effect(e, f"effects[{n}]", grid, warnings) for n, e in enumerate(effects)}
        self._filters = {f.id: _filter(f, f"filters[{n}]", warnings) for n, f in enumerate(filters)}

    def applied(self, filters: Sequence[str], effects: Sequence[str], user: str, where: str) -> tuple[Effect, ...]:
        """Return what a clip or a track applies, filters first, each in the order in which it is listed.

        An id that the file does not define may be a name of the catalogue, with its default parameters.
        Raises:  FORMAT-031 for an id that is neither, FORMAT-032 for a type outside the catalogue, naming the user.
        """
        found = [self._filter(name, user, f"{where}.filters[{n}]") for n, name in enumerate(filters)]
        found += [self._effect(name, user, f"{where}.effects[{n}]") for n, name in enumerate(effects)]
        return tuple(effect for effect in found if effect is not None and effect.kind not in (SPEED, REVERSE))

    def motion(self, effects: Sequence[str], user: str, where: str) -> Motion:
        """Return what the effects on time among a clip's make of it.

        Raises:  FORMAT-077 for one that is limited to a part of the clip, FORMAT-020 for a rate that is no speed.
        """
        rate, reverse = Fraction(1), False
        for number, name in enumerate(effects):
            place = f"{where}.effects[{number}]"
            effect = self._effect(name, user, place)
            if effect is None or effect.kind not in (SPEED, REVERSE):
                continue
            if effect.start or effect.end is not None:
                raise KinofarmError("FORMAT-077", where=place, effect=effect.kind, user=user)
            if effect.kind == REVERSE:
                reverse = not reverse
                continue
            factor = effect.parameters.get("rate", 1)
            if isinstance(factor, bool) or not isinstance(factor, int | float) or not 0.01 <= factor <= 100:
                problem_ = "a speed goes from 0.01 to 100"
                raise KinofarmError("FORMAT-020", where=place, field="rate", problem=problem_)
            rate *= number_(factor)
        return Motion(rate, reverse)

    def refuse_motion(self, effects: Sequence[str], user: str, where: str) -> None:
        """Refuse effects on time where there is no clip whose time they could change.

        Raises:  FORMAT-078.
        """
        for number, name in enumerate(effects):
            place = f"{where}.effects[{number}]"
            effect = self._effect(name, user, place)
            if effect is not None and effect.kind in (SPEED, REVERSE):
                raise KinofarmError("FORMAT-078", where=place, effect=effect.kind, user=user)

    def places(self, filters: Sequence[str], effects: Sequence[str]) -> list[tuple[str, str]]:
        """Return for each effect that `applied` returns where it is used and where it is defined ("" if nowhere)."""
        found = []
        for field, names, table in (("filters", filters, self._filters), ("effects", effects, self._effects)):
            for number, name in enumerate(names):
                defined = table.get(name)
                effect = Effect(kind=effect_name(name) or "") if defined is None else defined.effect
                if effect is not None and (field == "filters" or effect.kind not in (SPEED, REVERSE)):
                    found.append((f"{field}[{number}]", "" if defined is None else defined.place))
        return found

    def _filter(self, name: str, user: str, where: str) -> Effect | None:
        if name in self._filters:
            return _used(self._filters[name], "filter", user, where)
        return _by_name(name, filter_name(name), "filter-", "filter", user, where)

    def _effect(self, name: str, user: str, where: str) -> Effect | None:
        if name in self._effects:
            return _used(self._effects[name], "effect", user, where)
        return _by_name(name, effect_name(name), "", "effect", user, where)


def _used(defined: _Defined, thing: str, user: str, where: str) -> Effect | None:
    if defined.unknown:
        raise KinofarmError("FORMAT-032", where=where, kind=thing, name=defined.unknown, user=user)
    return defined.effect


def _by_name(name: str, in_catalogue: str | None, prefix: str, thing: str, user: str, where: str) -> Effect:
    if in_catalogue is None:
        raise KinofarmError("FORMAT-031", where=where, user=user, kind=thing, id=name)
    if in_catalogue == "custom":
        raise KinofarmError("FORMAT-021", where=where, field="ffmpeg_command")
    return Effect(id=name, kind=prefix + in_catalogue)


def _effect(effect: EffectObject, where: str, grid: Grid, warnings: Warnings) -> _Defined:
    if not effect.enabled:
        return _Defined(None, where)
    kind = effect_name(effect.effect_type)
    if kind is None:
        return _Defined(None, where, unknown=effect.effect_type)
    parameters = {**effect.presets.get(effect.preset or "", {}), **effect.parameters}
    if kind == "custom":
        parameters = {"filter": _filled(effect.ffmpeg_command, parameters, f'effect "{effect.id}"', where)}
    elif effect.ffmpeg_command:
        warnings.add("FORMAT-107", where=f"{where}.ffmpeg_command", kind="effect", id=effect.id, name=kind)
    start = None if effect.start_time is None else grid.frames(effect.start_time, f"{where}.start_time")
    end = None if effect.end_time is None else grid.frames(effect.end_time, f"{where}.end_time")
    if end is not None and end <= (start or 0):
        raise KinofarmError(
            "FORMAT-025", where=f"{where}.end_time", thing="effect", id=effect.id, start=start or 0, end=end
        )
    return _Defined(Effect(id=effect.id, kind=kind, parameters=parameters, start=start, end=end), where)


def _filter(found: FilterObject, where: str, warnings: Warnings) -> _Defined:
    if not found.enabled:
        return _Defined(None, where)
    name = filter_name(found.filter_type)
    if name is None:
        return _Defined(None, where, unknown=found.filter_type)
    parameters: dict[str, Any] = dict(found.parameters)
    if name == "custom":
        template = found.custom_filter or found.ffmpeg_command
        filled = _filled(template, parameters, f'filter "{found.id}"', where)
        return _Defined(Effect(id=found.id, kind="custom", parameters={"filter": filled}), where)
    if found.custom_filter or found.ffmpeg_command:
        warnings.add("FORMAT-107", where=where, kind="filter", id=found.id, name=name)
    if found.intensity != 1:
        parameters["intensity"] = found.intensity
    return _Defined(Effect(id=found.id, kind=f"filter-{name}", parameters=parameters), where)


def _filled(template: str | None, parameters: Mapping[str, Any], user: str, where: str) -> str:
    """Return a filter template with its `{param}` places filled by numbers and plain words.

    Raises:  FORMAT-021 without a template, FORMAT-048 for a place without a value, FORMAT-020 for a text that
             could be more than one word of a filter graph.
    """
    if not template:
        raise KinofarmError("FORMAT-021", where=where, field="ffmpeg_command")

    def fill(match: re.Match[str]) -> str:
        name = match[1].strip()
        if name not in parameters:
            raise KinofarmError("FORMAT-048", where=where, name=name, user=user)
        value = parameters[name]
        if isinstance(value, bool):
            return str(int(value))
        if isinstance(value, int | float):
            return f"{value:.12g}"
        if isinstance(value, str) and _SAFE_TEXT.fullmatch(value):
            return value
        reason = "only a number or a plain word can be filled into a filter template"
        raise KinofarmError("FORMAT-020", where=f"{where}.parameters.{name}", field=name, problem=reason)

    filled = _PLACE.sub(fill, template)
    if len(filled) > MAX_TEMPLATE:
        raise KinofarmError("FORMAT-020", where=where, field="ffmpeg_command", problem="it is too long")
    return filled
