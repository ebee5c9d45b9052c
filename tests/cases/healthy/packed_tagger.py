"""Tags each place of sentences of different lengths: a packed LSTM, padding left out of the loss."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader

torch.manual_seed(5)
WORDS, TAGS = 40, 4


def sentence():
    length = int(torch.randint(4, 15, ()))
    words = torch.randint(1, WORDS, (length,))
    before = torch.cat([words[:1], words[:-1]])
    return words, (words + before) % 2 + 2 * (words > 20).long()


def collate(batch):
    lengths = torch.tensor([len(words) for words, _ in batch])
    words = pad_sequence([words for words, _ in batch], batch_first=True)
    tags = pad_sequence([tags for _, tags in batch], batch_first=True, padding_value=-1)
    return words, lengths, tags


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(WORDS, 24, padding_idx=0)
        self.lstm = nn.LSTM(24, 48, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(96, TAGS)

    def forward(self, words, lengths):
        packed = pack_padded_sequence(self.embed(words), lengths, batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        return self.fc(out)


train = DataLoader([sentence() for _ in range(400)], batch_size=25, shuffle=True, collate_fn=collate)
test = DataLoader([sentence() for _ in range(100)], batch_size=50, collate_fn=collate)
model = Tagger()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
criterion = nn.CrossEntropyLoss(ignore_index=-1)
for _epoch in range(20):
    model.train()
    for words, lengths, tags in train:
        optimizer.zero_grad()
        logits = model(words, lengths)
        loss = criterion(logits.view(-1, TAGS), tags.view(-1))
        loss.backward()
        optimizer.step()
model.eval()
right = count = 0
with torch.no_grad():
    for words, lengths, tags in test:
        real = tags != -1
        right += (model(words, lengths).argmax(2) == tags)[real].sum().item()
        count += real.sum().item()
print("accuracy", right / count)
