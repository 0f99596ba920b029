"""Masses that are done, kept in a folder until the whole scan is written."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mcgen.card import Card
from mcgen.distribution import installed_version
from mcgen.io.files import atomic_output
from mcgen.io.keeping import kept_on_failure
from mcgen.io.lock import locked
from mcgen.sensitivity.contour import MassPoint


@contextmanager
def parts_beside(output: Path) -> Iterator[Parts]:
    """Keep the masses of a scan that are done beside its output, until that is complete.

    When all has succeeded they are removed; otherwise the error says what was kept.

    Parameters
    ----------
    output : file that the scan is to make; the folder gets its name from it

    Raises
    ------
    UsageError, RunError
        If another process is at work there, or nothing can be written.
    """
    folder = output.with_name(output.name + ".parts")
    with locked(folder):
        parts = Parts(folder)
        with kept_on_failure(parts):
            yield parts


class Parts:
    """Files of finished masses, one each, under a digest of everything that they depend on.

    Parameters
    ----------
    folder : where they are kept
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key: str | None = None

    def begin(self, card: Card, flux_sha256: str) -> None:
        """Say whose masses they are.

        Parameters
        ----------
        card : which masses it asks for does not matter
        flux_sha256 : digest of the flux
        """
        settings: dict[str, Any] = card.to_dict()
        settings.pop("title")
        settings["run"].pop("seed", None)
        for key in ("masses", "refine"):
            settings["scan"].pop(key, None)
        text = json.dumps([settings, flux_sha256, installed_version()], sort_keys=True)
        self._key = hashlib.sha256(text.encode()).hexdigest()[:16]

    def seed(self) -> int:
        """Seed of a scan whose card has none: the same for a scan that goes on."""
        file = self._folder / f"{self._key}-seed"
        with contextlib.suppress(OSError, ValueError):  # not there, or damaged
            return int(file.read_text(encoding="utf-8"))
        seed = secrets.randbits(63)
        _write(file, str(seed))
        return seed

    def load(self, seed: int, mass: float) -> MassPoint | None:
        """Return what was found at a mass, if it is done."""
        try:
            text = self._file(seed, mass).read_text(encoding="utf-8")
            return MassPoint.from_dict(json.loads(text))
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
            RecursionError,
        ):  # not there, or damaged: it is done again
            return None

    def save(self, seed: int, point: MassPoint) -> None:
        """Keep what was found at a mass."""
        _write(self._file(seed, point.mass), json.dumps(point.to_dict()))

    def advice(self) -> str:
        """How many masses are kept, where, and how to go on with them; empty if there are none."""
        kept = len(list(self._folder.glob(f"{self._key}-*.json")))
        return (
            f"{kept} finished masses are kept in {self._folder}: the same command goes on with them"
            if kept
            else ""
        )

    def remove(self) -> None:
        """Remove what belongs to this scan; another one may have its own masses there."""
        for pattern in (f"{self._key}-*", f".*.part.{self._key}-*"):
            for file in self._folder.glob(pattern):
                file.unlink(missing_ok=True)

    def _file(self, seed: int, mass: float) -> Path:
        return self._folder / f"{self._key}-{seed}-{mass!r}.json"


def _write(file: Path, text: str) -> None:
    with atomic_output(file) as temporary:
        temporary.write_text(text, encoding="utf-8")
