"""Joins: does the decoder get from one chunk's last group of pictures into the next chunk's first?

Fed with a film's packets in decoding order, this keeps only those around a join that is not proven yet, and decodes them
as soon as it has them all.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any

import av
import av.error

from infra.errors import KinofarmError
from tasks.media.packets import words
from tasks.media.proof import STRICT, ChunkProof, Join


class Joins:
    """The joins of a film.

    Args:
        codec, extradata: of the film's picture stream.
        proofs: of its chunks, in order.
        proven: joins that were decoded before.
    """

    def __init__(self, codec: str, extradata: bytes | None, proofs: Sequence[ChunkProof], proven: Set[Join]) -> None:
        self._codec, self._extradata, self._proofs = codec, extradata, proofs
        self._known = set(proven)
        self.decoded: set[Join] = set()
        self._behind: list[Any] = []
        self._ahead: list[Any] = []

    def add(self, chunk: int, number: int, packet: Any) -> None:
        """Take in packet `number` (in decoding order) of a chunk.

        Raises:  KinofarmError VERIFY-012 when this completes a join that does not decode.
        """
        proof = self._proofs[chunk]
        if self._behind:
            first_group = proof.gops[1] if len(proof.gops) > 1 else proof.frames
            self._behind.append(packet)
            if number == first_group - 1:
                self._decode(chunk - 1)
        if chunk + 1 < len(self._proofs) and number >= proof.gops[-1] and self._join(chunk) not in self._known:
            self._ahead.append(packet)
            if number == proof.frames - 1:
                self._behind, self._ahead = self._ahead, []

    def _join(self, left: int) -> Join:
        return self._proofs[left].sha256, self._proofs[left + 1].sha256

    def _decode(self, left: int) -> None:
        packets, self._behind = self._behind, []
        context: Any = av.CodecContext.create(self._codec, "r")
        context.extradata = self._extradata
        context.options = STRICT
        context.thread_type, context.thread_count = "FRAME", 0  # the film is all that is waited for now
        shown = 0
        try:
            for packet in [*packets, None]:
                shown += sum(not frame.is_corrupt for frame in context.decode(packet))
        except (av.error.FFmpegError, ValueError) as error:
            raise KinofarmError("VERIFY-012", left=left, right=left + 1, reason=words(error)) from None
        if shown != len(packets):
            reason = f"{shown} of {len(packets)} frames come out"
            raise KinofarmError("VERIFY-012", left=left, right=left + 1, reason=reason)
        self._known.add(self._join(left))
        self.decoded.add(self._join(left))
