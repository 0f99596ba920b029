"""Where output goes, and what happens if it cannot: nothing half-written is left, and one message says why."""

from __future__ import annotations

import errno
import json
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup

import mcgen
from mcgen.errors import RunError, UsageError
from mcgen.io.events.root import RootWriter
from tests.oracle.cards import CARD, COMMAND, done, refused, run, settings, write_tiny_card

MCGEN = [sys.executable, "-m", "mcgen"]


def names() -> set[str]:
    return {path.name for path in Path().iterdir()}


# --- stdout, stderr, quiet


def test_quiet_prints_nothing() -> None:
    outcome = done("--quiet", "generate", "tiny.toml")
    assert (outcome.out, outcome.err) == ("", "")
    assert names() == {"muons.csv", "tiny.toml", "tiny.root"}


def test_quiet_does_not_hide_an_error() -> None:
    assert "g_mu" in refused("--quiet", "generate", "tiny.toml", *settings("model.g_mu=0"))


def test_results_go_to_stdout_and_nothing_else_does() -> None:
    printed = done("generate", "tiny.toml")
    outcome = mcgen.read("tiny.root").outcome
    for text in ("decays in the decay volume", "accepted", "tiny.root"):
        assert text in printed.out
    for step in outcome.cut_flow:
        assert step.requirement in printed.out
    assert f"{outcome.accepted.value:.4g}" in printed.out
    assert "generating" not in printed.out
    assert "training" not in printed.out
    assert printed.err == "", "progress is for terminals"


