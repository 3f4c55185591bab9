"""Learning: what the tangent of a network says about its training."""

from ._depth import DepthExponents as DepthExponents
from ._depth import depth_exponents as depth_exponents
from ._exponents import SequenceExponents as SequenceExponents
from ._exponents import lyapunov_over_sequences as lyapunov_over_sequences
from ._exponents import sequence_exponents as sequence_exponents
from ._flossing import flossing_loss as flossing_loss
from ._gradients import GradientHealth as GradientHealth
from ._gradients import gradient_health as gradient_health
from ._sensitivity import InputSensitivity as InputSensitivity
from ._sensitivity import input_sensitivity as input_sensitivity
