import random

import torch
import torch.nn as nn
import torch.nn.functional as F

random.seed(6)
torch.manual_seed(6)
WORDS = ["stone", "river", "cloud", "amber", "flint", "grove", "plume", "shade"]
text = " ".join(random.choice(WORDS) for _ in range(3000))
alphabet = sorted(set(text))
encode = {c: i for i, c in enumerate(alphabet)}
stream = torch.tensor([encode[c] for c in text])
train, test = stream[:15000], stream[15000:]


def batches(data, size=32, length=24, count=60):
    for _ in range(count):
        at = torch.randint(len(data) - length, (size,))
        yield torch.stack([data[a : a + length] for a in at])


class CharRNN(nn.Module):
    def __init__(self, vocab, hidden=64):
        super().__init__()
        self.emb = nn.Embedding(vocab, 16)
        self.rnn = nn.GRU(16, hidden, batch_first=True)
        self.head = nn.Linear(hidden, vocab)

    def forward(self, ids):
        return self.head(self.rnn(self.emb(ids))[0])


def lm_loss(model, ids):
    logits = model(ids)
    return F.cross_entropy(logits.transpose(1, 2), ids)


model = CharRNN(len(alphabet))
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(5):
    total = 0.0
    for ids in batches(train):
        loss = lm_loss(model, ids)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total += loss.item()
    print("epoch", epoch, "loss", total / 60)

model.eval()
with torch.no_grad():
    ids = next(batches(test, size=200))
    following = model(ids[:, :-1]).argmax(-1)
    print("next character accuracy", (following == ids[:, 1:]).float().mean().item())
