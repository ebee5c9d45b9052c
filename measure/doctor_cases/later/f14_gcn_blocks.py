import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

SEED = 0
N_NODES, N_CLASSES, N_FEATS = 400, 4, 24
HIDDEN = 32
NUM_LAYERS = 10
LR, WEIGHT_DECAY, EPOCHS = 0.01, 5e-4, 200


def build_graph(rng):
    """Stochastic block model, papers citing mostly papers of their own field."""
    y = rng.integers(0, N_CLASSES, N_NODES)
    same = y[:, None] == y[None, :]
    prob = np.where(same, 0.05, 0.008)
    adj = np.triu(rng.random((N_NODES, N_NODES)) < prob, 1)
    adj = (adj + adj.T).astype(np.float32)
    centers = rng.normal(0, 1, (N_CLASSES, N_FEATS))
    x = 0.5 * centers[y] + rng.normal(0, 1.0, (N_NODES, N_FEATS))
    return torch.tensor(x, dtype=torch.float32), torch.tensor(adj), torch.tensor(y)


def normalize_adj(adj):
    adj = adj + torch.eye(adj.shape[0])
    d = adj.sum(1).pow(-0.5)
    return d[:, None] * adj * d[None, :]


class GraphConv(nn.Module):
    def __init__(self, d_in, d_out):
        super().__init__()
        self.lin = nn.Linear(d_in, d_out)

    def forward(self, x, a_hat):
        return a_hat @ self.lin(x)


class GCN(nn.Module):
    def __init__(self, d_in, d_hidden, d_out, num_layers, dropout=0.3):
        super().__init__()
        dims = [d_in] + [d_hidden] * (num_layers - 1) + [d_out]
        self.convs = nn.ModuleList(GraphConv(a, b) for a, b in zip(dims[:-1], dims[1:]))
        self.dropout = dropout

    def forward(self, x, a_hat):
        for i, conv in enumerate(self.convs):
            x = conv(x, a_hat)
            if i < len(self.convs) - 1:
                x = F.dropout(F.relu(x), self.dropout, training=self.training)
        return x


def accuracy(logits, y, mask):
    return (logits[mask].argmax(1) == y[mask]).float().mean().item()


def main():
    rng = np.random.default_rng(SEED)
    torch.manual_seed(SEED)
    x, adj, y = build_graph(rng)
    a_hat = normalize_adj(adj)

    perm = torch.randperm(N_NODES)
    train_mask = torch.zeros(N_NODES, dtype=torch.bool)
    val_mask = torch.zeros(N_NODES, dtype=torch.bool)
    train_mask[perm[:80]] = True
    val_mask[perm[80:]] = True

    model = GCN(N_FEATS, HIDDEN, N_CLASSES, NUM_LAYERS)
    optimizer = torch.optim.Adam(model.parameters(), lr=LR, weight_decay=WEIGHT_DECAY)
    for epoch in range(1, EPOCHS + 1):
        model.train()
        optimizer.zero_grad()
        out = model(x, a_hat)
        loss = F.cross_entropy(out[train_mask], y[train_mask])
        loss.backward()
        optimizer.step()
        if epoch % 20 == 0:
            model.eval()
            with torch.no_grad():
                out = model(x, a_hat)
            print(f"epoch {epoch:3d} loss {loss.item():.4f} "
                  f"train {accuracy(out, y, train_mask):.3f} val {accuracy(out, y, val_mask):.3f}")
    model.eval()
    with torch.no_grad():
        out = model(x, a_hat)
    print(f"val accuracy: {accuracy(out, y, val_mask):.3f}")


if __name__ == "__main__":
    main()
