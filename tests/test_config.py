"""The options that `import dynascope` sets for JAX."""

import os

import pytest

from dynascope._config import configure


def test_small_loops_become_single_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
    configure()
    ours, theirs = os.environ["XLA_FLAGS"].split()
    assert ours == "--xla_backend_extra_options=xla_cpu_small_while_loop_byte_threshold=65536"
    assert theirs == "--xla_cpu_multi_thread_eigen=false"
    configure()
    assert len(os.environ["XLA_FLAGS"].split()) == 2


def test_the_choice_of_the_user_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = "--xla_backend_extra_options=xla_cpu_small_while_loop_byte_threshold=0"
    monkeypatch.setenv("XLA_FLAGS", chosen)
    configure()
    assert os.environ["XLA_FLAGS"] == chosen
