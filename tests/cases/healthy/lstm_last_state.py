import torch
from torch import nn

torch.manual_seed(2)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 24, batch_first=True)
        self.head = nn.Linear(24, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.head(out[:, -1]).squeeze(-1)


time = torch.linspace(0, 80, 900)
series = torch.sin(time) + 0.3 * torch.sin(3.1 * time) + 0.05 * torch.randn(900)
windows = series.unfold(0, 21, 1)
x, y = windows[:, :20].unsqueeze(-1), windows[:, 20]
net = Net()
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
criterion = nn.MSELoss()
for _epoch in range(6):
    for start in range(0, 700, 50):  # a time series, taken in its order
        opt.zero_grad()
        loss = criterion(net(x[start : start + 50]), y[start : start + 50])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
with torch.no_grad():
    print(criterion(net(x[750:]), y[750:]).item())
