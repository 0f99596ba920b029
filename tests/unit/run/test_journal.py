"""What is kept of a run: a chunk that is taken is the one that was drawn."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcgen.errors import Interrupted, RunError, UsageError
from mcgen.io.events.digests import digests_of
from mcgen.record.columns import AnyArray
from mcgen.run.chunk import Chunk
from mcgen.run.journal import Journal, journal_beside, journal_folder
from mcgen.sampler.proposal import Proposal

PROPOSAL = Proposal({"one": ("parent",)}, (), "key", 1)
IDENTITY: dict[str, Any] = {"card": {"run": {"seed": 1}, "model": {"g_mu": 1e-4}}, "flux": {"sha256": "ab"}}


def drawn(chunk: int) -> Chunk:
    rows = {
        "event": np.arange(5, dtype=np.uint64),
        "weight": np.full(5, 0.5 + chunk),
        "accepted": np.arange(5) % 2 == 0,
        "none": np.zeros(0),
    }
    return Chunk(rows, {"lost": np.array([0.5 * chunk, 7.0])}, digests_of(rows))


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "out.root"


def attempt(output: Path, identity: Any, chunks: int = 0, error: BaseException | None = None) -> None:
    """Begin or continue a run, keep some chunks, and fail if there is an error."""
    with journal_beside(output, True) as journal:
        journal.proposal()
        journal.begin(PROPOSAL, identity)
        for chunk in range(chunks):
            journal.keep(chunk, drawn(chunk))
        if error is not None:
            raise error


def interrupt(output: Path, identity: Any = IDENTITY) -> Path:
    """Leave the folder of a run that was interrupted after three chunks."""
    with pytest.raises(Interrupted, match=r"3 finished chunks are kept in .*: continue with --resume"):
        attempt(output, identity, 3, KeyboardInterrupt())
    return journal_folder(output)


@pytest.fixture
def resumed(output: Path) -> Iterator[Callable[[], Journal]]:
    """Function that continues the run."""
    with ExitStack() as stack:

        def resume() -> Journal:
            journal = stack.enter_context(journal_beside(output, True))
            journal.begin(PROPOSAL, IDENTITY)
            return journal

        yield resume


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_chunks_come_back(output: Path, resumed: Callable[[], Journal]) -> None:
    interrupt(output)
    journal = resumed()
    assert journal.kept == {0, 1, 2}
    assert journal.load(3) is None
    for chunk in range(3):
        found = journal.load(chunk)
        assert found is not None
        assert found.digests == drawn(chunk).digests
        for read, kept in ((found.rows, drawn(chunk).rows), (found.sums, drawn(chunk).sums)):
            assert list(read) == list(kept)
            for name, values in kept.items():
                assert read[name].dtype == values.dtype
                np.testing.assert_array_equal(read[name], values)


def empty(folder: Path) -> None:
    (folder / "chunk-0000002.npy").write_bytes(b"")


def exchange(folder: Path) -> None:
    shutil.copy(folder / "chunk-0000001.npy", folder / "chunk-0000002.npy")


def cut(folder: Path) -> None:
    path = folder / "chunk-0000002.npy"
    path.write_bytes(path.read_bytes()[:-100])


def rewritten(change: Callable[[list[AnyArray]], object]) -> Callable[[Path], None]:
    """Change the arrays of chunk 2's file: header, event, weight, accepted, none, lost."""

    def apply(folder: Path) -> None:
        path = folder / "chunk-0000002.npy"
        with path.open("rb") as file:
            arrays = [np.load(file) for _ in range(6)]
            assert not file.read()
        change(arrays)
        with path.open("wb") as file:
            for values in arrays:
                np.save(file, values)

    return apply


def retold(**changes: Any) -> Callable[[Path], None]:
    """Change what the header of chunk 2's file tells."""

    def change(arrays: list[AnyArray]) -> None:
        told = json.loads(arrays[0].tobytes())
        arrays[0] = np.frombuffer(json.dumps(told | changes).encode(), np.uint8)

    return rewritten(change)


def of_another_run(folder: Path) -> None:
    other = folder.parent / "other.root"
    shutil.copy(interrupt(other, identity={**IDENTITY, "seed": 2}) / "chunk-0000002.npy", folder)


