"""Score the verdict on labelled cases: `python benchmarks/battery/score.py development [--share 0.1] [--recordings]`.

The development half may be looked at while rules are tuned. The held-out half has other seeds and seven families that
the first lacks; it is scored once, at the end: `held-out --final`. Every case is written as it is done to
`results/HALF-model.jsonl` (or `-recordings`), and those that are there already are passed over. The summary holds the
confusion table, the shares right, wrong and undecided with their errors, and how sure the verdict was when wrong.
"""

from __future__ import annotations

import argparse
import json
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

import families
import held_out
import jax
import jax.numpy as jnp
import numpy as np
from cases import Case, Family

import dynascope as ds

FOLDER = Path(__file__).parent / "results"
SEEDS = {"development": 20_241, "held-out": 77_003}
NOISES, LENGTHS = (None, 40, 20, 10), (1000, 3000, 10_000, 50_000)
#: Families of noise among the recordings, and series of each.
NOISE_CASES = 12


def families_of(half: str) -> list[Family]:
    return [*families.FAMILIES, *(held_out.FAMILIES if half == "held-out" else [])]


def identities(half: str) -> list[tuple[Family, int]]:
    """All cases of a half by family and number; nothing is drawn yet."""
    return [(f, i) for f in families_of(half) for i in range(f.count)]


def drawn(half: str, family: Family, number: int) -> Case:
    """One case; its draw depends on nothing but the half, the family and the number."""
    letters = [ord(c) for c in family.name]
    return family.draw(np.random.default_rng([SEEDS[half], number, *letters]))


def share_of(items: list[Any], share: float) -> list[Any]:
    """A random part of the items, the same one each time."""
    count = max(1, round(share * len(items)))
    picked = np.random.default_rng(7).permutation(len(items))[:count]
    return [items[i] for i in sorted(picked)]


def shuffled(items: list[Any]) -> list[Any]:
    """The items in a random order, the same one each time: what is done when time runs out is a random part."""
    return [items[i] for i in np.random.default_rng(8).permutation(len(items))]


def judged(case: Case) -> dict[str, Any]:
    """What the verdict says of a system."""
    found = ds.regime_of(case.system(), inputs=None if case.inputs is None else case.inputs())
    verdict = found.verdict
    return {"label": list(case.regimes), "said": verdict.regime, "confidence": verdict.confidence,
            "attributes": list(verdict.attributes)}  # fmt: skip


def recording(case: Case, samples: int, noise: int | None, seed: int) -> np.ndarray:
    """A recording of the first component from a state that has settled, with noise of a level in dB."""
    rng = np.random.default_rng(seed)
    interval = case.interval or 1.0
    ts = interval * np.arange(2000, 2000 + samples)
    ts = np.concatenate([[0.0], ts])
    run = ds.trajectory(case.system(), None, jnp.asarray(ts) if interval != 1.0 else jnp.asarray(ts, int))
    x = np.asarray(run.flat, float)[1:, 0]
    return x if noise is None else x + rng.normal(size=samples) * x.std() * 10 ** (-noise / 20)


def noise_series(number: int, samples: int, seed: int) -> np.ndarray:
    """White noise, or noise coloured by one or two steps of memory."""
    rng = np.random.default_rng([seed, number])
    x = rng.normal(size=samples + 500)
    if number % 3:
        a, b = ((0.9, 0.0), (1.6, -0.8))[number % 3 - 1]
        for n in range(2, len(x)):
            x[n] += a * x[n - 1] + b * x[n - 2]
    return x[500:]


def judged_recording(series: np.ndarray, interval: float, label: tuple[str, ...]) -> dict[str, Any]:
    verdict = ds.regime_from_data(series, dt=interval).verdict
    return {"label": list(label), "said": verdict.regime, "confidence": verdict.confidence,
            "attributes": list(verdict.attributes)}  # fmt: skip


