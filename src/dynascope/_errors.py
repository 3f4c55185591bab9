"""How things go wrong: result codes with a sentence, and the exceptions that raise them.

What is known while tracing (a wrong shape, an unknown name) raises `InputError` at once. What is known
only at run time (a state that diverges) comes back as a code of `RESULTS`; `throw=True` raises it on the
host as `ComputationFailed`.
"""

import equinox as eqx


class DynascopeError(Exception):
    """Any error that this library raises on purpose."""


class InputError(DynascopeError, ValueError):
    """Something given by the user is wrong; the message says what, what was got and what to do."""


class ComputationFailed(DynascopeError, RuntimeError):
    """A computation could not be finished; the message is the sentence of its result code."""


class RESULTS(eqx.Enumeration):
    """Result codes of every computation; each carries the sentence that a user reads."""

    successful = ""
    nonfinite = (
        "The state became infinite or not a number: the system diverges from this start, or the step is "
        "too long. Use a smaller `dt`, an implicit solver for stiff systems, or another initial state."
    )
    max_steps = (
        "The solver used all of its allowed steps before the end. Raise `max_steps`, loosen `rtol`, or use "
        "an implicit solver if the system is stiff."
    )
    event_overflow = "More events occurred than `max_events` allows. Raise `max_events` of `LocatedEvents`."
    spike_overflow = (
        "More spikes occurred than `max_spikes` allows. Raise it, or look whether the activity of the "
        "network runs away."
    )
    zeno = (
        "Events accumulate without time passing (Zeno behaviour): the reset leaves the state on the wrong "
        "side of its guard. Check `reset` and `guard`."
    )
    interrupted = "Interrupted: what was finished is kept."
    not_converged = "The iteration did not converge to the requested tolerance."
    collapsed = (
        "Newton's method ended on an equilibrium, not on a cycle. Give a guess nearer to the cycle, or one of larger "
        "amplitude."
    )
    no_crossing = (
        "The trajectory did not return to the section within `max_time`. Move the section or raise `max_time`."
    )
    solver_failed = "The implicit solver could not solve one of its steps. Loosen the tolerances or use another solver."
    singular_tangent = (
        "The tangent map wipes out a direction, so that no vector can be followed backward along it. Ask for fewer "
        "vectors with `k`."
    )
    training_diverged = (
        "The gradient became infinite or not a number and stayed so; the weights are those before. Let the data pull "
        "more strongly, use shorter windows or a smaller learning rate, or cut the gradient with `clip`."
    )


def raise_if_failed(result: RESULTS, *, what: str) -> None:
    """Raise `ComputationFailed` with the sentence of `result` unless it is `RESULTS.successful`."""
    if result != RESULTS.successful:
        raise ComputationFailed(f"{what}: {RESULTS[result]}")
