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
"""So many rows are looked at, of maps thinned out to so many places a side; smaller ones tell nothing."""
FEWEST, SHARE = 20, 0.4
"""So many rows, and such a share, must tell it: fit their own map, as it is or turned, better than maps
of other rows. Fewer do by chance where a target is moved, as the next picture of a series."""
CLEARLY = 0.1
"""By so much more correlation does a map fit better one way than every other."""
BY_CHANCE = 0.95
"""A map fits its own picture if it does better than this share of maps of other rows, at their best."""
OTHERS = (1, 2, 3, 5, 8)
"""By so many rows farther on are the others' maps."""
TURNS = {
    AS_IT_IS: lambda maps: maps,
    "mirrored left to right": lambda maps: maps[..., ::-1],
    "mirrored upside down": lambda maps: maps[..., ::-1, :],
    "turned by 180°": lambda maps: maps[..., ::-1, ::-1],
    "turned by 90°": lambda maps: np.rot90(maps, 1, (-2, -1)),
    "turned by 270°": lambda maps: np.rot90(maps, 3, (-2, -1)),
}

QUARTERS = ("turned by 90°", "turned by 270°")


def turned_targets(kept: Sequence[Kept]) -> TurnedTargets | None:
    """Return how the maps of these batches fit their pictures; None without, or where too few tell it."""
    pairs = [pair for one in kept for pair in _maps(one, -(-MOST_ROWS // len(kept)))]
    if not pairs or len({(inputs.shape[1:], maps.shape[1:]) for inputs, maps in pairs}) > 1:
        return None
    inputs, maps = (np.concatenate(parts)[:MOST_ROWS] for parts in zip(*pairs, strict=True))
    return turned_of(inputs, maps)


def turned_of(inputs: Floats, maps: Floats) -> TurnedTargets | None:
    """Return how maps fit their pictures.

    Args:
        inputs: ``[rows, channels, height, width]``.
        maps: ``[rows, height, width]``.
    """
    if len(maps) < FEWEST or min(maps.shape[1:]) < LEAST_SIDE:
        return None
    square = maps.shape[1] == maps.shape[2]
    turns = [name for name in TURNS if square or name not in QUARTERS]
    pictures = _standard(inputs)
    turned = np.stack([_standard(TURNS[name](maps)) for name in turns])
    own = _correlations(pictures, turned)
    others = np.concatenate([_correlations(pictures, np.roll(turned, by, axis=1)) for by in OTHERS], axis=1)
    # The channel and the sign by which own maps fit better than those of others.
    signed, signed_others = (np.stack([one, -one], axis=-1) for one in (own, others))
    gain = signed.max(0).mean(0) - signed_others.max(0).mean(0)
    channel, sign = np.unravel_index(int(gain.argmax()), gain.shape)
    fits, by_chance = signed[:, :, channel, sign], signed_others[:, :, channel, sign].max(0)
    best, plain = fits.argmax(0), fits[0]
    second = np.where(best == 0, fits[1:].max(0), plain)
    tells = (fits.max(0) > np.quantile(by_chance, BY_CHANCE)) & (fits.max(0) - second >= CLEARLY)
    count = int(tells.sum())
    if count < max(FEWEST, SHARE * len(maps)):
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


def _maps(kept: Kept, most: int) -> Iterator[tuple[Floats, Floats]]:
    """Yield a batch's inputs and maps, where it has pictures and a value for each of their places."""
    inputs = next((one for one in kept.given[0] if isinstance(one, torch.Tensor)), None)
    if inputs is None or inputs.dim() != 4 or not inputs.is_floating_point() or not kept.by_row:
        return
    if kept.target.dim() not in (3, 4) or kept.target.shape[0] != inputs.shape[0]:
        return
    if kept.target.shape[-2:] != inputs.shape[-2:]:
        return
    every = [-(-side // MOST_SIDE) for side in inputs.shape[-2:]]
    thin = (slice(None, most), ..., slice(None, None, every[0]), slice(None, None, every[1]))
    pictures, target = (one.detach()[thin].double().cpu().numpy() for one in (inputs, kept.target))
    maps = target[:, target.std((0, 2, 3)).argmax()] if target.ndim == 4 else target
    if not kept.target.is_floating_point():
        values, counts = np.unique(maps, return_counts=True)
        maps = (maps != values[counts.argmax()]).astype(np.float64)
    if np.isfinite(pictures).all() and np.isfinite(maps).all():
        yield pictures[:, :MOST_CHANNELS], maps
