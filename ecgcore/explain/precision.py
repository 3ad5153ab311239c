"""In which precision attribution is computed.

Maps take dozens to hundreds of passes.  Where the processor multiplies bfloat16 numbers by itself
(AVX-512 BF16, AMX, graphics cards), passes run in that precision; what a map must sum to is always
computed in float32, so that the check of completeness tells what was lost.
"""

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

import torch

# Instructions without which bfloat16 is slower than float32.
_INSTRUCTIONS = ("avx512_bf16", "amx_bf16")


def quick(device: torch.device) -> AbstractContextManager[Any]:
    """Return a context in which networks run in bfloat16 if that is faster on a device."""
    if device.type == "cpu" and not has_bfloat16():
        return nullcontext()
    # Weights may belong to another thread's context: nothing is kept between passes.
    return torch.autocast(device.type, torch.bfloat16, cache_enabled=False)


@cache
def has_bfloat16() -> bool:
    """Return whether this machine's processor multiplies bfloat16 numbers by itself."""
    found = torch.cpu.get_capabilities()
    return any(bool(found.get(name, False)) for name in _INSTRUCTIONS)
