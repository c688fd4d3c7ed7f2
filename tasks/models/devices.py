"""Where layers are trained: on the GPU if there is one, unless the environment says otherwise."""

from __future__ import annotations

from minicoil.encoder import keep_to_cores
from minicoil.errors import UsageError
from tasks.settings import Settings


def choose_device(wanted: str | None = None) -> str:
    """A torch device that is there: "cpu", "cuda" or "cuda:N". Torch keeps to this process's cores.

    Args:
        wanted: "auto", "cpu", "cuda" or "cuda:N"; None takes `MINICOIL_DEVICE`, whose default is "auto".

    Raises:
        UsageError: it is no such name, or that GPU is not there.
    """
    import torch

    keep_to_cores()
    name = wanted or Settings().device
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cpu":
        return name
    kind, _, number = name.partition(":")
    if kind != "cuda" or (number and not number.isdecimal()) or name.endswith(":"):
        raise UsageError(f"device '{name}' is not known; MINICOIL_DEVICE takes auto, cpu, cuda or cuda:N")
    n_devices = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if int(number or 0) >= n_devices:
        raise UsageError(
            f"device '{name}' was asked for, and torch sees {n_devices} CUDA devices here; set MINICOIL_DEVICE to auto "
            "or cpu"
        )
    return name
