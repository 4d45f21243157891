"""Split-screen templates: where a clip lies when the screen is divided.

Cells and positions are given in percent of the frame, regions in pixels of the timeline's resolution. A
template without cells and regions is a plain split: Vertical puts its screens side by side, Horizontal one above
the other, Grid in ceil(sqrt(n)) columns, Diagonal side by side with slanted cuts; each is filled (cover), as the editor
does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from infra.errors import KinofarmError
from tasks.compiler.imports.places import refused
from tasks.compiler.imports.timeline_studio.fields import Id, Read, Real, one_of
from tasks.compiler.imports.timeline_studio.grid import Grid
from tasks.compiler.model import Cell

MAX_SCREENS = 25
MAX_DIAGONAL = 4

_LEAN = 0.2
"""How far the cuts of a diagonal split lean to each side at top and bottom, in widths of a cell."""

_EDGE = 1e-6
"""How far, in fractions of the frame, thirds and sixths may lie beyond the edge after rounding."""

AlignX = Annotated[Literal["left", "center", "right"], one_of("left", "center", "right", also={"centre": "center"})]
AlignY = Annotated[
    Literal["top", "center", "bottom"],
    one_of("top", "center", "bottom", also={"centre": "center", "middle": "center"}),
]
Fit = Annotated[
    Literal["contain", "cover", "fill", "none"],
    one_of("contain", "cover", "fill", "none", also={"fit": "contain", "stretch": "fill"}),
]


class CellObject(Read):
    """`cells[]` of a template, in percent of the frame."""

    index: Annotated[int, Field(ge=0, le=1000)] | None = None
    x: Real
    y: Real
    width: Real
    height: Real
    fit_mode: Fit = "contain"
    align_x: AlignX = "center"
    align_y: AlignY = "center"
    scale: Real = 1.0

    @property
    def outline(self) -> tuple[tuple[float, float], ...]:
        """Corners in fractions of the cell to which the picture is cut; a plain cell has none."""
        return ()


class _Slanted(CellObject):
    """A cell between two slanted cuts."""

    corners: tuple[tuple[float, float], ...]

    @property
    def outline(self) -> tuple[tuple[float, float], ...]:
        return self.corners


class RegionObject(Read):
    """`regions[]` of a template, in pixels; padding shrinks it on every side."""

    x: Real
    y: Real
    width: Real
    height: Real
    padding: Real = 0.0


class TemplateObject(Read):
    """`templates[]`."""

    id: Id
    template_type: Annotated[
        Literal["vertical", "horizontal", "diagonal", "grid", "custom"],
        one_of("vertical", "horizontal", "diagonal", "grid", "custom"),
    ] = "custom"
    screens: Annotated[int, Field(ge=1, le=1000)] | None = None
    cells: Annotated[list[CellObject], Field(max_length=1000)] = Field(default_factory=list)
    regions: Annotated[list[RegionObject], Field(max_length=1000)] = Field(default_factory=list)


class Templates:
    """The project's templates; each is laid out once, however many clips lie in it."""

    def __init__(self, templates: Sequence[TemplateObject], grid: Grid) -> None:
        self._templates = {template.id: (template, f"templates[{n}]") for n, template in enumerate(templates)}
        self._grid = grid
        self._laid_out: dict[str, tuple[dict[int, tuple[CellObject, int]], str]] = {}

    def cell(self, name: str, index: int | None, clip: str, where: str) -> Cell:
        """Return the cell of a template that a clip lies in.

        Args:    index: the clip's template_cell or template_position, counted from 0. where: the clip's place in
                 the file.
        Raises:  FORMAT-031 when the file has no such template, FORMAT-044 when the template has no such cell,
                 FORMAT-020 for a cell that leaves the frame.
        """
        if name not in self._templates:
            user = f'clip "{clip}"'
            raise KinofarmError("FORMAT-031", where=f"{where}.template_id", user=user, kind="template", id=name)
        template, place = self._templates[name]
        if name not in self._laid_out:
            self._laid_out[name] = _cells(template, self._grid, place)
        cells, source = self._laid_out[name]
        if index is None:
            if len(cells) > 1:
                reason = "it has several cells and the clip names none"
                raise KinofarmError("FORMAT-044", where=where, clip=clip, template=name, reason=reason)
            index = next(iter(cells), 0)
        if index not in cells:
            reason = f"it has no cell {index}"
            raise KinofarmError("FORMAT-044", where=where, clip=clip, template=name, reason=reason)
        cell, position = cells[index]
        return _inside(cell, f"{place}.{source}[{position}]" if source else place)


