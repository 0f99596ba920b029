"""What a run has finished so far, beside its output: so that it can be interrupted and continued."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from mcgen.errors import ProposalError, RunError, UsageError
from mcgen.io.events.digests import digests_of
from mcgen.io.files import atomic_output, check_output
from mcgen.io.keeping import kept_on_failure
from mcgen.io.lock import LOCK, locked
from mcgen.run.chunk import Chunk
from mcgen.sampler.proposal import Proposal, load_proposal

_IDENTITY, _PROPOSAL = "run.json", "proposal.npz"
"""Names of files of the folder."""

_NAMED = 5
"""Keys that a message names at most."""


def journal_folder(output: Path) -> Path:
    """Folder of a run's finished chunks."""
    return output.with_name(output.name + ".parts")


@contextmanager
def journal_beside(output: Path, resume: bool) -> Iterator[Journal]:
    """Open the journal of a run, which nobody else can use meanwhile.

    When the run has succeeded its folder is removed; otherwise the error says what was kept and how to go on.

    Parameters
    ----------
    output : file that the run is to make
    resume : whether an interrupted run is to be continued

    Raises
    ------
    UsageError
        If another process is at work there, or the folder is of an interrupted run that is not to be
        continued, or not of a run.
    RunError
        If nothing can be written there.
    """
    check_output(output)
    folder = journal_folder(output)
    _check_ours(folder)
    with locked(folder):
        journal = Journal(folder)
        if journal.is_started and not resume:
            raise UsageError(
                f"{folder}: holds an interrupted run: continue it with --resume, or remove that folder"
            )
        with kept_on_failure(journal):
            yield journal


