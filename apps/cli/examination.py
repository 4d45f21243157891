"""What `kinofarm doctor` looks at: the machine, the farm's home, its tools and, where one runs, its services."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from infra import farm, ffmpeg, machine, services
from infra.errors import KinofarmError
from infra.postgres_binaries import system_binaries, wheel_binaries
from infra.settings import Settings
from infra.values import Value

SPARE = 2 * 10**9
"""Bytes that should be free on the home's disk."""


class Finding(Value):
    """One thing that was looked at. hint: what to do when it is not well."""

    what: str
    ok: bool
    found: str
    hint: str = ""


def examine(settings: Settings) -> tuple[Finding, ...]:
    """Look at everything; nothing is started, and no finding keeps the others from being made."""
    return tuple(_findings(settings))


def _findings(settings: Settings) -> Iterator[Finding]:
    yield Finding(
        what="python", ok=True, found=f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    )
    cores = os.cpu_count() or 1
    yield Finding(
        what="machine", ok=True, found=f"{cores} cores, {machine.render_slots(settings.worker.slots)} chunks at once"
    )
    yield _tried("ffmpeg", lambda: ffmpeg.version(ffmpeg.binary(settings.ffmpeg.binary)))
    yield from _devices(settings)
    yield _home(settings.home.absolute())
    if settings.database.url is None:
        yield _postgres()
    for root in settings.media_roots:
        hint = "make it, or take it out of `media_roots`"
        yield Finding(what="media root", ok=root.is_dir(), found=str(root), hint=hint)
    if farm.connect(settings) is None:
        yield Finding(what="farm", ok=True, found="none runs; `kinofarm render` starts one for itself")
        return
    for one in services.check(settings):
        found = one.error or f"answers in {one.seconds * 1000:.0f} ms"
        yield Finding(what=one.service, ok=one.ok, found=found, hint=one.hint)


def _tried(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what=what, ok=True, found=look())
    except KinofarmError as error:
        return Finding(what=what, ok=False, found=str(error), hint=error.hint)


def _devices(settings: Settings) -> Iterator[Finding]:
    """Encoders on devices, each tried by encoding: one that does not work is no fault, the film is made in software."""
    from tasks.compiler.trials import trials

    try:
        tried = [*trials(ffmpeg.binary(settings.ffmpeg.binary))]
    except KinofarmError:
        return  # without ffmpeg there is nothing to try, and that was told
    for one in tried:
        found = "works" if one.works else f"not here: {one.reason}"
        yield Finding(what="encoder", ok=True, found=f"{one.encoder} ({one.family}): {found}")


def _postgres() -> Finding:
    found = [*system_binaries(), *wheel_binaries()]
    hint = KinofarmError("DB-010").hint
    return Finding(what="postgresql", ok=bool(found), found=str(found[0].programs) if found else "none", hint=hint)


def _home(home: Path) -> Finding:
    nearest = home
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    free = shutil.disk_usage(nearest).free
    found = f"{home}{'' if home.exists() else ' (made when it is needed)'}, {free / 1e9:.1f} GB free"
    hint = "choose a folder that you may write to, on a disk with space, by KINOFARM_HOME"
    return Finding(what="home", ok=os.access(nearest, os.W_OK) and free > SPARE, found=found, hint=hint)
