"""Semi-supervised node classification with a two-layer GCN on a made-up citation graph."""
import torch
import torch.nn as nn
import torch.nn.functional as F

SEED = 31
torch.manual_seed(SEED)

N, CLASSES, FEATS, PER_CLASS = 600, 6, 200, 10
HIDDEN, EPOCHS = 64, 120


def make_graph():
    y = torch.randint(0, CLASSES, (N,))
    same = (y[:, None] == y[None, :]).float()
    prob = 0.035 * same + 0.006 * (1 - same)
    upper = torch.triu((torch.rand(N, N) < prob).float(), diagonal=1)
    adj = upper + upper.t()
    topics = (torch.rand(CLASSES, FEATS) < 0.15).float()
    rate = 0.04 + 0.08 * topics[y]
    x = (torch.rand(N, FEATS) < rate).float()
    return x, y, adj


def normalise(adj):
    a = adj + torch.eye(len(adj))
    d = a.sum(1).pow(-0.5)
    return d[:, None] * a * d[None, :]


def planetoid_split(y):
    train, rest = [], []
    for c in range(CLASSES):
        idx = (y == c).nonzero().flatten()
        idx = idx[torch.randperm(len(idx))]
        train.append(idx[:PER_CLASS])
        rest.append(idx[PER_CLASS:])
    rest = torch.cat(rest)
    rest = rest[torch.randperm(len(rest))]
    masks = []
    for idx in (torch.cat(train), rest[:120], rest[120:]):
        m = torch.zeros(N, dtype=torch.bool)
        m[idx] = True
        masks.append(m)
    return masks


class GCN(nn.Module):
    def __init__(self, d_in, hidden, classes, dropout=0.3):
        super().__init__()
        self.w1 = nn.Linear(d_in, hidden)
        self.w2 = nn.Linear(hidden, classes)
        self.dropout = dropout

    def forward(self, x, a):
        x = F.dropout(x, self.dropout, self.training)
        h = F.relu(a @ self.w1(x))
        h = F.dropout(h, self.dropout, self.training)
        return a @ self.w2(h)


def evaluate(model, x, a, y, mask):
    model.eval()
    with torch.no_grad():
        pred = model(x, a).argmax(1)
    return (pred[mask] == y[mask]).float().mean().item()


def main():
    x, y, adj = make_graph()
    a = normalise(adj)
    train_mask, val_mask, test_mask = planetoid_split(y)
    print(f"nodes {N}, train {train_mask.sum()}, val {val_mask.sum()}, test {test_mask.sum()}")
    model = GCN(FEATS, HIDDEN, CLASSES)
    opt = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
    best_val, best_test = 0.0, 0.0
    for epoch in range(1, EPOCHS + 1):
        model.train()
        opt.zero_grad()
        logits = model(x, a)
        loss = F.cross_entropy(logits, y)
        loss.backward()
        opt.step()
        val, test = evaluate(model, x, a, y, val_mask), evaluate(model, x, a, y, test_mask)
        if val > best_val:
            best_val, best_test = val, test
        if epoch % 10 == 0:
            print(f"epoch {epoch} loss {loss.item():.4f} val {val:.3f} test {test:.3f}")
    print(f"best val {best_val:.4f}, test accuracy at best val {best_test:.4f}")


if __name__ == "__main__":
    main()
