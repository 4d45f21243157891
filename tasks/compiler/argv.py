"""Argv: the one place where a graph and an encoder become ffmpeg's arguments.

Names of inputs and of the output are the placeholders of `tasks.compiler.work`. The graph is written here, not by
ffmpeg-python: that walks it by recursion, and in quadratic time (measured: a minute for a film of 2,000 clips).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import count
from typing import Any

from ffmpeg.nodes import InputNode

from tasks.compiler.effects.row import Stream
from tasks.compiler.relight import AS_IT_IS, relit
from tasks.compiler.signals import SDR, Signal

Node = Any
"""A node of ffmpeg-python: an `InputNode` or a `FilterNode`."""

_INPUT_NUMBER = re.compile(r"(media:[0-9a-f]{64})#\d+")

LONGEST = 100_000
"""Bytes of a graph that go as an argument; a longer one goes as a file (Linux passes at most 128 KiB in one)."""

_CLEAN = ("-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact")
"""What a chunk holds is the picture or the sound: no metadata, no encoder's name, no clock."""


def picture_argv(
    stream: Stream, encoder: Sequence[str], frames: int, rate: Fraction, form: str = "mp4"
) -> tuple[str, ...]:
    """ffmpeg's arguments that encode exactly `frames` pictures of a stream into a file of that form (a muxer's name).

    In the form "null" nothing is kept but what the encoder itself writes: the first of two passes.
    """
    timing = ("-r", str(rate), "-fps_mode", "cfr", "-frames:v", str(frames))
    timescale = ("-video_track_timescale", str(rate.numerator)) if form in ("mp4", "mov") else ()
    return _argv(stream, (*timing, *encoder, *timescale, *_CLEAN, "-f", form))


def sound_argv(
    stream: Stream, encoder: Sequence[str], form: str = "mp4", tags: Sequence[str] = (), metadata: str | None = None
) -> tuple[str, ...]:
    """ffmpeg's arguments that encode a stream of sound into a file of that form.

    Args:    tags: further options of the file. metadata: name of an ffmetadata file with its chapters.
    """
    return _argv(stream, (*encoder, *_CLEAN, *tags, "-f", form), metadata)


def samples_argv(stream: Stream, rate: int) -> tuple[str, ...]:
    """ffmpeg's arguments that write a stream as raw stereo float samples."""
    return _argv(stream, ("-c:a", "pcm_f32le", "-ar", str(rate), "-ac", "2", "-f", "f32le"))


def pass_argv(stream: Stream) -> tuple[str, ...]:
    """ffmpeg's arguments that run a stream for what its filters write, and keep no picture."""
    return (*_argv(stream, ("-f", "null"))[:-1], "-")


def image_argv(stream: Stream, signal: Signal = SDR) -> tuple[str, ...]:
    """ffmpeg's arguments that write one picture of a signal as a PNG, in sRGB."""
    if signal.high:
        source = {"matrix": signal.matrix, "range": "tv"}
        shown = relit(stream, signal, SDR, AS_IT_IS, "gbrp", source)
    else:
        shown = stream.filter("scale", in_color_matrix="bt709", in_range="tv", flags="accurate_rnd+full_chroma_int")
    return _argv(shown.filter("format", "rgb24"), ("-frames:v", "1", "-c:v", "png", "-f", "image2", "-update", "1"))


def spilled(argv: Sequence[str], name: str) -> tuple[tuple[str, ...], str | None]:
    """Return the arguments with a graph that is too long for one taken from the file `name`, and that graph."""
    place = argv.index("-filter_complex")
    graph = argv[place + 1]
    if len(graph.encode()) <= LONGEST:
        return tuple(argv), None
    return (*argv[:place], "-/filter_complex", name, *argv[place + 2 :]), graph


def _argv(stream: Stream, options: Sequence[str], metadata: str | None = None) -> tuple[str, ...]:
    nodes = list(_upstream_first(stream.node))
    inputs = [node for node in nodes if isinstance(node, InputNode)]
    opened = [argument for node in inputs for argument in _input(node)]
    graph = _graph(nodes, {node: number for number, node in enumerate(inputs)})
    if metadata is not None:
        opened += ["-f", "ffmetadata", "-i", metadata]
        at = options.index("-map_metadata")  # the plain option would take the chapters' names away too
        kept = ("-map_metadata:g", "-1", "-map_metadata:s", "-1", "-map_chapters", str(len(inputs)))
        options = (*options[:at], *kept, *options[at + 4 :])
    return ("-copyts", *opened, "-filter_complex", graph, "-map", "[out]", *options, "out")


def _upstream_first(last: Node) -> Iterator[Node]:
    """Every node that leads to `last`, each after those that it reads from."""
    done: set[Node] = set()
    waiting = [(last, False)]
    while waiting:
        node, ready = waiting.pop()
        if node in done:
            continue
        if ready:
            done.add(node)
            yield node
            continue
        waiting.append((node, True))
        waiting += [(edge.upstream_node, False) for edge in reversed(node.incoming_edges)]


def _input(node: Node) -> Iterator[str]:
    options = dict(node.kwargs)
    name, form = options.pop("filename"), options.pop("format", None)
    if form is not None:
        yield from ("-f", form)
    for key in sorted(options):
        yield f"-{key}"
        if options[key] is not None:
            yield str(options[key])
    yield from ("-i", _INPUT_NUMBER.sub(r"\1", name))


def _graph(nodes: Sequence[Node], inputs: dict[Node, int]) -> str:
    """Write the filters: what follows one another as a chain, with names where streams part and meet.

    Raises:  ValueError when two filters read one stream: a `split` is missing.
    """
    read_by: dict[Node, list[Any]] = {}
    for node in nodes:
        for edge in node.incoming_edges:
            read_by.setdefault(edge.upstream_node, []).append(edge)
    names = (f"[s{number}]" for number in count())
    pads: dict[tuple[Node, Any], str] = {}
    open_chains: dict[Node, str] = {}
    chains: list[str] = []
    for node in nodes:
        if node in inputs:
            continue
        edges = node.incoming_edges
        if len(edges) == 1 and edges[0].upstream_node in open_chains:
            text = open_chains.pop(edges[0].upstream_node) + ","
        else:
            for edge in edges:
                if edge.upstream_node in open_chains:
                    pads[edge.upstream_node, edge.upstream_label] = next(names)
                    chains.append(open_chains.pop(edge.upstream_node) + pads[edge.upstream_node, edge.upstream_label])
            text = "".join(_pad(edge, inputs, pads) for edge in edges)
        readers = sorted(read_by.get(node, []), key=lambda edge: (edge.upstream_label is not None, edge.upstream_label))
        text += node._get_filter(readers)
        if len({edge.upstream_label for edge in readers}) < len(readers):
            raise ValueError(f"two filters read what {node} gives: a split is missing")
        if len(readers) <= 1:
            open_chains[node] = text
            continue
        for edge in readers:
            pads[node, edge.upstream_label] = next(names)
        chains.append(text + "".join(pads[node, edge.upstream_label] for edge in readers))
    chains += [f"{text}[out]" for text in open_chains.values()]
    return ";".join(chains)


def _pad(edge: Any, inputs: dict[Node, int], pads: dict[tuple[Node, Any], str]) -> str:
    if edge.upstream_node in inputs:
        return f"[{inputs[edge.upstream_node]}:{edge.upstream_selector}]"
    return pads[edge.upstream_node, edge.upstream_label]
