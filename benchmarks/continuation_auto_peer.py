"""The side of AUTO in benchmarks/continuation_auto.py: its special points and times as JSON.

Runs in an environment with PyCoBi, beside an installed AUTO-07p and a Fortran compiler. AUTO_DIR names the folder of
AUTO; its Python modules are taken from there. Every diagram is made twice: through PyCoBi, as its documentation says,
and by the program of AUTO alone, compiled before, from a file of constants: nothing but numerics and text files.
Tasks come as lines of JSON, so that both sides can be timed in turns.
"""

import contextlib
import io
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

AUTO = os.environ.get("AUTO_DIR", "/usr/lib/auto-07p")

#: Statements in u, p and par(2), state and parameters of the start, last value of the parameter, and first step.
EQUILIBRIA = {
    "s_curve": (["p + u(1) - u(1)**3 / 3"], [-2.1038034027355366], [-1.0, 0.0], 1.0),
    "van_der_pol": (["u(2)", "p * (1 - u(1)**2) * u(2) - u(1)"], [0.0, 0.0], [-1.5, 0.0], 2.0),
    "adaptive_control": (
        ["u(2)", "u(3)", "-p * u(3) - u(2) - u(1) + u(1)**2"],
        [0.0, 0.0, 0.0],
        [-0.5, 0.0],
        2.0,
    ),
    "co_oxidation": (
        [
            "5 * (1 - u(1) - u(2) - u(3))**2 - 2 * u(1)**2 - 10 * u(1) * u(2)",
            "p * (1 - u(1) - u(2) - u(3)) - 0.1d0 * u(2) - 10 * u(1) * u(2)",
            "0.0675d0 * (1 - u(1) - u(2) - u(3) - par(2) * u(3))",
        ],
        [0.11631704152627276, 0.16033953601327824, 0.516673873186035],
        [0.98, 0.4],
        1.3,
    ),
    "fitzhugh_nagumo": (
        ["u(1) - u(1)**3 / 3 - u(2) + p", "par(2) * (u(1) + 0.7d0 - 0.8d0 * u(2))"],
        [-1.1994080352440348, -0.6242600440550435],
        [0.0, 0.08],
        2.0,
    ),
}
#: The diagram that has cycles, too: from its first Hopf point.
WITH_CYCLES = "fitzhugh_nagumo"

SOURCE = """
subroutine func(ndim, u, icp, par, ijac, f, dfdu, dfdp)
  implicit none
  integer, intent(in) :: ndim, icp(*), ijac
  double precision, intent(in) :: u(ndim), par(*)
  double precision, intent(out) :: f(ndim)
  double precision, intent(inout) :: dfdu(ndim, ndim), dfdp(ndim, *)
  double precision :: p
  p = par(1)
{rates}
end subroutine func

subroutine stpnt(ndim, u, par, t)
  implicit none
  integer, intent(in) :: ndim
  double precision, intent(inout) :: u(ndim), par(*)
  double precision, intent(in) :: t
{start}
end subroutine stpnt

subroutine bcnd
end subroutine bcnd
subroutine icnd
end subroutine icnd
subroutine fopt
end subroutine fopt
subroutine pvls
end subroutine pvls
"""

#: Constants as in the demonstrations that come with AUTO; steps as in benchmarks/continuation_peer.py.
CONSTANTS = """NDIM = {size}, IPS = {ips}, IRS = {irs}, ILP = 1
ICP = {icp}
NTST = {mesh}, NCOL = 4, IAD = 3, ISP = 2, ISW = 1, IPLT = 0, NBC = 0, NINT = 0
NMX = {most}, NPR = {most}, MXBF = 0, IID = 2, ITMX = 8, ITNW = 7, NWTN = 3, JAC = 0
EPSL = 1e-07, EPSU = 1e-07, EPSS = 1e-05
DS = {step}, DSMIN = 1e-05, DSMAX = {largest}, IADS = 1
NPAR = 2, THL = {thl}, THU = {{}}
UZSTOP = {{1: [{low}, {high}]}}
"""
EQUILIBRIUM = {"ips": 1, "irs": 0, "icp": "[1]", "mesh": 10, "most": 400, "step": 0.01, "largest": 0.05, "thl": "{}"}
CYCLES = {"ips": 2, "icp": "[1, 11]", "mesh": 64, "most": 300, "step": 0.01, "largest": 0.5, "thl": "{11: 0.0}"}


def modules(where):
    """Makes a copy of AUTO's Python modules importable, in which one comparison of arrays is mended for NumPy 2."""
    copied = Path(where, "python")
    shutil.copytree(f"{AUTO}/python", copied)
    reader = copied / "auto" / "parseS.py"
    reader.write_text(reader.read_text("utf-8").replace("if fdata == [] or", "if len(fdata) == 0 or"), "utf-8")
    sys.path[:0] = [str(copied), str(copied / "auto")]


def written(name, where):
    """Equations and constants of a diagram, as AUTO wants them."""
    rates, state, parameters, _ = EQUILIBRIA[name]
    lines = [f"  f({i}) = {rate}" for i, rate in enumerate(rates, 1)]
    values = [f"  par({i}) = {v!r}d0" for i, v in enumerate(parameters, 1)]
    values += [f"  u({i}) = {v!r}d0" for i, v in enumerate(state, 1)]
    Path(where, f"{name}.f90").write_text(SOURCE.format(rates="\n".join(lines), start="\n".join(values)), "utf-8")
    Path(where, f"c.{name}").write_text(constants(name, **EQUILIBRIUM), "utf-8")


