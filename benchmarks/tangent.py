"""The pictures of the page on tangent vectors, and the numbers below them.

    python benchmarks/tangent.py

Ends with an error if a number is not the one that is known.
"""

from pathlib import Path

import jax.numpy as jnp

import dynascope as ds
from dynascope.analysis.tangent import (
    alignment,
    covariant_vectors,
    expansion_entropy,
    finite_time_exponents,
    predictability,
)

IMAGES = Path(__file__).parents[1] / "docs" / "images"


def main() -> None:
    henon, lorenz = ds.build("henon"), ds.build("lorenz")
    results = {
        "finite-time": finite_time_exponents(henon, window=20, count=20_000),
        "covariant-henon": covariant_vectors(henon, duration=40_000),
        "covariant-lorenz": covariant_vectors(lorenz, duration=500.0),
        "alignment-chaos": alignment(ds.build("henon-heiles"), duration=3000.0),
        "alignment-torus": alignment(ds.build("henon-heiles"), y0=[0.0, 0.1, 0.49058, 0.0], duration=3000.0),
        "expansion": expansion_entropy(henon, ds.Box(jnp.full(2, -3.0), jnp.full(2, 3.0)), starts=50_000, duration=30),
        "predictability": predictability(lorenz.replace(rho=180.78), pairs=64, transient=500.0, duration=300.0),
    }
    for name, result in results.items():
        ds.plot(result).savefig(IMAGES / f"tangent-{name}.png")
        print(f"{name}: {result.summary()}")
    wrong = []
    if abs(results["expansion"].entropy - 0.465) > 3 * results["expansion"].stderr + 0.002:
        wrong.append("the expansion entropy of the Hénon map is not 0.465")
    if results["alignment-chaos"].laws != ("exponential",) * 3:
        wrong.append("the chaotic orbit does not align exponentially")
    if results["alignment-torus"].laws != ("constant", "power law", "power law"):
        wrong.append("the regular orbit does not keep the laws of a torus")
    if results["predictability"].kind != "partially predictable chaos":
        wrong.append("the flow at rho = 180.78 is not partially predictable")
    if wrong:
        raise SystemExit("; ".join(wrong))


if __name__ == "__main__":
    main()
