import numpy as np
import torch
from torch import nn
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression

# Node classification on a stochastic block model; 10 labelled nodes a class (as in Planetoid splits).


def sbm(n=900, k=4, p_in=0.03, p_out=0.004, d=16, signal=0.45, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, k, n)
    prob = np.where(y[:, None] == y[None, :], p_in, p_out)
    upper = np.triu(rng.random((n, n)) < prob, 1)
    adj = (upper | upper.T).astype(np.float32)
    centre = rng.normal(size=(k, d))
    x = signal * centre[y] + rng.normal(size=(n, d))
    return torch.tensor(x, dtype=torch.float32), torch.tensor(adj), torch.tensor(y)


def normalise(adj):
    a = adj + torch.eye(len(adj))
    inv = a.sum(1).rsqrt()
    return (inv[:, None] * a * inv[None, :]).to_sparse()


def masks(y, per_class=10, n_val=200, seed=0):
    g = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(y), generator=g)
    train = torch.zeros(len(y), dtype=torch.bool)
    for c in y.unique():
        train[order[y[order] == c][:per_class]] = True
    rest = order[~train[order]]
    val, test = torch.zeros_like(train), torch.zeros_like(train)
    val[rest[:n_val]], test[rest[n_val:]] = True, True
    return train, val, test


class GCN(nn.Module):
    def __init__(self, d, h, k, p=0.5):
        super().__init__()
        self.lin1, self.lin2, self.p = nn.Linear(d, h), nn.Linear(h, k), p

    def forward(self, x, a):
        x = F.dropout(x, self.p, self.training)
        h = F.relu(torch.sparse.mm(a, self.lin1(x)))
        h = F.dropout(h, self.p, self.training)
        return torch.sparse.mm(a, self.lin2(h))


def main():
    torch.manual_seed(0)
    x, adj, y = sbm()
    a = normalise(adj)
    train, val, test = masks(y)
    assert not (train & val).any() and not (train & test).any() and not (val & test).any()
    print(f"{len(y)} nodes, mean degree {adj.sum(1).mean():.1f}, {int(train.sum())} labelled")

    lr_feat = LogisticRegression(max_iter=500).fit(x[train], y[train]).score(x[test], y[test])
    # all labels but the node's own, features and edges: about the best one can know about this graph
    onehot = F.one_hot(y, 4).float()
    hist = torch.cat([adj @ onehot, x], 1)
    ceiling = LogisticRegression(max_iter=2000).fit(hist[~test], y[~test]).score(hist[test], y[test])
    print(f"features alone {lr_feat:.3f}; knowing every neighbour's label {ceiling:.3f}")

    model = GCN(x.shape[1], 32, 4)
    opt = torch.optim.Adam([{"params": model.lin1.parameters(), "weight_decay": 5e-3}, {"params": model.lin2.parameters()}], lr=1e-2)

    def accuracy(mask):
        model.eval()
        with torch.no_grad():
            out = model(x, a)
        return (out[mask].argmax(1) == y[mask]).float().mean().item(), F.cross_entropy(out[mask], y[mask]).item()

    best, best_state, best_epoch = float("inf"), None, 0
    for epoch in range(1, 201):
        model.train()
        loss = F.cross_entropy(model(x, a)[train], y[train])
        opt.zero_grad()
        loss.backward()
        opt.step()
        va, vl = accuracy(val)
        if vl < best:
            best, best_epoch = vl, epoch
            best_state = {k: v.clone() for k, v in model.state_dict().items()}
        if epoch % 25 == 0:
            print(f"epoch {epoch} train loss {loss.item():.3f} val loss {vl:.3f} val acc {va:.3f}")
    model.load_state_dict(best_state)
    print(f"best epoch {best_epoch}; test accuracy {accuracy(test)[0]:.4f} (features alone {lr_feat:.4f}, all neighbour labels {ceiling:.4f})")


if __name__ == "__main__":
    main()
