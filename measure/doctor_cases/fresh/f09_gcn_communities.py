"""GCN written from the formula  H' = act(A_hat H W + b)  without any graph library."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

SEED = 4
torch.manual_seed(SEED)
rng = np.random.default_rng(SEED)

N, K, D = 240, 4, 16
P_IN, P_OUT = 0.15, 0.01


def make_graph():
    """stochastic block model, weak node features"""
    labels = rng.integers(0, K, size=N)
    same = labels[:, None] == labels[None, :]
    prob = np.where(same, P_IN, P_OUT)
    upper = np.triu(rng.random((N, N)) < prob, k=1)
    adj = (upper | upper.T).astype(np.float32)
    centers = rng.normal(size=(K, D))
    feats = centers[labels] * 0.6 + rng.normal(size=(N, D))
    return torch.from_numpy(adj), torch.tensor(feats, dtype=torch.float32), torch.from_numpy(labels)


def normalize_adj(adj):
    a = adj + torch.eye(adj.size(0))
    d = a.sum(1).pow(-0.5)
    return d[:, None] * a * d[None, :]


class GraphConv(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(in_features, out_features))
        self.bias = nn.Parameter(torch.empty(out_features))
        self.reset_parameters()

    def reset_parameters(self):
        nn.init.zeros_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, x, a_hat):
        return a_hat @ (x @ self.weight) + self.bias


class GCN(nn.Module):
    def __init__(self, d_in, hidden, n_classes, p=0.3):
        super().__init__()
        self.gc1 = GraphConv(d_in, hidden)
        self.gc2 = GraphConv(hidden, n_classes)
        self.p = p

    def forward(self, x, a_hat):
        h = F.relu(self.gc1(x, a_hat))
        h = F.dropout(h, self.p, self.training)
        return self.gc2(h, a_hat)


adj, x, y = make_graph()
a_hat = normalize_adj(adj)
perm = torch.from_numpy(rng.permutation(N))
train_idx, val_idx = perm[:80], perm[80:]
print("edges:", int(adj.sum() / 2), "class sizes:", torch.bincount(y).tolist())

model = GCN(D, 32, K)
opt = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
for epoch in range(1, 151):
    model.train()
    opt.zero_grad()
    out = model(x, a_hat)
    loss = F.cross_entropy(out[train_idx], y[train_idx])
    loss.backward()
    opt.step()
    if epoch % 15 == 0:
        model.eval()
        with torch.no_grad():
            pred = model(x, a_hat).argmax(1)
        tr = (pred[train_idx] == y[train_idx]).float().mean()
        va = (pred[val_idx] == y[val_idx]).float().mean()
        # without dropout, with 3 layers, with lr=0.1: same
        print(f"epoch {epoch:3d} loss {loss.item():.4f} train acc {tr:.3f} val acc {va:.3f}")
