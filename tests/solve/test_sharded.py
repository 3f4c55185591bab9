"""Networks over eight devices of the host: what they compute, equal to one device to rounding."""

import json
import os
import subprocess
import sys

import jax
import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope.solve import RK4, sharded

SCRIPT = """
import json
import jax, numpy as np
import dynascope as ds
from dynascope.analysis.tangent import orbit_exponents
from dynascope.solve import RK4, sharded

assert len(jax.devices()) == 8
found = {}
kuramoto = ds.models.Kuramoto.quantiles(n=256, K=3.0)
rate = ds.models.RateNetwork.draw(n=64, g=2.0, key=jax.random.key(0))
for name, system in (("kuramoto", kuramoto), ("rate", rate)):
    spread = sharded(system)
    parts = [leaf for leaf in jax.tree.leaves(spread) if len(leaf.sharding.device_set) == 8]
    split = max(parts, key=lambda leaf: leaf.size)
    assert split.addressable_shards[0].data.shape[0] == split.shape[0] // 8
    ts = np.linspace(0.0, 5.0, 11)
    one, eight = (ds.trajectory(s, None, ts, solver=RK4(0.05)).ys for s in (system, spread))
    # Two frames of eight tangent vectors along a short orbit.
    lone, leight = (orbit_exponents(s, steps=40, k=4, every=10, solver=RK4(0.05)) for s in (system, spread))
    found[name] = [float(np.max(np.abs(np.asarray(one) - np.asarray(eight)))),
                   float(np.max(np.abs(np.asarray(lone) - np.asarray(leight)))), float(np.max(np.abs(lone)))]
print(json.dumps(found))
"""


@pytest.mark.slow
def test_eight_devices_agree_with_one() -> None:
    flags = f"--xla_force_host_platform_device_count=8 {os.environ.get('XLA_FLAGS', '')}"
    # Flags that are no words of XLA end its reading: ours, put first by the package, come last here.
    environment = {k: v for k, v in os.environ.items() if k != "XLA_FLAGS"} | {"XLA_FLAGS": flags.split(" --xla_b")[0]}
    run = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr[-2000:]
    found = json.loads(run.stdout.splitlines()[-1])
    for orbit, exponents, size in found.values():
        assert orbit < 1e-12
        assert exponents < 1e-11
        assert size > 1e-2


def test_one_device_changes_nothing() -> None:
    system = ds.models.Kuramoto.quantiles(n=12)
    ts = np.linspace(0.0, 1.0, 3)
    alone = ds.trajectory(system, None, ts, solver=RK4(0.1)).ys
    np.testing.assert_array_equal(
        ds.trajectory(sharded(system, devices=jax.devices()[:1]), None, ts, solver=RK4(0.1)).ys, alone
    )


def test_what_cannot_be_split_is_refused() -> None:
    with pytest.raises(InputError, match="one entry per unit"):
        sharded(ds.build("lorenz"), devices=jax.devices()[:1])
