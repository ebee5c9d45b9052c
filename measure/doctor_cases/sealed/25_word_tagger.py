import random

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

random.seed(3)
torch.manual_seed(3)
PAD = 0
WORDS, TAGS = 60, 5
tag_of = {w: 1 + w % (TAGS - 1) for w in range(1, WORDS)}


def make_pair():
    """A word's tag depends on it and on the word before; few sentences are long."""
    length = 120 if random.random() < 0.12 else random.randint(3, 6)
    words = [random.randrange(1, WORDS) for _ in range(length)]
    previous = [1, *words[:-1]]
    tags = [1 + (tag_of[w] + p) % (TAGS - 1) for w, p in zip(words, previous, strict=True)]
    return torch.tensor(words), torch.tensor(tags)


def collate(batch):
    words, tags = zip(*batch, strict=True)
    return pad_sequence(words, batch_first=True), pad_sequence(tags, batch_first=True)


pairs = [make_pair() for _ in range(1200)]
short = [p for p in (make_pair() for _ in range(400)) if len(p[0]) < 10]
loader = DataLoader(pairs, batch_size=40, shuffle=True, collate_fn=collate)


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(WORDS, 16, padding_idx=PAD)
        self.conv = nn.Conv1d(16, 48, kernel_size=2)
        self.linear = nn.Linear(48, TAGS)

    def forward(self, words):
        e = self.embed(words).transpose(1, 2)
        h = torch.relu(self.conv(nn.functional.pad(e, (1, 0))))
        return self.linear(h.transpose(1, 2))


model = Tagger()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.9)
for epoch in range(5):
    for words, tags in loader:
        logits = model(words)
        loss = criterion(logits.reshape(-1, TAGS), tags.reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", f"{loss.item():.4f}")

hit = total = 0
with torch.no_grad():
    for words, tags in short:
        hit += (model(words[None]).argmax(-1)[0] == tags).sum().item()
        total += len(tags)
print("tag accuracy", hit / total)
