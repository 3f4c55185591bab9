"""Draw the picture of `docs/reconstruction.md`: Lorenz' system, learned from a noisy recording.

python benchmarks/reconstruction_picture.py
"""

from pathlib import Path

import numpy as np

import dynascope as ds
from dynascope.learn.fitting import ESN

run = ds.trajectory(ds.build("lorenz"), None, np.arange(0.0, 320.0, 0.02))
values = np.asarray(run.ys)[1000:]
noisy = values + 0.01 * values.std(axis=0) * np.random.default_rng(0).normal(size=values.shape)
recording = ds.Recording(noisy, dt=0.02, time_unit="1", names=("x", "y", "z"))
found = ds.learn.fit(recording, model=ESN())
print(found.summary())
ds.plot(found).savefig(Path(__file__).parents[1] / "docs" / "images" / "reconstruction.png", dpi=140)
