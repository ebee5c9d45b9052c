# pyright: basic
"""Whether targets that are maps, as masks of pictures, were turned along with their inputs.

An augmentation that mirrors or turns a picture and leaves its mask as it was makes pairs that don't fit. Each
row's map is set beside its own picture as it is, mirrored, and turned, by the correlation of places; what a
map of another row reaches at best is the placebo.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch

from trainlab.diagnosis.observed.answers import AS_IT_IS, TurnedTargets
from trainlab.diagnosis.probe.kept_rows import Kept

Floats = npt.NDArray[np.float64]
MOST_ROWS, MOST_SIDE, LEAST_SIDE, MOST_CHANNELS = 128, 32, 4, 8
"""So many rows are looked at, of maps averaged to so many places a side; smaller ones tell nothing."""
FEWEST, SHARE = 20, 0.4
"""So many rows, and such a share, must tell it: fit their own map, as it is or turned, better than maps
of other rows. Fewer do by chance where a target is moved, as the next picture of a series."""
CLEARLY = 0.1
"""By so much more correlation does a map fit better turned than as it is."""
BY_CHANCE = 0.95
"""A map fits its own picture if it does better than this share of maps of other rows, at their best."""
OTHERS = (1, 2, 3, 5, 8)
"""So many rows away are the others' maps; one that is the same counts as none."""
TURNS = {
    AS_IT_IS: lambda maps: maps,
    "mirrored left to right": lambda maps: maps[..., ::-1],
    "mirrored upside down": lambda maps: maps[..., ::-1, :],
    "turned by 180°": lambda maps: maps[..., ::-1, ::-1],
    "turned by 90°": lambda maps: np.rot90(maps, 1, (-2, -1)),
    "turned by 270°": lambda maps: np.rot90(maps, 3, (-2, -1)),
    "transposed": lambda maps: maps.swapaxes(-2, -1),
    "transposed and turned by 180°": lambda maps: maps[..., ::-1, ::-1].swapaxes(-2, -1),
}

OF_SQUARES = tuple(TURNS)[4:]
"""Only maps as high as they are wide fit their pictures so."""


