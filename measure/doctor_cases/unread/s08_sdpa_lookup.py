"""Transformer that looks up a value by key in a padded list of pairs."""
import torch
import torch.nn as nn
import torch.nn.functional as F

CONFIG = {"seed": 15, "dim": 48, "heads": 4, "layers": 2, "max_pairs": 8,
          "keys": 10, "values": 10, "steps": 420, "batch": 64, "lr": 3e-3}
torch.manual_seed(CONFIG["seed"])
KEYS, VALUES, MAX_PAIRS = CONFIG["keys"], CONFIG["values"], CONFIG["max_pairs"]
PAD = 0


def make_batch(n):
    """The query key comes first, then key/value pairs in random order, then padding."""
    keys = torch.rand(n, KEYS).argsort(1)[:, :MAX_PAIRS]
    values = torch.randint(0, VALUES, (n, MAX_PAIRS))
    lengths = torch.randint(3, MAX_PAIRS + 1, (n,))
    pick = (torch.rand(n) * lengths).long()
    rows = torch.arange(n)
    hidden = torch.arange(MAX_PAIRS)[None] >= lengths[:, None]
    key_ids = (keys + 1).masked_fill(hidden, PAD)
    value_ids = (values + 1).masked_fill(hidden, PAD)
    return keys[rows, pick] + 1, key_ids, value_ids, values[rows, pick]


class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.n1, self.n2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.proj = nn.Linear(dim, dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))
        nn.init.zeros_(self.proj.weight)

    def forward(self, x, mask):
        b, t, d = x.shape
        qkv = self.qkv(self.n1(x)).view(b, t, 3, self.heads, d // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        a = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + self.proj(a.transpose(1, 2).flatten(2))
        return x + self.mlp(self.n2(x))


class Lookup(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.key = nn.Embedding(KEYS + 1, c["dim"])
        self.value = nn.Embedding(VALUES + 1, c["dim"])
        self.query_mark = nn.Parameter(torch.zeros(c["dim"]))
        self.blocks = nn.ModuleList(Block(c["dim"], c["heads"]) for _ in range(c["layers"]))
        self.norm = nn.LayerNorm(c["dim"])
        self.out = nn.Linear(c["dim"], VALUES)

    def forward(self, query, key_ids, value_ids):
        first = self.key(query) + self.query_mark
        x = torch.cat([first[:, None], self.key(key_ids) + self.value(value_ids)], dim=1)
        keep = torch.cat([torch.ones_like(query[:, None], dtype=torch.bool), key_ids != PAD], dim=1)
        for block in self.blocks:
            x = block(x, keep[:, None, None, :])
        return self.out(self.norm(x[:, 0]))


@torch.no_grad()
def accuracy(model, batch):
    model.eval()
    hit = (model(*batch[:3]).argmax(1) == batch[3]).float().mean().item()
    model.train()
    return hit


def main():
    model = Lookup(CONFIG)
    test = make_batch(1000)
    opt = torch.optim.AdamW(model.parameters(), lr=CONFIG["lr"], weight_decay=0.01)
    warm = torch.optim.lr_scheduler.LinearLR(opt, 0.1, 1.0, total_iters=40)
    cool = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=CONFIG["steps"] - 40)
    sched = torch.optim.lr_scheduler.SequentialLR(opt, [warm, cool], milestones=[40])
    running = 0.0
    for step in range(1, CONFIG["steps"] + 1):
        query, key_ids, value_ids, target = make_batch(CONFIG["batch"])
        loss = F.cross_entropy(model(query, key_ids, value_ids), target)
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        running += loss.item()
        if step % 60 == 0:
            print(f"step {step} loss {running / 60:.4f} test acc {accuracy(model, test):.3f}")
            running = 0.0
    print(f"lookup accuracy on fresh lists {accuracy(model, test):.4f}")


if __name__ == "__main__":
    main()
