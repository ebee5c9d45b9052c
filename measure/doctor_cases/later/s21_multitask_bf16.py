"""Two heads, a regression and a classification, with bf16 autocast and learnt loss weights (Kendall et al.)."""
from dataclasses import dataclass, field

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class Config:
    d_in: int = 16
    hidden: int = 64
    n_train: int = 8000
    n_test: int = 4000
    reg_noise: float = 0.5
    cls_flip: float = 0.1
    epochs: int = 25
    batch: int = 128
    lr: float = 4e-3
    seed: int = 21
    device: str = field(default="cpu")


class Data:
    def __init__(self, cfg):
        g = torch.Generator().manual_seed(cfg.seed)
        P = torch.randn(cfg.d_in, 3, generator=g) / cfg.d_in ** 0.5

        def make(n):
            x = torch.randn(n, cfg.d_in, generator=g)
            u = x @ P
            target = 2 * u[:, 0].sin() + u[:, 1] ** 2 + cfg.reg_noise * torch.randn(n, generator=g)
            label = (u[:, 1] + u[:, 2] > 0).long()
            flip = torch.rand(n, generator=g) < cfg.cls_flip
            return x, 10 * target, torch.where(flip, 1 - label, label)

        self.train, self.test = make(cfg.n_train), make(cfg.n_test)
        self.t_mean, self.t_std = self.train[1].mean(), self.train[1].std()


class MultiTask(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(cfg.d_in, cfg.hidden), nn.SiLU(), nn.Linear(cfg.hidden, cfg.hidden), nn.SiLU())
        self.reg, self.cls = nn.Linear(cfg.hidden, 1), nn.Linear(cfg.hidden, 2)
        self.log_var = nn.Parameter(torch.zeros(2))

    def forward(self, x):
        h = self.trunk(x)
        return self.reg(h).squeeze(-1), self.cls(h)


class Trainer:
    def __init__(self, cfg):
        torch.manual_seed(cfg.seed)
        self.cfg, self.data, self.model = cfg, Data(cfg), MultiTask(cfg)
        weights = [p for n, p in self.model.named_parameters() if n.endswith("weight")]
        others = [p for n, p in self.model.named_parameters() if not n.endswith("weight")]
        self.opt = torch.optim.AdamW([{"params": weights, "weight_decay": 0.02}, {"params": others, "weight_decay": 0}], lr=cfg.lr)
        self.sched = torch.optim.lr_scheduler.CosineAnnealingLR(self.opt, cfg.epochs)

    def losses(self, x, t, c):
        with torch.autocast(self.cfg.device, dtype=torch.bfloat16):
            pred, logits = self.model(x)
        t = (t - self.data.t_mean) / self.data.t_std
        return F.mse_loss(pred.float(), t), F.cross_entropy(logits.float(), c)

    def fit(self):
        x, t, c = self.data.train
        for epoch in range(1, self.cfg.epochs + 1):
            self.model.train()
            agg = torch.zeros(3)
            for idx in torch.randperm(len(x)).split(self.cfg.batch):
                mse, ce = self.losses(x[idx], t[idx], c[idx])
                s = self.model.log_var
                total = 0.5 * (-s[0]).exp() * mse + 0.5 * s[0] + (-s[1]).exp() * ce + 0.5 * s[1]
                self.opt.zero_grad()
                total.backward()
                self.opt.step()
                agg += torch.tensor([total.item(), mse.item(), ce.item()]) * len(idx) / len(x)
            self.sched.step()
            if epoch % 5 == 0:
                rmse, acc = self.evaluate()
                print(f"epoch {epoch:2d} total {agg[0]:+.4f} mse {agg[1]:.4f} ce {agg[2]:.4f} test rmse {rmse:.3f} acc {acc:.4f}")

    @torch.no_grad()
    def evaluate(self):
        self.model.eval()
        x, t, c = self.data.test
        pred, logits = self.model(x)
        rmse = (pred * self.data.t_std + self.data.t_mean - t).square().mean().sqrt().item()
        return rmse, (logits.argmax(1) == c).float().mean().item()


if __name__ == "__main__":
    cfg = Config()
    trainer = Trainer(cfg)
    trainer.fit()
    rmse, acc = trainer.evaluate()
    print(f"test rmse {rmse:.3f} (noise {10 * cfg.reg_noise:.1f}) accuracy {acc:.4f} (label noise allows {1 - cfg.cls_flip:.2f})")
