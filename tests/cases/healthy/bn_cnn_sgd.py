import torch
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(1)
digits = load_digits()
images = torch.tensor(digits.images / 16, dtype=torch.float32).unsqueeze(1)
labels = torch.tensor(digits.target)
order = torch.randperm(len(images))
images, labels = images[order], labels[order]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        x = nn.functional.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 2)
        x = nn.functional.relu(self.conv2(x), inplace=True)
        return self.fc(x.mean((2, 3)))


net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
scheduler = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=0.2, total_steps=6 * 28)
for _epoch in range(6):
    net.train()
    for index in torch.randperm(1400).split(50):
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(images[index]), labels[index], label_smoothing=0.05)
        loss.backward()
        opt.step()
        scheduler.step()
    net.eval()
    with torch.no_grad():
        logits = net(images[1400:])
        val_loss = nn.functional.cross_entropy(logits, labels[1400:]).item()
print(val_loss)
