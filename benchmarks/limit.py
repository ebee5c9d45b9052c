"""The floor under a network-step on this machine: its operations at the measured peaks.

The limit is the time that multiply-adds and activations take, each at its own peak. Square roots and
divisions run beside them on a unit of their own, and a kernel may replace them by approximations, so they
don't count; the time that unit needs if they are exact is given separately, as `divider_ns`. Where that is
longer, no kernel with exact roots and divisions can reach the limit.

    python -m benchmarks.limit
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from benchmarks.operations import Operations, count
from benchmarks.peaks import Peaks, measure_peaks
from benchmarks.workloads import workloads
from trainlab.spec import Experiment


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """The nanoseconds that a network-step needs at least on one core, and what they are made of."""

    operations: Operations
    arithmetic_ns: float
    activations_ns: float
    divider_ns: float

    @property
    def ns(self) -> float:
        """The limit on one core."""
        return self.arithmetic_ns + self.activations_ns

    def on(self, threads: int) -> float:
        """Return the limit on that many threads; more than there are processors don't help."""
        return self.ns / min(threads, os.cpu_count() or 1)


def limit(experiment: Experiment, peaks: Peaks) -> Limit:
    """Return the limit of one network-step of the experiment; KeyError names an activation without a peak."""
    needed = count(experiment)
    rates = {"tanh": peaks.tanh, "sigmoid": peaks.sigmoid}
    curved = {name: times for name, times in needed.activations.items() if name not in ("linear", "relu")}
    # Each tanh and sigmoid holds one division.
    divisions = needed.divisions + sum(curved.values())
    return Limit(
        operations=needed,
        arithmetic_ns=needed.arithmetic / peaks.fma * 1e9,
        activations_ns=sum(times / rates[name] for name, times in curved.items()) * 1e9,
        divider_ns=(needed.square_roots / peaks.sqrt + divisions / peaks.division) * 1e9,
    )


def main() -> None:
    """Print the peaks, and the limit of every workload."""
    peaks = measure_peaks()
    print(peaks)
    print("limit of a network-step on one core, ns")
    print(f"{'network':11}{'sampling':9}{'optimizer':10}{'limit':>7}  = {'arithmetic':>11} + activations")
    for network, sampling, optimizer, experiment in workloads():
        floor = limit(experiment, peaks)
        arithmetic, curved = floor.operations.arithmetic, sum(floor.operations.activations.values())
        print(
            f"{network:11}{sampling:9}{optimizer:10}{floor.ns:7.1f}  = "
            f"{floor.arithmetic_ns:5.1f} ({arithmetic:4}) + {floor.activations_ns:5.1f} ({curved:3})"
            f"   exact roots and divisions: {floor.divider_ns:5.1f}"
        )


if __name__ == "__main__":
    main()