def jobs(half: str, share: float, recordings: bool) -> list[tuple[str, Any]]:
    """Names of all jobs and what makes each one's row."""
    if not recordings:
        return [
            (f"{f.name} {i}", lambda f=f, i=i: judged(drawn(half, f, i))) for f, i in share_of(identities(half), share)
        ]
    made: list[tuple[str, Any]] = []
    for f, i in identities(half):
        for samples in LENGTHS:
            for noise in NOISES:

                def one(f: Family = f, i: int = i, samples: int = samples, noise: int | None = noise) -> Any:
                    case = drawn(half, f, i)
                    if case.interval is None:
                        return None
                    series = recording(case, samples, noise, SEEDS[half] + i)
                    return judged_recording(series, case.interval, case.recorded)

                made.append((f"{f.name} {i} {samples} {noise or 'clean'}", one))
    for i in range(NOISE_CASES):
        for samples in LENGTHS:

            def blank(i: int = i, samples: int = samples) -> Any:
                return judged_recording(noise_series(i, samples, SEEDS[half]), 1.0, ("noise",))

            made.append((f"noise {i} {samples} clean", blank))
    return share_of(made, share)


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Confusion table, shares with binomial errors, and confidence when wrong."""
    done = [r for r in rows if "said" in r]
    fate = Counter(outcome(r) for r in done)
    count = max(len(done), 1)
    wrong = [r for r in done if outcome(r) == "wrong"]
    table = Counter((r["label"][0], r["said"]) for r in done)
    return {
        "cases": len(done),
        "failed": sum("error" in r for r in rows),
        **{k: {"share": fate[k] / count, "stderr": error(fate[k], count)} for k in ("right", "wrong", "undecided")},
        "confidence when wrong": [round(r["confidence"], 2) for r in wrong],
        "wrong cases": [f"{r['name']}: {r['label'][0]}, said {r['said']}" for r in wrong],
        "confusion": [{"label": a, "said": b, "count": n} for (a, b), n in sorted(table.items())],
        "seconds": round(sum(r["seconds"] for r in done), 1),
    }  # fmt: skip


def error(hits: int, count: int) -> float:
    """Standard error of a share under a uniform prior, so that none or all is not taken for certain."""
    return float(np.sqrt((hits + 1) * (count - hits + 1) / (count + 3)) / (count + 2))


def outcome(row: dict[str, Any]) -> str:
    if row["said"] in row["label"]:
        return "right"
    return "undecided" if row["said"] == "undecided" else "wrong"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("half", choices=sorted(SEEDS))
    parser.add_argument("--share", type=float, default=1.0, help="A random part of the cases, the same each time.")
    parser.add_argument(
        "--part", default="1/1", help="I/N: of the cases in random order the I-th and every N-th after."
    )
    parser.add_argument("--recordings", action="store_true", help="Score `regime_from_data` on recordings.")
    parser.add_argument("--final", action="store_true", help="Needed for the held-out half, which is scored once.")
    parser.add_argument("--summary", action="store_true", help="Score nothing; sum up what is there.")
    chosen = parser.parse_args()
    if chosen.half == "held-out" and not chosen.final:
        parser.error("The held-out half is scored once, when nothing will be tuned any more: add --final.")
    FOLDER.mkdir(exist_ok=True)
    store = FOLDER / f"{chosen.half}-{'recordings' if chosen.recordings else 'model'}.jsonl"
    rows = [json.loads(line) for line in store.read_text().splitlines()] if store.exists() else []
    known = {r["name"] for r in rows}
    first, parts = (int(n) for n in chosen.part.split("/"))
    queue = [] if chosen.summary else shuffled(jobs(chosen.half, chosen.share, chosen.recordings))[first - 1 :: parts]
    for name, job in queue:
        if name in known:
            continue
        began = time.perf_counter()
        try:
            row = job()
        except Exception as error:  # a case that fails is counted as such, and the others go on
            row = {"error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc(limit=-2)}
        if row is None:
            continue
        row = {"name": name, **row, "seconds": round(time.perf_counter() - began, 2)}
        rows.append(row)
        with store.open("a") as file:
            file.write(json.dumps(row) + "\n")
        print(f"{name:40s} {outcome(row) if 'said' in row else 'failed':10s} {row.get('said', '')}", flush=True)
        jax.clear_caches()
    out = summary(rows)
    store.with_suffix(".json").write_text(json.dumps(out, indent=1) + "\n")
    print(json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
