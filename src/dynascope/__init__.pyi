from . import analysis as analysis
from . import data as data
from . import models as models
from . import plots as plots
from . import report as report
from . import series as series
from . import solve as solve
from . import systems as systems
from ._errors import ComputationFailed as ComputationFailed
from ._errors import InputError as InputError
from ._errors import RESULTS as RESULTS
from ._param import param as param
from ._param import setting as setting
from .systems import AbstractDelayFlow as AbstractDelayFlow
from .systems import AbstractFlow as AbstractFlow
from .systems import AbstractHybrid as AbstractHybrid
from .systems import AbstractMap as AbstractMap
from .systems import AbstractRandomMap as AbstractRandomMap
from .systems import AbstractSDE as AbstractSDE
from .systems import Box as Box
from .systems import Variable as Variable
from .systems import variables as variables

__version__: str