def test_the_summary_says_what_was_made_and_fits_a_terminal(
    sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = done("inspect", sample).out.split("\n\n")[1:3]
    assert lines[0].splitlines() == [
        "leptophilic scalar, m = 0.05 GeV, g_mu = 0.0001",
        "by bremsstrahlung (iww); into ee, gammagamma",
        "500 points for 1e+18 protons on target",
    ]
    table = lines[1].splitlines()
    outcome = mcgen.read(sample).outcome
    labels = ["decays in the decay volume", "  ee", "  gammagamma", "accepted", "  ee", "  gammagamma"]
    yields = [
        share[kind]
        for kind in ("fiducial", "accepted")
        for share in (outcome.yields, *outcome.by_channel.values())
    ]
    assert len(table) == 2 + len(labels), "no label is broken"
    for line, label, y in zip(table[2:], labels, yields, strict=True):
        numbers = (f"{number:.4g}" for number in (y.value, y.mc_error, y.flux_error, y.total_error))
        assert line.startswith(f"{label}  ")
        assert line.removeprefix(label).split() == [*numbers, f"{y.effective_size:.0f}"]
        assert len(line) <= 80


def test_cross_sections_say_of_what_and_fit_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    arguments = ("xsec", "tiny.toml", "--energies", "20", *settings("model.mass_gev=0.2"))
    lines = done(*arguments).out.splitlines()
    assert lines[:2] == [
        "leptophilic scalar, m = 0.2 GeV, g_mu = 0.0001",
        "per nucleus of Cu: Z = 29, A = 63.546 g/mol",
    ]
    assert "sigma [pb]  error [pb]" in lines[3]
    rows = json.loads(done(*arguments, "--json").out)
    for line, row in zip(lines[4:], rows, strict=True):
        words = line.split()
        assert words[1] == row["method"]
        assert len(line) <= 80
        assert float(words[2]) == pytest.approx(row["sigma_pb"], rel=1e-5)
        assert float(words[3]) == pytest.approx(row["error_pb"], rel=0.05)


def test_a_drawn_seed_is_printed() -> None:
    Path("tiny.toml").write_text(CARD.replace("seed = 1\n", ""), encoding="utf-8")
    outcome = done("generate", "tiny.toml")
    assert str(mcgen.read("tiny.root").provenance.seed) in outcome.out + outcome.err


def test_the_default_name_is_that_of_the_card(folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    (folder / "tiny.toml").rename(folder / "elsewhere" / "mine.v2.toml")
    (folder / "muons.csv").rename(folder / "elsewhere" / "muons.csv")
    done("generate", "elsewhere/mine.v2.toml")
    assert names() == {"elsewhere", "mine.v2.root"}


def test_version() -> None:
    assert done("--version").out == f"mcgen {mcgen.__version__}\n"


@pytest.mark.parametrize("command", sorted(COMMAND.commands))
def test_help_of_a_command(command: str) -> None:
    outcome = done(command, "--help")
    assert f"Usage: mcgen {command}" in outcome.out
    assert (COMMAND.commands[command].help or "no help") in outcome.out
    assert outcome.err == ""


def every_command(group: TyperGroup = COMMAND, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield all commands, those within others too, as they are typed."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from every_command(command, (*words, name))
        yield (*words, name)


@pytest.mark.parametrize("words", [(), *every_command()], ids=" ".join)
def test_help_prints_what_is_written(words: tuple[str, ...]) -> None:
    """Nothing is taken for markup: a backslash stands before what looks like it."""
    command: Any = COMMAND
    for word in words:
        command = command.commands[word]
    outcome = done(*words, "--help")
    printed = re.sub(r"[\s│]+", " ", outcome.out)
    texts = [command.help, *(param.help for param in command.params)]
    assert command.help
    for text in texts:
        expected = re.sub(r"\s+", " ", (text or "").replace("\\[", "["))
        assert expected in printed
    assert "[[" not in printed
    assert "\\" not in printed


@pytest.mark.parametrize("words", [(), *every_command()], ids=" ".join)
def test_help_ends_with_an_example_that_parses(words: tuple[str, ...]) -> None:
    """Of the command itself; without the rest of the line, as a shell would cut it off."""
    lines = [line.strip() for line in done(*words, "--help").out.splitlines() if line.strip()]
    example = shlex.split(re.split("[>;]", lines[-1])[0])
    assert example[: 2 + len(words)] == ["Example:", "mcgen", *words]
    command, arguments = COMMAND, example[2:]
    while isinstance(command, TyperGroup):
        _, command, arguments = command.resolve_command(command.make_context("mcgen", ["any"]), arguments)
    command.make_context("example", list(arguments))
    with pytest.raises(Exception, match="No such option"):
        command.make_context("example", [*arguments, "--no-such-option"])


@pytest.mark.parametrize("arguments", [("-v", "check", "tiny.toml"), ("check", "tiny.toml", "-v")])
def test_verbose_stands_anywhere(arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    monkeypatch.setattr("mcgen.cli.common.log_to_stderr", lambda: asked.append(True))
    done(*arguments)
    assert asked == [True]
    done("check", "tiny.toml")
    assert asked == [True]
    assert "-v" in refused("check", "--", "-v"), "behind -- it is the name of a card"


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        (("mcgen", "ins"), {"inspect"}),
        (("mcgen", "check", "na62_muon"), {"na62_muonphilic", "na62_muonphilic_exact"}),
        (("mcgen", "cards", "na62-no"), {"na62-nomagnet"}),
        (("mcgen", "generate", "x", "--set", "run.vegas.n"), {"run.vegas.nitn", "run.vegas.neval"}),
        (("mcgen", "scan", "--mas"), {"--masses"}),
    ],
)
def test_a_shell_completes(
    typed: tuple[str, ...], completed: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_MCGEN_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", " ".join(typed))
    monkeypatch.setenv("COMP_CWORD", str(len(typed) - 1))
    assert set(run().out.split()) == completed


def test_help_lists_the_commands() -> None:
    outcome = done("--help")
    assert {"generate", "inspect", "cards", "check"} <= set(COMMAND.commands)
    for command in COMMAND.commands:
        assert command in outcome.out


def test_no_command_shows_the_help() -> None:
    outcome = run()
    assert outcome.code == 2
    assert "generate" in outcome.out + outcome.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("generat", "tiny.toml"),
        ("generate",),
        ("generate", "tiny.toml", "--event", "5"),
        ("generate", "tiny.toml", "-n", "many"),
        ("generate", "tiny.toml", "--seed", "1.5"),
        ("generate", "tiny.toml", "tiny.toml"),
        ("inspect",),
    ],
)
def test_wrong_options(arguments: tuple[str, ...]) -> None:
    outcome = run(*arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert "Error" in outcome.err or "mcgen: " in outcome.err
    assert names() == {"muons.csv", "tiny.toml"}


# --- where output cannot go


@pytest.mark.parametrize("output", ["nowhere/out.root", "tiny.toml/out.root", "../nowhere/out.root"])
def test_a_missing_folder(output: str) -> None:
    message = refused("generate", "tiny.toml", "-o", output)
    assert output in message
    assert "does not exist" in message


def test_a_folder_for_a_file(folder: Path) -> None:
    (folder / "out.root").mkdir()
    assert "is a folder" in refused("generate", "tiny.toml", "-o", "out.root")


@pytest.mark.parametrize("output", ["out.txt", "out", ".root", "/dev/full"])
def test_an_unknown_ending(output: str) -> None:
    message = refused("generate", "tiny.toml", "-o", output)
    assert output in message
    assert ".root" in message


def test_a_name_that_is_too_long() -> None:
    message = refused("generate", "tiny.toml", "-o", "x" * 300 + ".root", code=1)
    assert "cannot be written" in message


@contextmanager
def nobody() -> Iterator[None]:
    """Be nobody if the tests are run by root, for whom no folder is read-only."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def public(sample: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that nobody may enter but not write to, beside the tiny card; it is worked in."""
    for arguments in (("inspect", sample), ("check", "tiny.toml")):
        done(*arguments)  # imports what it needs, for nobody may not even do that
    place = Path(tempfile.mkdtemp())
    inner = place / "inner"
    inner.mkdir()
    write_tiny_card(place)
    monkeypatch.chdir(place)
    place.chmod(0o755)
    inner.chmod(0o555)
    yield inner
    inner.chmod(0o755)
    shutil.rmtree(place)


def refused_to_nobody(*arguments: str | Path, code: int) -> str:
    with nobody():
        outcome = run(*arguments)
    assert outcome.code == code, outcome
    assert outcome.err.strip().startswith("mcgen: ")
    assert outcome.out == ""
    return outcome.err


@pytest.mark.parametrize(
    ("command", "name", "work"),
    [
        ("generate", "out.root", "mcgen.run.run.prepare"),
        ("scan", "out.json", "mcgen.sensitivity.scan.mass_point"),
    ],
)
def test_a_read_only_folder(
    public: Path, monkeypatch: pytest.MonkeyPatch, command: str, name: str, work: str
) -> None:
    monkeypatch.setattr(work, lambda *_: pytest.fail("told only after the work was done"))
    message = refused_to_nobody(command, "tiny.toml", "-o", public / name, code=1)
    assert str(public / name) in message
    assert "Permission denied" in message
    assert not list(public.iterdir())


def test_a_closed_folder(public: Path) -> None:
    public.chmod(0)
    message = refused_to_nobody("generate", "tiny.toml", "-o", public / "out.root", code=1)
    assert "Permission denied" in message
    public.chmod(0o755)
    assert not list(public.iterdir())


@pytest.mark.parametrize("command", ["generate", "check"])
def test_a_flux_in_a_closed_folder_is_not_taken_for_the_output(public: Path, command: str) -> None:
    public.chmod(0)
    public.parent.chmod(0o777)
    change = settings(f"flux.file={public}/muons.csv")
    message = refused_to_nobody(command, "tiny.toml", *change, code=2)
    assert f"flux file {public}/muons.csv" in message


@pytest.mark.parametrize("command", ["check", "inspect"])
def test_a_closed_folder_cannot_be_read(public: Path, command: str) -> None:
    public.chmod(0)
    assert str(public) in refused_to_nobody(command, public / "tiny.toml", code=2)


# --- a full disk


def fail_after(monkeypatch: pytest.MonkeyPatch, method: str, calls: int, error: BaseException) -> None:
    """Let a method of the writer raise an error after some calls that work."""
    works = getattr(RootWriter, method)
    left = iter(range(calls))

    def wrapped(*arguments: Any) -> Any:
        if next(left, None) is None:
            raise error
        return works(*arguments)

    monkeypatch.setattr(RootWriter, method, wrapped)


NO_SPACE = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
moments = pytest.mark.parametrize(("method", "calls"), [("append", 0), ("append", 2), ("finish", 0)])


@moments
@pytest.mark.parametrize("exists", [False, True])
def test_a_writer_that_fails(monkeypatch: pytest.MonkeyPatch, method: str, calls: int, exists: bool) -> None:
    if exists:
        Path("out.root").write_bytes(b"of yesterday")
    fail_after(monkeypatch, method, calls, NO_SPACE)
    message = refused("generate", "tiny.toml", "-o", "out.root", "--force", code=1)
    assert "out.root: cannot be written: No space left on device" in message
    assert Path("out.root").is_file() == exists
    assert not exists or Path("out.root").read_bytes() == b"of yesterday"


@pytest.mark.parametrize("share", [0.0, 0.002, 0.3, 0.9, 0.999])
def test_a_file_that_cannot_grow(sample: Path, share: float) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(share * sample.stat().st_size), before[1]))
    try:
        outcome = run("generate", "tiny.toml", "-o", "out.root")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert outcome.code == 1, outcome
    assert "out.root: cannot be written" in outcome.err
    assert outcome.out == ""
    assert names() == {"muons.csv", "tiny.toml"}


