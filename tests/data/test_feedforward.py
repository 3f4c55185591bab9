"""Feed-forward networks of PyTorch compute the same here, layer by layer."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dynascope import InputError
from dynascope.analysis.learning import depth_exponents
from dynascope.data import layers_from_torch


@pytest.fixture(scope="module")
def torch():
    module = pytest.importorskip("torch")
    module.set_num_threads(1)
    return module


def test_outputs_and_jacobian_are_those_of_torch(torch):
    nn = torch.nn
    torch.manual_seed(0)
    inner = nn.Sequential(nn.Linear(7, 7, bias=False), nn.LeakyReLU(0.2), nn.Dropout(0.5), nn.Linear(7, 6), nn.ELU(0.7))
    net = nn.Sequential(
        nn.Linear(4, 7), nn.Tanh(), inner, nn.GELU(), nn.Linear(6, 5), nn.GELU(approximate="tanh"), nn.SiLU(),
        nn.Mish(), nn.Sigmoid(), nn.Softsign(), nn.Identity(), nn.ReLU(), nn.Linear(5, 3),
    ).double().eval()  # fmt: skip
    layers = layers_from_torch(net)
    points = np.random.default_rng(0).normal(size=(6, 4))

    def whole(x):
        for layer in layers:
            x = layer(x)
        return x

    with torch.no_grad():
        np.testing.assert_allclose(jax.vmap(whole)(points), net(torch.tensor(points)), atol=1e-13)
    found = depth_exponents(layers, points[:1])
    jacobian = torch.autograd.functional.jacobian(net, torch.tensor(points[0])).numpy()
    expected = np.log(np.linalg.svd(jacobian, compute_uv=False)) / len(layers)
    np.testing.assert_allclose(found.exponents[:3], expected, atol=1e-9)


def test_a_residual_block_is_a_function_of_inner_layers(torch):
    torch.manual_seed(1)
    inner = layers_from_torch(torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Tanh()).double())

    def block(x):
        y = x
        for layer in inner:
            y = layer(y)
        return x + y

    found = depth_exponents([block, block], np.zeros((1, 3)))
    expected = np.linalg.svd(jax.jacfwd(lambda x: block(block(x)))(jnp.zeros(3)), compute_uv=False)
    np.testing.assert_allclose(found.exponents, np.log(expected) / 2, atol=1e-12)


def test_other_modules_are_named(torch):
    with pytest.raises(InputError, match=r"`module\[1\]` is a `Conv1d`"):
        layers_from_torch(torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Conv1d(1, 1, 1)))
    with pytest.raises(InputError, match=r"torch\.nn\.Module"):
        layers_from_torch(3)
