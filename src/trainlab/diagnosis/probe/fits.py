# pyright: basic
"""How well outputs fit targets, by plain criteria, whatever the user's loss is."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from math import gcd
from typing import Any

import torch

from trainlab.diagnosis.observed.losses import UNSURE, Fit, LossRecord
from trainlab.diagnosis.observed.torch_names import BINARY, CLASSES, OF_LOGITS, OF_NUMBERS
from trainlab.diagnosis.probe.counted_places import Unreduced
from trainlab.diagnosis.probe.probe_state import ProbeState
from trainlab.diagnosis.torch_private import functions

MAX_ROWS = 512
MAX_COLUMNS = 256
MAX_SAMPLE = 2048
MAX_BATCHES = 256
MAX_FITS = 2_000
MAX_PAIRS = 600
MAX_PREDICTED = 64
MARGIN, NEAR = 0.05, 0.1
"""A target so far from 0 to 1 is no probability; one so near to an end is a yes or a no, smoothed at most."""
GOLDEN = 0.618
"""Steps of so much of a circle's length come to lie evenly on it, however many there are."""
TELLING_ROWS = 8
"""In fewer rows a feature equals the targets by chance."""
Table = list[tuple[float, ...]]
Given = tuple[Table, Table]
"""Rows, and their summaries."""
NOTHING: Given = ([], [])


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch that is read: when, in an evaluation or not, where it counts (None: everywhere), its rows."""

    tick: int
    judged: bool
    counted: torch.Tensor | None
    given: Given | None


def is_given(rows: Table, targets: list[float]) -> bool:
    """Whether a column of the rows is their targets: then nobody has to predict them."""
    return any(column == tuple(targets) for column in zip(*rows, strict=False))


class Fits:
    """Reads pairs of outputs and targets."""

    def __init__(self, state: ProbeState) -> None:
        self.state = state
        self.unreduced = Unreduced()
        self._given: dict[int, tuple[Given, int]] = {}
        self._predicted: dict[int, weakref.ref[torch.Tensor]] = {}
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

    def _rows_of(self, record: LossRecord, targets: int, batch: Batch) -> Given:
        """Return the rows that a batch's targets belong to, if it isn't one of an evaluation."""
        if batch.given is not None:
            return batch.given if len(batch.given[0]) <= targets else NOTHING
        return NOTHING if batch.judged else self._taken(record, targets)

    def _taken(self, record: LossRecord, targets: int) -> Given:
        """Return the rows that so many targets belong to; each only once.

        They are taken when the loss is computed: by the time its numbers come from a device, the network has
        been given others. Pixels of a label image and edges of a graph aren't the batch's rows.
        """
        given, rows = self._given.pop(self.state.trainings.find(record.training), (NOTHING, targets))
        return given if rows == targets else NOTHING

    def later(
        self,
        record: LossRecord,
        out: torch.Tensor,
        target: torch.Tensor,
        value: torch.Tensor,
        *,
        counted: torch.Tensor | None,
        judged: bool = False,
    ) -> None:
        """Measure a batch once it is known what becomes of the loss, which has a value for each place."""
        given = None
        if not judged and (record.kind in CLASSES or out.numel() == (out.shape[0] if out.dim() else 1)):
            given = self._taken(record, target.numel() if not target.is_floating_point() else len(target))
        out, target, tick, shape = out.detach(), target.detach(), self.state.record.tick, value.shape

        def read(left: torch.Tensor | None) -> None:
            if left is not None:
                left = left.reshape(shape)
            both = counted if left is None else left if counted is None else left & counted
            self.read(record, out, target, counted=both, judged=judged, given=given, tick=tick)

        self.unreduced.wait(value, read, learns=not judged)

    def read(
        self,
        record: LossRecord,
        out: torch.Tensor,
        target: torch.Tensor,
        *,
        counted: torch.Tensor | None = None,
        judged: bool = False,
        given: Given | None = None,
        tick: int | None = None,
    ) -> None:
        """Measure one batch at its place: where it counts, if not everywhere."""
        into = record.judged if judged else record.fits
        if len(into) >= MAX_FITS or out.numel() == 0:
            return
        out, target = out.detach(), target.detach()
        batch = Batch(self.state.record.tick if tick is None else tick, judged, counted, given)
        if judged and counted is None:
            self._answered(record.kind, out, target)
        if record.kind in CLASSES:
            self._classes(record, out, target, batch)
        elif (out.shape == target.shape or out.numel() == target.numel() == 1) and record.kind != "kl_div":
            yes = target > 0 if record.kind == "soft_margin_loss" else target
            self._columns(record, out.float(), yes.float(), batch)

    def _classes(self, record: LossRecord, out: torch.Tensor, target: torch.Tensor, batch: Batch) -> None:
        logits = out.float() if out.dim() == 1 else out.float().movedim(1, -1)
        logits = logits.reshape(-1, logits.shape[-1])
        if target.is_floating_point():
            self._soft(record, target)
            soft = target if target.dim() == 1 else target.movedim(1, -1)
            labels = soft.reshape(-1, logits.shape[-1])
        else:
            labels = target.reshape(-1)
        count = len(labels)
        judged, given, counted = batch.judged, self._rows_of(record, count, batch), batch.counted
        counted = None if counted is None or counted.numel() != count else counted.reshape(-1)
        # Rows that are wanted with what the network was given are the first ones.
        some = slice(MAX_ROWS) if given[0] else _spread(count, MAX_ROWS, labels.device)
        logits, labels = logits[some], labels[some]
        labels = labels.argmax(-1) if target.is_floating_point() else labels
        record.classes = logits.shape[-1]
        good = (labels >= 0) & (labels < logits.shape[-1])
        good = good if counted is None else good & counted[some]
        safe = labels.clamp(0, logits.shape[-1] - 1).long()
        logs = logits if record.kind == "nll_loss" else logits.log_softmax(-1)
        weight = good.float()
        total = weight.sum().clamp(min=1)
        value = (-logs.gather(1, safe[:, None])[:, 0] * weight).sum() / total
        predicted = logits.argmax(-1)
        accuracy = ((predicted == safe).float() * weight).sum() / total
        mass = logits.logsumexp(-1).abs().median()
        low, high, zero = logits.min(), logits.max(), logits == 0
        tied = (logits.amax(-1) == logits.amin(-1)).float().mean()
        unmoved = (zero.gather(1, safe[:, None])[:, 0].float() * weight).sum() / total
        classes = functions.where(good, safe, logits.shape[-1]).min(), functions.where(good, safe, -1).max()
        first, last = (one.float() for one in classes)
        numbers = functions.stack(
            [value, accuracy, low, high, mass, zero.float().mean(), tied, unmoved, first, last]
        )
        tick, rows, known = batch.tick, len(labels), self._share_known() if judged else None
        into = record.judged if judged else record.fits

        def keep(got: list[float]) -> None:
            of_logits = {"zeros": got[5], "tied": got[6], "unmoved": got[7]}
            targets = {"target_low": got[8], "target_high": got[9]}
            into.append(Fit(tick, *got[:4], scale=got[4], rows=rows, known=known, **of_logits, **targets))

        self.state.deferred.read(numbers, keep)
        if not judged:
            pairs = functions.stack([functions.where(good, safe, -1), predicted, labels]).float()
            self.state.deferred.read(pairs, lambda got: self._labels(record, got, given))

    def _share_known(self) -> float | None:
        return None if self.state.evaluated is None else self.state.evaluated.share_known

    def _soft(self, record: LossRecord, target: torch.Tensor) -> None:
        """Targets given as probabilities: do they add up to 1?"""
        totals = target.float().sum(1 if target.dim() > 1 else 0)
        off = ((totals - 1).abs() > 0.05).float().mean()

        def keep(got: list[float]) -> None:
            record.soft_rows_off = max(record.soft_rows_off, got[0])
            record.soft_low = min(record.soft_low, got[1])

        self.state.deferred.read(functions.stack([off, target.float().min()]), keep)

    def _labels(self, record: LossRecord, got: list[float], given: Given) -> None:
        third = len(got) // 3
        labels = [label for label in got[:third] if label >= 0]
        for label in labels:
            record.counts[int(label)] = record.counts.get(int(label), 0) + 1
        if len(labels) < third:
            given_as = zip(got[:third], got[2 * third :], strict=True)
            record.left_out.update(int(value) for label, value in given_as if label < 0)
        if len(record.batches) < MAX_BATCHES:
            record.batches.append(tuple(labels))
        record.rows += len(labels)
        self._pair(record, got[:third], given)

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

    def _columns(self, record: LossRecord, out: torch.Tensor, target: torch.Tensor, batch: Batch) -> None:
        rows, judged, counted = out.shape[0] if out.dim() else 1, batch.judged, batch.counted
        out2, target2 = out.reshape(rows, -1), target.reshape(rows, -1)
        given = self._rows_of(record, rows, batch) if out2.shape[1] == 1 else NOTHING
        if counted is not None and counted.numel() == out.numel() and not bool(counted.all()):
            # Places that are left out may be others in each row: those that count are rows of their own.
            some = counted.reshape(rows, -1)
            out2, target2 = out2[some][:, None], target2[some][:, None]
            rows, given = len(out2), NOTHING
            if not rows:
                return
        some = slice(MAX_ROWS) if given[0] else _spread(rows, MAX_ROWS, out.device)
        columns = _spread(out2.shape[1], MAX_COLUMNS, out.device)
        out2, target2 = out2[some][:, columns], target2[some][:, columns]
        accuracy = functions.full((), -1.0, device=out.device)
        floor = zeros = unmoved = outside = between = functions.zeros((), device=out.device)
        if record.kind in BINARY:
            # Targets between 0 and 1 have an entropy of their own: no answer gets below it.
            sure = target2.clamp(0, 1)
            floor = (torch.special.entr(sure) + torch.special.entr(1 - sure)).mean()
            outside = ((target2 - sure).abs() > MARGIN).float().mean()
            between = ((target2 > NEAR) & (target2 < 1 - NEAR)).float().mean()
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
        ends = (out2.min(), out2.max(), target2.min(), target2.max())
        numbers = functions.stack([value, accuracy, *ends, floor, zeros, unmoved, outside, between])
        tick, count, known = batch.tick, len(out2), self._share_known() if judged else None
        into = record.judged if judged else record.fits

        def keep(got: list[float]) -> None:
            accurate = got[1] if got[1] >= 0 and max(got[9:]) <= UNSURE else None
            of_logits = {"zeros": got[7], "unmoved": got[8]} if record.kind in OF_LOGITS else {}
            told = of_logits | {"target_low": got[4], "target_high": got[5]}
            into.append(Fit(tick, got[0] - got[6], accurate, got[2], got[3], rows=count, known=known, **told))
            if not judged:
                record.floor += got[6]
                record.outside += got[9]
                record.between += got[10]
                record.target_low = min(record.target_low, got[4])
                record.target_high = max(record.target_high, got[5])

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
        counts = self._counts(first, second)
        if counts is None:
            return
        tick, part = record.tick, record.parts[self.state.trainings.judged]

        def keep(got: list[float]) -> None:
            count = round(got[2])
            if not count:
                return
            for told in (record.judged_accuracy, part.judged_accuracy):
                if told and told[-1][0] == tick:
                    before = told[-1]
                    total, several = before[2] + count, before[3] or got[1] > 0
                    told[-1] = (tick, (before[1] * before[2] + got[0] * count) / total, total, several)
                elif len(told) < MAX_FITS:
                    told.append((tick, got[0], count, got[1] > 0))

        # Which of both are the right classes isn't known: both have to differ from row to row.
        differ = [(one != one.reshape(-1)[0]).any() for one in (first, second)]
        targets = [two for one, two in ((first, second), (second, first)) if self.is_predicted(one)]
        if bool(counts.all()):
            self._evaluated("accuracy", out.float(), targets[0] if len(targets) == 1 else None)
        total = counts.sum()
        share = (out & counts).sum() / total.clamp(min=1)
        self.state.deferred.read(functions.stack([share, (differ[0] & differ[1]).float(), total]), keep)

    def _answered(self, kind: str, out: torch.Tensor, target: torch.Tensor) -> None:
        """Read how each row evaluated was answered off a loss, where each has one target."""
        if kind in CLASSES and out.dim() == 2 and target.shape == out.shape[:1] and bool((target >= 0).all()):
            self._evaluated("accuracy", (out.argmax(1) == target).float(), target)
        elif out.shape == target.shape and out.numel() == out.shape[0]:
            if kind in OF_NUMBERS:
                self._evaluated("squared error", (out.float() - target.float()).square(), target)
            elif kind in OF_LOGITS:
                self._evaluated("accuracy", ((out > 0) == (target > 0.5)).float(), target > 0.5)

    def _evaluated(self, kind: str, values: torch.Tensor, targets: torch.Tensor | None) -> None:
        """Enter how the rows of the batch evaluated last were answered: right or wrong, or how far off."""
        batch = self.state.evaluated
        if batch is None or values.numel() != values.shape[0] or values.shape[0] != batch.size:
            return
        kept = values.reshape(-1)[: len(batch.known)]
        if targets is None:
            self.state.deferred.read(kept, lambda got: batch.answered(kind, got))
            return
        both = functions.stack([kept, targets.reshape(-1)[: len(kept)].float()])
        self.state.deferred.read(both, lambda got: batch.answered(kind, *halves(got)))

    def predicted(self, out: torch.Tensor) -> None:
        """An answer was chosen in an evaluation: the largest of several."""
        if len(self._predicted) >= MAX_PREDICTED:
            self._predicted.clear()
        self._predicted[id(out)] = weakref.ref(out)

    def is_predicted(self, tensor: torch.Tensor) -> bool:
        """Whether it is such an answer."""
        known = self._predicted.get(id(tensor))
        return known is not None and known() is tensor

    def _counts(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor | None:
        """Return which of the answers compared count; None where that isn't known.

        What the training leaves out of its loss, as padding, is left out here, too.
        """
        judged = self.state.trainings.judged
        losses = [one for one in self.state.record.losses if one.left_out and one.training == judged]
        if any(one.left_out & set(one.counts) for one in losses):
            return None  # the loss leaves out places that can't be told by their target
        counts = functions.ones_like(first, dtype=torch.bool)
        for value in {value for one in losses for value in one.left_out}:
            if value >= 0 and self.is_predicted(first) == self.is_predicted(second):
                return None  # which are the targets, and which the answers?
            for one in (first, second):
                if value < 0 or not self.is_predicted(one):
                    counts &= one != value
        return counts


def halves(numbers: list[float]) -> tuple[list[float], list[float]]:
    """Return the first half of a list and the second."""
    middle = len(numbers) // 2
    return numbers[:middle], numbers[middle:]


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
