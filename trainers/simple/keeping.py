"""What a checkpoint holds of one attribute: a tensor, a module, an optimiser, a random generator, or a plain value."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import torch


def kept(value: Any) -> Any:
    """Return what `take` needs; later steps do not change it."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, torch.Generator):
        return value.get_state()
    if isinstance(value, np.random.Generator):
        return deepcopy(value.bit_generator.state)
    return deepcopy(value.state_dict() if hasattr(value, "state_dict") else value)


def take(owner: Any, name: str, saved: Any) -> None:
    """Have an attribute as it was when `saved` was `kept` of it."""
    value, saved = getattr(owner, name), deepcopy(saved)
    if isinstance(value, torch.Generator):
        value.set_state(saved)
    elif isinstance(value, np.random.Generator):
        value.bit_generator.state = saved
    elif hasattr(value, "load_state_dict"):
        value.load_state_dict(saved)
    elif isinstance(value, torch.Tensor) and isinstance(saved, torch.Tensor):
        _take_tensor(owner, name, value, saved.to(value.device))
    else:
        setattr(owner, name, saved)


def _take_tensor(owner: Any, name: str, value: torch.Tensor, saved: torch.Tensor) -> None:
    """Change a tensor in place: optimisers and views refer to it. Its memory order decides the last digits of sums."""
    shared = sum(other is value for other in vars(owner).values()) > 1  # u = v at the start, and not any more
    if value.dtype != saved.dtype or (shared and not value.requires_grad):
        setattr(owner, name, saved)
    elif (value.shape, value.stride()) == (saved.shape, saved.stride()):
        with torch.no_grad():
            value.copy_(saved)
    else:
        value.data = saved
