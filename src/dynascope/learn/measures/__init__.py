"""How good is a reconstruction? Every measure under its own name with its definition, its floor and its error."""

from ._counts import CountLikelihood as CountLikelihood
from ._counts import count_likelihood as count_likelihood
from ._ctf import ctf_long as ctf_long
from ._ctf import ctf_short as ctf_short
from ._fidelity import Fidelity as Fidelity
from ._fidelity import fidelity as fidelity
from ._forecasts import AbstractValidity as AbstractValidity
from ._forecasts import NRMSEThreshold as NRMSEThreshold
from ._forecasts import SMAPEPrefix as SMAPEPrefix
from ._forecasts import ValidTimes as ValidTimes
from ._forecasts import prediction_error as prediction_error
from ._forecasts import smape as smape
from ._forecasts import valid_times as valid_times
from ._invariants import InvariantErrors as InvariantErrors
from ._invariants import invariant_errors as invariant_errors
from ._rest import is_resting as is_resting
from ._rest import resting_fidelity as resting_fidelity
from ._spectra import AbstractSpectralDistance as AbstractSpectralDistance
from ._spectra import FirstFrequencies as FirstFrequencies
from ._spectra import SmoothedSpectra as SmoothedSpectra
from ._state_space import AbstractStateSpaceDivergence as AbstractStateSpaceDivergence
from ._state_space import ALRNNBins as ALRNNBins
from ._state_space import GTFBins as GTFBins
from ._state_space import Mixture as Mixture
from ._state_space import default_divergence as default_divergence
