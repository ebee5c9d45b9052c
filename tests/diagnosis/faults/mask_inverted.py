import torch
from torch import nn
from torch.nn import functional as F


class Reader(nn.Module):
    """Is the word of a pair there without the other one? Each word has to see the others."""

    def __init__(self, broken):
        super().__init__()
        self.broken = broken
        self.words = nn.Embedding(12, 16, padding_idx=0)
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True)
        self.out = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 2))

    def forward(self, ids):
        there = ids != 0
        h = self.words(ids)
        mask = there if self.broken else ~there
        h = h + self.attention(h, h, h, key_padding_mask=mask, need_weights=False)[0]
        weights = there.unsqueeze(-1).float()
        return self.out((h * weights).sum(1) / weights.sum(1))


def sequences(n, length=9):
    lengths = torch.randint(3, length, (n, 1))
    ids = torch.randint(1, 12, (n, length)) * (torch.arange(length) < lengths)
    label = (ids == 1).any(1) ^ (ids == 2).any(1)
    return ids, label.long()


def train(broken):
    model = Reader(broken)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(120):
        ids, labels = sequences(64)
        opt.zero_grad()
        F.cross_entropy(model(ids), labels).backward()
        opt.step()