def turned_targets(kept: Sequence[Kept]) -> TurnedTargets | None:
    """Return how the maps of these batches fit their pictures; None without, or where too few tell it."""
    pairs = [pair for at, one in enumerate(kept) for pair in _pairs(one, at, -(-MOST_ROWS // len(kept)))]
    if not pairs or len({(inputs.shape[1:], targets.shape[1:]) for inputs, targets, _ in pairs}) > 1:
        return None
    inputs = np.concatenate([_averaged(inputs) for inputs, _, _ in pairs])[:MOST_ROWS]
    maps = _maps([targets for _, targets, _ in pairs], classes=pairs[0][2])
    return turned_of(inputs, np.concatenate([_averaged(one) for one in maps])[:MOST_ROWS])


def turned_of(inputs: Floats, maps: Floats) -> TurnedTargets | None:
    """Return how maps fit their pictures.

    Args:
        inputs: ``[rows, channels, height, width]``.
        maps: ``[rows, height, width]``.
    """
    square = maps.shape[1] == maps.shape[2]
    turns = [name for name in TURNS if square or name not in OF_SQUARES]
    pictures, plain_maps = _standard(inputs), _standard(maps)
    fewest = max(FEWEST, SHARE * int(plain_maps.any((1, 2)).sum()))
    if len(maps) < fewest or min(maps.shape[1:]) < LEAST_SIDE:
        return None
    turned = np.stack([TURNS[name](plain_maps) for name in turns])
    own = _correlations(pictures, turned)
    others = [_correlations(pictures, np.roll(turned, by, axis=1)) for by in OTHERS]
    for by, one in zip(OTHERS, others, strict=True):
        one[:, np.isclose(plain_maps, np.roll(plain_maps, by, axis=0)).all((1, 2))] = np.nan
    known = [one[:, np.isfinite(one[0, :, 0])] for one in others]
    other = np.concatenate(known, axis=1)
    if other.shape[1] < fewest:
        return None
    # The channel and the sign by which own maps fit better than those of others.
    signed, signed_other = (np.stack([one, -one], axis=-1) for one in (own, other))
    gain = signed.max(0).mean(0) - signed_other.max(0).mean(0)
    channel, sign = np.unravel_index(int(gain.argmax()), gain.shape)
    fits, by_chance = signed[:, :, channel, sign], signed_other[:, :, channel, sign].max(0)
    best = fits.argmax(0)
    is_clear = (best == 0) | (fits.max(0) - fits[0] >= CLEARLY)
    tells = (fits.max(0) > np.quantile(by_chance, BY_CHANCE)) & is_clear
    count = int(tells.sum())
    if count < fewest:
        return None
    by_turn = {name: int((tells & (best == at)).sum()) for at, name in enumerate(turns)}
    return TurnedTargets(rows=count, by_turn={name: many for name, many in by_turn.items() if many})


def _correlations(pictures: Floats, turned: Floats) -> Floats:
    """Return ``[turns, rows, channels]``, of standardized places."""
    return np.einsum("nchw,tnhw->tnc", pictures, turned) / turned[0, 0].size


def _standard(values: Floats) -> Floats:
    """Return each row and channel with mean 0 and deviation 1 over its places; 0 where they are all alike."""
    off = values - values.mean((-2, -1), keepdims=True)
    spread = off.std((-2, -1), keepdims=True)
    return np.divide(off, spread, out=np.zeros_like(off), where=spread > 1e-9)


def _averaged(values: Floats) -> Floats:
    """Return means over blocks of places, alike on both axes; what is left over goes on all sides."""
    height, width = values.shape[-2:]
    size = -(-max(height, width) // MOST_SIDE)
    top, left = height % size // 2, width % size // 2
    rows, columns = height // size, width // size
    whole = values[..., top : top + rows * size, left : left + columns * size]
    return whole.reshape(*values.shape[:-2], rows, size, columns, size).mean((-3, -1))


def _maps(targets: Sequence[Floats], *, classes: bool) -> list[Floats]:
    """Return a number for each place: of several channels the one that varies most; of classes, if another
    than the commonest is there.
    """
    if targets[0].ndim == 4:
        spread = np.mean([one.var((0, 2, 3)) for one in targets], axis=0)
        return [one[:, spread.argmax()] for one in targets]
    if not classes:
        return list(targets)
    values, counts = np.unique(np.concatenate([one.ravel() for one in targets]), return_counts=True)
    return [(one != values[counts.argmax()]).astype(np.float64) for one in targets]


def _pairs(kept: Kept, at: int, most: int) -> Iterator[tuple[Floats, Floats, bool]]:
    """Yield some rows of a batch, other ones of each: inputs, targets, and whether these are classes.

    Nothing where it hasn't pictures and a value for each of their places.
    """
    (args, named), target = kept.given, kept.target.detach()
    inputs = next((one for one in (*args, *named.values()) if isinstance(one, torch.Tensor)), None)
    if inputs is None or inputs.dim() != 4 or not inputs.is_floating_point() or not kept.by_row:
        return
    count, places = inputs.shape[0], inputs.shape[-2:]
    if target.dim() < 3 and target.numel() == count * places.numel():
        target = target.reshape(count, *places)
    if target.dim() not in (3, 4) or target.shape[0] != count or target.shape[-2:] != places:
        return
    rows = (torch.arange(min(most, count)) + at * most) % count
    some = [one.detach()[rows.to(one.device)].cpu().double().numpy() for one in (inputs, target)]
    pictures, targets = some[0][:, :MOST_CHANNELS], some[1]
    if np.isfinite(pictures).all() and np.isfinite(targets).all():
        yield pictures, targets, not target.is_floating_point()
