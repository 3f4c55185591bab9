"""From data to a system: reconstruction of dynamics, and populations of trained networks."""

from ._adam import Adam as Adam
from ._adam import AdamState as AdamState
from ._aelle import AeLLE as AeLLE
from ._aelle import AeLLETraining as AeLLETraining
from ._aelle import fit_aelle as fit_aelle
from ._loss_prediction import FEATURES as FEATURES
from ._loss_prediction import METHODS as METHODS
from ._loss_prediction import Comparison as Comparison
from ._loss_prediction import LossPrediction as LossPrediction
from ._loss_prediction import loss_prediction as loss_prediction
from ._population import Hyperparameters as Hyperparameters
from ._population import NetworkPopulation as NetworkPopulation
from ._population import PopulationTraining as PopulationTraining
from ._population import Spectra as Spectra
from ._population import resampled as resampled
from ._population import train_population as train_population
from ._tasks import AbstractTask as AbstractTask
from ._tasks import Copy as Copy
from ._tasks import DelayedSine as DelayedSine
from ._tasks import SequentialParity as SequentialParity
from ._tasks import Trial as Trial
from .fitting import Fit as Fit
from .fitting import fit as fit
