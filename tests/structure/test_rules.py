"""The source tree keeps the rules of the house, and each rule finds a fault that was planted."""

import ast

import pytest

from tests.structure import rules
from tests.structure.source import ROOT, Source, sources

TREE = sources()

ABSTRACT = """
class AbstractThing(eqx.Module):
    @abstractmethod
    def rule(self): ...
    @hook
    def choice(self): return 1
    def fixed(self): return 2
"""

# Rule, path, source text, and part of the complaint (None where the text is in order).
PLANTED = [
    (rules.layers, "models/_x.py", "from ..solve import trajectory", "`solve`"),
    (rules.layers, "models/_x.py", "def f():\n    from dynascope.solve._a import b", "`solve`"),
    (rules.layers, "models/neurons/_x.py", "from ... import solve", "`solve`"),
    (rules.layers, "solve/_x.py", "if TYPE_CHECKING:\n    from ..models import Lorenz", "`models`"),
    (rules.layers, "analysis/_x.py", "import dynascope.models", "`models`"),
    (rules.layers, "analysis/_x.py", "import importlib\nimportlib.import_module('...models', __name__)", None),
    (rules.layers, "analysis/_x.py", "import importlib\nimportlib.import_module('..models', __name__)", "`models`"),
    (rules.layers, "series/_x.py", "from ..systems import AbstractFlow", "`systems`"),
    (rules.layers, "_x.py", "from .systems import AbstractFlow", "the root"),
    (rules.layers, "report/_x.py", "from dynascope import param", "public door"),
    (rules.layers, "plots/_x.py", "from ..sweep import sweep", "`sweep`"),
    (rules.layers, "misc/_x.py", "x = 1", "not in the list"),
    (rules.layers, "analysis/_x.py", "from ..solve import trajectory\nfrom .._errors import InputError", None),
    (rules.drawing, "report/_x.py", "def f():\n    import matplotlib.pyplot as plt", "only `plots`"),
    (rules.drawing, "plots/_x.py", "import matplotlib", None),
    (rules.imports_inside_functions, "data/_x.py", "def f():\n    import json", "`json`"),
    (
        rules.imports_inside_functions,
        "data/_x.py",
        "class A:\n    def f(self):\n        from .._errors import X",
        "_err",
    ),
    (
        rules.imports_inside_functions,
        "data/_x.py",
        "def f():\n    from scipy.io import loadmat\n    import torch",
        None,
    ),
    (rules.imports_inside_functions, "cli/_x.py", "def f():\n    from ..report import report", None),
    (rules.abstract_or_final, "models/_x.py", "class MyLorenz(Lorenz): ...", "`Lorenz`, which is final"),
    (
        rules.abstract_or_final,
        "models/_x.py",
        ABSTRACT + "class A(AbstractThing):\n    def fixed(self): ...",
        "`fixed`",
    ),
    (
        rules.abstract_or_final,
        "models/_x.py",
        ABSTRACT + "class AbstractB(AbstractThing): ...\nclass A(AbstractB):\n    fixed: int = 1",
        "`fixed`",
    ),
    (
        rules.abstract_or_final,
        "models/_x.py",
        ABSTRACT + "class A(AbstractThing):\n    def rule(self): ...\n    def choice(self): ...",
        None,
    ),
    (rules.abstract_or_final, "_errors.py", "class A(ValueError): ...\nclass B(NamedTuple): ...", None),
    (rules.one_name_per_interface, "solve/_x.py", ABSTRACT + ABSTRACT, "again"),
    (rules.names, "solve/_x.py", "class StepManager: ...", "StepManager"),
    (rules.names, "solve/_x.py", "class SolverBase: ...", "SolverBase"),
    (rules.names, "solve/_x.py", "def plot_helper(): ...", "plot_helper"),
    (rules.names, "solve/_x.py", "class Baseline: ...\nclass Database: ...", None),
    (rules.names, "solve/flow.py", "", "public module"),
    (rules.names, "solve/_utils.py", "", "says nothing"),
    (rules.forbidden, "solve/_x.py", "super().__init__()", "`super`"),
    (rules.forbidden, "solve/_x.py", "hasattr(x, 'y')", "`hasattr`"),
    (rules.forbidden, "solve/_x.py", "np.random.normal(size=3)", "np.random.normal"),
    (rules.forbidden, "solve/_x.py", "rng = np.random.default_rng()", "without a seed"),
    (rules.forbidden, "solve/_x.py", "rng = np.random.default_rng(seed)", None),
    (rules.forbidden, "solve/_x.py", "print('x')", "`print`"),
    (rules.forbidden, "cli/_x.py", "print('x')", None),
    (rules.forbidden, "solve/_x.py", "jax.config.update('a', 1)", "`jax.config`"),
    (rules.forbidden, "_config.py", "jax.config.update('a', 1)", None),
    (rules.forbidden, "solve/_x.py", "assert x", "`assert`"),
    (rules.forbidden, "solve/_x.py", "import random", "`random`"),
    (rules.full_stops, "solve/_x.py", "raise InputError('`n` is wrong')", "full stop"),
    (rules.full_stops, "solve/_x.py", "raise _errors.InputError(f'`n` is wrong, got {n}')", "full stop"),
    (rules.full_stops, "solve/_x.py", "raise InputError(f'`n` is wrong' + ' indeed') from e", "full stop"),
    (rules.full_stops, "solve/_x.py", "x = eqx.error_if(x, bad, 'wrong')", "full stop"),
    (rules.full_stops, "solve/_x.py", "class R(eqx.Enumeration):\n    a = ''\n    b = 'wrong'", "full stop"),
    (rules.full_stops, "solve/_x.py", "raise InputError(f'`n` is {n}.')\nraise ValueError(text)", None),
    (rules.full_stops, "solve/_x.py", "raise InputError(f'`n` is {n}.{hint}')", None),
    (rules.public_door, "solve/__init__.py", "from ._x import A", "exported"),
    (rules.public_door, "solve/__init__.py", "from ._x import A as B", "exported"),
    (rules.public_door, "solve/__init__.py", "from ._x import A as A\nfrom ._y import A as A", "twice"),
    (rules.public_door, "solve/__init__.py", "from ._x import _a as _a", "private"),
    (rules.public_door, "solve/__init__.py", "from ._x import A as A", None),
    (rules.positional_arguments, "_x.py", "def f(a, b, c, d, e): ...", "5 positional"),
    (rules.positional_arguments, "_x.py", "class A:\n    def f(self, a, b, c, d, /, e): ...", "5 positional"),
    (rules.positional_arguments, "_x.py", "def f(a, b, c, d, *, e): ...\ndef _g(a, b, c, d, e): ...", None),
]


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_source_keeps_rule(rule: rules.Rule) -> None:
    faults = list(rule(TREE))
    assert not faults, "\n".join(["", *faults])


