"""What every analysis returns: frozen named fields with uncertainty, a result code and its settings."""

import dataclasses
import functools
import importlib.metadata
import json
import platform
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import equinox as eqx
import numpy as np

from ._errors import RESULTS, raise_if_failed

if TYPE_CHECKING:
    from typing import ClassVar as AbstractVar

    import xarray as xr
else:
    from equinox import AbstractVar


def output(*dims: str, unit: str = "1", doc: str = "") -> Any:
    """Declare an array field of a result: its dimension names, unit and meaning.

    A field without `output` is a setting of the result (a string, a number, a nested result).
    """
    return eqx.field(metadata={"dims": dims, "unit": unit, "doc": doc})


def provenance(**settings: Any) -> dict[str, Any]:
    """The settings of a computation together with the versions that ran it, ready for JSON."""
    names = ("dynascope", "jax", "numpy", "equinox", "diffrax", "scipy")
    return {**settings, "versions": {"python": platform.python_version()} | {n: _version(n) for n in names}}


@functools.cache
def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


class AbstractResult(eqx.Module):
    """The answer of an analysis.

    A subclass declares array fields with `output(...)`, plus `result` (a code of `RESULTS`) and `settings`
    (a dictionary that JSON can hold: arguments, seed, versions), and writes `summary()`. Export to xarray
    and the save/load round trip then work without further code.
    """

    result: AbstractVar[Any]
    settings: AbstractVar[dict[str, Any]]

    @abstractmethod
    def summary(self) -> str:
        """One paragraph that a person reads: the value, its error, and whether to trust it."""

    @property
    def successful(self) -> bool:
        """Whether the computation finished as asked."""
        return bool(self.result == RESULTS.successful)

    def checked(self, *, what: str) -> Any:
        """This result itself, or `ComputationFailed` if its code says so."""
        raise_if_failed(self.result, what=what)
        return self

    def to_xarray(self) -> "xr.Dataset":
        """The array fields as variables of an `xarray.Dataset`, with units; scalars and settings as attributes."""
        import xarray as xr

        variables: dict[str, Any] = {}
        attributes: dict[str, Any] = {
            "class": type(self).__name__,
            "result": RESULTS[self.result] or "successful",
            "settings": json.dumps(self.settings, default=str),
        }
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if "dims" in field.metadata:
                array = np.asarray(value)
                dims = field.metadata["dims"]
                notes = {"units": field.metadata["unit"], "long_name": field.metadata["doc"]}
                if np.iscomplexobj(array):
                    variables[f"{field.name}_real"] = (dims, np.real(array), notes)
                    variables[f"{field.name}_imag"] = (dims, np.imag(array), notes)
                else:
                    variables[field.name] = (dims, array, notes)
            elif isinstance(value, bool | int | float | str):
                attributes[field.name] = int(value) if isinstance(value, bool) else value
        return xr.Dataset(variables, attrs=attributes)
