"""Draw the twenty behaviours of Izhikevich (2004) and the eight patterns of the adaptive exponential neuron.

    python benchmarks/firing_patterns.py [folder of the pictures]

Every panel is a run with events located by root-finding; every title is the pattern that is asked for, and the program
ends with an error if the rules of `firing_pattern` call one of them anything else.
"""

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

import dynascope as ds
from dynascope.analysis.spikes import FiringPattern, firing_pattern
from dynascope.models.neurons import AdEx, Experiment, Izhikevich
from dynascope.plots import firing_grid

#: Two names for one pattern: that of Naud et al. (2008), and that of the rules.
ALSO_CALLED = {
    "adaptation": "spike frequency adaptation",
    "initial burst": "mixed mode",
    "regular bursting": "tonic bursting",
    "delayed regular bursting": "delayed bursting",
}


def shown(experiment: Experiment) -> FiringPattern:
    """What the rules say of one run."""
    ts = experiment.times(4001)
    run = ds.trajectory(experiment.system, experiment.y0, ts, inputs=experiment.inputs)
    stimulus = np.asarray(jax.vmap(experiment.inputs)(jnp.asarray(ts)))[:, 0]
    assert run.events is not None
    return firing_pattern(run.events.of(0), times=ts, stimulus=stimulus, potential=run.ys[:, 0])


def draw(experiments: dict[str, Experiment], path: Path) -> None:
    """One picture, after a check of every name."""
    results = {name: shown(experiment) for name, experiment in experiments.items()}
    wrong = [
        f"{name}: {found.summary()}" for name, found in results.items() if found.pattern != ALSO_CALLED.get(name, name)
    ]
    if wrong:
        raise SystemExit("\n".join(wrong))
    firing_grid(results).savefig(path, dpi=150)
    print(f"{path}: {len(results)} patterns, all named right")


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images")
    draw({name: Izhikevich.behaviour(name) for name in Izhikevich.behaviours}, folder / "izhikevich-20.png")
    draw({name: AdEx.pattern(name) for name in AdEx.patterns}, folder / "adex-8.png")
