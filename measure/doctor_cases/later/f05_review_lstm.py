import random

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

random.seed(7)
torch.manual_seed(7)

PAD, VOCAB = 0, 60
POS, NEG = list(range(1, 8)), list(range(8, 15))
NEUTRAL = list(range(15, VOCAB))
MAX_LEN = 80


def make_review():
    n = random.randint(4, 16)
    label = random.randint(0, 1)
    strong, weak = (POS, NEG) if label else (NEG, POS)
    k = random.randint(2, 4)
    words = [random.choice(strong) for _ in range(k)]
    words += [random.choice(weak) for _ in range(k - 2)]
    words += [random.choice(NEUTRAL) for _ in range(max(0, n - len(words)))]
    random.shuffle(words)
    return torch.tensor(words), label


def collate(batch):
    seqs, labels = zip(*batch)
    lengths = torch.tensor([len(s) for s in seqs])
    seqs = list(seqs)
    seqs[0] = nn.functional.pad(seqs[0], (0, MAX_LEN - len(seqs[0])), value=PAD)
    return pad_sequence(seqs, batch_first=True, padding_value=PAD), lengths, torch.tensor(labels)


class SentimentLSTM(nn.Module):
    def __init__(self, vocab_size, emb_dim=32, hidden_dim=48):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, emb_dim, padding_idx=PAD)
        self.lstm = nn.LSTM(emb_dim, hidden_dim, batch_first=True)
        self.fc = nn.Linear(hidden_dim, 2)

    def forward(self, text, text_lengths):
        embedded = self.embedding(text)
        output, (hidden, cell) = self.lstm(embedded)
        last = output[:, -1, :]
        return self.fc(last)


def run_epoch(model, loader, optimizer=None):
    model.train(optimizer is not None)
    total_loss, total_correct, total = 0.0, 0, 0
    with torch.set_grad_enabled(optimizer is not None):
        for text, lengths, labels in loader:
            logits = model(text, lengths)
            loss = nn.functional.cross_entropy(logits, labels)
            if optimizer is not None:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            total_loss += loss.item() * len(labels)
            total_correct += (logits.argmax(1) == labels).sum().item()
            total += len(labels)
    return total_loss / total, total_correct / total


train_set = [make_review() for _ in range(2000)]
valid_set = [make_review() for _ in range(500)]
train_loader = DataLoader(train_set, batch_size=64, shuffle=True, collate_fn=collate)
valid_loader = DataLoader(valid_set, batch_size=250, collate_fn=collate)

model = SentimentLSTM(VOCAB)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

for epoch in range(1, 5):
    train_loss, train_acc = run_epoch(model, train_loader, optimizer)
    valid_loss, valid_acc = run_epoch(model, valid_loader)
    print(f"Epoch {epoch:02d} | train loss {train_loss:.3f} acc {train_acc:.3f} | valid loss {valid_loss:.3f} acc {valid_acc:.3f}")

print(f"valid accuracy: {valid_acc:.3f}")
