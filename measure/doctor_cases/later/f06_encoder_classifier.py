import math
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=64):
        super().__init__()
        pe = torch.zeros(max_len, d_model)
        pos = torch.arange(max_len).unsqueeze(1).float()
        div = torch.exp(torch.arange(0, d_model, 2).float() * (-math.log(10000.0) / d_model))
        pe[:, 0::2] = torch.sin(pos * div)
        pe[:, 1::2] = torch.cos(pos * div)
        self.register_buffer("pe", pe.unsqueeze(0))

    def forward(self, x):
        return x + self.pe[:, : x.size(1)]


class IntentClassifier(nn.Module):
    def __init__(self, vocab=30, d_model=64, nhead=4, layers=3, classes=4):
        super().__init__()
        self.emb = nn.Embedding(vocab, d_model)
        self.pos = PositionalEncoding(d_model)
        layer = nn.TransformerEncoderLayer(d_model, nhead, dim_feedforward=128, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers)
        self.out = nn.Linear(d_model, classes)

    def forward(self, tokens):
        h = self.encoder(self.pos(self.emb(tokens)))
        return self.out(h.mean(dim=1))


class Trainer:
    def __init__(self, model, train_loader, val_loader, learning_rate=2e-2, epochs=7):
        self.model = model
        self.train_loader = train_loader
        self.val_loader = val_loader
        self.optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
        self.criterion = nn.CrossEntropyLoss()
        self.epochs = epochs

    def train_one_epoch(self):
        self.model.train()
        running = 0.0
        for tokens, target in self.train_loader:
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(tokens), target)
            loss.backward()
            self.optimizer.step()
            running += loss.item()
        return running / len(self.train_loader)

    @torch.no_grad()
    def validate(self):
        self.model.eval()
        correct, total, counts = 0, 0, torch.zeros(4, dtype=torch.long)
        for tokens, target in self.val_loader:
            pred = self.model(tokens).argmax(-1)
            counts += torch.bincount(pred, minlength=4)
            correct += (pred == target).sum().item()
            total += target.numel()
        return correct / total, counts.tolist()

    def fit(self):
        for ep in range(self.epochs):
            loss = self.train_one_epoch()
            acc, counts = self.validate()
            print(f"epoch {ep + 1} loss {loss:.4f} val_acc {acc:.3f} predicted per class {counts}")
        return acc


def make_split(n, seq_len=10, vocab=30):
    """Class = which of the pairs (1,2) / (3,4) is present and in which order."""
    x = torch.randint(5, vocab, (n, seq_len))
    y = torch.randint(0, 4, (n,))
    first = torch.tensor([1, 2, 3, 4])[y]
    second = torch.tensor([2, 1, 4, 3])[y]
    p = torch.rand(n, seq_len).argsort(dim=1)[:, :2].sort(dim=1).values
    rows = torch.arange(n)
    x[rows, p[:, 0]] = first
    x[rows, p[:, 1]] = second
    return TensorDataset(x, y)


if __name__ == "__main__":
    torch.manual_seed(3)
    train_loader = DataLoader(make_split(2000), batch_size=64, shuffle=True)
    val_loader = DataLoader(make_split(800), batch_size=200)
    trainer = Trainer(IntentClassifier(), train_loader, val_loader)
    print(f"val accuracy {trainer.fit():.3f}")
