import torch
from diagnosis.faults.missing_causal_mask import counting
from torch import nn
from torch.nn import functional as F


class Next(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.gru, self.out = (
            nn.Embedding(7, 16),
            nn.GRU(16, 32, batch_first=True),
            nn.Linear(32, 7),
        )

    def forward(self, ids):
        return self.out(self.gru(self.tokens(ids))[0])


def train(broken):
    model = Next()
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(80):
        ids = counting(32)
        targets = ids[:, :-1] if broken else ids[:, 1:]
        opt.zero_grad()
        F.cross_entropy(model(ids[:, :-1]).flatten(0, 1), targets.flatten()).backward()
        opt.step()
    model.eval()
    ids = counting(8)[:, :3]
    with torch.no_grad():
        for _ in range(7):
            ids = torch.cat([ids, model(ids)[:, -1].argmax(-1, keepdim=True)], 1)
