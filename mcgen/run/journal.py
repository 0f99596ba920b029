"""What a run has finished so far, beside its output: so that it can be interrupted and continued."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from mcgen.errors import Interrupted, RunError, UsageError
from mcgen.io.files import atomic_output
from mcgen.record.columns import AnyArray
from mcgen.sampler.proposal import Proposal, load_proposal

Record = dict[str, AnyArray]


@dataclass
class Journal:
    """The finished chunks of a run, a file each, in a folder beside the output.

    As a context manager it removes the folder when the run has succeeded, and otherwise adds to the error
    what was kept and how to go on.

    Attributes
    ----------
    output : file that the run is to make
    resume : whether an interrupted run is to be continued
    """

    output: Path
    resume: bool
    _kept: int = field(default=0, init=False)

    @property
    def folder(self) -> Path:
        """Folder of the chunks."""
        return self.output.with_name(self.output.name + ".parts")

    def __enter__(self) -> Self:
        if os.path.isdir(self.folder) and not self.resume:
            raise UsageError(
                f"{self.folder}: holds an interrupted run: continue it with --resume, or remove that folder"
            )
        self._kept = len(self.finished())
        return self

    def started(self) -> tuple[Proposal, dict[str, Any]] | None:
        """Proposal and identity of the run that was interrupted, if there is one."""
        if not self._identity.is_file():
            return None
        try:
            identity = json.loads(self._identity.read_text(encoding="utf-8"))
        except ValueError as error:
            raise RunError(f"{self._identity}: damaged; remove {self.folder} and start again") from error
        return load_proposal(self._proposal), identity

    def begin(self, proposal: Proposal, identity: Mapping[str, Any]) -> None:
        """Start, or continue, the run of that identity.

        Raises
        ------
        UsageError
            If the interrupted run was another one.
        """
        identity = json.loads(json.dumps(identity))
        started = self.started()
        if started is None:
            self.folder.mkdir(exist_ok=True)
            proposal.save(self._proposal)
            with atomic_output(self._identity) as temporary:
                temporary.write_text(json.dumps(identity), encoding="utf-8")
            return
        different = sorted(_differences(started[1], identity))
        if different:
            raise UsageError(
                f"{self.folder}: the interrupted run differs from this one in {', '.join(different)}: "
                "give the same card and options, or remove that folder"
            )

    def finished(self) -> set[int]:
        """Numbers of the chunks that are there."""
        return {int(path.stem.removeprefix("chunk-")) for path in self.folder.glob("chunk-*.npz")}

    def load(self, chunk: int) -> Record | None:
        """Return a finished chunk; None if there is none that can be read."""
        try:
            # From memory: a damaged file's own handle would stay open.
            with np.load(io.BytesIO(self._path(chunk).read_bytes()), allow_pickle=False) as file:
                return {name: file[name] for name in file.files}
        except Exception:  # noqa: BLE001  # zip and npy files raise almost anything when damaged
            return None

    def keep(self, chunk: int, record: Record) -> None:
        """Keep a finished chunk."""
        with atomic_output(self._path(chunk)) as temporary, temporary.open("wb") as file:
            np.savez(file, **record)  # type: ignore[arg-type]  # the stubs take the columns for its options
        self._kept += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or not self._kept:
            shutil.rmtree(self.folder, ignore_errors=True)
            return
        advice = f"{self._kept} finished chunks are kept in {self.folder}: continue with --resume"
        if isinstance(error, KeyboardInterrupt):
            raise Interrupted(f"interrupted; {advice}") from error
        if isinstance(error, RunError | OSError):
            raise RunError(f"{error}; {advice}") from error

    @property
    def _identity(self) -> Path:
        return self.folder / "run.json"

    @property
    def _proposal(self) -> Path:
        return self.folder / "proposal.npz"

    def _path(self, chunk: int) -> Path:
        return self.folder / f"chunk-{chunk:07d}.npz"


def _differences(first: Any, second: Any, key: str = "") -> list[str]:
    """Keys in which two nested tables differ."""
    if isinstance(first, dict) and isinstance(second, dict):
        found = []
        for name in first.keys() | second.keys():
            found += _differences(first.get(name), second.get(name), f"{key}.{name}".lstrip("."))
        return found
    return [] if first == second else [key]
