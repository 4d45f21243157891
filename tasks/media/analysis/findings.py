"""What an analysis of a file found: typed values by kind, and the same as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, SerializeAsAny

from infra.values import Value
from tasks.media.analysis.settings import AnalysisSettings
from tasks.media.analysis.table import ANALYSES, AnalysisKind
from tasks.media.facts import Sha256

Found = TypeVar("Found", bound=Value)


def _typed(found: Any) -> Any:
    """Read results that came as JSON by the types that the table gives their kinds."""
    if not isinstance(found, Mapping):
        return found
    read = {}
    for kind, value in found.items():
        if kind not in ANALYSES:
            raise ValueError(f"there is no analysis named {str(kind)[:40]}")
        read[kind] = ANALYSES[kind].result.model_validate(value)
    return read


class MediaAnalysis(Value):
    """All that was found in a file."""

    sha256: Sha256 = Field(description="Of the file's bytes.")
    settings: AnalysisSettings
    picture: int | None = Field(description="Index of the picture stream that was looked at.")
    sound: int | None = Field(description="Index of the sound stream that was listened to.")
    frames: int = Field(0, description="Frames decoded; 0 where no analysis needed any.")
    damaged: int = Field(0, description="Packets and frames that were not whole.")
    cut_short: bool = Field(False, description="Reading stopped before the file's end.")
    found: Annotated[Mapping[AnalysisKind, SerializeAsAny[Value]], BeforeValidator(_typed)] = Field(
        description="Results by kind, each of the type that `ANALYSES` names."
    )
    skipped: Mapping[AnalysisKind, str] = Field(description="Kinds that were wanted and don't apply, with the reason.")

    def of(self, kind: type[Found]) -> Found | None:
        """Return the result of this type; None where it was not wanted or does not apply."""
        return next((value for value in self.found.values() if type(value) is kind), None)
