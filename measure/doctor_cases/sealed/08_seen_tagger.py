import random

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

random.seed(222)
torch.manual_seed(222)
IGNORE = -100


def example():
    """Mark each symbol: has it occurred before?"""
    n = random.choice([3, 4, 5, 6, 30])
    symbols = [random.randrange(1, 9) for _ in range(n)]
    seen = [int(s in symbols[:i]) for i, s in enumerate(symbols)]
    return torch.tensor(symbols), torch.tensor(seen)


def batch(items):
    xs, ys = zip(*items, strict=True)
    lengths = torch.tensor([len(x) for x in xs])
    return pad_sequence(xs, True), lengths, pad_sequence(ys, True, padding_value=IGNORE)


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(9, 16, padding_idx=0)
        self.gru = nn.GRU(16, 48, batch_first=True)
        self.head = nn.Linear(48, 2)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.emb(x), lengths, batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True)
        return self.head(out)


data = [example() for _ in range(1000)]
test = [example() for _ in range(200)]
model = Tagger()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
criterion = nn.CrossEntropyLoss(ignore_index=IGNORE)
for epoch in range(8):
    random.shuffle(data)
    for start in range(0, 1000, 50):
        x, lengths, y = batch(data[start : start + 50])
        loss = criterion(model(x, lengths).flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", round(loss.item(), 4))

x, lengths, y = batch(test)
with torch.no_grad():
    guess = model(x, lengths).argmax(-1)
print("tag accuracy", (guess == y)[y != IGNORE].float().mean().item())
