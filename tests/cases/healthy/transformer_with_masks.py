"""Sorts numbers: nn.Transformer with source, target, and all masks; padding isn't part of the loss."""

import warnings

import torch
from torch import nn

warnings.filterwarnings("ignore", "The PyTorch API of nested tensors")

torch.manual_seed(3)
PAD, SOS, EOS, TOKENS, LONGEST = 0, 1, 2, 13, 8


def batch(rows):
    src = torch.full((rows, LONGEST), PAD)
    tgt = torch.full((rows, LONGEST + 2), PAD)
    for row in range(rows):
        length = int(torch.randint(3, LONGEST + 1, ()))
        numbers = torch.randint(3, TOKENS, (length,))
        src[row, :length] = numbers
        tgt[row, 0], tgt[row, 1 : length + 1], tgt[row, length + 1] = SOS, numbers.sort().values, EOS
    return src, tgt


class Translator(nn.Module):
    def __init__(self, width=48):
        super().__init__()
        self.src_tokens, self.tgt_tokens = nn.Embedding(TOKENS, width), nn.Embedding(TOKENS, width)
        self.positions = nn.Embedding(LONGEST + 2, width)
        self.transformer = nn.Transformer(width, 4, 1, 1, 96, dropout=0.0, batch_first=True)
        self.generator = nn.Linear(width, TOKENS)

    def forward(self, src, tgt, tgt_mask, src_padding_mask, tgt_padding_mask, memory_key_padding_mask):
        source = self.src_tokens(src) + self.positions(torch.arange(src.shape[1]))
        target = self.tgt_tokens(tgt) + self.positions(torch.arange(tgt.shape[1]))
        out = self.transformer(
            source,
            target,
            tgt_mask=tgt_mask,
            src_key_padding_mask=src_padding_mask,
            tgt_key_padding_mask=tgt_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
        )
        return self.generator(out)


model = Translator()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
loss_fn = nn.CrossEntropyLoss(ignore_index=PAD)
batches = [batch(64) for _ in range(12)]
for _epoch in range(20):
    model.train()
    for src, tgt in batches:
        tgt_input, tgt_out = tgt[:, :-1], tgt[:, 1:]
        size = tgt_input.shape[1]
        tgt_mask = torch.triu(torch.ones(size, size, dtype=torch.bool), 1)
        logits = model(src, tgt_input, tgt_mask, src == PAD, tgt_input == PAD, src == PAD)
        optimizer.zero_grad()
        loss = loss_fn(logits.reshape(-1, TOKENS), tgt_out.reshape(-1))
        loss.backward()
        optimizer.step()
model.eval()
src, tgt = batch(100)
with torch.no_grad():
    made = torch.full((100, 1), SOS)
    for _ in range(LONGEST + 1):
        size = made.shape[1]
        mask = torch.triu(torch.ones(size, size, dtype=torch.bool), 1)
        logits = model(src, made, mask, src == PAD, made == PAD, src == PAD)
        made = torch.cat([made, logits[:, -1:].argmax(-1)], 1)
real = tgt != PAD
print("loss", loss.item(), "right", (made == tgt)[:, 1:][real[:, 1:]].float().mean().item())