class Journal:
    """The finished chunks of a run, a file each.

    A chunk's file is a sequence of numpy's arrays: what it is, as JSON, with digests of the others; its rows; its
    sums. What does not fit is not taken: it may have been damaged, cut short, exchanged, or left by another run.

    Parameters
    ----------
    folder : where they are kept; locked
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._run: str | None = None
        self.kept = self._finished() if self.is_started else set()
        """Numbers of the chunks that are there."""

    @property
    def is_started(self) -> bool:
        """Whether there is a run to continue."""
        return os.path.isfile(self._folder / _IDENTITY)

    def proposal(self) -> Proposal | None:
        """Proposal of the run that was interrupted, if there is one."""
        if not self.is_started:
            return None
        try:
            return load_proposal(self._folder / _PROPOSAL)
        except ProposalError as error:
            raise self._damaged(_PROPOSAL) from error

    def begin(self, proposal: Proposal | None, identity: Mapping[str, Any]) -> None:
        """Start, or continue, the run of an identity.

        Parameters
        ----------
        proposal : how the chunks are drawn, if there is one
        identity : what makes two runs the same, as JSON has it

        Raises
        ------
        UsageError
            If the interrupted run was another one; the message says in what.
        """
        text = json.dumps(identity, sort_keys=True)
        is_started = self.is_started
        if is_started:
            self._check_same(json.loads(text))
        # First: what an interrupt leaves from here on is of this run, to be removed.
        self._run = hashlib.sha256(text.encode()).hexdigest()
        if is_started:
            return
        if proposal is not None:
            proposal.save(self._folder / _PROPOSAL)
        with atomic_output(self._folder / _IDENTITY) as temporary:
            temporary.write_text(text, encoding="utf-8")

    def started(self) -> dict[str, Any] | None:
        """Identity of the run that was interrupted, if there is one."""
        if not self.is_started:
            return None
        try:
            identity = json.loads((self._folder / _IDENTITY).read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise self._damaged(_IDENTITY) from error
        if not isinstance(identity, dict):
            raise self._damaged(_IDENTITY)
        return identity

    def _check_same(self, identity: Any) -> None:
        started = self.started()
        different = sorted(differences(started, identity))
        if different:
            more = f" and {len(different) - _NAMED} more" if len(different) > _NAMED else ""
            raise UsageError(
                f"{self._folder}: the interrupted run differs from this one in "
                f"{', '.join(different[:_NAMED])}{more}: give the same card, flux and options, "
                "or remove that folder to start anew"
            )

    def load(self, number: int) -> Chunk | None:
        """Return a finished chunk; None if there is none that fits."""
        chunk = self.taken(number)
        if chunk and dict(chunk.digests) == digests_of(chunk.rows):
            return chunk
        self.kept.discard(number)
        return None

    def taken(self, number: int) -> Chunk | None:
        """Return a chunk that another process has just kept; None if it is not there."""
        try:
            with self._path(number).open("rb") as file:
                header = np.load(file, allow_pickle=False).tobytes()
                told = json.loads(header)
                rows = {name: np.load(file, allow_pickle=False) for name in told["digests"]}
                sums = {name: np.load(file, allow_pickle=False) for name in told["sums"]}
            chunk = Chunk(rows, sums, told["digests"])
            fits = header == self._header(number, chunk)
        except Exception:  # noqa: BLE001  # numpy raises almost anything when files are damaged
            fits = False
        if not fits:
            return None
        self.kept.add(number)
        return chunk

    def keep(self, number: int, chunk: Chunk) -> None:
        """Keep a finished chunk."""
        path = self._path(number)
        header = np.frombuffer(self._header(number, chunk), np.uint8)
        try:
            # Under its name at once: if it is cut short its digests do not fit.
            with path.open("wb") as file:
                for values in (header, *chunk.rows.values(), *chunk.sums.values()):
                    np.save(file, values, allow_pickle=False)
        except IsADirectoryError:
            return  # somebody else's; the chunk will be drawn again
        except OSError as error:
            raise RunError(f"{path}: cannot be written: {error.strerror or error}") from error
        self.kept.add(number)

    def advice(self) -> str:
        """How many chunks are kept, where, and how to go on with them; empty if there are none."""
        if not self.kept:
            return ""
        return f"{len(self.kept)} finished chunks are kept in {self._folder}: continue with --resume"

    def remove(self) -> None:
        """Empty the folder, if it is of this run."""
        if self._run is None:
            return
        # What says that it is a run goes last.
        for path in sorted(self._folder.iterdir(), key=lambda path: path.name == _IDENTITY):
            if path.name == LOCK:
                continue
            with suppress(OSError):
                path.unlink()
            shutil.rmtree(path, ignore_errors=True)

    def _finished(self) -> set[int]:
        names = (re.fullmatch(r"chunk-(\d{7,18})\.npy", path.name) for path in self._folder.iterdir())
        return {int(name[1]) for name in names if name and os.path.isfile(self._folder / name[0])}

    def _path(self, number: int) -> Path:
        return self._folder / f"chunk-{number:07d}.npy"

    def _header(self, number: int, chunk: Chunk) -> bytes:
        """What a chunk of this run is, but for the values of its rows, of which it has the digests as they are told."""
        types = [[values.dtype.str, values.shape] for values in chunk.rows.values()]
        told = {"run": self._run, "chunk": number, "types": types}
        return json.dumps(told | {"digests": dict(chunk.digests), "sums": digests_of(chunk.sums)}).encode()

    def _damaged(self, name: str) -> RunError:
        return RunError(f"{self._folder / name}: damaged; remove {self._folder} and start again")


def _check_ours(folder: Path) -> None:
    """Refuse a folder that is not of a run: all that is in it would be removed in the end."""
    if not os.path.isdir(folder):
        return
    try:
        names = {path.name for path in folder.iterdir()}
    except OSError as error:
        raise RunError(f"{folder}: cannot be read: {error.strerror}") from error
    # A run that is killed before its first chunk leaves no more than these.
    strange = {name for name in names - {LOCK, _PROPOSAL} if not name.startswith(".")}
    if strange and _IDENTITY not in names:
        raise UsageError(
            f"{folder}: finished chunks are to be kept there, but what it holds is not of a run of mcgen: "
            "rename or remove it, or give another output"
        )


def differences(first: Any, second: Any, key: str = "") -> list[str]:
    """Keys in which two nested tables differ."""
    if isinstance(first, dict) and isinstance(second, dict):
        found = []
        for name in first.keys() | second.keys():
            found += differences(first.get(name), second.get(name), f"{key}.{name}".lstrip("."))
        return found
    return [] if first == second else [key]
