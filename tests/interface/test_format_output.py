"""Files of every format that cannot be written or read: nothing is left behind, and one message says why."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest
import uproot
from pyarrow import parquet

import mcgen
from mcgen.io.events.names import FormatName
from mcgen.io.events.spool import SpoolingWriter
from mcgen.io.events.store import FORMATS
from mcgen.record.columns import AnyArray
from tests.interface.formats import NAMES
from tests.interface.test_output import NO_SPACE, nobody
from tests.oracle.cards import done, refused, run
from tests.oracle.described import described

formats = pytest.mark.parametrize("format", list(FORMATS))
texts = pytest.mark.parametrize("format", ["hepmc3", "lhe", "fairship"])
KEPT = {"muons.csv", "tiny.toml"}


def names() -> set[str]:
    return {path.name for path in Path().iterdir()}


def conversion(sample: Path, format: str) -> tuple[str | Path, ...]:
    return ("convert", sample, NAMES[format], "--format", format)


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


# --- writing


@formats
def test_a_disk_that_is_full(sample: Path, format: str) -> None:
    done(*conversion(sample, format))
    size = Path(NAMES[format]).stat().st_size
    Path(NAMES[format]).unlink()
    for share in (0.0, 0.3, 0.999):
        with files_of_at_most(int(share * size)):
            outcome = run(*conversion(sample, format))
        assert (outcome.code, outcome.out) == (1, ""), (share, outcome)
        assert f"{NAMES[format]}: cannot be written" in outcome.err
        assert names() == KEPT, share
    # The columns that wait on disk may take more room than the compressed file.
    with files_of_at_most(4 * size):
        done(*conversion(sample, format))


@formats
def test_a_read_only_folder(sample: Path, format: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    done(*conversion(sample, format))  # imports what it needs, for nobody may not even do that
    place = tmp_path_factory.mktemp("closed")
    for folder in (place, *place.parents[:3]):
        folder.chmod(0o755)
    events = mcgen.read(sample)
    place.chmod(0o555)
    with nobody(), pytest.raises(mcgen.McgenError, match="Permission denied"):
        mcgen.write(events, place / NAMES[format], format)
    assert list(place.iterdir()) == []
    place.chmod(0o755)


@formats
@pytest.mark.parametrize("method", ["append", "finish"])
@pytest.mark.parametrize(("error", "code"), [(NO_SPACE, 1), (KeyboardInterrupt(), 130)])
def test_a_writer_that_stops(
    sample: Path,
    format: FormatName,
    method: str,
    error: BaseException,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path(NAMES[format]).write_bytes(b"of yesterday")

    def stop(*_: Any) -> None:
        raise error

    monkeypatch.setattr(FORMATS[format].writer, method, stop)
    refused(*conversion(sample, format), "--force", code=code)
    assert Path(NAMES[format]).read_bytes() == b"of yesterday"


@texts
@pytest.mark.parametrize(("error", "code"), [(NO_SPACE, 1), (KeyboardInterrupt(), 130)])
def test_a_text_that_stops_half_way(
    sample: Path, format: str, error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunks = SpoolingWriter.chunks

    def stop(self: SpoolingWriter) -> Iterator[dict[str, AnyArray]]:
        for columns in chunks(self):
            yield {name: values[:100] for name, values in columns.items()}
            raise error

    monkeypatch.setattr(SpoolingWriter, "chunks", stop)
    refused(*conversion(sample, format), code=code)
    assert names() == KEPT


@texts
def test_columns_that_wait_have_no_name(sample: Path, format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[str]] = []
    append = SpoolingWriter.append

    def watched(self: SpoolingWriter, record: Any) -> None:
        append(self, record)
        seen.append(names() - KEPT)

    monkeypatch.setattr(SpoolingWriter, "append", watched)
    done(*conversion(sample, format))
    assert seen == [set()]


# --- reading


@pytest.mark.parametrize("format", ["rntuple", "parquet"])
@pytest.mark.parametrize("option", ["--verify", "--json"])
def test_any_flipped_byte_is_told_in_one_message(sample: Path, format: str, option: str) -> None:
    done(*conversion(sample, format))
    content = Path(NAMES[format]).read_bytes()
    changed = Path("changed" + Path(NAMES[format]).suffix)
    rng = np.random.default_rng(len(option))
    codes = []
    for place in rng.integers(0, len(content), 8):
        bytes_ = bytearray(content)
        bytes_[place] ^= 1 << rng.integers(0, 8)
        changed.write_bytes(bytes_)
        outcome = run("inspect", changed, option)
        codes.append(outcome.code)
        assert outcome.code == 0 or outcome.err.startswith(f"mcgen: {changed}: "), outcome
    assert set(codes) <= {0, 1, 2}
    assert option != "--verify" or codes.count(1) > 1, "most bytes are data"


@pytest.mark.parametrize("format", ["rntuple", "parquet"])
def test_a_truncated_file(sample: Path, format: str) -> None:
    done(*conversion(sample, format))
    content = Path(NAMES[format]).read_bytes()
    short = Path("short" + Path(NAMES[format]).suffix)
    for share in (0.0, 0.001, 0.5, 0.99):
        short.write_bytes(content[: int(share * len(content))])
        assert str(short) in refused("inspect", short)
        refused("inspect", short, "--verify")
        refused("convert", short, "out.lhe")


def changed_parquet(sample: Path, **changes: Any) -> Path:
    """Events as Parquet, some columns changed; None takes one away."""
    events = mcgen.read(sample)
    columns = {name: values for name, values in (events.columns | changes).items() if values is not None}
    table = pyarrow.table(columns).replace_schema_metadata({"mcgen": json.dumps(described(events))})
    parquet.write_table(table, "changed.parquet")
    return Path("changed.parquet")


@pytest.mark.parametrize("command", ["verify", "convert"])
def test_parquet_that_was_changed(sample: Path, command: str) -> None:
    events = mcgen.read(sample)
    cases: list[tuple[dict[str, Any], str, dict[str, int]]] = [
        ({"x": events.x + 1.0}, "columns x are not those that were written", {"verify": 1, "convert": 1}),
        ({"extra": events.x}, "columns extra are not those that were written", {"verify": 1, "convert": 1}),
        ({"x": None}, "the column x is missing", {"verify": 1, "convert": 2}),
        ({"x": events.x.astype(np.float32)}, "x holds float32, not float64", {"verify": 1, "convert": 2}),
        ({"x": np.array(["a"] * len(events))}, "x holds", {"verify": 1, "convert": 2}),
        ({"weight": None}, "damaged: the column weight is missing", {"verify": 2, "convert": 2}),
    ]
    for changes, found, codes in cases:
        path = changed_parquet(sample, **changes)
        arguments = ("inspect", path, "--verify") if command == "verify" else ("convert", path, "out.root")
        message = refused(*arguments, code=codes[command])
        assert found in message.removeprefix("mcgen: changed.parquet: ")


def test_parquet_of_something_else() -> None:
    parquet.write_table(pyarrow.table({"weight": [1.0]}), "other.parquet")
    assert refused("inspect", "other.parquet").endswith("holds no mcgen events (no metadata 'mcgen')")


def test_a_tree_that_is_not_flat(sample: Path) -> None:
    import awkward

    metadata = json.dumps(described(mcgen.read(sample)))
    with uproot.recreate("jagged.root") as file:
        file["events"] = {"weight": awkward.Array([[1.0], [2.0, 3.0]])}
        file["mcgen"] = metadata
    assert "jagged.root" in refused("convert", "jagged.root", "out.lhe")
    with uproot.recreate("other.root") as file:
        file["events"] = np.histogram([1.0, 2.0])
        file["mcgen"] = metadata
    assert "other.root" in refused("inspect", "other.root")
