"""Stateful GRU on parallel streams: say which symbol stood a fixed number of steps back."""
import torch
import torch.nn as nn
import torch.nn.functional as F

SEED = 30
torch.manual_seed(SEED)

STREAMS, CHUNK, LAG, SYMBOLS, HIDDEN = 24, 10, 6, 4, 64


def make_streams(length):
    """Rows are independent streams; the first LAG targets are unknown."""
    x = torch.randint(0, SYMBOLS, (STREAMS, length))
    y = torch.full_like(x, -100)
    y[:, LAG:] = x[:, :-LAG]
    return x, y


class Tracker(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(SYMBOLS, 16)
        self.gru = nn.GRU(16, HIDDEN)
        self.out = nn.Linear(HIDDEN, SYMBOLS)

    def forward(self, x, h=None):
        e = self.emb(x.t())
        o, h = self.gru(e, h)
        return self.out(o).transpose(0, 1), h


def chunks(x, y):
    for start in range(0, x.size(1), CHUNK):
        yield x[:, start:start + CHUNK], y[:, start:start + CHUNK]


def train_pass(model, opt, x, y):
    model.train()
    h, total, n = None, 0.0, 0
    for xb, yb in chunks(x, y):
        logits, h = model(xb, h)
        loss = F.cross_entropy(logits.reshape(-1, SYMBOLS), yb.reshape(-1))
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        h = h.detach()
        total += loss.item()
        n += 1
    return total / n


@torch.no_grad()
def evaluate(model, x, y):
    model.eval()
    h, hits, n = None, 0, 0
    for xb, yb in chunks(x, y):
        logits, h = model(xb, h)
        known = yb != -100
        hits += (logits.argmax(-1)[known] == yb[known]).sum().item()
        n += known.sum().item()
    return hits / n


def main():
    x_train, y_train = make_streams(600)
    x_test, y_test = make_streams(300)
    model = Tracker()
    opt = torch.optim.Adam(model.parameters(), lr=8e-3)
    sched = torch.optim.lr_scheduler.ExponentialLR(opt, gamma=0.93)
    print(f"chance {1 / SYMBOLS:.2f}, within a chunk only {(CHUNK - LAG) / CHUNK:.2f} of the targets can be seen")
    for epoch in range(1, 15):
        loss = train_pass(model, opt, x_train, y_train)
        sched.step()
        print(f"epoch {epoch:2d} loss {loss:.4f} test acc {evaluate(model, x_test, y_test):.3f}")
    print(f"test accuracy on unseen streams {evaluate(model, x_test, y_test):.4f}")


if __name__ == "__main__":
    main()