def test_a_file_that_can_just_grow_enough(sample: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * sample.stat().st_size, before[1]))
    try:
        done("generate", "tiny.toml", "-o", "out.root")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_the_python_interface_leaves_nothing_either(monkeypatch: pytest.MonkeyPatch, sample: Path) -> None:
    events = mcgen.read(sample)
    with pytest.raises(UsageError, match="does not exist"):
        mcgen.write(events, "nowhere/out.root")
    fail_after(monkeypatch, "finish", 0, NO_SPACE)
    with pytest.raises(RunError, match="No space left"):
        mcgen.write(events, "out.root")
    assert names() == {"muons.csv", "tiny.toml"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_results_that_cannot_be_printed() -> None:
    with Path("/dev/full").open("w") as full:
        found = subprocess.run([*MCGEN, "cards"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert found.returncode == 1
    assert found.stderr.startswith("mcgen: ")
    assert "Traceback" not in found.stderr


def test_a_reader_that_has_gone() -> None:
    with subprocess.Popen(
        [*MCGEN, "cards"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
    assert process.returncode == 1


# --- interrupted


@moments
def test_an_interrupt_while_writing(monkeypatch: pytest.MonkeyPatch, method: str, calls: int) -> None:
    Path("out.root").write_bytes(b"of yesterday")
    fail_after(monkeypatch, method, calls, KeyboardInterrupt())
    assert "interrupted" in refused("generate", "tiny.toml", "-o", "out.root", "--force", code=130)
    assert Path("out.root").read_bytes() == b"of yesterday"


@pytest.mark.parametrize("stage", ["flux_of", "prepare", "process_of"])
def test_an_interrupt_while_preparing(monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"mcgen.run.run.{stage}", interrupt)
    assert "interrupted" in refused("generate", "tiny.toml", "-o", "out.root", code=130)


def test_out_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_after(monkeypatch, "append", 1, MemoryError())
    assert "run.chunk" in refused("generate", "tiny.toml", "-o", "out.root", code=1)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal(name: str, folder: Path) -> None:
    place = folder / "place"
    place.mkdir()
    (place / "out.root").write_bytes(b"of yesterday")
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "mcgen",
            "generate",
            "tiny.toml",
            "-n",
            "1000000000",
            "-o",
            "place/out.root",
            "--force",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = time.monotonic() + 60.0
        while len(list(place.iterdir())) < 3 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(list(place.iterdir())) == 3, "a temporary file, and a folder of finished chunks"
        process.send_signal(getattr(signal, name))
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    kept = re.match(r"mcgen: interrupted; \d+ finished chunks are kept in (.*): continue with --resume", err)
    assert kept or err.strip() == "mcgen: interrupted; nothing was left half-written"
    assert {path.name for path in place.iterdir()} == {"out.root", *(["out.root.parts"] if kept else [])}
    assert (place / "out.root").read_bytes() == b"of yesterday"


def test_the_exit_code_of_the_process() -> None:
    found = subprocess.run([*MCGEN, "check", "nowhere.toml"], capture_output=True, text=True, check=False)
    assert found.returncode == 2
    assert found.stdout == ""
    assert found.stderr.startswith("mcgen: nowhere.toml: no such card")
