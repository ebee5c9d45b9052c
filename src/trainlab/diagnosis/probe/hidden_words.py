# pyright: basic
"""Which tokens attention is kept from: the masks of one pass of a copy, beside the tokens that it is given.

A mask that is passed on the other way round than it is meant hides every word and shows the padding. Layers
and functions don't agree: `key_padding_mask` is True where nothing is to be seen, the boolean `attn_mask` of
`scaled_dot_product_attention` where something is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from trainlab.diagnosis.observed.answers import HiddenWords
from trainlab.diagnosis.place import Site
from trainlab.diagnosis.probe import reading
from trainlab.diagnosis.probe.frames import user_site
from trainlab.diagnosis.probe.kept_rows import Given, Network
from trainlab.diagnosis.probe.network_copies import tensors_in
from trainlab.diagnosis.probe.replaced_functions import as_called

LOW = -1e4
"""What is filled with a score below this is hidden."""
MOST_MASKS = 64
_NAMES = ("key_padding_mask", "src_key_padding_mask", "tgt_key_padding_mask", "memory_key_padding_mask")
_LAYERS = (
    nn.MultiheadAttention,
    nn.TransformerEncoder,
    nn.TransformerEncoderLayer,
    nn.TransformerDecoderLayer,
)
_FILLS = frozenset(("masked_fill", "masked_fill_"))


def hidden_words(network: Network, called: tuple[nn.Module, Callable[[Given], Any]]) -> HiddenWords | None:
    """Return what the mask of a pass hides that hides the most words; None where no mask or token is seen."""
    given, (model, call) = network.sample, called
    if given is None:
        return None
    tokens = [one for one in tensors_in(given) if _are_tokens(one)]
    if not tokens:
        return None
    masks = _Masks()
    with masks.reading(model):
        call(given)
    found = [
        counted
        for name, site, hidden in masks.seen
        for one in tokens
        if hidden.shape == one.shape and (counted := _counted(name, site, hidden, one)) is not None
    ]
    return max(found, key=lambda one: one.hidden_words / max(1, one.words), default=None)


def _are_tokens(tensor: torch.Tensor) -> bool:
    return tensor.dim() == 2 and not tensor.is_floating_point() and tensor.dtype != torch.bool


def _counted(name: str, site: Site | None, hidden: torch.Tensor, tokens: torch.Tensor) -> HiddenWords | None:
    """Return how many words and how much padding is hidden; None where no padding can be told."""
    padding = _padding(tokens)
    if padding is None:
        return None
    return HiddenWords(
        name=name,
        site=site,
        words=int((~padding).sum()),
        hidden_words=int((hidden & ~padding).sum()),
        padding=int(padding.sum()),
        hidden_padding=int((hidden & padding).sum()),
    )


def _padding(tokens: torch.Tensor) -> torch.Tensor | None:
    """Return where the same token fills rows up, at their ends or beginnings, in runs of several lengths."""
    for turned in (tokens.flip(1), tokens):
        filler = turned[:, 0].mode().values
        runs = (turned != filler).int().cumsum(1) == 0
        if len(set(runs.sum(1).tolist())) > 2:
            return runs.flip(1) if turned is not tokens else runs
    return None


class _Masks(TorchFunctionMode):
    """Keeps, of each mask over the places of a sequence, where it hides them, ``[rows, places]``."""

    def __init__(self) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]
        self.seen: list[tuple[str, Site | None, torch.Tensor]] = []

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        func, args, named = as_called(func, args, kwargs or {})
        name = getattr(func, "__name__", "")
        if name == "scaled_dot_product_attention":
            mask = args[3] if len(args) > 3 else named.get("attn_mask")
            if isinstance(mask, torch.Tensor):
                self._keep(name, ~mask if mask.dtype == torch.bool else mask < LOW)
        elif name in _FILLS and len(args) > 2 and isinstance(args[2], int | float) and args[2] < LOW:
            self._keep(name, args[1])
        return func(*args, **named)

    def _keep(self, name: str, hidden: Any) -> None:
        if not isinstance(hidden, torch.Tensor) or len(self.seen) >= MOST_MASKS or hidden.dim() < 2:
            return
        # Of [rows, heads, queries, keys] a mask of keys has one of the two in the middle.
        if all(size == 1 for size in hidden.shape[1:-1]):
            site = user_site()
            self.seen.append((name, site, hidden.reshape(hidden.shape[0], -1).bool().clone()))

    @contextlib.contextmanager
    def reading(self, model: nn.Module) -> Iterator[None]:
        """Read the pass that is made within, and what its layers are given."""
        handles = [
            part.register_forward_pre_hook(self._of_layer, with_kwargs=True)
            for _, part in reading.named_parts(model)
            if isinstance(part, _LAYERS)
        ]
        try:
            with self:
                yield
        finally:
            for handle in handles:
                handle.remove()

    def _of_layer(self, part: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        place = {nn.MultiheadAttention: 3, nn.TransformerDecoderLayer: 4}.get(type(part), 2)
        for mask in (*args[place : place + 1], *(kwargs.get(name) for name in _NAMES)):
            if isinstance(mask, torch.Tensor):
                self._keep(type(part).__name__, mask if mask.dtype == torch.bool else mask < LOW)
