"""Talk to a Kinofarm: have films rendered, watch and steer jobs, from any Python program.

    import kinofarm

    with kinofarm.Farm("https://farm.example.org", token="kf_...") as farm:
        clip = farm.send_file("harbour.mov")
        timeline = {..., "path": f"upload://{clip}", ...}
        job = farm.render.submit(timeline=timeline, output="news.mp4")["job"]
        farm.wait(job["id"])
        farm.download(job["id"], "news.mp4")

Every command of the farm is a method, by its own name: `farm.job.list(state=["failed"])` is the command `job.list`. Errors
are `kinofarm.Problem`. This package needs httpx and nothing else of Kinofarm.
"""

from __future__ import annotations

from kinofarm.farm import Farm
from kinofarm.problem import Problem

__all__ = ["Farm", "Problem"]
