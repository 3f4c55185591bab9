"""Systems by name: the index, its errors, and what `build` does with changes."""

import inspect

import jax.numpy as jnp
import pytest

from dynascope import InputError, models
from dynascope.models._registry import catalogue_name
from dynascope.systems import AbstractSystem, dimension, kind


@pytest.mark.parametrize("name", models.names())
def test_entry_describes_its_system(name: str) -> None:
    (entry,) = [e for e in models.catalogue() if e["name"] == name]
    system = models.build(name)
    assert isinstance(system, AbstractSystem)
    assert type(system) is models.find(name)
    assert (entry["kind"], entry["dimension"]) == (kind(system), dimension(system))
    assert catalogue_name(type(system)) == name
    assert entry["family"]
    assert entry["reference"]


def test_names_are_sorted_and_unique() -> None:
    assert list(models.names()) == sorted(set(models.names()))
    assert "lorenz" in models.names()


def test_catalogue_cannot_be_changed_through_its_entries() -> None:
    models.catalogue()[0]["name"] = "other"
    assert models.catalogue()[0]["name"] != "other"


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [("lorentz", "lorenz"), ("Lorenz", "lorenz"), ("vanderpol", "van-der-pol"), ("rossler", "roessler")],
)
def test_unknown_name_suggests_close_ones(wrong: str, meant: str) -> None:
    with pytest.raises(InputError, match=rf"no system named `{wrong}`.*Did you mean.*`{meant}`"):
        models.find(wrong)


def test_hopeless_name_gets_no_suggestion() -> None:
    with pytest.raises(InputError, match=r"no system named `qqqqqqqqqq` in the catalogue\. `dynascope list`"):
        models.build("qqqqqqqqqq")


def test_build_changes_parameters() -> None:
    system = models.build("lorenz", rho=14.0)
    assert jnp.array_equal(getattr(system, "rho"), 14.0)  # noqa: B009


def test_build_begins_with_a_preset() -> None:
    system = models.build("morris-lecar", preset="class 1", I=50.0)
    assert float(system.V3) == 12.0  # type: ignore[attr-defined]
    assert float(system.I) == 50.0  # type: ignore[attr-defined]
    # The command line makes a number of a name that looks like one.
    assert float(models.build("hodgkin-huxley", preset=1952).E_Na) == 115.0  # type: ignore[attr-defined]
    with pytest.raises(InputError, match=r"`Izhikevich` has no preset `XY`\. It has: `RS`"):
        models.build("izhikevich", preset="XY")
    with pytest.raises(InputError, match="no parameter `preset`"):
        models.build("lorenz", preset="classic")


def test_build_refuses_unknown_parameter() -> None:
    with pytest.raises(InputError, match="no parameter `nonsense`"):
        models.build("lorenz", nonsense=1.0)


@pytest.mark.parametrize(
    ("class_name", "name"),
    [
        ("Lorenz", "lorenz"),
        ("VanDerPol", "van-der-pol"),
        ("FitzHughNagumo", "fitzhugh-nagumo"),
        ("HodgkinHuxley", "hodgkin-huxley"),
        ("LSTM", "lstm"),
        ("GRUCell", "gru-cell"),
        ("Lorenz96", "lorenz96"),
    ],
)
def test_catalogue_name(class_name: str, name: str) -> None:
    assert catalogue_name(type(class_name, (), {})) == name
    assert catalogue_name(type(class_name, (), {"catalogue_name": "own"})) == "own"


def test_classes_resolve_at_the_door_of_the_models() -> None:
    for entry in models.catalogue():
        assert inspect.isclass(getattr(models, entry["class"]))


def test_unknown_class_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no system `Nonsense`"):
        _ = vars(models)["__getattr__"]("Nonsense")
