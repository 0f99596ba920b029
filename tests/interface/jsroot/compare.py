"""Compare what JSROOT found in a ROOT file with what uproot finds in it.

Usage: python compare.py FILE.root SUMS.json, with SUMS.json as printed by sum_weights.mjs for FILE.root.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import uproot

TOLERANCE = 1e-12


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number, and the size relative to which it is known: 0 for an integer, which is known exactly."""

    value: int | float
    scale: float = 0.0


Summary = dict[str, Quantity]


def read_with_jsroot(sums: Path) -> Summary:
    """Take the summary that sum_weights.mjs printed."""
    found = json.loads(sums.read_text())
    return {
        name: Quantity(
            int(entry["value"]) if isinstance(entry["value"], str) else entry["value"], entry["scale"]
        )
        for name, entry in found.items()
    }


def read_with_uproot(path: Path) -> Summary:
    """Make the same summary with uproot."""
    with uproot.open(path) as file:
        tree = file["events"]
        columns: dict[str, np.ndarray[Any, Any]] = tree.arrays(library="np")
        metadata = str(file["mcgen"]).encode()
        summary = {"entries": Quantity(int(tree.num_entries)), "rows": Quantity(len(columns["weight"]))}
    summary |= summarise("accepted weight", np.where(columns["accepted"], columns["weight"], 0.0))
    for name, column in columns.items():
        summary |= summarise(name, column)
    summary["bytes of metadata"] = Quantity(len(metadata))
    summary["sha256 of metadata"] = Quantity(int(hashlib.sha256(metadata).hexdigest(), 16))
    return summary


def summarise(name: str, column: np.ndarray[Any, Any]) -> Summary:
    """Sum a column without loss, leaving out and counting what is not finite."""
    if column.dtype.kind != "f":
        return {f"sum of {name}": Quantity(sum(column.tolist()))}
    finite = column[np.isfinite(column)]
    return {
        f"sum of {name}": Quantity(math.fsum(finite), math.fsum(np.abs(finite))),
        f"not finite in {name}": Quantity(len(column) - len(finite)),
    }


def differences(first: Summary, second: Summary) -> list[str]:
    """Name the quantities that are not the same in both."""
    return sorted(
        name
        for name in first.keys() | second.keys()
        if name not in first or name not in second or not agree(first[name], second[name])
    )


def agree(first: Quantity, second: Quantity) -> bool:
    """Tell whether two quantities are equal, integers exactly, reals up to the order of summation."""
    return abs(first.value - second.value) <= TOLERANCE * min(first.scale, second.scale)


def unnoticed(summary: Summary) -> list[str]:
    """Name the quantities that could be wrong without `differences` reporting it.

    The control: each is shifted in turn, an integer by one and a real by a billionth, and must be found.
    """
    return [
        name for name in summary if differences(summary, summary | {name: shifted(summary[name])}) != [name]
    ]


def shifted(quantity: Quantity) -> Quantity:
    """Return the quantity, slightly wrong."""
    return replace(quantity, value=quantity.value + (1e-9 * quantity.scale or 1))


def judge(jsroot: Summary, uproot_: Summary) -> list[str]:
    """List everything that is wrong, in words."""
    faults = [
        f"{name}: {shown(jsroot.get(name))} with JSROOT, {shown(uproot_.get(name))} with uproot"
        for name in differences(jsroot, uproot_)
    ]
    faults += [f"{name}: a wrong value would not be noticed" for name in unnoticed(uproot_)]
    if not uproot_["sum of weight"].value > 0.0:
        faults.append("the weights add up to nothing, so nothing was compared")
    return faults


def shown(quantity: Quantity | None) -> str:
    """Write a quantity with all its digits."""
    return "nothing" if quantity is None else repr(quantity.value)


def main(arguments: list[str]) -> int:
    """Compare, report, and return the exit code."""
    if len(arguments) != 2:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    path, sums = map(Path, arguments)
    jsroot, uproot_ = read_with_jsroot(sums), read_with_uproot(path)
    faults = judge(jsroot, uproot_)
    if faults:
        sys.stderr.write("".join(f"{path.name}: {fault}\n" for fault in faults))
        return 1
    sys.stdout.write(
        f"{path.name}: JSROOT and uproot agree on {len(jsroot)} quantities: {jsroot['entries'].value} rows, "
        f"sum of weights {jsroot['sum of weight'].value}, accepted {jsroot['sum of accepted weight'].value}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
