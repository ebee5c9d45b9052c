# Small transformer encoder with a [CLS] token: which of the tokens A and B is more
# frequent in the sequence? (warm-up exercise before the real DNA data)
import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(8)
CLS, A, B, OTHERS = 0, 1, 2, (3, 8)
SEQ = 15


def make_data(n):
    x = torch.randint(OTHERS[0], OTHERS[1], (n, SEQ))
    u = torch.rand(n, SEQ)
    bias = torch.rand(n, 1)
    x = torch.where(u < 0.6 * bias, torch.tensor(A), x)
    x = torch.where(u > 1 - 0.6 * (1 - bias), torch.tensor(B), x)
    y = ((x == A).sum(1) > (x == B).sum(1)).long()
    return torch.cat([torch.full((n, 1), CLS), x], 1), y


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=64):
        super().__init__()
        pos = torch.arange(max_len).unsqueeze(1)
        div = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, d_model)
        pe[:, 0::2] = torch.sin(pos * div)
        pe[:, 1::2] = torch.cos(pos * div)
        self.register_buffer("pe", pe)

    def forward(self, x):
        return x + self.pe[: x.size(1)]


class SeqClassifier(nn.Module):
    def __init__(self, vocab=8, d_model=32, nhead=4, layers=2, n_classes=2):
        super().__init__()
        self.emb = nn.Embedding(vocab, d_model)
        self.pos = PositionalEncoding(d_model)
        layer = nn.TransformerEncoderLayer(d_model, nhead, dim_feedforward=64, dropout=0.1)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.fc = nn.Linear(d_model, n_classes)

    def forward(self, tokens):
        h = self.pos(self.emb(tokens))
        h = self.encoder(h)
        return self.fc(h[:, 0])


train_ds, val_ds = TensorDataset(*make_data(2000)), TensorDataset(*make_data(500))
train_dl = DataLoader(train_ds, batch_size=50, shuffle=True, drop_last=True)
val_dl = DataLoader(val_ds, batch_size=100)

model = SeqClassifier()
opt = torch.optim.AdamW(model.parameters(), lr=1e-3)
print("share of class 1:", train_ds.tensors[1].float().mean().item())

for epoch in range(6):
    model.train()
    loss_sum = 0.0
    for x, y in train_dl:
        opt.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        loss_sum += loss.item()
    model.eval()
    with torch.no_grad():
        hits = sum((model(x).argmax(-1) == y).sum().item() for x, y in val_dl)
    # 4 layers, d_model 128, lr 1e-4 / 3e-3, no dropout - nothing changes
    print(f"epoch {epoch}: loss {loss_sum / len(train_dl):.4f}, val accuracy {hits / len(val_ds):.3f}")
