import torch

from grokscale.tasks import SimpleTask, field


class Diagonal(SimpleTask, kind="diagonal"):
    """Sparse recovery by a = u*u - v*v with weight decay."""

    n: int = field(60, "coordinates", data=True)
    N: int = field(30, "measurements", data=True)
    scale: float = field(0.3, "start", low=1e-6, high=10)
    state = ("u", "v")  # what steps change: the checkpoint
    measures = ("l2",)  # beside the two errors

    def start(self, draw, device):
        self.X = (torch.randn(self.N, self.n, generator=draw("data")) / self.N**0.5).to(device)
        self.a_star = (torch.arange(self.n) < 3).to(self.X)
        self.u, self.v = (torch.full_like(self.a_star, self.scale) for _ in range(2))

    def step(self, k):
        for _ in range(k):
            pull = 2 * self.X.T @ (self.X @ (self.u**2 - self.v**2 - self.a_star))
            self.u, self.v = (
                self.u - self.alpha * (pull + self.beta) * self.u,
                self.v - self.alpha * (self.beta - pull) * self.v,
            )

    def measure(self):
        a = self.u**2 - self.v**2
        train = (self.X @ (a - self.a_star)).norm() / (self.X @ self.a_star).norm()
        return {"train_error": train, "test_error": (a - self.a_star).norm() / self.a_star.norm(), "l2": a.norm()}
