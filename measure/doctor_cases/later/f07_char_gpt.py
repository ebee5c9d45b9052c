import random

import torch
import torch.nn as nn
import torch.nn.functional as F

# ---------------------------------------------------------------- hyperparameters
block_size = 32
batch_size = 32
n_embd, n_head, n_layer = 64, 4, 2
max_iters = 280
learning_rate = 2e-3
random.seed(1337)
torch.manual_seed(1337)

# ---------------------------------------------------------------- data: small additions, one a line
def line():
    a, b = random.randint(0, 49), random.randint(0, 49)
    c = random.choice("+-")
    return f"{a}{c}{b}={a + b if c == '+' else a - b};"

text = "".join(line() for _ in range(20000))
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
data = torch.tensor([stoi[c] for c in text])
n = int(0.9 * len(data))
train_data, val_data = data[:n], data[n:]


def get_batch(split):
    d = train_data if split == "train" else val_data
    ix = torch.randint(len(d) - block_size - 1, (batch_size,))
    x = torch.stack([d[i:i + block_size] for i in ix])
    y = torch.stack([d[i + 1:i + block_size + 1] for i in ix])
    return x, y


class SelfAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(n_embd, 3 * n_embd, bias=False)
        self.proj = nn.Linear(n_embd, n_embd)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = self.qkv(x).view(B, T, 3, n_head, C // n_head).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v)
        return self.proj(y.transpose(1, 2).reshape(B, T, C))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(n_embd), nn.LayerNorm(n_embd)
        self.sa = SelfAttention()
        self.ffwd = nn.Sequential(nn.Linear(n_embd, 4 * n_embd), nn.GELU(), nn.Linear(4 * n_embd, n_embd))

    def forward(self, x):
        x = x + self.sa(self.ln1(x))
        return x + self.ffwd(self.ln2(x))


class GPT(nn.Module):
    def __init__(self, vocab_size):
        super().__init__()
        self.tok = nn.Embedding(vocab_size, n_embd)
        self.pos = nn.Embedding(block_size, n_embd)
        self.blocks = nn.Sequential(*[Block() for _ in range(n_layer)])
        self.ln_f = nn.LayerNorm(n_embd)
        self.lm_head = nn.Linear(n_embd, vocab_size)

    def forward(self, idx):
        x = self.tok(idx) + self.pos(torch.arange(idx.size(1)))
        return self.lm_head(self.ln_f(self.blocks(x)))

    @torch.no_grad()
    def generate(self, idx, n_new):
        for _ in range(n_new):
            logits = self(idx[:, -block_size:])[:, -1]
            idx = torch.cat([idx, torch.multinomial(logits.softmax(-1), 1)], dim=1)
        return idx


model = GPT(len(chars))
opt = torch.optim.AdamW(model.parameters(), lr=learning_rate)
for it in range(max_iters):
    xb, yb = get_batch("train")
    loss = F.cross_entropy(model(xb).flatten(0, 1), yb.flatten())
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 50 == 0 or it == max_iters - 1:
        with torch.no_grad():
            xv, yv = get_batch("val")
            vl = F.cross_entropy(model(xv).flatten(0, 1), yv.flatten()).item()
        print(f"iter {it}: train {loss.item():.3f} val {vl:.3f} ppl {2.718281828 ** vl:.2f}")

import re
sample = "".join(chars[i] for i in model.generate(torch.full((1, 1), stoi[";"]), 600)[0].tolist())
parts = sample.split(";")[1:-1]
good = sum(bool(re.fullmatch(r"\d{1,2}[+-]\d{1,2}=-?\d{1,2}", p)) for p in parts)
print("sample:", sample[:60])
print(f"val ppl {2.718281828 ** vl:.2f}, well-formed lines in the sample {good}/{len(parts)}")
