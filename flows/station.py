"""A machine's station in the farm: it beats, finds out what it can do, and looks after itself.

`tick` is called every few seconds by the keeper process of a machine. What takes long (the trials of devices) runs in a
thread beside it, so that heartbeats go on. A worker that is broken, because chunk after chunk failed by its own fault, is
looked at again every half minute, and takes work again once all that it stands on is well.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from uuid import UUID, uuid4

from flows.preflight import faults
from infra import machine
from infra.errors import KinofarmError
from infra.jobs.records import GPU_POOL
from infra.jobs.workers import WorkerStore
from infra.prefect import INSTANCE
from infra.services import Ffmpeg, Services, opened
from infra.settings import Settings
from tasks.compiler.capabilities import probe
from tasks.recognition.cuda import why_no_cuda

RECHECK_SECONDS = 30.0
"""Between two looks at what a broken worker stands on."""

logger = logging.getLogger("kinofarm.station")


class Station:
    """What one start of a machine's keeper remembers."""

    def __init__(self, name: str, instance: UUID) -> None:
        self.name = name
        self.instance = instance
        self._probed_at = float("-inf")
        self._checked_at = float("-inf")
        self._probing: threading.Thread | None = None

    def tick(self, services: Services) -> None:
        """Beat, and do what is due.

        Raises:  KinofarmError DB-00x.
        """
        settings, workers, now = services.get(Settings), services.get(WorkerStore), time.monotonic()
        pulse = workers.beat(self.name, self.instance)
        if pulse is None or pulse.state == "offline":
            return  # another start has the name, or this one is about to end
        if pulse.state == "broken" and now - self._checked_at > RECHECK_SECONDS:
            self._checked_at = now
            self._recover(services, workers)
        busy = self._probing is not None and self._probing.is_alive()
        if not busy and (pulse.probe_wanted or now - self._probed_at > settings.worker.reprobe_minutes * 60):
            self._probed_at = now
            self._probing = threading.Thread(target=self._probe, args=[settings], name="probe", daemon=True)
            self._probing.start()

    def _recover(self, services: Services, workers: WorkerStore) -> None:
        left = faults(services)
        if left:
            workers.turn(self.name, self.instance, "broken", "; ".join(left))
            return
        logger.warning("all that this worker stands on is well: it takes work again")
        workers.turn(self.name, self.instance, "online")

    def _probe(self, settings: Settings) -> None:
        try:
            with opened(settings) as services:
                ffmpeg = services.get(Ffmpeg)
                found = probe(ffmpeg.path, ffmpeg.version, settings.home, settings.font_dirs, why_no_cuda=why_no_cuda)
                slots = dict(machine.slots(settings))
                if GPU_POOL in slots:
                    slots[GPU_POOL] = settings.worker.gpu_slots or max(1, found.sessions)
                    if not found.working and found.cuda:  # a device that neither encodes nor recognises is none
                        del slots[GPU_POOL]
                document = found.model_dump(mode="json")
                services.get(WorkerStore).probed(self.name, self.instance, slots, found.working, document)
        except KinofarmError as error:
            logger.warning("what this machine can do was not found out: %s  %s", error, error.detail)


_stations: dict[str, Station] = {}


def tick(services: Services) -> None:
    """Keep this machine's station; does nothing on a machine that renders nothing.

    Raises:  KinofarmError DB-00x.
    """
    settings = services.get(Settings)
    if not machine.slots(settings):
        return
    name = machine.name(settings)
    if name not in _stations:
        given = os.environ.get(INSTANCE)
        _stations[name] = Station(name, UUID(given) if given else uuid4())
    _stations[name].tick(services)
