"""A causal language model in the style of Hugging Face: called with labels=, it returns a loss."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.data import DataLoader

torch.manual_seed(0)
TOKENS, LENGTH = 20, 16


@dataclass
class CausalLMOutput:
    loss: torch.Tensor | None = None
    logits: torch.Tensor | None = None


class TinyLM(nn.Module):
    def __init__(self, width=48):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(TOKENS, width), nn.Embedding(LENGTH, width)
        layer = nn.TransformerEncoderLayer(width, 4, 96, dropout=0.1, batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.lm_head = nn.Linear(width, TOKENS, bias=False)

    def forward(self, input_ids, attention_mask=None, labels=None):
        length = input_ids.shape[1]
        x = self.wte(input_ids) + self.wpe(torch.arange(length, device=input_ids.device))
        causal = torch.triu(torch.ones(length, length, dtype=torch.bool), 1)
        padding = None if attention_mask is None else attention_mask == 0
        logits = self.lm_head(self.blocks(x, mask=causal, src_key_padding_mask=padding))
        loss = None
        if labels is not None:
            shift_logits = logits[..., :-1, :].contiguous()
            shift_labels = labels[..., 1:].contiguous()
            loss = nn.CrossEntropyLoss()(shift_logits.view(-1, TOKENS), shift_labels.view(-1))
        return CausalLMOutput(loss=loss, logits=logits)


def sample():
    """A start and a stride: the rest of the sequence follows; short ones are padded at the end."""
    start, stride, length = (int(torch.randint(*bounds, ())) for bounds in ((2, TOKENS), (1, 4), (8, 17)))
    ids = (start - 2 + stride * torch.arange(length)) % (TOKENS - 2) + 2
    pad = LENGTH - length
    ids = torch.cat([ids, torch.zeros(pad, dtype=torch.long)])
    mask = torch.tensor([1] * length + [0] * pad)
    labels = ids.masked_fill(mask == 0, -100)
    labels[:2] = -100  # the prompt
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


train = DataLoader([sample() for _ in range(512)], batch_size=32, shuffle=True)
valid = DataLoader([sample() for _ in range(128)], batch_size=64)
model = TinyLM()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
for _epoch in range(15):
    model.train()
    for batch in train:
        outputs = model(**batch)
        outputs.loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    model.eval()
    losses = []
    for batch in valid:
        with torch.no_grad():
            losses.append(model(**batch).loss)
print("valid loss", torch.stack(losses).mean().item())
