import torch
from torch import nn, optim

torch.manual_seed(31)
VOCAB, LENGTH, KEYS = 40, 24, 6


def sentences(n):
    """One keyword (ids below KEYS) somewhere in a sentence of other words; the keyword is the label."""
    words = torch.randint(KEYS, VOCAB, (n, LENGTH))
    label = torch.randint(KEYS, (n,))
    words[torch.arange(n), torch.randint(LENGTH, (n,))] = label
    return words, label


class AttentionPool(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.score = nn.Sequential(nn.Linear(dim, dim), nn.Tanh(), nn.Linear(dim, 1))

    def forward(self, h):
        weights = torch.softmax(self.score(h), dim=0)
        return (weights * h).sum(dim=1)


class KeywordNet(nn.Module):
    def __init__(self, dim=24):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, dim)
        self.pool = AttentionPool(dim)
        self.norm = nn.LayerNorm(dim)
        self.output = nn.Linear(dim, KEYS)

    def forward(self, words):
        return self.output(self.norm(self.pool(self.embedding(words))))


x_train, y_train = sentences(1500)
x_test, y_test = sentences(500)
model = KeywordNet()
optimizer = optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(6):
    total = 0
    for idx in torch.randperm(len(x_train)).split(30):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
    print(f"[{epoch}] {total / len(x_train):.4f}")

model.eval()
with torch.no_grad():
    single = [model(x_test[i : i + 1]).argmax(1).item() for i in range(len(x_test))]
print("accuracy", (torch.tensor(single) == y_test).float().mean().item())
