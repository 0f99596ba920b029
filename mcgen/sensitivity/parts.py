"""Masses that are done, kept in a folder until the whole scan is."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
from pathlib import Path
from typing import Any

from mcgen.card import Card
from mcgen.distribution import installed_version
from mcgen.errors import RunError
from mcgen.io.files import atomic_output
from mcgen.sensitivity.contour import MassPoint


class Parts:
    """Files of finished masses, one each, under a digest of everything that they depend on.

    Parameters
    ----------
    folder : made when something is to be kept
    card : which masses it asks for does not matter
    flux_sha256 : digest of the flux
    """

    def __init__(self, folder: Path, card: Card, flux_sha256: str) -> None:
        self._folder = folder
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
        if file.is_file():
            return int(file.read_text(encoding="utf-8"))
        seed = secrets.randbits(63)
        self._write(file, str(seed))
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
        self._write(self._file(seed, point.mass), json.dumps(point.to_dict()))

    def remove(self) -> None:
        """Remove what belongs to this scan, and the folder if nothing else is in it."""
        for file in self._folder.glob(f"{self._key}-*"):
            file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # another scan may keep its own masses there
            self._folder.rmdir()

    def _file(self, seed: int, mass: float) -> Path:
        return self._folder / f"{self._key}-{seed}-{mass!r}.json"

    def _write(self, file: Path, text: str) -> None:
        try:
            self._folder.mkdir(exist_ok=True)
        except OSError as error:
            raise RunError(
                f"{self._folder}: cannot be made: {error.strerror}; masses are kept there"
            ) from error
        with atomic_output(file) as temporary:
            temporary.write_text(text, encoding="utf-8")
