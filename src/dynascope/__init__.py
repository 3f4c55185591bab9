"""Dynascope: what kind of dynamical system is this network?

The public door. Names load when they are first used, so that `import dynascope` itself is quick and does not
import JAX; it only sets the options that JAX will read (64-bit numbers, compilation cache).
"""

from importlib import import_module as _import_module
from importlib import metadata as _metadata

from ._config import configure

configure()
del configure

#: Sub-packages of the public interface.
_PACKAGES = ("analysis", "data", "learn", "models", "plots", "report", "series", "solve", "studies", "sweep", "systems")

#: Names offered at the top level, and where each is defined; `__init__.pyi` says the same to type checkers.
_DOOR = {
    "AbstractDelayFlow": ".systems",
    "AbstractFlow": ".systems",
    "AbstractHybrid": ".systems",
    "AbstractMap": ".systems",
    "AbstractRandomMap": ".systems",
    "AbstractResult": "._results",
    "AbstractSDE": ".systems",
    "Box": ".systems",
    "ComputationFailed": "._errors",
    "InputError": "._errors",
    "RESULTS": "._errors",
    "Recording": ".series",
    "SpikeTrains": ".series",
    "Trajectory": ".series",
    "Variable": ".systems",
    "as_recording": ".series",
    "as_spike_trains": ".series",
    "attractors": ".analysis.attractors",
    "basin_shares": ".analysis.basins",
    "basins": ".analysis.basins",
    "bifurcation_curve": ".analysis.codimension_two",
    "bifurcation_set": ".analysis.codimension_two",
    "bifurcations": ".analysis.bifurcation",
    "build": ".models",
    "catalogue": ".models",
    "correlation_dimension": ".analysis.geometry",
    "covariant_vectors": ".analysis.tangent",
    "depth_exponents": ".analysis.learning",
    "embedding": ".analysis.geometry",
    "exponent_from_data": ".analysis.chaos",
    "exponents_from_jacobians": ".analysis.tangent",
    "facts": ".models",
    "finite_time_exponents": ".analysis.tangent",
    "fixed_points": ".analysis.stability",
    "fixed_solver": ".solve",
    "flow": ".systems",
    "global_continuation": ".analysis.continuation",
    "gradient_health": ".analysis.learning",
    "iterated": ".systems",
    "load": ".data",
    "lyapunov_over_sequences": ".analysis.learning",
    "lyapunov_spectrum": ".analysis.stability",
    "names": ".models",
    "orbit_diagram": ".analysis.bifurcation",
    "output": "._results",
    "param": "._param",
    "periodic_points": ".analysis.map_cycles",
    "phase_plane": ".analysis.phase_plane",
    "plot": ".plots",
    "provenance": "._results",
    "read_network": ".data",
    "read_recording": ".data",
    "read_spike_trains": ".data",
    "recurrence": ".analysis.geometry",
    "regime_from_data": ".analysis.regime",
    "regime_of": ".analysis.regime",
    "report_recording": ".report",
    "report_spike_trains": ".report",
    "report_system": ".report",
    "save": ".data",
    "setting": "._param",
    "spectrum": ".analysis.rhythm",
    "surrogate_test": ".analysis.chaos",
    "trajectory": ".solve",
    "variables": ".systems",
    "zero_one": ".analysis.chaos",
}


def __getattr__(name: str) -> object:
    """Load `name` where it is first used (PEP 562)."""
    if name in _PACKAGES:
        return _import_module(f".{name}", __name__)
    if name == "__version__":
        value: object = _metadata.version(__name__)
    elif name in _DOOR:
        value = getattr(_import_module(_DOOR[name], __name__), name)
    else:
        raise AttributeError(f"`{__name__}` has no public name `{name}`; `dir({__name__})` lists those it has.")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*_PACKAGES, *_DOOR, "__version__"])
