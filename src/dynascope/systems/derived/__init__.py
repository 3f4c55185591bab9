"""Operations on systems that return systems, by algebra alone; time stepping happens elsewhere."""

from ._base import AbstractDerived as AbstractDerived
from ._base import AbstractOpen as AbstractOpen
from ._changed import Noisy as Noisy
from ._changed import ProjectedFlow as ProjectedFlow
from ._changed import ProjectedMap as ProjectedMap
from ._changed import Reversed as Reversed
from ._changed import noisy as noisy
from ._changed import projected as projected
from ._changed import reversed_time as reversed_time
from ._coupled import CoupledFlow as CoupledFlow
from ._coupled import CoupledMap as CoupledMap
from ._coupled import coupled as coupled
from ._driven import AbstractRuled as AbstractRuled
from ._driven import RuledFlow as RuledFlow
from ._driven import RuledHybrid as RuledHybrid
from ._driven import RuledMap as RuledMap
from ._driven import Signal as Signal
from ._driven import closed_loop as closed_loop
from ._driven import driven as driven
from ._tangent import Tangent as Tangent
from ._tangent import TangentFlow as TangentFlow
from ._tangent import TangentMap as TangentMap
from ._tangent import pushed as pushed
from ._tangent import tangent as tangent
