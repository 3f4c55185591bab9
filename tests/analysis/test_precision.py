"""At 32 bit the analyses that need more refuse to run, and say how to go on."""

import os
import subprocess
import sys

PROBE = """
import warnings
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import dynascope as ds
henon = ds.build("henon")
print(ds.trajectory(henon, None, [0, 1]).ys.dtype)
for analysis in (ds.lyapunov_spectrum, ds.fixed_points, ds.attractors, ds.regime_of):
    try:
        analysis(henon)
    except ds.InputError as error:
        print("64" in str(error))
"""


def test_32_bit_is_refused_where_it_would_mislead() -> None:
    environment = {**os.environ, "JAX_ENABLE_X64": "0"}
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == ["float32", "True", "True", "True", "True"]
