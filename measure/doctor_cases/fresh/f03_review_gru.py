# Toy version of my review classifier: token ids in, positive / negative out.
import numpy as np
import torch
from torch import nn, optim
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(11)
rng = np.random.default_rng(11)

VOCAB, MAXLEN, N = 120, 24, 2400
POS_WORDS = np.arange(10, 30)
NEG_WORDS = np.arange(30, 50)


def make_reviews(n):
    xs = np.zeros((n, MAXLEN), dtype=np.int64)
    lens = rng.integers(10, MAXLEN + 1, size=n)
    ys = rng.integers(0, 2, size=n)
    for i in range(n):
        filler = rng.integers(50, VOCAB, size=lens[i])
        k = rng.integers(3, 6)
        where = rng.choice(lens[i], size=k, replace=False)
        filler[where] = rng.choice(POS_WORDS if ys[i] else NEG_WORDS, size=k)
        xs[i, :lens[i]] = filler
    return torch.from_numpy(xs), torch.from_numpy(lens), torch.from_numpy(ys)


class ReviewGRU(nn.Module):
    def __init__(self, vocab, emb=24, hid=32):
        super().__init__()
        self.embed = nn.Embedding(vocab, emb, padding_idx=0)
        self.gru = nn.GRU(emb, hid, batch_first=True, bidirectional=True)
        self.drop = nn.Dropout(0.2)
        self.out = nn.Linear(2 * hid, 1)

    def forward(self, x, lens):
        e = self.embed(x)
        packed = pack_padded_sequence(e, lens, batch_first=True, enforce_sorted=False)
        _, h = self.gru(packed)
        h = torch.cat([h[0], h[1]], dim=1)
        return self.out(self.drop(h))


X, L, Y = make_reviews(N)
split = int(0.8 * N)
train_dl = DataLoader(TensorDataset(X[:split], L[:split], Y[:split]), batch_size=64, shuffle=True)
test_dl = DataLoader(TensorDataset(X[split:], L[split:], Y[split:]), batch_size=128)

model = ReviewGRU(VOCAB)
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=3e-3)
print("params:", sum(p.numel() for p in model.parameters()))


def accuracy(logits, target):
    pred = (torch.sigmoid(logits) > 0.5).float()
    return (pred == target).float().mean().item()


for epoch in range(6):
    model.train()
    tl, ta = [], []
    for xb, lb, yb in train_dl:
        target = yb.float().unsqueeze(1)  # same shape as the output, otherwise it complains
        optimizer.zero_grad()
        logits = model(xb, lb)
        loss = criterion(logits, target)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        tl.append(loss.item())
        ta.append(accuracy(logits, target))
    model.eval()
    with torch.no_grad():
        accs = [accuracy(model(xb, lb), yb.float().unsqueeze(1)) for xb, lb, yb in test_dl]
    print("epoch %d  train loss %.4f  train acc %.3f  test acc %.3f"
          % (epoch, np.mean(tl), np.mean(ta), np.mean(accs)))
