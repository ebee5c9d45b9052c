"""What the assignment states on losses and the chain rule."""

from __future__ import annotations

from docs.explained import CLASSES_SEEDS, Explained
from docs.figures import percent
from docs.stated import Maker, Outcome, Statement
from docs.words import under
from trainlab.draw import format_number, join
from trainlab.explain import pairing
from trainlab.explain.losses.matter import PairRate
from trainlab.explain.losses.outliers import percent as climb


def _pair(explained: Explained) -> Statement:
    own, best = explained.loss.rates[0], explained.loss.rates[1]
    rest = [pairing("regression", "linear", loss).verdict for loss in ("mse", "l1", "huber")]
    right = all(each == "right" for each in [*rest, pairing("binary", "sigmoid", "bce").verdict])
    bce = next(each for each in explained.loss.rates if (each.output, each.loss) == ("sigmoid", "bce"))
    return Statement(
        page="loss",
        said="Regression: linear output with MSE, L1 or Huber. Two classes: sigmoid with binary "
        "cross-entropy.",
        outcome="in part" if right and bce.reading == "helps" else "bounded",
        numbers=f"XOR: sigmoid + bce {percent(bce.solved)} solved, {own.output} + {own.loss} "
        f"{percent(own.solved)}, {best.output} + {best.loss} {percent(best.solved)}. For regression the "
        "pairs are right by the rules; no population was asked.",
        seeds=f"{own.solved.n:,} each",
    )


def _softmax(explained: Explained) -> Statement:
    found = {(each.output, each.loss): each for each in explained.classes}
    doubled, right = found["softmax", "cross_entropy"], found["linear", "cross_entropy"]
    nll, wrong = found["log_softmax", "nll"], found["softmax", "nll"]
    helps = right.reading == "helps"
    return Statement(
        page="loss",
        said="Many classes: softmax with cross-entropy or NLL.",
        outcome="in part" if helps else "bounded",
        numbers="True of the mathematics, untrue of PyTorch's classes of these names: `nn.CrossEntropyLoss` "
        f"has a softmax of its own, and `nn.NLLLoss` wants logarithms. Three spiral arms: {_rate(doubled)}, "
        f"{_rate(right)}; {_rate(wrong)}, {_rate(nll)}.",
        seeds=f"{CLASSES_SEEDS} each",
    )


def _rate(each: PairRate) -> str:
    return f"{each.output} + {each.loss} {percent(each.solved)}"


def _outlier(said: str, statement: str, labels: tuple[str, ...], *, error: bool, climbs: bool) -> Maker:
    def make(explained: Explained) -> Statement:
        outliers = explained.loss.outliers
        assert outliers is not None
        readings = {each.reading for each in outliers.statements if each.statement.startswith(statement)}
        outcome: Outcome = "in part"
        if readings == {"upheld"}:
            outcome = "upheld"
        elif readings == {"not seen"}:
            outcome = "refuted"
        found = [each for label in labels for each in outliers.losses if each.label.startswith(label)]
        told: list[str] = []
        if error:
            factors = join([f"{each.ratio} under {each.label}" for each in found])
            told.append(f"A fifth of outliers multiplies the clean error by {factors}.")
        if climbs:
            rises = join([f"{climb(each.climbs)} under {each.label}" for each in found])
            told.append(f"At the end the loss still climbs back, as a share of itself, by {rises}.")
        runs = outliers.comparisons[0]
        return Statement(
            page="loss",
            said=said,
            outcome=outcome,
            numbers=" ".join(told),
            seeds=f"{runs.runs // runs.draws} on each of {runs.draws} data sets",
        )

    return make


def _logarithm(explained: Explained) -> Statement:
    rows = {row[0]: row for row in explained.loss.numbers["log_table"]}
    likely, unlikely = rows[0.9], rows[0.01]
    costly = unlikely[1] > 10 * likely[1]
    return Statement(
        page="loss",
        said="NLL's logarithm punishes a right answer given with a small probability.",
        outcome="upheld" if costly and abs(unlikely[4]) > abs(unlikely[5]) else "refuted",
        numbers=f"At p = 0.01 −ln p is {format_number(unlikely[1])} and pulls with "
        f"{format_number(-unlikely[4])}; (1 − p)² is {format_number(unlikely[2])} and pulls with "
        f"{format_number(-unlikely[5])}. At p = 0.9 −ln p is {format_number(likely[1])}.",
        seeds="–",
    )


def _chain(explained: Explained) -> Statement:
    found, checks = explained.chain_rule, explained.chain_rule.numbers["checks"]
    gap = max(abs(checks["paths"] - checks[key]) for key in ("backward", "autograd"))
    return Statement(
        page="chain_rule",
        said="The derivative is a product of local derivatives, summed over every path.",
        outcome="upheld" if gap < 1e-9 else "refuted",
        numbers=f"{found.weight} of 2-3-2-1: {found.path_count} paths, {format_number(found.derivative)}; "
        f"autograd differs by {under(gap)}.",
        seeds="1",
    )


def _downhill(explained: Explained) -> Statement:
    line = explained.chain_rule.numbers["downhill"]["line"]
    start, lowest, back = line["losses"][0], min(line["losses"]), line["back"]
    tail = "." if back is None else f"; from {format_number(back)} on it is higher than before."
    return Statement(
        page="chain_rule",
        said="Then a step downhill on the loss surface.",
        outcome="refuted" if lowest >= start else "upheld" if back is None else "in part",
        numbers=f"Downhill only for a short step: the loss falls from {format_number(start)} to "
        f"{format_number(lowest)} at {format_number(line['best'])}{tail}",
        seeds="1",
    )


MAKERS: tuple[Maker, ...] = (
    _pair,
    _softmax,
    _outlier("L1 shrugs off outliers.", "L1 shrugs", ("l1", "mse"), error=True, climbs=False),
    _outlier("MSE is smooth.", "MSE is", ("mse", "l1"), error=False, climbs=True),
    _outlier("Huber does both.", "Huber does", ("huber",), error=True, climbs=True),
    _logarithm,
    _chain,
    _downhill,
)
