"""A film as numbered pictures: every packet of a joined film of pictures is one file, copied as it is.

Files are named by their frame's number from 1, six digits: 000001.png. Nothing else may lie in the folder.
"""

from __future__ import annotations

from pathlib import Path

from tasks.media.packets import only_picture, opened

DIGITS = 6

SUFFIXES = {"png": ".png", "mjpeg": ".jpg"}
"""Suffixes of the pictures by their codec."""


def write_pictures(joined: Path, folder: Path) -> int:
    """Write every picture of a joined film into the empty folder and return how many there are.

    Raises:  KinofarmError VERIFY-001 when the film cannot be read; OSError when a picture cannot be written.
    """
    count = 0
    with opened(joined, "the film") as container:
        stream = only_picture(container, "the film")
        suffix = SUFFIXES[stream.codec_context.codec.canonical_name]
        for packet in container.demux(stream):
            if packet.size:
                count += 1
                (folder / f"{count:0{DIGITS}d}{suffix}").write_bytes(bytes(packet))
    return count