def constants(name, **given):
    """The file of constants."""
    _, state, parameters, end = EQUILIBRIA[name]
    # Beyond the first value, lest the first point end the branch.
    return CONSTANTS.format(size=len(state), low=parameters[0] - 1e-6, high=end, **given)


def through_pycobi(name, where, second=None, mesh=CYCLES["mesh"]):
    """The diagram as a user of PyCoBi makes it; with a value for the `second` parameter without cycles."""
    from pycobi import ODESystem

    made = ODESystem(name, working_dir=where, auto_dir=AUTO)
    try:
        rest, _ = made.run(c=name, name="rest", **({} if second is None else {"PAR": {2: second}}))
        found = [rest]
        if name == WITH_CYCLES and second is None:
            most, step, largest = (CYCLES[k] for k in ("most", "step", "largest"))
            settings = {"IPS": 2, "ICP": [1, 11], "NTST": mesh, "NMX": most, "NPR": most, "DS": step, "DSMAX": largest}
            # The branch ends at the other Hopf point, where AUTO meets a branch point and would go back.
            settings |= {"THL": {11: 0.0}, "SP": ["BP1"]}
            cycles, _ = made.run(starting_point="HB1", origin="rest", name="cycles", get_period=True, **settings)
            found.append(cycles)
    finally:
        made.close_session()
    return found


def by_program(name, where, second=None, mesh=CYCLES["mesh"]):
    """The diagram by the compiled program alone."""
    more = "" if second is None else f"PAR = {{2: {second}}}\n"
    Path(where, "fort.2").write_text(constants(name, **EQUILIBRIUM) + more, "utf-8")
    Path(where, "fort.3").unlink(missing_ok=True)
    subprocess.run([f"./{name}.exe"], cwd=where, check=True, capture_output=True)
    if name != WITH_CYCLES or second is not None:
        return
    label = int(re.search(r"^ +\d+ +-?\d+ +3 +(\d+)", Path(where, "fort.7").read_text("utf-8"), re.M)[1])
    os.replace(Path(where, "fort.8"), Path(where, "fort.3"))
    Path(where, "fort.2").write_text(constants(name, irs=label, **CYCLES | {"mesh": mesh}) + "SP = ['BP1']\n", "utf-8")
    subprocess.run([f"./{name}.exe"], cwd=where, check=True, capture_output=True)


def points(table):
    """Special points of a summary of PyCoBi: type and value of the parameter."""
    kinds = table["bifurcation"].to_numpy().ravel()
    values = table["PAR(1)"].to_numpy().ravel()
    return [[str(k), float(v)] for k, v in zip(kinds, values, strict=True) if k in ("LP", "HB", "BP", "PD", "TR")]


def trivial_error(where):
    """The largest distance from 1 of the multiplier that should be 1, over the points of cycles of AUTO's last run."""
    found = {}
    pattern = r"^ *\d+ +(\d+) +Multiplier +\d+ +(\S+) +(\S+)"
    for point, real, imaginary in re.findall(pattern, Path(where, "fort.9").read_text("utf-8"), re.M):
        found.setdefault(point, []).append(complex(float(real), float(imaginary)))
    return max((min(abs(mu - 1) for mu in values) for values in found.values()), default=0.0)


def rows(where):
    """Points that AUTO has computed in its last run."""
    return sum(line.split()[0] != "0" for line in Path(where, "fort.7").read_text("utf-8").splitlines())


def processor():
    """Processor seconds of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def timed(run):
    """Wall and processor seconds of a call, programs that it runs included, and what it gives."""
    before, began = processor(), time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        value = run()
    return {"wall_s": time.perf_counter() - began, "work_s": processor() - before}, value


def answered(task, where):
    """What a task asks for: one diagram, or those of a family, one after another."""
    name, family = task["case"], task.get("family")
    if family is None:
        pycobi, found = timed(lambda: through_pycobi(name, where, mesh=task["mesh"]))
        program, _ = timed(lambda: by_program(name, where, mesh=task["mesh"]))
        told = {"points": [points(table) for table in found], "pycobi": pycobi, "program": program}
        return told | {"rows": rows(where), "trivial_error": trivial_error(where)}
    pycobi, found = timed(lambda: [through_pycobi(name, where, second) for second in family])
    program, _ = timed(lambda: [by_program(name, where, second) for second in family])
    return {"points": [points(tables[0]) for tables in found], "pycobi": pycobi, "program": program}


def main():
    """Answers tasks, one JSON object a line, until there are no more."""
    with tempfile.TemporaryDirectory() as where:
        modules(where)
        for name in EQUILIBRIA:
            written(name, where)
        for line in sys.stdin:
            # AUTO's compiler and its messages must not get between the answers.
            kept, quiet = os.dup(1), os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            told = json.dumps(answered(json.loads(line), where))
            os.dup2(kept, 1)
            os.close(kept)
            os.close(quiet)
            print(told, flush=True)


if __name__ == "__main__":
    main()
