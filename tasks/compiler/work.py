"""Work: what one chunk or one sound pass is, complete and self-contained, as it travels to the machine that does it.

An argv in here names its inputs by placeholders, so that no path, id or timeline position reaches the key:

    media:<sha256>      a media file, by content; `Work.media` says where it lies
    file:<name>         a text file that `Work.files` holds (an ASS script, a look-up table), written to the scratch folder under its name
    fonts               the folder into which `Work.fonts` are laid
    out                 the file that the work makes; a stage after the one that writes it may read it

Inside a filter graph `<name>` and `fonts` stand as plain relative names: ffmpeg runs with the scratch folder as its own.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import Field

from infra.values import Exact, Value
from tasks.media.facts import Sha256
from tasks.media.loudness import Loudness
from tasks.media.proof import PictureShape

RECIPE = 2
"""Version of the recipe: a change that makes other pixels or samples from the same graph must raise it."""


class MediaUse(Value):
    """A media file that the work reads, and the state of the file in which it was hashed."""

    sha256: Sha256
    path: str
    size: int
    modified_ns: int


class FontUse(Value):
    sha256: Sha256
    path: str


class TextFile(Value):
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*\.(ass|cube|txt)$", description="A plain name, no folder.")
    text: str


PlainName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$", description="A plain name, no folder.")]


class Levelling(Value):
    """What follows from a stage that measures loudness: the files by which the stages after it know their level.

    log: what the stage wrote. gain, ceiling: what is written after it, for ffmpeg's volume and alimiter. again: while what
    was measured misses the loudness, the level is corrected and so many stages run again, this one the last of them; 0: the
    stage measured the sound as it was, and the first level is found from that.
    """

    log: PlainName
    gain: PlainName
    ceiling: PlainName
    loudness: Loudness
    again: int = Field(0, ge=0)


class Stage(Value):
    """One ffmpeg process: its arguments after the binary's name, placeholders unresolved, and what its measuring leads to."""

    argv: tuple[str, ...]
    levelling: Levelling | None = None


class Work(Value):
    """A chunk of picture or the film's sound, ready to be done by any machine.

    frames: pictures that must come out (0 for sound); samples: sound samples per channel (0 for pictures).
    rate, shape: what a picture must turn out to be; sample_rate, channels, loudness: what sound must. They follow from
    the stages, so that the key does without them; the shard that did the work counts against them.
    """

    recipe: int = RECIPE
    kind: Literal["picture", "sound"]
    frames: int = Field(ge=0)
    samples: int = Field(0, ge=0)
    rate: Exact | None = None
    shape: PictureShape | None = None
    sample_rate: int = Field(0, ge=0)
    channels: int = Field(2, ge=1)
    loudness: Loudness | None = None
    suffix: str = Field(pattern=r"^\.[a-z0-9]+$", description="The finished file's suffix, e.g. .mp4.")
    stages: tuple[Stage, ...] = Field(min_length=1)
    media: tuple[MediaUse, ...] = ()
    files: tuple[TextFile, ...] = ()
    fonts: tuple[FontUse, ...] = ()
    ffmpeg: str = Field(description="Version line of the ffmpeg that this work is planned for.")

    @property
    def key(self) -> str:
        """sha256 over everything that decides the bytes: no path, no id, no timeline position."""
        decisive: dict[str, Any] = {
            "recipe": self.recipe,
            "kind": self.kind,
            "frames": self.frames,
            "samples": self.samples,
            "stages": [stage.argv for stage in self.stages],
            "files": [[file.name, hashlib.sha256(file.text.encode()).hexdigest()] for file in self.files],
            "fonts": sorted(font.sha256 for font in self.fonts),
            "ffmpeg": self.ffmpeg,
        }
        levels = {n: stage.levelling.model_dump() for n, stage in enumerate(self.stages) if stage.levelling}
        if levels:
            decisive["levels"] = levels
        return hashlib.sha256(json.dumps(decisive, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
