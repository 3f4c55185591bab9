"""Train a GRU and an LSTM to read handwritten digits, and save them as a user of PyTorch would.

    python benchmarks/train_digits.py FOLDER

The data are the 1797 images of 8 x 8 pixels that scikit-learn ships. A network sees an image as a sequence, one pixel
per step (64 steps of 1 input) or, with `--rows`, one row per step (8 steps of 8 inputs), and names the digit from its
last state. The folder receives `digits_gru.pt` and `digits_lstm.pt` (the state_dict of the whole classifier, readout
included) and `digits_input.npy`, test images one after another as a stream of inputs, shape (time, inputs).
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn


class Classifier(nn.Module):
    """A recurrent layer and a linear readout of its last state."""

    def __init__(self, kind: str, inputs: int, units: int) -> None:
        super().__init__()
        self.rnn = getattr(nn, kind)(inputs, units, batch_first=True)
        self.head = nn.Linear(units, 10)

    def forward(self, sequences: torch.Tensor) -> torch.Tensor:
        """Scores of the ten digits, shape (batch, 10)."""
        return self.head(self.rnn(sequences)[0][:, -1])


def sequences(*, rows: bool, seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Images and digits for training (1437) and testing (360), the images as sequences of values in [0, 1]."""
    images, digits = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(digits))
    x = torch.tensor(images[order] / 16, dtype=torch.float32).reshape(len(digits), *((8, 8) if rows else (64, 1)))
    y = torch.tensor(digits[order])
    return x[:1437], y[:1437], x[1437:], y[1437:]


def accuracy(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    """Share of digits named rightly."""
    with torch.no_grad():
        return float((model(x).argmax(1) == y).float().mean())


def train(kind: str, data: tuple[torch.Tensor, ...], arguments: argparse.Namespace) -> tuple[nn.Module, dict]:
    """A trained classifier and what is worth knowing of it."""
    x, y, x_test, y_test = data
    torch.manual_seed(arguments.seed)
    model = Classifier(kind, x.shape[2], arguments.units)
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-3)
    steps = arguments.epochs * -(-len(y) // arguments.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=1e-2, total_steps=steps)
    start = time.perf_counter()
    for _ in range(arguments.epochs):
        for batch in torch.randperm(len(y)).split(arguments.batch):
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
    seconds = time.perf_counter() - start
    report = {
        "network": kind,
        "train_accuracy": round(accuracy(model, x, y), 4),
        "test_accuracy": round(accuracy(model, x_test, y_test), 4),
        "seconds": round(seconds, 1),
    }
    return model, report


def main() -> None:
    parser = argparse.ArgumentParser(description="Train a GRU and an LSTM on scikit-learn's digits.")
    parser.add_argument("folder", type=Path, help="where the networks are saved")
    parser.add_argument("--rows", action="store_true", help="one row of the image per step instead of one pixel")
    parser.add_argument("--units", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--images", type=int, default=40, help="test images in the saved input")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    data = sequences(rows=arguments.rows, seed=arguments.seed)
    for kind in ("GRU", "LSTM"):
        model, report = train(kind, data, arguments)
        torch.save(model.state_dict(), arguments.folder / f"digits_{kind.lower()}.pt")
        print(json.dumps(report))
    stream = data[2][: arguments.images].reshape(-1, data[2].shape[2]).numpy()
    np.save(arguments.folder / "digits_input.npy", stream)
    print(json.dumps({"input": list(stream.shape), "folder": str(arguments.folder)}))


if __name__ == "__main__":
    main()
