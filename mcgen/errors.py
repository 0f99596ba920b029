"""The errors that mcgen raises on purpose.

Each message says what is wrong, where, what is allowed and what to do. The command line turns
them into one line and an exit code; anything else that escapes is a bug. Every one survives pickling.
"""

from __future__ import annotations

from collections.abc import Mapping


class McgenError(Exception):
    """Base of all errors that mcgen raises on purpose.

    Examples
    --------
    >>> try:
    ...     card.replace(model={"mass_gev": -1.0})
    ... except mcgen.McgenError as error:
    ...     print(error)
    card: 1 fault
      model.mass_gev = -1.0: must be greater than 0, at least 0.0001
    """

    exit_code = 1


class UsageError(McgenError):
    """Wrong use: an option, an argument or a combination of them."""

    exit_code = 2


class CardError(UsageError):
    """One or more faults of a card, all of them in one message.

    Parameters
    ----------
    source
        Name of the card, as the user gave it.
    faults
        One sentence a fault, each beginning with the key.
    """

    def __init__(self, source: str, faults: list[str]) -> None:
        super().__init__(source, faults)  # what it takes to be made again: workers send errors pickled
        self.source = source
        self.faults = faults

    def __str__(self) -> str:
        count = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        return "\n".join([f"{self.source}: {count}", *(f"  {fault}" for fault in self.faults)])


class FluxError(UsageError):
    """A flux file that cannot be used as it is."""


class ColumnError(UsageError, AttributeError, KeyError):
    """A column that events do not have, asked for in whatever way."""

    __str__ = Exception.__str__  # that of KeyError would put the message into quotes


class KinematicsError(UsageError):
    """A reaction or decay that has no phase space."""


class ProposalError(UsageError):
    """A proposal that does not belong to the card or the flux."""


class FileFormatError(UsageError):
    """An events file that is not what it should be."""


class RunError(McgenError):
    """The run failed for a reason outside the card: the disk, a worker, memory."""


class Interrupted(McgenError):
    """Somebody stopped the run, which can be continued."""

    exit_code = 130


def reasons(left_out: Mapping[str, int]) -> str:
    """Say how many were left out, and why."""
    return ", ".join(f"{n} {reason.replace('_', ' ')}" for reason, n in left_out.items() if n)
