import random

import torch
import torch.nn as nn
import torch.nn.functional as F

SOS, EOS, OFFSET = 0, 1, 2
N_SYMBOLS, SEQ_LEN, HIDDEN = 8, 5, 96
device = torch.device("cpu")


class EncoderRNN(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(input_size, hidden_size)
        self.gru = nn.GRU(hidden_size, hidden_size, batch_first=True)

    def forward(self, x):
        output, hidden = self.gru(self.embedding(x))
        return output, hidden


class DecoderRNN(nn.Module):
    def __init__(self, hidden_size, output_size):
        super().__init__()
        self.embedding = nn.Embedding(output_size, hidden_size)
        self.gru = nn.GRU(hidden_size, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, output_size)

    def forward(self, token, hidden):
        emb = F.relu(self.embedding(token))
        output, hidden = self.gru(emb, hidden)
        return self.out(output[:, -1]), hidden


def make_batch(n):
    src = torch.randint(OFFSET, OFFSET + N_SYMBOLS, (n, SEQ_LEN))
    tgt = torch.cat([src.flip(1), torch.full((n, 1), EOS)], dim=1)
    return src.to(device), tgt.to(device)


def train_step(src, tgt, encoder, decoder, enc_opt, dec_opt, criterion, teacher_forcing_ratio=0.7):
    enc_opt.zero_grad()
    dec_opt.zero_grad()

    _, encoder_hidden = encoder(src)
    decoder_hidden = encoder_hidden
    decoder_input = torch.full((src.size(0), 1), SOS, device=device)
    use_teacher_forcing = random.random() < teacher_forcing_ratio

    loss = 0
    for t in range(tgt.size(1)):
        logits, decoder_hidden = decoder(decoder_input, encoder_hidden)
        loss = loss + criterion(logits, tgt[:, t])
        if use_teacher_forcing:
            decoder_input = tgt[:, t:t + 1]
        else:
            decoder_input = logits.argmax(dim=1, keepdim=True)
    loss.backward()
    nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
    enc_opt.step()
    dec_opt.step()
    return loss.item() / tgt.size(1)


@torch.no_grad()
def evaluate(encoder, decoder, n=500):
    src, tgt = make_batch(n)
    _, hidden = encoder(src)
    token = torch.full((n, 1), SOS, device=device)
    outputs = []
    for _ in range(tgt.size(1)):
        logits, hidden = decoder(token, hidden)
        token = logits.argmax(dim=1, keepdim=True)
        outputs.append(token)
    pred = torch.cat(outputs, dim=1)
    return (pred == tgt).all(dim=1).float().mean().item(), (pred == tgt).float().mean().item()


def main():
    random.seed(0)
    torch.manual_seed(0)
    vocab = OFFSET + N_SYMBOLS
    encoder = EncoderRNN(vocab, HIDDEN).to(device)
    decoder = DecoderRNN(HIDDEN, vocab).to(device)
    enc_opt = torch.optim.Adam(encoder.parameters(), lr=3e-3)
    dec_opt = torch.optim.Adam(decoder.parameters(), lr=3e-3)
    criterion = nn.CrossEntropyLoss()

    running = 0.0
    for it in range(1, 501):
        src, tgt = make_batch(64)
        running += train_step(src, tgt, encoder, decoder, enc_opt, dec_opt, criterion)
        if it % 100 == 0:
            seq_acc, tok_acc = evaluate(encoder, decoder)
            print(f"iter {it} loss {running / 100:.3f} exact {seq_acc:.3f} token {tok_acc:.3f}")
            running = 0.0
    print(f"exact match {evaluate(encoder, decoder)[0]:.3f}")


if __name__ == "__main__":
    main()
