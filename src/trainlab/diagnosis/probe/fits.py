# pyright: basic
"""How well outputs fit targets, by plain criteria, whatever the user's loss is."""

from __future__ import annotations

from math import gcd
from typing import Any

import torch

from trainlab.diagnosis.observed.losses import Fit, LossRecord
from trainlab.diagnosis.observed.torch_names import BINARY, CLASSES, OF_LOGITS
from trainlab.diagnosis.probe.probe_state import ProbeState
from trainlab.diagnosis.torch_private import functions

MAX_ROWS = 512
MAX_COLUMNS = 256
MAX_SAMPLE = 2048
MAX_BATCHES = 256
MAX_FITS = 2_000
MAX_PAIRS = 600
GOLDEN = 0.618
"""Steps of so much of a circle's length come to lie evenly on it, however many there are."""
TELLING_ROWS = 8
"""In fewer rows a feature equals the targets by chance."""
Table = list[tuple[float, ...]]
Given = tuple[Table, Table]
"""Rows, and their summaries."""
NOTHING: Given = ([], [])


def is_given(rows: Table, targets: list[float]) -> bool:
    """Whether a column of the rows is their targets: then nobody has to predict them."""
    return any(column == tuple(targets) for column in zip(*rows, strict=False))


class Fits:
    """Reads pairs of outputs and targets."""

    def __init__(self, state: ProbeState) -> None:
        self.state = state
        self._given: dict[int, tuple[Given, int]] = {}
        self._unconfirmed: dict[int, list[tuple[list[float], Given]]] = {}

    def given(self, rows: Table, summaries: Table, *, of: int = 0) -> None:
        """The training under way is given the first rows of a batch: the next targets that it learns from,
        if they are as many as the batch has rows, are theirs.
        """
        self._given[self.state.trainings.now] = ((rows, summaries), of)

    def confirmed(self, record: LossRecord) -> None:
        """It is part of the loss: what was paired with its targets are examples."""
        for targets, given in self._unconfirmed.pop(id(record), ()):
            self._keep_pairs(record, targets, *given)

    def rejected(self, record: LossRecord) -> None:
        """It is in no loss: its numbers aren't the targets of anything."""
        self._unconfirmed.pop(id(record), None)

    def _taken(self, record: LossRecord, targets: int) -> Given:
        """Return the rows that so many targets belong to; each only once.

        They are taken when the loss is computed: by the time its numbers come from a device, the network has
        been given others. Pixels of a label image and edges of a graph aren't the batch's rows.
        """
        given, rows = self._given.pop(self.state.trainings.find(record.training), (NOTHING, targets))
        return given if rows == targets else NOTHING

    def read(
        self, record: LossRecord, out: torch.Tensor, target: torch.Tensor, *, judged: bool = False
    ) -> None:
        """Measure one batch at its place."""
        into = record.judged if judged else record.fits
        if len(into) >= MAX_FITS or out.numel() == 0:
            return
        out, target = out.detach(), target.detach()
        if record.kind in CLASSES:
            self._classes(record, out, target, judged)
        elif (out.shape == target.shape or out.numel() == target.numel() == 1) and record.kind != "kl_div":
            yes = target > 0 if record.kind == "soft_margin_loss" else target
            self._columns(record, out.float(), yes.float(), judged)

    def _classes(self, record: LossRecord, out: torch.Tensor, target: torch.Tensor, judged: bool) -> None:
        logits = out.float() if out.dim() == 1 else out.float().movedim(1, -1)
        logits = logits.reshape(-1, logits.shape[-1])
        if target.is_floating_point():
            self._soft(record, target)
            soft = target if target.dim() == 1 else target.movedim(1, -1)
            labels = soft.reshape(-1, logits.shape[-1])
        else:
            labels = target.reshape(-1)
        count = len(labels)
        given = NOTHING if judged else self._taken(record, count)
        # Rows that are wanted with what the network was given are the first ones.
        some = slice(MAX_ROWS) if given[0] else _spread(count, MAX_ROWS, labels.device)
        logits, labels = logits[some], labels[some]
        labels = labels.argmax(-1) if target.is_floating_point() else labels
        record.classes = logits.shape[-1]
        good = (labels >= 0) & (labels < logits.shape[-1])
        safe = labels.clamp(0, logits.shape[-1] - 1).long()
        logs = logits if record.kind == "nll_loss" else logits.log_softmax(-1)
        weight = good.float()
        total = weight.sum().clamp(min=1)
        value = (-logs.gather(1, safe[:, None])[:, 0] * weight).sum() / total
        predicted = logits.argmax(-1)
        accuracy = ((predicted == safe).float() * weight).sum() / total
        spread = logits.std(0, unbiased=False).mean()
        mass = logits.logsumexp(-1).abs().median()
        low, high, zero = logits.min(), logits.max(), logits == 0
        tied = (logits.amax(-1) == logits.amin(-1)).float().mean()
        unmoved = (zero.gather(1, safe[:, None])[:, 0].float() * weight).sum() / total
        classes = functions.where(good, safe, logits.shape[-1]).min(), functions.where(good, safe, -1).max()
        first, last = (one.float() for one in classes)
        numbers = functions.stack(
            [value, accuracy, spread, low, high, mass, zero.float().mean(), tied, unmoved, first, last]
        )
        tick, rows = self.state.record.tick, len(labels)
        into = record.judged if judged else record.fits

        def keep(got: list[float]) -> None:
            of_logits = {"zeros": got[6], "tied": got[7], "unmoved": got[8]}
            targets = {"target_low": got[9], "target_high": got[10]}
            into.append(Fit(tick, *got[:5], scale=got[5], rows=rows, **of_logits, **targets))

        self.state.deferred.read(numbers, keep)
        if not judged:
            pairs = functions.stack([functions.where(good, safe, -1), predicted]).float()
            self.state.deferred.read(pairs, lambda got: self._labels(record, got, given))

    def _soft(self, record: LossRecord, target: torch.Tensor) -> None:
        """Targets given as probabilities: do they add up to 1?"""
        totals = target.float().sum(1 if target.dim() > 1 else 0)
        off = ((totals - 1).abs() > 0.05).float().mean()

        def keep(got: list[float]) -> None:
            record.soft_rows_off = max(record.soft_rows_off, got[0])

        self.state.deferred.read(off, keep)

    def _labels(self, record: LossRecord, got: list[float], given: Given) -> None:
        half = len(got) // 2
        labels = [label for label in got[:half] if label >= 0]
        for label in labels:
            record.counts[int(label)] = record.counts.get(int(label), 0) + 1
        if len(record.batches) < MAX_BATCHES:
            record.batches.append(tuple(labels))
        record.rows += len(labels)
        self._pair(record, got[:half], given)

    def _pair(self, record: LossRecord, targets: list[float], given: Given) -> None:
        """Keep examples, once it is known that their targets are some."""
        if record.count:
            self._keep_pairs(record, targets, *given)
        elif given[0]:
            waiting = self._unconfirmed.setdefault(id(record), [])
            if sum(len(rows) for _, (rows, _) in waiting) < MAX_PAIRS:
                waiting.append((targets, given))

    def _keep_pairs(self, record: LossRecord, targets: list[float], rows: Table, summaries: Table) -> None:
        data = self.state.record.parts[self.state.trainings.find(record.training)].data
        room = MAX_PAIRS - len(data.sample_x)
        if not rows or len(targets) < len(rows) or room <= 0:
            return
        # A network that is given its targets, because it computes the loss, doesn't have to predict them. Of
        # a few rows one column equals their targets by chance; all that were kept are asked at the end.
        if len(rows) < TELLING_ROWS or not is_given(rows, targets[: len(rows)]):
            data.sample_x += rows[:room]
            data.sample_summaries += summaries[:room]
            data.sample_y += targets[: len(rows)][:room]

    def _columns(self, record: LossRecord, out: torch.Tensor, target: torch.Tensor, judged: bool) -> None:
        rows = out.shape[0] if out.dim() else 1
        out2, target2 = out.reshape(rows, -1), target.reshape(rows, -1)
        given = self._taken(record, rows) if out2.shape[1] == 1 and not judged else NOTHING
        some = slice(MAX_ROWS) if given[0] else _spread(rows, MAX_ROWS, out.device)
        columns = _spread(out2.shape[1], MAX_COLUMNS, out.device)
        out2, target2 = out2[some][:, columns], target2[some][:, columns]
        accuracy = functions.full((), -1.0, device=out.device)
        floor = zeros = unmoved = functions.zeros((), device=out.device)
        if record.kind in BINARY:
            # Targets between 0 and 1 have an entropy of their own: no answer gets below it.
            floor = (torch.special.entr(target2) + torch.special.entr(1 - target2)).mean()
        if record.kind in OF_LOGITS:
            # 1 is the mean: where torch.nn.functional has it by default, this has none.
            value = functions.binary_cross_entropy_with_logits(out2, target2, reduction=1)
            # If a sigmoid came before by mistake, all outputs are probabilities.
            squashed = (out2.min() >= 0) & (out2.max() <= 1)
            accuracy = ((out2 > 0.5 * squashed.float()) == (target2 > 0.5)).float().mean()
            zero, no = (out2 == 0).float(), (target2 <= 0.5).float()
            zeros, unmoved = zero.mean(), (zero * no).sum() / no.sum().clamp(min=1)
        elif record.kind == "binary_cross_entropy":
            safe = out2.clamp(1e-7, 1 - 1e-7)
            value = -(target2 * safe.log() + (1 - target2) * (1 - safe).log()).mean()
            accuracy = ((out2 > 0.5) == (target2 > 0.5)).float().mean()
        else:
            value = ((out2 - target2) ** 2).mean()
        numbers = functions.stack(
            [
                value,
                accuracy,
                out2.std(0, unbiased=False).mean(),
                out2.min(),
                out2.max(),
                target2.min(),
                target2.max(),
                floor,
                zeros,
                unmoved,
            ]
        )
        tick, count = self.state.record.tick, len(out2)
        into = record.judged if judged else record.fits

        def keep(got: list[float]) -> None:
            accurate = got[1] if got[1] >= 0 else None
            of_logits = {"zeros": got[8], "unmoved": got[9]} if record.kind in OF_LOGITS else {}
            told = of_logits | {"target_low": got[5], "target_high": got[6]}
            into.append(Fit(tick, got[0] - got[7], accurate, got[2], got[3], got[4], rows=count, **told))
            if not judged:
                record.floor += got[7]
                record.target_low, record.target_high = (
                    min(record.target_low, got[5]),
                    max(record.target_high, got[6]),
                )

        self.state.deferred.read(numbers, keep)
        if judged:
            return
        columns, count = target2.shape[1], target2.shape[0]
        self.state.deferred.read(
            functions.cat([target2.sum(0), (target2**2).sum(0)]),
            lambda got: self._sums(record, got, columns, count),
        )
        if len(record.sample) < MAX_SAMPLE or columns == 1:
            self.state.deferred.read(target2[:, 0], lambda got: self._first_column(record, got, given))

    def _sums(self, record: LossRecord, got: list[float], columns: int, count: int) -> None:
        if record.columns != columns or not record.sums:
            if record.sums:
                return
            record.columns, record.sums, record.squares = columns, [0.0] * columns, [0.0] * columns
        record.sums = [old + new for old, new in zip(record.sums, got[:columns], strict=True)]
        record.squares = [old + new for old, new in zip(record.squares, got[columns:], strict=True)]
        record.rows += count

    def _first_column(self, record: LossRecord, got: list[float], given: Given) -> None:
        if len(record.sample) < MAX_SAMPLE:
            record.sample += got
        if len(record.batches) < MAX_BATCHES:
            record.batches.append(tuple(got))
        self._pair(record, got, given)

    def compared(self, args: tuple[Any, ...], out: torch.Tensor) -> None:
        """Read the accuracy off a comparison of predicted with true classes in an evaluation."""
        if len(args) < 2 or not all(isinstance(value, torch.Tensor) for value in args[:2]):
            return
        first, second = args[:2]
        if first.shape != second.shape or first.dim() == 0 or out.numel() == 0:
            return
        record = self.state.record
        tick, count, part = record.tick, out.numel(), record.parts[self.state.trainings.judged]

        def keep(got: list[float]) -> None:
            for told in (record.judged_accuracy, part.judged_accuracy):
                if told and told[-1][0] == tick:
                    before = told[-1]
                    total, several = before[2] + count, before[3] or got[1] > 0
                    told[-1] = (tick, (before[1] * before[2] + got[0] * count) / total, total, several)
                elif len(told) < MAX_FITS:
                    told.append((tick, got[0], count, got[1] > 0))

        # Which of both are the right classes isn't known: both have to differ from row to row.
        differ = [(one != one.reshape(-1)[0]).any() for one in (first, second)]
        self.state.deferred.read(functions.stack([out.float().mean(), (differ[0] & differ[1]).float()]), keep)


def _spread(count: int, most: int, device: torch.device) -> slice | torch.Tensor:
    """Return so many places at most, spread over all: those of one kind may come first.

    The stride has no factor in common with their number, hence none with the width of an image or the length
    of a sequence among them: else it would fall on the same column in every line.
    """
    if count <= most:
        return slice(None)
    stride = int(GOLDEN * count)
    while gcd(stride, count) > 1:
        stride += 1
    return functions.arange(most, device=device) * stride % count
