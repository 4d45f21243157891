"""A farm as a Python program sees it: its commands as methods, films to download, jobs to wait for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

import httpx

from kinofarm.commands import Commands
from kinofarm.problem import Problem

API = "/api/v1"
ENDED = ("done", "failed", "cancelled")
LONGEST_LOOK = 5.0
"""Seconds between two looks at a job that is waited for."""
BLOCK = 1024 * 1024


class Farm(Commands):
    """A farm.

    Args:    url: of its REST API, such as https://farm.example.org; None: the environment variable KINOFARM_URL.
             token: what one may do; None: the variable KINOFARM_TOKEN. timeout: seconds for an answer.
    Raises:  every method: Problem.
    """

    def __init__(self, url: str | None = None, token: str | None = None, *, timeout: float = 60) -> None:
        address = url or os.environ.get("KINOFARM_URL", "")
        secret = token or os.environ.get("KINOFARM_TOKEN", "")
        if not address:
            raise ValueError("name the farm: Farm(url), or the environment variable KINOFARM_URL")
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        self._http = httpx.Client(base_url=address.rstrip("/") + API, headers=headers, timeout=timeout)
        super().__init__(self._sent)

    def __enter__(self) -> Farm:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def wait(
        self, job: str, timeout: float | None = None, on_change: Callable[[Mapping[str, Any]], None] | None = None
    ) -> Any:
        """Wait until a job has ended and return it.

        Args:    timeout: seconds; None: however long it takes. on_change: told of the job whenever its state or progress
                 has changed.
        Raises:  Problem with the job's own error when it failed; code "cancelled" when it was cancelled; TimeoutError.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        pause, seen = 0.2, None
        while True:
            found = self.job.show(job=job)["job"]
            now = (found["state"], found["progress"])
            if now != seen and on_change is not None:
                on_change(found)
            if found["state"] == "done":
                return found
            if found["state"] in ENDED:
                error = found["error"] or {"code": found["state"], "message": f"the job was {found['state']}"}
                raise Problem({**error, "title": error["message"]})
            pause = 0.2 if now != seen else min(LONGEST_LOOK, pause * 1.5)
            seen = now
            if deadline is not None and time.monotonic() + pause > deadline:
                raise TimeoutError(f"the job {job} has not ended after {timeout} s")
            time.sleep(pause)

    def download(self, job: str, into: str | Path, kind: str = "film") -> Path:
        """Download what a job published; the file appears at `into` when it is whole.

        Args:    kind: film, manifest, poster; of a further film film:NAME.
        """
        target = Path(into)
        half = target.with_name(f".{target.name}.part")
        try:
            with (
                self._http.stream(
                    "GET", f"/jobs/{quote(job, safe='')}/outputs/{quote(kind, safe=':')}", follow_redirects=True
                ) as answer,
                half.open("wb") as file,
            ):
                if not answer.is_success:
                    answer.read()
                    raise _problem(answer)
                for block in answer.iter_bytes(BLOCK):
                    file.write(block)
            half.replace(target)
        except httpx.HTTPError as error:
            raise _unreached(error) from None
        finally:
            half.unlink(missing_ok=True)
        return target

    def _sent(self, method: str, path: str, query: Mapping[str, Any], body: Mapping[str, Any] | None) -> Any:
        try:
            answer = self._http.request(method, path, params=dict(query), json=body)
        except httpx.HTTPError as error:
            raise _unreached(error) from None
        if not answer.is_success:
            raise _problem(answer)
        return answer.json()


def _problem(answer: httpx.Response) -> Problem:
    try:
        document = answer.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        document = {"title": f"the answer is {answer.status_code}, and no farm's"}
    return Problem({"status": answer.status_code, **document})


def _unreached(error: httpx.HTTPError) -> Problem:
    return Problem({"title": f"the farm is not reached: {error}", "retry": True})
