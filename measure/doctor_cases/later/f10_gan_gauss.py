import torch
import torch.nn as nn


class Generator(nn.Module):
    def __init__(self, z_dim=8, hidden=64, out_dim=2):
        super().__init__()
        self.main = nn.Sequential(
            nn.Linear(z_dim, hidden), nn.LeakyReLU(0.2),
            nn.Linear(hidden, hidden), nn.LeakyReLU(0.2),
            nn.Linear(hidden, out_dim),
        )

    def forward(self, z):
        return self.main(z)


class Discriminator(nn.Module):
    def __init__(self, in_dim=2, hidden=64):
        super().__init__()
        self.main = nn.Sequential(
            nn.Linear(in_dim, hidden), nn.LeakyReLU(0.2),
            nn.Linear(hidden, hidden), nn.LeakyReLU(0.2),
            nn.Linear(hidden, 1), nn.Sigmoid(),
        )

    def forward(self, x):
        return self.main(x)


def real_samples(n):
    a = torch.tensor([[0.8, 0.3], [0.0, 0.5]])
    return torch.randn(n, 2) @ a + torch.tensor([2.0, -1.5])


class GANTrainer:
    def __init__(self, z_dim=8, lr=5e-4, batch_size=128):
        self.z_dim, self.batch_size = z_dim, batch_size
        self.netG, self.netD = Generator(z_dim), Discriminator()
        self.criterion = nn.BCELoss()
        self.optG = torch.optim.Adam(self.netG.parameters(), lr=lr, betas=(0.5, 0.999))
        self.optD = torch.optim.Adam(self.netD.parameters(), lr=lr, betas=(0.5, 0.999))

    def step(self):
        n = self.batch_size
        ones, zeros = torch.ones(n, 1), torch.zeros(n, 1)
        real = real_samples(n)
        fake = self.netG(torch.randn(n, self.z_dim)).detach()

        # (1) update D: maximise log(D(x)) + log(1 - D(G(z)))
        self.optD.zero_grad()
        loss_real = self.criterion(self.netD(real), ones)
        loss_fake = self.criterion(self.netD(fake), zeros)
        loss_d = loss_real + loss_fake
        loss_d.backward()
        self.optD.step()

        # (2) update G: maximise log(D(G(z)))
        self.optG.zero_grad()
        loss_g = self.criterion(self.netD(fake), ones)
        loss_g.backward()
        self.optG.step()
        return loss_d.item(), loss_g.item()

    def distance(self, n=2000):
        with torch.no_grad():
            fake = self.netG(torch.randn(n, self.z_dim))
        real = real_samples(n)
        gap = (fake.mean(0) - real.mean(0)).norm() + (fake.std(0) - real.std(0)).norm()
        return gap.item()

    def fit(self, steps):
        for i in range(steps + 1):
            loss_d, loss_g = self.step()
            if i % 300 == 0:
                print(f"[{i}/{steps}] Loss_D: {loss_d:.4f} Loss_G: {loss_g:.4f} distance: {self.distance():.3f}")


if __name__ == "__main__":
    torch.manual_seed(999)
    trainer = GANTrainer()
    trainer.fit(1800)
    print(f"distance of the moments (0 is best): {trainer.distance():.3f}")
