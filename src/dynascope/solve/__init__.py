"""How time passes: trajectories, solvers, and maps made by integration."""

from ._defaults import default_solver as default_solver
from ._defaults import fixed_solver as fixed_solver
from ._defaults import step_for as step_for
from ._integrate import integrate as integrate
from ._layout import Packing as Packing
from ._layout import packing as packing
from ._noisy import diffusion_step as diffusion_step
from ._progress import Progress as Progress
from ._runge_kutta import rk_step as rk_step
from ._solvers import RK4 as RK4
from ._solvers import AbstractAdaptive as AbstractAdaptive
from ._solvers import AbstractFixedStep as AbstractFixedStep
from ._solvers import AbstractSolver as AbstractSolver
from ._solvers import Diffrax as Diffrax
from ._solvers import Dop853 as Dop853
from ._solvers import Euler as Euler
from ._solvers import EulerHeun as EulerHeun
from ._solvers import EulerMaruyama as EulerMaruyama
from ._solvers import GridEvents as GridEvents
from ._solvers import Heun as Heun
from ._solvers import Kvaerno5 as Kvaerno5
from ._solvers import Layout as Layout
from ._solvers import LocatedEvents as LocatedEvents
from ._solvers import Tsit5 as Tsit5
from ._trajectory import trajectory as trajectory
