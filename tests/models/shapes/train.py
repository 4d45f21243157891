"""Train the tiny detector of shapes and write it as `shapes.onnx`: `python -m tests.models.shapes.train`.

Needs PyTorch, which the farm does not: the recipe in README.md makes an environment of its own for it. The net is a small
feature pyramid with anchor-free heads, and its output is laid out as that of YOLOv8: (N, 4 + classes, anchors), boxes as centre and size.

Source:  Tian et al., "FCOS" (which cells answer for a box); Zhang et al., "VarifocalNet" (scores that know the overlap).
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tests.models.shapes.average_precision import Seen, mean_average_precision
from tests.models.shapes.drawn import KINDS, Scene, scenes

SIDE = 160
STRIDES = 8, 16
REACHES = (0.0, 34.0), (24.0, 1e9)
"""Lengths of a box's longer side that the cells of a stride answer for."""

MOST_BOXES = 8
GREY = 114


class Block(nn.Sequential):
    """A convolution, normalised, with SiLU after it."""

    def __init__(self, taken: int, given: int, size: int = 3, stride: int = 1) -> None:
        convolution = nn.Conv2d(taken, given, size, stride, size // 2, bias=False)
        super().__init__(convolution, nn.BatchNorm2d(given), nn.SiLU())


class Detector(nn.Module):
    """Pictures (N, 3, SIDE, SIDE) of 0 to 1 → for each stride the raw (N, 4 + classes, rows, columns)."""

    def __init__(self) -> None:
        super().__init__()
        self.eighth = nn.Sequential(
            Block(3, 16, 3, 2), Block(16, 24, 3, 2), Block(24, 24), Block(24, 48, 3, 2), Block(48, 48), Block(48, 48)
        )
        self.sixteenth = nn.Sequential(Block(48, 64, 3, 2), Block(64, 64), Block(64, 64))
        self.narrow = Block(48 + 64, 48, 1)
        self.heads = nn.ModuleList(
            nn.Sequential(Block(width, 48), Block(48, 48), nn.Conv2d(48, 4 + len(KINDS), 1)) for width in (48, 64)
        )
        for head in self.heads:
            nn.init.constant_(head[-1].bias[4:], -4.0)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        near = self.eighth(pictures)
        far = self.sixteenth(near)
        wide = torch.cat((near, functional.interpolate(far, scale_factor=2.0)), 1)
        return [self.heads[0](self.narrow(wide)), self.heads[1](far)]


class Exported(nn.Module):
    """The detector with its answers laid out as YOLOv8 lays them."""

    def __init__(self, net: Detector) -> None:
        super().__init__()
        self.net = net
        self.register_buffer("centres", cells()[0].T[None])
        self.register_buffer("strides", cells()[1][None, None])

    def forward(self, pictures: Tensor) -> Tensor:
        raw = torch.cat([level.flatten(2) for level in self.net(pictures)], 2)
        reach = functional.softplus(raw[:, :4]) * self.strides
        first, last = self.centres - reach[:, :2], self.centres + reach[:, 2:]
        return torch.cat(((first + last) / 2, last - first, raw[:, 4:].sigmoid()), 1)


def cells() -> tuple[Tensor, Tensor]:
    """Return the centres (anchors, 2) and strides (anchors,) of all cells, in the order of the output."""
    centres, strides = [], []
    for stride in STRIDES:
        along = (torch.arange(SIDE // stride) + 0.5) * stride
        down, across = torch.meshgrid(along, along, indexing="ij")
        centres.append(torch.stack((across.flatten(), down.flatten()), 1))
        strides.append(torch.full((len(centres[-1]),), float(stride)))
    return torch.cat(centres), torch.cat(strides)


def drawn(seed: int, count: int) -> tuple[NDArray[np.uint8], Tensor, Tensor]:
    """Return pictures (count, SIDE, SIDE, 3), boxes (count, MOST_BOXES, 4) and kinds, -1 where there is no box."""
    random = np.random.default_rng(seed)
    pictures = np.full((count, SIDE, SIDE, 3), GREY, np.uint8)
    boxes, kinds = torch.zeros(count, MOST_BOXES, 4), torch.full((count, MOST_BOXES), -1)
    done = 0
    while done < count:
        # Half of the pictures are wide, between bars of grey, as a film is laid into the model's square.
        height = SIDE if random.random() < 0.5 else int(random.choice((90, 120)))
        for scene in scenes(random, SIDE, height, 8, (6, min(30, height * 0.3))):
            if done < count:
                _lay(scene, (SIDE - height) // 2, pictures[done], boxes[done], kinds[done])
                done += 1
    return pictures, boxes, kinds


def _lay(scene: Scene, top: int, picture: NDArray[np.uint8], boxes: Tensor, kinds: Tensor) -> None:
    picture[top : top + len(scene.picture)] = scene.picture
    for place, (kind, (left, up, right, down)) in enumerate(zip(scene.kinds, scene.boxes, strict=True)):
        boxes[place] = torch.tensor((left, up + top, right, down + top))
        kinds[place] = kind


def answering(boxes: Tensor, kinds: Tensor, centres: Tensor, strides: Tensor) -> Tensor:
    """Return for each picture and cell the box it answers for, -1 for none: near the middle of a box of its size, the smallest of several."""
    low = torch.cat(
        [torch.full((SIDE // s * (SIDE // s),), reach[0]) for s, reach in zip(STRIDES, REACHES, strict=True)]
    )
    high = torch.cat(
        [torch.full((SIDE // s * (SIDE // s),), reach[1]) for s, reach in zip(STRIDES, REACHES, strict=True)]
    )
    longer = (boxes[..., 2:] - boxes[..., :2]).amax(-1)[:, None]
    middles = (boxes[..., :2] + boxes[..., 2:]) / 2
    far = (centres[None, :, None] - middles[:, None]).abs().amax(-1)
    inside = ((centres[None, :, None] > boxes[:, None, :, :2]) & (centres[None, :, None] < boxes[:, None, :, 2:])).all(
        -1
    )
    fits = (
        inside
        & (far < 1.5 * strides[None, :, None])
        & (longer >= low[:, None])
        & (longer < high[:, None])
        & (kinds[:, None] >= 0)
    )
    area = (boxes[..., 2:] - boxes[..., :2]).prod(-1)[:, None].expand_as(fits)
    smallest, which = area.masked_fill(~fits, float("inf")).min(-1)
    return which.masked_fill(smallest.isinf(), -1)


def overlaps(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """Return intersection over union, and the generalised one, of boxes pair by pair."""

    def area(first: Tensor, last: Tensor) -> Tensor:
        return (last - first).clamp(min=0).prod(-1)

    both = area(torch.maximum(one[..., :2], other[..., :2]), torch.minimum(one[..., 2:], other[..., 2:]))
    union = area(one[..., :2], one[..., 2:]) + area(other[..., :2], other[..., 2:]) - both
    around = area(torch.minimum(one[..., :2], other[..., :2]), torch.maximum(one[..., 2:], other[..., 2:]))
    plain = both / union.clamp(min=1e-6)
    return plain, plain - (around - union) / around.clamp(min=1e-6)


def loss(levels: list[Tensor], boxes: Tensor, kinds: Tensor, centres: Tensor, strides: Tensor) -> Tensor:
    """Return how wrong the answers are: the boxes' overlaps, and scores that shall be those overlaps."""
    raw = torch.cat([level.flatten(2) for level in levels], 2).transpose(1, 2)
    which = answering(boxes, kinds, centres, strides)
    picture, cell = (which >= 0).nonzero(as_tuple=True)
    wanted = torch.zeros_like(raw[..., 4:])
    chosen = which[picture, cell]
    reach = functional.softplus(raw[picture, cell, :4]) * strides[cell, None]
    found = torch.cat((centres[cell] - reach[:, :2], centres[cell] + reach[:, 2:]), 1)
    plain, general = overlaps(found, boxes[picture, chosen])
    wanted[picture, cell, kinds[picture, chosen]] = plain.detach().clamp(min=0.05)
    scores = raw[..., 4:]
    weight = torch.where(wanted > 0, wanted, 0.75 * scores.sigmoid().detach() ** 2)
    unsure = functional.binary_cross_entropy_with_logits(scores, wanted, weight, reduction="sum")
    return (unsure + 2.0 * (1 - general).sum()) / max(1, len(cell))


def train(seed: int, count: int, rounds: int) -> Detector:
    """Train a detector on `count` pictures, `rounds` times over."""
    torch.manual_seed(seed)
    pictures, boxes, kinds = drawn(seed, count)
    centres, strides = cells()
    net = Detector()
    smooth = torch.optim.swa_utils.AveragedModel(
        net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995), use_buffers=True
    )
    size = 32
    steps = rounds * (count // size)
    optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=0.01)
    pace = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, steps, pct_start=0.15)
    random = np.random.default_rng(seed)
    started, done = time.monotonic(), 0
    for turn in range(rounds):
        order = random.permutation(count)
        for at in range(0, count - size + 1, size):
            chosen = order[at : at + size]
            shown, there = _varied(pictures[chosen], boxes[chosen], random)
            wrong = loss(net(shown), there, kinds[chosen], centres, strides)
            optimiser.zero_grad()
            wrong.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 10.0)
            optimiser.step()
            pace.step()
            smooth.update_parameters(net)
            done += 1
            if done % 50 == 0:
                print(
                    f"round {turn + 1}  step {done}/{steps}  loss {wrong.item():.3f}  {time.monotonic() - started:.0f} s",
                    flush=True,
                )
    return smooth.module.eval()


def _varied(pictures: NDArray[np.uint8], boxes: Tensor, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Return pictures as the net takes them, mirrored and lit differently by chance, with their boxes."""
    shown = torch.from_numpy(pictures.astype(np.float32) / 255).permute(0, 3, 1, 2)
    boxes = boxes.clone()
    for axis in (2, 3):
        if random.random() < 0.5:
            shown = shown.flip(axis)
            first, last = 3 - axis, 5 - axis
            boxes[..., first], boxes[..., last] = SIDE - boxes[..., last].clone(), SIDE - boxes[..., first].clone()
    if random.random() < 0.5:
        shown = shown[:, torch.from_numpy(random.permutation(3).copy())]
    light = torch.from_numpy(random.uniform(0.7, 1.2, (len(shown), 1, 1, 1)).astype(np.float32))
    return (shown * light).clamp(0, 1).contiguous(), boxes


def measure(net: Detector, seed: int, count: int) -> float:
    """Return the mAP50 over pictures that were drawn from another seed."""
    pictures, boxes, kinds = drawn(seed, count)
    whole = Exported(net).eval()
    found, true = [], []
    with torch.no_grad():
        for at in range(count):
            shown = torch.from_numpy(pictures[at : at + 1].astype(np.float32) / 255).permute(0, 3, 1, 2)
            found += [Seen(at, kind, box, score) for box, score, kind in _best(whole(shown)[0])]
            true += [Seen(at, int(k), tuple(b.tolist())) for b, k in zip(boxes[at], kinds[at], strict=True) if k >= 0]
    return mean_average_precision(found, true)


def _best(answers: Tensor) -> list[tuple[tuple[float, float, float, float], float, int]]:
    """Return boxes, scores and classes after a plain suppression: enough to measure by, the farm has its own."""
    kept = []
    for kind in range(len(KINDS)):
        scores = answers[4 + kind]
        sure = (scores > 0.02).nonzero()[:, 0]
        middle, size = answers[:2, sure].T, answers[2:4, sure].T
        boxes = torch.cat((middle - size / 2, middle + size / 2), 1)
        order = scores[sure].argsort(descending=True)
        while len(order):
            kept.append((tuple(boxes[order[0]].tolist()), float(scores[sure][order[0]]), kind))
            order = order[overlaps(boxes[order[0]], boxes[order])[0] <= 0.6]
    return kept


def export(net: Detector, place: Path) -> None:
    """Write the detector as ONNX, with the metadata that Ultralytics' exporter writes."""
    torch.onnx.export(
        Exported(net).eval(), (torch.zeros(1, 3, SIDE, SIDE),), str(place), dynamo=False, opset_version=17,
        input_names=["images"], output_names=["output0"], dynamic_axes={"images": {0: "batch"}, "output0": {0: "batch"}},
    )  # fmt: skip
    model = onnx.load(str(place))
    onnx.helper.set_model_props(
        model,
        {
            "description": "Kinofarm's detector of drawn shapes, for tests", "task": "detect", "batch": "1",
            "stride": str(max(STRIDES)), "imgsz": str([SIDE, SIDE]), "names": str(dict(enumerate(name for name in KINDS))),
        },
    )  # fmt: skip
    # The exporter loses these sizes on the way.
    for size, answers in zip(
        (4 + len(KINDS), len(cells()[1])), model.graph.output[0].type.tensor_type.shape.dim[1:], strict=True
    ):
        answers.dim_value = size
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(place))


def main() -> None:
    """Train, measure, write."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--seed", type=int, default=6)
    ask.add_argument("--pictures", type=int, default=16_000)
    ask.add_argument("--rounds", type=int, default=6)
    ask.add_argument("--threads", type=int, default=1)
    ask.add_argument("--out", type=Path, default=Path(__file__).with_name("shapes.onnx"))
    told = ask.parse_args()
    torch.set_num_threads(told.threads)
    net = train(told.seed, told.pictures, told.rounds)
    export(net, told.out)
    print(f"mAP50 {measure(net, told.seed + 1_000, 1_000):.4f}  {told.out} {told.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
