"""What each network does for itself between epochs: freeze once it may stop, lower its own learning rate."""

from __future__ import annotations

import math
from typing import Any

from numba import njit

from trainlab.engine.kernel.memory import element, event, set_element, set_event
from trainlab.engine.kernel.tables import ACCURACY, LOSS_BELOW, STOPS_SOLVED


@njit
def number_of(lane: Any, tile: Any, row: int, network: int) -> float:
    """Return one network's number of a row of the memory."""
    return element(lane, tile.memory, row * tile.networks + network)


@njit
def set_number(lane: Any, tile: Any, row: int, network: int, value: float) -> None:
    """Set one network's number of a row of the memory."""
    set_element(lane, tile.memory, row * tile.networks + network, value)


@njit
def is_solved(lane: Any, tile: Any, network: int) -> bool:
    """Return whether the last evaluation found a network solved."""
    if tile.solved == LOSS_BELOW:
        return number_of(lane, tile, tile.row_loss, network) < tile.threshold
    row = tile.row_wrong if tile.solved == ACCURACY else tile.row_missed
    return number_of(lane, tile, row, network) <= tile.allowed


@njit
def note_solved(lane: Any, tile: Any, epoch: int, mark: int) -> None:
    """Remember when a network was first solved and since when it is, and freeze it if it is to stop there.

    Since when it is solved is noted for the mark that is to be read next.
    """
    for network in range(tile.used):
        place = mark * tile.networks + network
        if not is_solved(lane, tile, network):
            set_event(lane, tile.solved_since, place, -1)
            continue
        if event(lane, tile.solved_since, place) < 0:
            set_event(lane, tile.solved_since, place, epoch)
        if event(lane, tile.solved_epoch, network) < 0:
            set_event(lane, tile.solved_epoch, network, epoch)
            if tile.stopping == STOPS_SOLVED:
                freeze(lane, tile, network, epoch)


@njit
def carry_solved(lane: Any, tile: Any, mark: int) -> None:
    """Carry over from the mark before this one since when networks are solved."""
    for network in range(tile.used):
        place = mark * tile.networks + network
        since = event(lane, tile.solved_since, place - tile.networks)
        set_event(lane, tile.solved_since, place, since)


@njit
def note_patience(lane: Any, tile: Any, epoch: int) -> None:
    """Freeze every network whose loss hasn't fallen by more than min_delta for too many readings in a row."""
    for network in range(tile.used):
        loss = number_of(lane, tile, tile.row_loss, network)
        first = epoch == tile.patience_every
        best = math.inf if first else number_of(lane, tile, tile.row_best, network)
        # A loss that isn't a number is no improvement, not even the first.
        better = loss < best - tile.min_delta
        set_number(lane, tile, tile.row_best, network, loss if better else best)
        waited = 0.0 if better else number_of(lane, tile, tile.row_waited, network) + 1.0
        set_number(lane, tile, tile.row_waited, network, waited)
        if waited >= tile.patience:
            freeze(lane, tile, network, epoch)


@njit
def freeze(lane: Any, tile: Any, network: int, epoch: int) -> None:
    """Keep a network's parameters as they are now, unless it was frozen before."""
    if event(lane, tile.stopped_epoch, network) >= 0:
        return
    set_event(lane, tile.stopped_epoch, network, epoch)
    for p in range(tile.parameters):
        value = number_of(lane, tile, tile.row_parameters + p, network)
        set_number(lane, tile, tile.row_frozen + p, network, value)


@njit
def restore_frozen(lane: Any, tile: Any) -> bool:
    """Undo the steps of frozen networks, which were made on every lane; return whether all are frozen."""
    running = False
    for network in range(tile.used):
        if event(lane, tile.stopped_epoch, network) < 0:
            running = True
            continue
        for p in range(tile.parameters):
            value = number_of(lane, tile, tile.row_frozen + p, network)
            set_number(lane, tile, tile.row_parameters + p, network, value)
    return not running


@njit
def lower_rates(lane: Any, tile: Any, first: bool) -> None:
    """ReduceLROnPlateau, a network at a time, on the loss last evaluated; factors of the first rate."""
    for network in range(tile.networks):
        loss = number_of(lane, tile, tile.row_loss, network)
        best = math.inf if first else number_of(lane, tile, tile.row_plateau_best, network)
        if tile.plateau_relative > 0:
            better = loss < best * (1.0 - tile.plateau_threshold)
        else:
            better = loss < best - tile.plateau_threshold
        set_number(lane, tile, tile.row_plateau_best, network, loss if better else best)
        bad = 0.0 if better else number_of(lane, tile, tile.row_plateau_bad, network) + 1.0
        cooling = number_of(lane, tile, tile.row_cooldown, network)
        if cooling > 0.0:
            set_number(lane, tile, tile.row_cooldown, network, cooling - 1.0)
            bad = 0.0
        if bad > tile.plateau_patience:
            factor = number_of(lane, tile, tile.row_rate_factor, network)
            lower = max(factor * tile.plateau_factor, tile.plateau_floor)
            if factor - lower > tile.plateau_eps:
                set_number(lane, tile, tile.row_rate_factor, network, lower)
            set_number(lane, tile, tile.row_cooldown, network, tile.plateau_cooldown)
            bad = 0.0
        set_number(lane, tile, tile.row_plateau_bad, network, bad)
