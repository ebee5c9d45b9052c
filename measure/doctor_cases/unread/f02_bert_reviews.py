import math

import torch
import torch.nn as nn
import torch.nn.functional as F

SEED = 5
torch.manual_seed(SEED)

PAD, IRONY, MAXLEN, VOCAB = 0, 1, 14, 34


def make_reviews(n):
    """Praise and blame words among filler; an ironic review means the opposite of its words."""
    ids = torch.full((n, MAXLEN), PAD)
    labels = torch.zeros(n, dtype=torch.long)
    for i in range(n):
        score = 0
        while score == 0:
            length = int(torch.randint(6, MAXLEN, (1,)))
            kind = torch.rand(length)
            good, bad = kind < 0.25, kind > 0.75
            score = int(good.sum() - bad.sum())
        words = torch.randint(10, VOCAB, (length,))
        words = torch.where(good, torch.randint(2, 6, (length,)), words)
        words = torch.where(bad, torch.randint(6, 10, (length,)), words)
        positive = score > 0
        if torch.rand(1).item() < 0.3:
            words[(~good & ~bad).nonzero().flatten()[:1]] = IRONY
            if (words == IRONY).any():
                positive = not positive
        ids[i, :length] = words
        labels[i] = int(positive)
    return ids, labels


class Layer(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.ff = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))
        self.n1, self.n2 = nn.LayerNorm(dim), nn.LayerNorm(dim)

    def forward(self, x, attention_mask):
        h = self.n1(x)
        a, _ = self.attn(h, h, h, key_padding_mask=attention_mask, need_weights=False)
        x = x + a
        return x + self.ff(self.n2(x))


class Encoder(nn.Module):
    def __init__(self, dim=32, heads=4, depth=2):
        super().__init__()
        self.tok = nn.Embedding(VOCAB, dim, padding_idx=PAD)
        self.pos = nn.Embedding(MAXLEN, dim)
        self.layers = nn.ModuleList(Layer(dim, heads) for _ in range(depth))
        self.head = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, 2))

    def forward(self, ids):
        mask = ids != PAD
        x = self.tok(ids) + self.pos(torch.arange(ids.size(1)))
        for layer in self.layers:
            x = layer(x, mask)
        keep = mask.unsqueeze(-1).float()
        return self.head((x * keep).sum(1) / keep.sum(1))


def accuracy(model, ids, labels):
    model.eval()
    with torch.no_grad():
        return (model(ids).argmax(1) == labels).float().mean().item()


def main():
    x_train, y_train = make_reviews(2400)
    x_test, y_test = make_reviews(600)
    model = Encoder()
    opt = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
    epochs, batch = 10, 64
    steps = epochs * math.ceil(len(x_train) / batch)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=2e-3, total_steps=steps)
    for epoch in range(epochs):
        model.train()
        total, count = 0.0, 0
        for idx in torch.randperm(len(x_train)).split(batch):
            loss = F.cross_entropy(model(x_train[idx]), y_train[idx])
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            sched.step()
            total += loss.item() * len(idx)
            count += len(idx)
        print(f"epoch {epoch + 1:2d} train loss {total / count:.4f} test acc {accuracy(model, x_test, y_test):.3f}")
    print(f"test accuracy: {accuracy(model, x_test, y_test):.4f}")


if __name__ == "__main__":
    main()
