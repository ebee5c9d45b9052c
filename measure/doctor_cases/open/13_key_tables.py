import math

import torch
from torch import nn

torch.manual_seed(301)
PAIRS, KEYS, VALUES = 6, 12, 8


def tables(n):
    """A list of (key, value) pairs and a few questions: which value has this key?"""
    keys = torch.rand(n, KEYS).argsort(dim=1)[:, :PAIRS]
    values = torch.randint(VALUES, (n, PAIRS))
    asked = torch.randint(PAIRS, (n, 3))
    asked[:, 1] = asked[:, 0]
    return keys, values, keys.gather(1, asked), values.gather(1, asked)


class Lookup(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.key_table = nn.Embedding(KEYS, dim)
        self.value_table = nn.Embedding(VALUES, dim)
        self.q = nn.Linear(dim, dim)
        self.k = nn.Linear(dim, dim)
        self.out = nn.Linear(dim, VALUES)

    def forward(self, keys, values, questions):
        q = self.q(self.key_table(questions))
        k = self.k(self.key_table(keys))
        scores = q @ k.transpose(1, 2) / math.sqrt(q.shape[-1])
        weights = scores.softmax(dim=1)
        return self.out(weights @ self.value_table(values))


model = Lookup()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
criterion = nn.CrossEntropyLoss()
for step in range(1, 501):
    keys, values, questions, answers = tables(64)
    logits = model(keys, values, questions)
    loss = criterion(logits.reshape(-1, VALUES), answers.reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print("step", step, "loss", round(loss.item(), 4))

keys, values, questions, answers = tables(1000)
with torch.no_grad():
    guess = model(keys, values, questions).argmax(dim=-1)
print("accuracy", (guess == answers).float().mean().item())
