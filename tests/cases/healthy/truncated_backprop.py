import torch
from torch import nn

torch.manual_seed(24)
text = ("the quick brown fox jumps over the lazy dog. " * 30)[:1200]
letters = sorted(set(text))
codes = torch.tensor([letters.index(c) for c in text])


class Char(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(len(letters), 16)
        self.cell = nn.GRUCell(16, 48)
        self.out = nn.Linear(48, len(letters))

    def forward(self, x, h):
        outs = []
        for t in range(x.shape[1]):
            h = self.cell(self.embed(x[:, t]), h)
            outs.append(self.out(h))
        return torch.stack(outs, 1), h


streams = codes[:1200].view(8, 150)
model = Char()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for _epoch in range(10):
    h = torch.zeros(8, 48)
    total = 0.0
    for start in range(0, 149 - 15, 15):
        h = h.detach()
        logits, h = model(streams[:, start : start + 15], h)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), streams[:, start + 1 : start + 16].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
print(total)
