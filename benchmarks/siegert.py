"""The rate of Siegert against a direct simulation of the noisy leaky neuron by the method of Euler and Maruyama.

    python benchmarks/siegert.py

The simulation looks at the threshold once a step and misses the excursions between, so that its rate is too low by a
term proportional to the square root of the step. The program prints the rate at three steps, the line through them
against the square root, and its value at step nil beside the formula.
"""

import numpy as np

from dynascope.analysis.spikes import siegert_rate

MU, SIGMA, TAU, THRESHOLD, RESET, REFRACTORY = 15.0, 1.5**0.5, 10.0, 15.0, 0.0, 2.0
STEPS = (0.1, 0.025, 0.00625)
NEURONS, DURATION, TRANSIENT = 4000, 400.0, 100.0


def simulated(dt: float, seed: int) -> tuple[float, float]:
    """Rate in Hz and its standard error over neurons, after a transient."""
    rng = np.random.default_rng(seed)
    V = rng.uniform(RESET, THRESHOLD, NEURONS)
    waits = np.zeros(NEURONS, int)
    counts = np.zeros(NEURONS)
    deaf = round(REFRACTORY / dt)
    for n in range(round((TRANSIENT + DURATION) / dt)):
        listening = waits <= 0
        noise = SIGMA * np.sqrt(dt / TAU) * rng.standard_normal(NEURONS)
        V = np.where(listening, V + (MU - V) * dt / TAU + noise, V)
        waits -= 1
        fired = listening & (V >= THRESHOLD)
        V = np.where(fired, RESET, V)
        waits = np.where(fired, deaf, waits)
        if n * dt >= TRANSIENT:
            counts += fired
    rates = 1000.0 * counts / DURATION
    return float(rates.mean()), float(rates.std(ddof=1) / np.sqrt(NEURONS))


if __name__ == "__main__":
    exact = 1000.0 * float(siegert_rate(MU, SIGMA, tau=TAU, threshold=THRESHOLD, reset=RESET, refractory=REFRACTORY))
    found = [simulated(dt, seed) for seed, dt in enumerate(STEPS)]
    for dt, (rate, error) in zip(STEPS, found, strict=True):
        print(f"step {dt:8.5f} ms: {rate:.3f} +- {error:.3f} Hz")
    weights = [1 / error for _, error in found]
    (slope, limit), covariance = np.polyfit(np.sqrt(STEPS), [r for r, _ in found], 1, w=weights, cov="unscaled")
    error = float(np.sqrt(covariance[1, 1]))
    print(f"line in the root of the step: {limit:.3f} +- {error:.3f} Hz at nil, slope {slope:.2f} Hz per root of ms")
    print(f"formula of Siegert:           {exact:.4f} Hz, {abs(limit - exact) / error:.1f} standard errors away")
    if abs(limit - exact) > 3 * error:
        raise SystemExit("The simulation and the formula disagree.")
