"""A farm as a Python program sees it: its commands as methods, films to download, jobs to wait for."""

from __future__ import annotations

import base64
import itertools
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, TypedDict
from urllib.parse import quote

import httpx

from kinofarm.commands import Commands
from kinofarm.problem import Problem

API = "/api/v1"
ENDED = ("done", "failed", "cancelled")
LONGEST_LOOK = 5.0
"""Seconds between two looks at a job that is waited for."""
BLOCK = 1024 * 1024
PART_BLOCKS = 64
"""Blocks that one request of an upload brings."""
TUS = {"Tus-Resumable": "1.0.0"}
RETRIED = (408, 409, 423, 429, 503)
"""Answers to a part after which the upload goes on where the farm says."""
SILENT_SECONDS = 30
"""Without a word, of a stream that has one each ten seconds."""


class Message(TypedDict):
    """What was told. event: its fields (docs/events.md); None: `reset`."""

    id: str
    name: str
    at: str
    event: dict[str, Any] | None


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

    def send_file(
        self,
        path: str | Path,
        name: str | None = None,
        *,
        resume: str | None = None,
        tries: int = 8,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> str:
        """Upload a media or project file and return the upload's id: a project names it `upload://ID`.

        A line that breaks is taken up again where the farm says it broke off.

        Args:    name: how the farm shall call it; its suffix tells the format. resume: the id of an upload of this very file
                 that was broken off. tries: in a row that may come to nothing. on_progress: told of bytes sent, and of all.
        Source:  tus 1.0.0.
        """
        file = Path(path)
        size = file.stat().st_size
        upload = resume or self._begun(name or file.name, size)
        place, failed = f"/uploads/{quote(upload, safe='')}", 0
        with file.open("rb") as source:
            while True:
                try:
                    offset = self._offset(place)
                    if on_progress is not None:
                        on_progress(offset, size)
                    if offset >= size:
                        return upload
                    source.seek(offset)
                    headers = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
                    part = itertools.islice(iter(lambda: source.read(BLOCK), b""), PART_BLOCKS)
                    answer = self._http.patch(place, content=part, headers=TUS | headers)
                    if answer.status_code not in RETRIED and not answer.is_success:
                        raise _problem(answer)
                    failed = 0 if answer.is_success else failed + 1
                except httpx.TransportError as error:
                    failed += 1
                    if failed >= tries:
                        raise _unreached(error) from None
                if failed >= tries:
                    raise Problem({"title": f"the upload {upload} does not go on", "retry": True})
                if failed:
                    time.sleep(min(LONGEST_LOOK, 0.2 * 2**failed))

    def events(self, job: str | None = None, after: str | None = None) -> Iterator[Message]:
        """Yield what happens, as it happens, for ever: each message has id, name, at and event (docs/events.md).

        A line that breaks is taken up again after the last message. One named `reset` says that something was missed.

        Args:    job: of this job only. after: the id of a message to go on after.
        """
        while True:
            query = {name: value for name, value in (("job", job), ("last_event_id", after)) if value}
            try:
                with self._http.stream("GET", "/events", params=query, timeout=SILENT_SECONDS) as answer:
                    if not answer.is_success:
                        answer.read()
                        raise _problem(answer)
                    for line in answer.iter_lines():
                        if line.startswith("data:"):
                            message: Message = json.loads(line.removeprefix("data:"))
                            after = message["id"]
                            yield message
            except httpx.TransportError:
                time.sleep(1)

    def _begun(self, name: str, size: int) -> str:
        metadata = f"filename {base64.b64encode(name.encode()).decode()}"
        try:
            answer = self._http.post(
                "/uploads", headers=TUS | {"Upload-Length": str(size), "Upload-Metadata": metadata}
            )
        except httpx.HTTPError as error:
            raise _unreached(error) from None
        if not answer.is_success:
            raise _problem(answer)
        return answer.headers["Location"].rpartition("/")[2]

    def _offset(self, place: str) -> int:
        answer = self._http.head(place, headers=TUS)
        if not answer.is_success:
            raise Problem({"status": answer.status_code, "title": f"the upload is not there: {answer.status_code}"})
        return int(answer.headers["Upload-Offset"])

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
