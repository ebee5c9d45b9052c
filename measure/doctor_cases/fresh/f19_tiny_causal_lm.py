"""Causal LM in the style of the transformers library (forward returns loss and logits
when it gets labels), trained on cyclic melodies and then asked to continue them."""
from dataclasses import dataclass
from typing import Optional

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(14)


@dataclass
class LMConfig:
    vocab_size: int = 16
    n_positions: int = 32
    n_embd: int = 48
    n_head: int = 4
    n_layer: int = 2


@dataclass
class LMOutput:
    logits: torch.Tensor
    loss: Optional[torch.Tensor] = None


class TinyLMHeadModel(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.wte = nn.Embedding(config.vocab_size, config.n_embd)
        self.wpe = nn.Embedding(config.n_positions, config.n_embd)
        layer = nn.TransformerEncoderLayer(config.n_embd, config.n_head, 4 * config.n_embd, dropout=0.0,
                                           activation="gelu", batch_first=True, norm_first=True)
        self.h = nn.TransformerEncoder(layer, config.n_layer, enable_nested_tensor=False)
        self.ln_f = nn.LayerNorm(config.n_embd)
        self.lm_head = nn.Linear(config.n_embd, config.vocab_size, bias=False)

    def forward(self, input_ids, labels=None):
        n = input_ids.size(1)
        x = self.wte(input_ids) + self.wpe(torch.arange(n))
        causal = torch.triu(torch.full((n, n), float("-inf")), diagonal=1)
        logits = self.lm_head(self.ln_f(self.h(x, mask=causal)))
        loss = None
        if labels is not None:
            shift_logits = logits[:, :-1].reshape(-1, self.config.vocab_size)
            shift_labels = labels[:, 1:].reshape(-1)
            loss = F.cross_entropy(shift_logits, shift_labels, ignore_index=-100)
        return LMOutput(logits=logits, loss=loss)

    @torch.no_grad()
    def generate(self, input_ids, max_new_tokens):
        for _ in range(max_new_tokens):
            nxt = self(input_ids).logits[:, -1].argmax(-1, keepdim=True)
            input_ids = torch.cat([input_ids, nxt], dim=1)
        return input_ids


def melodies(n, length=24):
    """start note and interval are random: s, s+k, s+2k, ... modulo the vocabulary"""
    start = torch.randint(0, 16, (n, 1))
    interval = torch.randint(1, 8, (n, 1))
    return (start + interval * torch.arange(length)) % 16


def collate(seq):
    input_ids = seq[:, :-1].contiguous()
    labels = seq[:, 1:].contiguous()
    return {"input_ids": input_ids, "labels": labels}


model = TinyLMHeadModel(LMConfig())
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
model.train()
for step in range(1, 301):
    out = model(**collate(melodies(32)))
    optimizer.zero_grad()
    out.loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"step {step:4d} loss {out.loss.item():.4f}")

model.eval()
test = melodies(200)
cont = model.generate(test[:, :8], max_new_tokens=8)
print("prompt      ", test[0, :8].tolist())
print("expected    ", test[0, 8:16].tolist())
print("continuation", cont[0, 8:16].tolist())
print("exact next note: %.3f" % (cont[:, 8] == test[:, 8]).float().mean().item())
print("notes right over 8 steps: %.3f" % (cont[:, 8:16] == test[:, 8:16]).float().mean().item())
# loss is tiny, so why does it not continue the melody? more steps / layers do not help
