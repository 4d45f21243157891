"""Films for the analyses, in which what happens is known to the frame."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.media.analysis.analyse import analyse
from tasks.media.analysis.findings import MediaAnalysis
from tasks.media.analysis.settings import AnalysisSettings
from tasks.media.probe import probe
from tests.media_factory import MediaFactory

SIZE = "320x180"
PARTS = {"moving": 50, "bars": 30, "black": 30, "other": 50}
"""What the edited film shows one after another, and for how many frames at 25 a second."""

PICTURES = {
    "moving": f"testsrc2=s={SIZE}:r=25",
    "bars": f"smptehdbars=s={SIZE}:r=25",
    "black": f"color=black:s={SIZE}:r=25",
    "other": f"testsrc2=s={SIZE}:r=25,hue=h=120,negate,hflip",
}


def joined(*parts: tuple[str, int]) -> tuple[str, ...]:
    """Return ffmpeg's arguments for generated pictures one after another, each for so many frames."""
    chains = [
        f"{source},trim=end_frame={frames},setpts=PTS-STARTPTS,setsar=1,format=yuv420p[p{place}]"
        for place, (source, frames) in enumerate(parts)
    ]
    together = "".join(f"[p{place}]" for place in range(len(parts)))
    return "-filter_complex", ";".join([*chains, f"{together}concat=n={len(parts)}[v]"]), "-map", "[v]"


def edited(factory: MediaFactory, name: str, *encode: str) -> Path:
    """The edited film: `PARTS`."""
    return factory.make(name, *joined(*((PICTURES[part], frames) for part, frames in PARTS.items())), *encode)


def seen(path: Path, *wanted: str, **settings: object) -> MediaAnalysis:
    """Probe and analyse a file."""
    return analyse(path, probe(path), wanted, settings=AnalysisSettings.model_validate(settings))


@pytest.fixture(scope="session")
def film(media_factory: MediaFactory) -> Path:
    """The edited film as H.264, with a tone that pauses from 2 s to 3.5 s."""
    tone = "0.3*sin(2*PI*1000*t)*(lt(t,2)+gte(t,3.5))"
    return media_factory.make(
        "edited-with-sound.mkv",
        *("-f", "lavfi", "-i", f"aevalsrc='{tone}|{tone}':s=48000:d=6.4"),
        *joined(*((PICTURES[part], frames) for part, frames in PARTS.items())),
        *("-map", "0:a", "-c:a", "pcm_s16le", "-c:v", "libx264", "-preset", "ultrafast", "-qp", "2", "-g", "40"),
    )
