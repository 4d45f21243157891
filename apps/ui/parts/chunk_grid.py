"""The chunks of a job as a grid that fills while they are rendered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nicegui.element import Element

from apps.ui.parts.cells import Cell


class ChunkGrid(Element, component="chunk_grid.js"):
    """A grid of chunks. The event "pick" brings the place of the one that is chosen."""

    def __init__(self, shown: Sequence[Cell]) -> None:
        super().__init__()
        self.props["cells"] = list(shown)

    def show(self, shown: Sequence[Cell]) -> None:
        """Show these chunks in place of the others."""
        self.props["cells"] = list(shown)
        self.update()

    def renew(self, changed: Mapping[int, Cell]) -> None:
        """Show the chunks at these places as they are now."""
        for place, cell in changed.items():
            self.props["cells"][place] = cell
        self.run_method("renew", list(changed.items()))
