"""Random numbers by counter: one stream for every purpose and chunk of a seed."""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What a stream is used for; streams of different purposes never overlap."""

    EVENTS = 0
    PILOT = 1
    TRAINING = 2
    CEILING = 3
    FLUX = 4


def stream(seed: int, purpose: Purpose, index: int) -> np.random.Generator:
    """Return the generator of the stream that belongs to (seed, purpose, index) and to nothing else.

    Parameters
    ----------
    seed : 0 .. 2^63 - 1
    index : number of the chunk or of the iteration, 0 .. 2^56 - 1
    """
    key = np.array([seed, (int(purpose) << 56) | index], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))
