import torch
import torch.nn as nn


class WordModel(nn.Module):
    """Bag of embeddings with attention pooling over the words that are there."""

    def __init__(self, vocab, dim=48, classes=4, pad=0):
        super().__init__()
        self.pad = pad
        self.emb = nn.Embedding(vocab, dim, padding_idx=pad)
        self.score = nn.Linear(dim, 1)
        self.norm = nn.LayerNorm(dim)
        self.out = nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, classes))

    def forward(self, ids):
        x = self.emb(ids)
        s = self.score(x).squeeze(-1).float().masked_fill(ids == self.pad, float("-inf"))
        w = torch.softmax(s, dim=1).unsqueeze(-1)
        return self.out(self.norm((w * x).sum(1)))