def _cells(template: TemplateObject, grid: Grid, place: str) -> tuple[dict[int, tuple[CellObject, int]], str]:
    """Return the cells by index, each with its position in the file, and the field that they stand in."""
    if template.cells:
        numbered = {n if cell.index is None else cell.index: (cell, n) for n, cell in enumerate(template.cells)}
        return numbered, "cells"
    if template.regions:
        return {n: (_from_pixels(region, grid), n) for n, region in enumerate(template.regions)}, "regions"
    count = template.screens
    if template.template_type == "custom" or count is None:
        raise KinofarmError("FORMAT-021", where=f"{place}.cells", field="cells")
    if not 1 <= count <= MAX_SCREENS:
        problem = f"a split has 1 to {MAX_SCREENS} screens"
        raise KinofarmError("FORMAT-020", where=f"{place}.screens", field="screens", problem=problem)
    if template.template_type == "diagonal":
        return {n: (cell, n) for n, cell in enumerate(_diagonal(count, place))}, ""
    columns = {"vertical": count, "horizontal": 1}.get(template.template_type, math.ceil(math.sqrt(count)))
    rows = math.ceil(count / columns)
    split = [
        CellObject(
            index=n,
            x=100 * (n % columns) / columns,
            y=100 * (n // columns) / rows,
            width=100 / columns,
            height=100 / rows,
            fit_mode="cover",
        )
        for n in range(count)
    ]
    return {n: (cell, n) for n, cell in enumerate(split)}, ""


def _diagonal(count: int, place: str) -> list[CellObject]:
    """Cells side by side whose cuts lean to the right, upwards."""
    if not 2 <= count <= MAX_DIAGONAL:
        problem = f"a diagonal split has 2 to {MAX_DIAGONAL} screens"
        raise KinofarmError("FORMAT-020", where=f"{place}.screens", field="screens", problem=problem)
    lean = _LEAN / count
    found: list[CellObject] = []
    for n in range(count):
        above = (n / count + lean if n else 0.0, (n + 1) / count + lean if n < count - 1 else 1.0)
        below = (n / count - lean if n else 0.0, (n + 1) / count - lean if n < count - 1 else 1.0)
        left, right = min(above[0], below[0]), max(above[1], below[1])
        corners = [(above[0], 0.0), (above[1], 0.0), (below[1], 1.0), (below[0], 1.0)]
        found.append(
            _Slanted(
                index=n,
                x=100 * left,
                y=0,
                width=100 * (right - left),
                height=100,
                fit_mode="cover",
                corners=tuple((min(1.0, max(0.0, (x - left) / (right - left))), y) for x, y in corners),
            )
        )
    return found


def _from_pixels(region: RegionObject, grid: Grid) -> CellObject:
    return CellObject.model_construct(
        x=(region.x + region.padding) * 100 / grid.width,
        y=(region.y + region.padding) * 100 / grid.height,
        width=(region.width - 2 * region.padding) * 100 / grid.width,
        height=(region.height - 2 * region.padding) * 100 / grid.height,
    )


def _inside(cell: CellObject, where: str) -> Cell:
    x, y, width, height = cell.x / 100, cell.y / 100, cell.width / 100, cell.height / 100
    for field, low, high in (("x", x, x + width), ("y", y, y + height)):
        if low < -_EDGE or high > 1 + _EDGE:
            raise KinofarmError(
                "FORMAT-020", where=f"{where}.{field}", field=field, problem="the cell leaves the frame"
            )
    x, y = max(x, 0.0), max(y, 0.0)
    try:
        return Cell(
            x=x,
            y=y,
            width=min(width, 1 - x),
            height=min(height, 1 - y),
            fit=cell.fit_mode,
            align_x=cell.align_x,
            align_y=cell.align_y,
            scale=cell.scale,
            outline=cell.outline,
        )
    except ValidationError as error:
        raise refused(error, {"scale": 0, "width": 0, "height": 0, "x": 0, "y": 0}, base=where) from None
