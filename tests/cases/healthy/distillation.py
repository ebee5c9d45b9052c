import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F

torch.manual_seed(22)
digits = load_digits()
X, y = torch.tensor(digits.data / 16, dtype=torch.float32), torch.tensor(digits.target)
teacher = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Dropout(0.1), nn.Linear(96, 10))
student = nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10))
optimizer = torch.optim.Adam(teacher.parameters(), lr=3e-3)
for _epoch in range(5):
    for index in torch.randperm(1500).split(50):
        optimizer.zero_grad()
        F.cross_entropy(teacher(X[index]), y[index]).backward()
        optimizer.step()
teacher.eval()
optimizer = torch.optim.Adam(student.parameters(), lr=5e-3)
for _epoch in range(6):
    for index in torch.randperm(1500).split(50):
        with torch.no_grad():
            soft = F.softmax(teacher(X[index]) / 2, 1)
        logits = student(X[index])
        loss = F.kl_div(F.log_softmax(logits / 2, 1), soft, reduction="batchmean") * 4
        loss = 0.5 * loss + 0.5 * F.cross_entropy(logits, y[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
print((student(X[1500:]).argmax(1) == y[1500:]).float().mean().item())
