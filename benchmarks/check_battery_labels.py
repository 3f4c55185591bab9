"""Check the labels of the battery of known regimes (tests/analysis/regime/battery.py) without Dynascope.

Equations are written down again here in NumPy, flows are integrated by SciPy's DOP853 at tolerance 1e-10, and each
case prints what its label rests on: where starts end, the largest exponent from two nearby runs (renormalised), how
often the cycle crosses a section, or how many exponents are positive (QR in NumPy). Only the weights of random networks
are drawn by the library, since they are its definition.

    python benchmarks/check_battery_labels.py [part of a name ...]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

Array = Any
RNG = np.random.default_rng(0)


def run(f: Callable[[float, Array], Array], y: Array, t: float, **options: Any) -> Any:
    return solve_ivp(f, (0.0, t), y, method="DOP853", rtol=1e-10, atol=1e-10, **options)


def exponent(f: Callable[[float, Array], Array], y: Array, *, settle: float, unit: float, count: int) -> str:
    """Largest exponent of a flow from two runs 1e-7 apart, brought together again after every `unit` of time."""
    y = run(f, y, settle).y[:, -1]
    d = y.size
    apart = 1e-7 * np.ones(d) / np.sqrt(d)
    both = lambda t, z: np.concatenate([f(t, z[:d]), f(t, z[d:])])  # noqa: E731
    grown = []
    for _ in range(count):
        end = run(both, np.concatenate([y, y + apart]), unit).y[:, -1]
        y, apart = end[:d], end[d:] - end[:d]
        size = np.linalg.norm(apart)
        grown.append(np.log(size / 1e-7) / unit)
        apart *= 1e-7 / size
    kept = np.array(grown[count // 10 :])
    return f"exponent {kept.mean():.5f} +- {kept.std() / np.sqrt(kept.size):.5f}"


def ends(f: Callable[[float, Array], Array], low: Array, high: Array, *, t: float, starts: int = 12) -> Iterator[Any]:
    """For random starts: the end, the excursion in the last fifth of the run, and whether it got there."""
    for _ in range(starts):
        far = lambda _, y: 1e6 - np.abs(y).max()  # noqa: E731
        far.terminal = True  # type: ignore[attr-defined]
        done = run(f, RNG.uniform(low, high), t, events=far, t_eval=np.linspace(0, t, 4001))
        late = done.y[:, -800:]
        yield done.y[:, -1], np.ptp(late, axis=1).max(), done.status == 0


def section(
    f: Callable[[float, Array], Array], y: Array, *, of: Callable[[Array], float], settle: float, t: float
) -> Array:
    """Times and states of the upward crossings of `of`."""
    y = run(f, y, settle).y[:, -1]
    event = lambda _, z: of(z)  # noqa: E731
    event.direction = 1.0  # type: ignore[attr-defined]
    done = run(f, y, t, events=event)
    return np.column_stack([done.t_events[0], done.y_events[0]])


def repeats(crossings: Array) -> str:
    """Smallest number of crossings after which the section states repeat to 1e-6."""
    states, times = crossings[:, 1:], crossings[:, 0]
    scale = np.abs(states).max()
    for m in range(1, 33):
        if len(states) > 2 * m and np.abs(states[m:] - states[:-m]).max() < 1e-6 * scale:
            return f"repeats after {m} crossings, period {times[m] - times[0]:.6f}"
    gap = min(np.abs(states[m:] - states[:-m]).max() / scale for m in range(1, min(33, len(states) // 2)))
    return f"does not repeat: mismatch {gap:.2g}"


def spectrum(step: Callable[[int, Array], Array], y: Array, *, k: int, skip: int, count: int) -> Array:
    """The k leading exponents of a map per step, from finite differences and QR."""
    for n in range(skip):
        y = step(n, y)
    q, _ = np.linalg.qr(RNG.normal(size=(y.size, k)))
    total = np.zeros(k)
    for n in range(skip, skip + count):
        moved = step(n, y)
        columns = [(step(n, y + 1e-6 * v) - step(n, y - 1e-6 * v)) / 2e-6 for v in q.T]
        q, r = np.linalg.qr(np.stack(columns, axis=1))
        total += np.log(np.maximum(np.abs(np.diag(r)), 1e-300)) if n >= skip + count // 5 else 0.0
        y = moved
    return total / (count - count // 5)


# --- the equations ---


def lorenz(rho: float) -> Any:
    return lambda _, y: np.array([10 * (y[1] - y[0]), y[0] * (rho - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]])


def roessler(c: float) -> Any:
    return lambda _, y: np.array([-y[1] - y[2], y[0] + 0.2 * y[1], 0.2 + y[2] * (y[0] - c)])


def van_der_pol(mu: float) -> Any:
    return lambda _, y: np.array([y[1], mu * (1 - y[0] ** 2) * y[1] - y[0]])


def fitzhugh_nagumo(current: float) -> Any:
    return lambda _, y: np.array([y[0] - y[0] ** 3 / 3 - y[1] + current, 0.08 * (y[0] + 0.7 - 0.8 * y[1])])


def hodgkin_huxley(current: float) -> Any:
    def field(_: float, y: Array) -> Array:
        V, m, h, n = y
        a = np.array([0.1 * (V + 40) / -np.expm1(-(V + 40) / 10), 0.07 * np.exp(-(V + 65) / 20)])
        a = np.append(a, 0.01 * (V + 55) / -np.expm1(-(V + 55) / 10))
        b = np.array([4 * np.exp(-(V + 65) / 18), 1 / (1 + np.exp(-(V + 35) / 10)), 0.125 * np.exp(-(V + 65) / 80)])
        ionic = 120 * m**3 * h * (V - 50) + 36 * n**4 * (V + 77) + 0.3 * (V + 54.387)
        return np.concatenate([[current - ionic], a * (1 - y[1:]) - b * y[1:]])

    return field


def kuramoto(omega: Array, K: float) -> Any:
    return lambda _, y: omega + K * np.mean(np.sin(y[None, :] - y[:, None]), axis=1)


# --- the checks ---


def of_lorenz() -> Iterator[str]:
    box = (np.array([-20.0, -25, 0]), np.array([20.0, 25, 50]))
    for rho in (0.5, 10.0, 22.0, 24.4):
        seen = [(np.round(y, 3).tolist() if s < 1e-3 else "moving") for y, s, _ in ends(lorenz(rho), *box, t=400.0)]
        yield f"lorenz {rho}: " + "; ".join(f"{seen.count(x)} x {x}" for x in [*{str(x): x for x in seen}.values()])
    for rho in (24.4, 28.0):
        start = np.array([1.0, 1.0, 15.0])
        largest = exponent(lorenz(rho), start, settle=100.0, unit=1.0, count=300)
        x = np.sqrt(8 / 3 * (rho - 1))
        J = np.array([[-10, 10, 0], [1, -1, -x], [x, x, -8 / 3]])
        leading = np.linalg.eigvals(J).real.max()
        yield f"lorenz {rho} from (1, 1, 15): {largest}; real part of the leading eigenvalue at rest {leading:.4f}"
    for rho in (99.96, 160.0, 350.0):
        f = lorenz(rho)
        for sign in (1, -1):
            at = section(
                f, np.array([sign * 1.0, sign * 1.0, 15.0]), of=lambda y, rho=rho: y[2] - rho + 1, settle=300.0, t=30.0
            )
            mirror = at[:, 1:] * [-1, -1, 1]
            gap = max(np.abs(at[:, 1:] - p).max(axis=1).min() for p in mirror[:32])
            yield f"lorenz {rho} from {sign}: {repeats(at)}; distance to its mirror image {gap:.2g}"


def of_roessler() -> Iterator[str]:
    reached = [ok for *_, ok in ends(roessler(0.3), np.array([-6.0, -6, 0]), np.array([6.0, 6, 1]), t=300.0)]
    yield f"roessler 0.3: {reached.count(False)} of {len(reached)} starts diverge"
    for c in (2.5, 3.5, 5.7):
        at = section(roessler(c), np.array([1.0, 1, 0]), of=lambda y: y[0], settle=1000.0, t=400.0)
        yield f"roessler {c}: {repeats(at)}"
    yield "roessler 5.7: " + exponent(roessler(5.7), np.array([1.0, 1, 0]), settle=200.0, unit=5.0, count=300)


def of_maps() -> Iterator[str]:
    for a in (0.2, 0.5, 1.4, 2.0):
        lost, orbits = 0, set()
        for _ in range(40):
            x, y = RNG.uniform([-0.8, -0.2], [0.8, 0.2])
            for _ in range(5000):
                x, y = 1 - a * x * x + y, 0.3 * x
                if abs(x) > 1e6:
                    lost += 1
                    break
            else:
                orbit = []
                for _ in range(64):
                    x, y = 1 - a * x * x + y, 0.3 * x
                    orbit.append(round(x, 8))
                orbits.add(len(set(orbit)))
        yield f"henon {a}: {lost} of 40 starts diverge; distinct values in 64 steps: {orbits}"
    for r in (0.5, 2.9, 3.2, 3.5, 3.7, 3.83, 4.0):
        x, total = 0.3, 0.0
        for n in range(20_000):
            x = r * x * (1 - x)
            total += np.log(abs(r * (1 - 2 * x)) + 1e-300) if n >= 10_000 else 0.0
        orbit = []
        for _ in range(64):
            x = r * x * (1 - x)
            orbit.append(round(x, 9))
        yield f"logistic {r}: {len(set(orbit))} distinct values in 64 steps, exponent {total / 10_000:.4f}"


def of_planes() -> Iterator[str]:
    box = (np.array([-3.0, -4]), np.array([3.0, 4]))
    for mu in (-1.0, 0.0, 1.0, 5.0):
        seen = [("diverged" if not ok else f"excursion {s:.3f}") for _, s, ok in ends(van_der_pol(mu), *box, t=100.0)]
        yield f"van-der-pol {mu}: " + ", ".join(f"{seen.count(x)} x {x}" for x in dict.fromkeys(seen))
    box = (np.array([-2.5, -1.0]), np.array([2.5, 2.0]))
    for current in (0.0, 0.5, 1.5):
        seen = [f"{s:.3f}" for _, s, _ in ends(fitzhugh_nagumo(current), *box, t=1000.0)]
        yield f"fitzhugh-nagumo {current}: excursions {dict.fromkeys(seen, 0).keys()}"


def of_hodgkin_huxley() -> Iterator[str]:
    box = (np.array([-80.0, 0, 0, 0]), np.array([40.0, 1, 1, 1]))
    for current in (0.0, 8.0, 10.0, 160.0):
        seen = [f"{s:.1f}" for _, s, _ in ends(hodgkin_huxley(current), *box, t=600.0, starts=24)]
        yield f"hodgkin-huxley {current}: excursions " + ", ".join(
            f"{seen.count(x)} x {x}" for x in dict.fromkeys(seen)
        )


def spiking(I: float, c: float, d: float, t: float) -> Array:  # noqa: E741
    """Spike times of the neuron of Izhikevich (a = 0.02, b = 0.2) by DOP853 from reset to reset."""
    f = lambda _, y: np.array([0.04 * y[0] ** 2 + 5 * y[0] + 140 - y[1] + I, 0.02 * (0.2 * y[0] - y[1])])  # noqa: E731
    peak = lambda _, y: y[0] - 30.0  # noqa: E731
    peak.terminal, peak.direction = True, 1.0  # type: ignore[attr-defined]
    y, now, times = np.array([-70.0, -14.0]), 0.0, []
    while now < t:
        part = run(f, y, t - now, events=peak)
        now += part.t[-1]
        if part.status == 1:
            times.append(now)
            y = np.array([c, part.y[1, -1] + d])
        else:
            break
    return np.array(times)


def of_spikes() -> Iterator[str]:
    for I in (1.4, 1.6):  # noqa: E741
        yield f"lif {I}: steady voltage {-65 + 10 * I} mV against a threshold of -50 mV"
    for name, I, c, d in (("0", 0.0, -65.0, 8.0), ("10", 10.0, -65.0, 8.0), ("CH", 10.0, -50.0, 2.0)):  # noqa: E741
        gaps = np.diff(spiking(I, c, d, 1500.0))[-15:]
        yield f"izhikevich {name}: last intervals {np.round(gaps, 3).tolist()}"


def of_mackey_glass() -> Iterator[str]:
    h = 0.01
    for tau in (4.0, 10.0, 14.0, 17.0):
        lag = round(tau / h)
        past = lambda x: 0.2 * x / (1 + x**10)  # noqa: E731

        def follow(x0: float, span: float, lag: int = lag, past: Any = past) -> Array:
            x = np.empty(lag + 1 + round(span / h))
            x[: lag + 1] = x0
            grow, half = np.exp(-0.1 * h), np.exp(-0.05 * h)
            for n in range(lag, len(x) - 1):
                a, c = past(x[n - lag]), past(x[n - lag + 1])
                # Simpson's rule for the forcing of the linear part; the middle by its mean, error O(h^2).
                x[n + 1] = grow * x[n] + h / 6 * (grow * a + 2 * half * (a + c) + c)
            return x

        x, z = follow(1.2, 6000.0), follow(1.2 + 1e-9, 6000.0)
        late = x[-round(3000 / h) :]
        up = np.flatnonzero((late[:-1] < late.mean()) & (late[1:] >= late.mean()))
        gaps = np.round(np.diff(up) * h, 1)
        apart = np.log(np.abs(x - z) + 1e-16)
        slope = (apart[round(600 / h)] - apart[round(100 / h)]) / 500
        yield f"mackey-glass {tau}: range {np.ptp(late):.4f}, last intervals {gaps[-8:].tolist()}, growth {slope:.4f}"


def of_networks() -> Iterator[str]:
    rows = np.array([[1.0]])
    while len(rows) < 16:
        rows = np.block([[rows, rows], [rows, -rows]])
    X = rows[1:3]
    W = X.T @ X / 16 * (1 - np.eye(16))
    yield f"graded-hopfield: largest eigenvalue of W {np.linalg.eigvalsh(W).max():.4f}, so that beta 0.5 leaves only 0"
    found = set()
    for _ in range(200):
        y = RNG.uniform(-1, 1, 16)
        for _ in range(3000):
            y = y + 0.1 * (-y + np.tanh(4.0 * (W @ y)))
        found.add(tuple(np.round(y, 3)))
    yield f"graded-hopfield 4: {len(found)} different ends of 200 starts"
    found = set()
    for _ in range(200):
        s = np.sign(RNG.uniform(-1, 1, 16))
        for _ in range(20):
            for i in range(16):
                field = W[i] @ s
                s[i] = s[i] if field == 0 else np.sign(field)
        found.add(tuple(s))
    yield f"hopfield: {len(found)} different ends of 200 starts"
    golden = (np.sqrt(5) - 1) / 2
    f = kuramoto(np.array([1.0, golden, -0.3]), 0.1)
    yield "kuramoto free: " + exponent(f, np.zeros(3), settle=100.0, unit=10.0, count=100)
    at = section(f, np.zeros(3), of=lambda y: np.sin(y[0] - y[1]), settle=50.0, t=1500.0)
    wrapped = np.column_stack([at[:, 0], np.cos(at[:, 1:]), np.sin(at[:, 1:])])
    yield f"kuramoto free: {repeats(wrapped)}"
    omega = np.array([1.0, 1.2, 0.9, 1.4])
    y = run(kuramoto(omega, 3.0), RNG.uniform(-3, 3, 4), 200.0).y[:, -1]
    yield f"kuramoto locked: velocities {np.round(kuramoto(omega, 3.0)(0.0, y), 9).tolist()}"


def of_rates() -> Iterator[str]:
    import jax

    J = np.asarray(jax.random.normal(jax.random.split(jax.random.key(0))[0], (100, 100))) / 10
    for g in (0.5, 4.0):

        def step(_: int, x: Array, g: float = g, h: float = 0.05) -> Array:
            f = lambda x: -x + g * (J @ np.tanh(x))  # noqa: E731
            k1 = f(x)
            k2 = f(x + h / 2 * k1)
            k3 = f(x + h / 2 * k2)
            return x + h / 6 * (k1 + 2 * k2 + 2 * k3 + f(x + h * k3))

        found = spectrum(step, RNG.normal(size=100), k=6, skip=4000, count=8000) / 0.05
        yield f"rate-network {g}: leading exponents {np.round(found, 4).tolist()}"


def sigma(x: Array) -> Array:
    return 1 / (1 + np.exp(-np.clip(x, -700, 700)))


def cell(cls: Any, n: int, gain: float) -> Callable[[Array, float], Array]:
    """One step of a recurrent cell with the weights of the battery, for many states (rows) and a scalar input."""
    import jax

    from dynascope.models.artificial import GRU, RNN

    net = cls.draw(n=n, inputs=1, gain=gain, key=jax.random.key(1))
    W, U = np.asarray(net.layers[0].weight_hh) * gain, np.asarray(net.layers[0].weight_ih)[:, 0]

    def step(y: Array, u: float) -> Array:
        a, b = U * u, y[:, :n] @ W.T
        if cls is RNN:
            return np.tanh(a + b)
        if cls is GRU:
            r, z = sigma((a + b)[:, :n]), sigma((a + b)[:, n : 2 * n])
            return (1 - z) * np.tanh(a[2 * n :] + r * b[:, 2 * n :]) + z * y
        i, f, g, o = np.split(a + b, 4, axis=1)
        c = sigma(f) * y[:, n:] + sigma(i) * np.tanh(g)
        return np.concatenate([sigma(o) * np.tanh(c), c], axis=1)

    return step


def of_cells() -> Iterator[str]:
    from dynascope.models.artificial import GRU, LSTM, RNN

    cases = ((RNN, 32, 0.5, 1.0), (RNN, 64, 3.0, 0.1), (GRU, 32, 0.5, 1.0), (GRU, 64, 6.0, 0.5), (LSTM, 32, 0.5, 1.0))
    cases += ((LSTM, 64, 8.0, 0.5), (RNN, 64, 3.0, 0.0), (GRU, 128, 5.0, 0.0), (LSTM, 32, 8.0, 0.0))
    cases += tuple((cls, 32, 0.5, 0.0) for cls in (RNN, GRU, LSTM))
    for cls, n, gain, noise in cases:
        step, skip, count = cell(cls, n, gain), 4000, 6000
        y = RNG.uniform(-1, 1, (48, 2 * n if cls is LSTM else n))
        drive, grown = noise * RNG.normal(size=skip + count), 0.0
        for u in drive[:skip]:
            y = step(y, u)
        apart = RNG.normal(size=y.shape)
        for t, u in enumerate(drive[skip:]):
            apart *= 1e-7 / np.maximum(np.linalg.norm(apart, axis=1, keepdims=True), 1e-300)
            moved = step(y, u)
            apart, y = step(y + apart, u) - moved, moved
            size = np.log(np.maximum(np.linalg.norm(apart, axis=1), 1e-300) / 1e-7)
            grown = grown + size * (t >= 1000)
        low, middle, high = np.quantile(grown / (count - 1000), [0.0, 0.5, 1.0])
        name = f"{cls.__name__} n {n} gain {gain} noise {noise}"
        yield f"{name}: exponents of 48 starts from {low:.4f} over {middle:.4f} to {high:.4f}"


CHECKS = (
    of_lorenz,
    of_roessler,
    of_maps,
    of_planes,
    of_hodgkin_huxley,
    of_spikes,
    of_mackey_glass,
    of_networks,
    of_rates,
    of_cells,
)


def main() -> None:
    for check in CHECKS:
        if not sys.argv[1:] or any(part in check.__name__ for part in sys.argv[1:]):
            for line in check():
                print(line, flush=True)


if __name__ == "__main__":
    main()