@pytest.mark.parametrize(("rule", "path", "text", "complaint"), PLANTED)
def test_rule_finds_planted_fault(rule: rules.Rule, path: str, text: str, complaint: str | None) -> None:
    faults = list(rule([Source(path, text)]))
    if complaint is None:
        assert not faults
    else:
        assert len(faults) == 1
        assert complaint in faults[0]


def test_only_exported_functions_count_their_arguments() -> None:
    steps = Source("solve/_x.py", "def step(a, b, c, d, e): ...\ndef inner(a, b, c, d, e): ...")
    door = Source("solve/__init__.py", "from ._x import step as step")
    (fault,) = rules.positional_arguments([steps, door])
    assert "`step`" in fault


def test_every_rule_has_a_planted_fault() -> None:
    assert {rule for rule, _, _, complaint in PLANTED if complaint} == set(rules.RULES)


def test_tree_was_found() -> None:
    assert {"__init__.py", "_errors.py", "systems/_base.py"} <= {source.path for source in TREE}


def test_every_interface_is_explained() -> None:
    text = (ROOT / "docs" / "extend.md").read_text("utf-8")
    interfaces = {
        n.name for s in TREE for n in s.walk() if isinstance(n, ast.ClassDef) and n.name.startswith("Abstract")
    }
    missing = sorted(name for name in interfaces if f"`{name}`" not in text)
    assert not missing, f"docs/extend.md does not name {missing}: say what to implement and what then works."
