"""docs/scale.md: how many machines a farm can have, out of measured costs and a simulation."""

from __future__ import annotations

from bench.scale import costs, growth
from bench.scale.growth import CHUNKS, HOST_CORES, SLOTS, Size

MEANINGS = {
    "server_idle": "Prefect server, a second without work",
    "server_worker": "Prefect server, a second, for each of Prefect's workers",
    "server_job": "Prefect server, a job",
    "server_piece": "Prefect server, a chunk",
    "database_idle": "PostgreSQL, a second without work",
    "database_worker": "PostgreSQL, a second, for each of Prefect's workers",
    "database_job": "PostgreSQL, a job",
    "database_piece": "PostgreSQL, a chunk",
    "render_job": "a render's own process: start, plan, assemble, verify, publish",
    "render_piece": "a render's own process, a chunk",
    "shard_piece": "a shard beside its ffmpeg, a chunk",
    "keeper": "the keeper, a second",
    "start_seconds": "waiting from a submission to its first chunk, by the clock",
    "finish_seconds": "waiting from the last chunk to the film, by the clock",
}


def _unless(size: Size, figure: str) -> str:
    """A figure of a farm that has a steady state."""
    return "overloaded" if size.is_overloaded else figure


def page() -> str:
    """Return the page, in Markdown."""
    scale, sizes = costs.kept(), growth.kept().sizes
    rows = ["| what | processor seconds |", "| --- | ---: |"]
    rows += [f"| {words} | {getattr(scale.costs, name):.4f} |" for name, words in MEANINGS.items()]
    checks = [
        "| slots | jobs | seconds in all: measured | predicted | off by | until a film: measured | predicted | off by |",
        "| ---: " * 8 + "|",
    ]
    for trial in scale.trials:
        seconds, waited = growth.predicted(scale, trial)
        checks.append(
            f"| {trial.slots} | {trial.jobs} of {trial.chunks} chunks | {trial.seconds:.1f} | {seconds:.1f} "
            f"| {seconds / trial.seconds - 1:+.0%} | {trial.waited:.1f} | {waited:.1f} | {waited / trial.waited - 1:+.0%} |"
        )
    names = [name for name in sizes[0].busy if name != "machines"]
    table = [
        f"| machines | chunks a second | until the first chunk, s | machines busy | {' | '.join(names)} | what there is too few of |",
        "| ---: " * (5 + len(names)) + "| --- |",
    ]
    table[1] = "| " + " | ".join(["---:"] * (4 + len(names))) + " | --- |"
    table += [
        f"| {size.machines} | {_unless(size, f'{size.pieces_per_second:.2f}')} | {_unless(size, f'{size.until_begun:.0f}')} | {size.busy['machines']:.0%} | "
        + " | ".join(f"{size.busy[name]:.0%}" for name in names)
        + f" | {size.bottleneck} |"
        for size in sizes
    ]
    farm = growth.usual_farm(scale, 1)
    first = next((size for size in sizes if size.bottleneck != "machines"), None)
    words = (
        f"With {first.machines} machines the first thing that there is too little of is the {first.bottleneck}, before any other "
        "part; where a server is asked for more than it can do, its queue grows without end, and the farm does not work."
        if first
        else "Up to a thousand machines nothing gives way before the machines themselves."
    )
    return "\n\n".join(
        (
            "# How far a farm grows",
            "What each part of the farm costs was measured on a farm that renders small films (`make scale`, commit "
            f"{scale.measured.commit}, {scale.measured.day}, 2 cores); a discrete-event model (`bench/scale/model.py`, SimPy) "
            "with these costs says what larger farms would do.",
            "## What was measured",
            "\n".join(rows),
            "## The model beside the real farm",
            "The farm on one machine of two cores, its servers and renders on the same cores, all films submitted at once. The "
            "model knows the costs above and what a chunk's ffmpeg and proof take by themselves, and nothing of these runs.",
            "\n".join(checks),
            "## One to a thousand machines",
            f"Jobs are ten-minute films of {CHUNKS} chunks; a chunk is {farm.chunk:.1f} s of a core. Each machine has {SLOTS} cores "
            f"and slots; the farm's own has {HOST_CORES} cores and renders nothing; {farm.parents} renders have a run at once; there "
            "is always more work than the machines can do. Busy is the share of what a part has: of one core for the Prefect "
            "server, which is one process; of all cores for PostgreSQL; of the places for renders that have a run.",
            "\n".join(table),
            words
            + " What helps: longer chunks (`render.chunk_seconds`), since most of what Prefect does is done once for each; "
            "machines with more slots, since a worker polls as often with two slots as with twenty; a second Prefect server "
            "([many-hosts.md](many-hosts.md)).",
        )
    )
