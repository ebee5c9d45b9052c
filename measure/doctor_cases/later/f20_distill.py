import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset


class Teacher(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Dropout(0.2),
                                 nn.Linear(256, 256), nn.ReLU(), nn.Dropout(0.2), nn.Linear(256, 10))

    def forward(self, x):
        return self.net(x)


class Student(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(64, 24), nn.ReLU(), nn.Linear(24, 10))

    def forward(self, x):
        return self.net(x)


class DistillationLoss(nn.Module):
    def __init__(self, temperature=4.0, alpha=1.0):
        super().__init__()
        self.T = temperature
        self.alpha = alpha
        self.kl = nn.KLDivLoss(reduction="batchmean")

    def forward(self, student_logits, teacher_logits, labels):
        soft_student = F.softmax(student_logits / self.T, dim=1)
        soft_teacher = F.softmax(teacher_logits / self.T, dim=1)
        distill = self.kl(soft_student, soft_teacher) * self.T ** 2
        hard = F.cross_entropy(student_logits, labels)
        return self.alpha * distill + (1 - self.alpha) * hard


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


def train_teacher(loader, epochs=15):
    teacher = Teacher()
    opt = torch.optim.Adam(teacher.parameters(), lr=1e-3)
    for _ in range(epochs):
        teacher.train()
        for xb, yb in loader:
            opt.zero_grad()
            F.cross_entropy(teacher(xb), yb).backward()
            opt.step()
    return teacher.eval()


def distill(teacher, loader, x_te, y_te, epochs=20):
    student = Student()
    opt = torch.optim.SGD(student.parameters(), lr=0.01, momentum=0.9)
    criterion = DistillationLoss()
    for epoch in range(1, epochs + 1):
        student.train()
        losses = []
        for xb, yb in loader:
            with torch.no_grad():
                t = teacher(xb)
            loss = criterion(student(xb), t, yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
        if epoch % 2 == 0:
            print(f"epoch {epoch} kd loss {np.mean(losses):.4f} student test acc {accuracy(student, x_te, y_te):.3f}")
    return student


def main():
    torch.manual_seed(0)
    X, y = load_digits(return_X_y=True)
    X = (X / 16.0).astype("float32")
    x_tr, x_te, y_tr, y_te = map(torch.tensor, train_test_split(X, y, test_size=0.3, random_state=0, stratify=y))
    loader = DataLoader(TensorDataset(x_tr, y_tr), batch_size=64, shuffle=True)
    teacher = train_teacher(loader)
    print(f"teacher test acc {accuracy(teacher, x_te, y_te):.3f}")
    student = distill(teacher, loader, x_te, y_te)
    print(f"student test accuracy {accuracy(student, x_te, y_te):.3f}")


if __name__ == "__main__":
    main()