DAMAGE: dict[str, Callable[[Path], None]] = {
    "exchanged": exchange,
    "cut short": cut,
    "empty": empty,
    "a column less": rewritten(lambda arrays: arrays.pop(3)),
    "a column more": rewritten(lambda arrays: arrays.insert(3, np.zeros(5))),
    "other values": rewritten(lambda arrays: arrays[2].__setitem__(0, 7.0)),
    "other type": rewritten(lambda arrays: arrays.__setitem__(2, arrays[2].view(np.int64))),
    "other sums": rewritten(lambda arrays: arrays[5].__setitem__(0, 7.0)),
    "no digests": retold(digests={}),
    "another number": retold(chunk=1),
    "no header": rewritten(lambda arrays: arrays.pop(0)),
    "nothing in it": rewritten(lambda arrays: arrays.clear()),
    "of another run": of_another_run,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_chunk_that_does_not_fit_is_not_taken(
    output: Path, resumed: Callable[[], Journal], damage: str
) -> None:
    DAMAGE[damage](interrupt(output))
    journal = resumed()
    assert journal.load(2) is None
    assert journal.kept == {0, 1}
    journal.keep(2, drawn(2))
    assert journal.load(2) is not None, "it is kept again"


def test_strays_are_ignored(output: Path, resumed: Callable[[], Journal]) -> None:
    folder = interrupt(output)
    for name in (
        "chunk-abc.npy",
        "chunk-0000001 (copy).npy",
        "chunk-.npy",
        "chunk-1.npy",
        "chunk--000001.npy",
    ):
        (folder / name).write_bytes(b"stray")
    (folder / "chunk-0000007.npy").mkdir()
    (folder / "more").mkdir()
    (folder / "more" / "file").touch()
    journal = resumed()
    assert journal.kept == {0, 1, 2}
    journal.keep(7, drawn(7))
    assert journal.load(7) is None, "a folder is in its place"


def test_success_leaves_nothing(output: Path) -> None:
    folder = interrupt(output)
    (folder / "more").mkdir()
    attempt(output, IDENTITY, 4)
    assert names(output.parent) == set()


def test_a_failure_with_nothing_finished_leaves_nothing(output: Path) -> None:
    with pytest.raises(RunError, match=r"^out of luck$"):
        attempt(output, IDENTITY, error=RunError("out of luck"))
    assert names(output.parent) == set()


@pytest.mark.parametrize("chunks", [0, 2])
def test_another_run_is_named_and_left_alone(output: Path, chunks: int) -> None:
    folder = interrupt(output)
    for chunk in range(chunks, 3):
        (folder / f"chunk-{chunk:07d}.npy").unlink()
    before = names(folder)
    other = {**IDENTITY, "card": {"run": {"seed": 2}, "model": {"g_mu": 1e-4, "name": "x"}}}
    said = r"parts: .* differs from this one in card\.model\.name, card\.run\.seed: .* remove that folder"
    with pytest.raises(UsageError, match=said):
        attempt(output, other)
    assert names(folder) == before


def test_a_message_names_few_keys(output: Path) -> None:
    folder = interrupt(output, identity={f"key{i}": i for i in range(9)})
    with pytest.raises(UsageError, match=r"key0, key1, key2, key3, key4 and 4 more: "):
        attempt(output, {})
    assert folder.is_dir()


def test_an_interrupted_run_is_not_overwritten(output: Path) -> None:
    folder = interrupt(output)
    before = names(folder)
    with pytest.raises(UsageError, match="holds an interrupted run: continue it with --resume"):
        journal_beside(output, False).__enter__()
    assert names(folder) == before


def test_what_a_kill_leaves_before_the_first_chunk_is_no_interrupted_run(output: Path) -> None:
    folder = journal_folder(output)
    folder.mkdir()
    for name in ("lock", "proposal.npz", ".01234567-89-01234567.part.run.json"):
        (folder / name).touch()
    with journal_beside(output, False) as journal:
        journal.begin(PROPOSAL, IDENTITY)
    assert names(output.parent) == set()


def test_a_folder_of_something_else_is_left_alone(output: Path) -> None:
    folder = journal_folder(output)
    folder.mkdir()
    (folder / "thesis.tex").touch()
    with pytest.raises(UsageError, match="not of a run of mcgen: rename or remove it"):
        journal_beside(output, True).__enter__()
    assert names(folder) == {"thesis.tex"}


@pytest.mark.parametrize("text", ["", "{", "[]", "1", "[" * 3000 + "]" * 3000])
def test_a_damaged_identity(output: Path, text: str) -> None:
    folder = interrupt(output)
    (folder / "run.json").write_text(text, encoding="utf-8")
    with pytest.raises(RunError, match=r"run\.json: damaged; remove .*parts and start again"):
        attempt(output, IDENTITY)
    assert (folder / "chunk-0000000.npy").is_file()


def test_a_damaged_proposal(output: Path) -> None:
    folder = interrupt(output)
    (folder / "proposal.npz").write_bytes(b"damaged")
    with pytest.raises(RunError, match=r"proposal\.npz: damaged; remove .*parts and start again"):
        attempt(output, IDENTITY)
