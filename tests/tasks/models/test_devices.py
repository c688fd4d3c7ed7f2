"""The GPU is taken where there is one, and never silently replaced where it was asked for by name."""

import pytest

from minicoil.errors import UsageError
from tasks.models.devices import choose_device


@pytest.fixture
def gpus(monkeypatch):
    def set_number(n):
        monkeypatch.setattr("torch.cuda.is_available", lambda: n > 0)
        monkeypatch.setattr("torch.cuda.device_count", lambda: n)

    monkeypatch.delenv("MINICOIL_DEVICE", raising=False)
    return set_number


def test_auto_takes_the_gpu_where_there_is_one(gpus, monkeypatch):
    gpus(0)
    assert choose_device() == "cpu"
    gpus(2)
    assert choose_device() == choose_device("auto") == "cuda"
    assert choose_device("cuda:1") == "cuda:1"
    monkeypatch.setenv("MINICOIL_DEVICE", "cpu")
    assert choose_device() == "cpu"


@pytest.mark.parametrize(
    ("n", "name", "message"),
    [
        (0, "cuda", "torch sees 0 CUDA devices here"),
        (2, "cuda:2", "torch sees 2 CUDA devices here"),
        (1, "gpu", "is not known"),
        (1, "cuda:", "is not known"),
        (1, "cuda:x", "is not known"),
    ],
)
def test_a_device_that_is_not_there_is_refused(gpus, n, name, message):
    gpus(n)
    with pytest.raises(UsageError, match=message):
        choose_device(name)
