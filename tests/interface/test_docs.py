"""What README and docs say is what the program and its measurements say, and all that they print runs."""

from __future__ import annotations

import importlib.util
import json
import pkgutil
import re
import runpy
import tomllib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot

import mcgen
from tests.oracle.cards import COMMAND, done, muons
from tests.oracle.fluxfiles import (
    add_plane,
    add_target,
    fairship_columns,
    plane_columns,
    target_columns,
    write_fairship,
)
from tests.oracle.pages import PAGES, ROOT, Block, blocks, run_script
from validation.dumps import __main__ as dumps
from validation.ratios import __main__ as ratios

README = PAGES["README.md"]
RESULTS = json.loads((ROOT / "validation" / "ratios" / "ratios.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("maker", ["make_columns", "make_cards"])
def test_a_page_that_is_made_is_that_of_the_declaration(maker: str) -> None:
    spec = importlib.util.spec_from_file_location(maker, ROOT / "docs" / f"{maker}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page()


def test_readme_shows_the_measured_ratios() -> None:
    assert ratios.table(RESULTS) in README
    assert ratios.table({name: RESULTS[name] for name in list(RESULTS)[:-1]}) != ratios.table(RESULTS)


def test_readme_shows_the_measured_yields_of_dumps_as_built() -> None:
    found = json.loads((ROOT / "validation" / "dumps" / "dumps.json").read_text(encoding="utf-8"))
    assert dumps.table(found) in README
    assert list(found) == list(dumps.CARDS)


@pytest.mark.parametrize("page", PAGES)
def test_files_that_a_page_points_at_exist(page: str) -> None:
    folder = next(path.parent for path in (ROOT / page, ROOT / "docs" / page) if path.is_file())
    for target in re.findall(r"\]\((?!http)([^)]+)\)", prose(PAGES[page])):
        assert (folder / target).is_file(), target


def prose(text: str) -> str:
    """Return a page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def unknown(text: str) -> list[str]:
    """Return names of mcgen's own that a page has in its code, and options in its prose, that there are not."""
    spans = " ".join(re.findall(r"`mcgen [^`]+`|`--[^`]+`", prose(text)))
    missing = [option for option in re.findall(r"--[a-z-]+", spans) if option not in options_of(COMMAND)]
    for name in re.findall(r"\bmcgen(?:\.[A-Za-z_]\w*)+", text):
        try:
            pkgutil.resolve_name(name)
        except (ImportError, AttributeError):
            missing.append(name)
    return missing


def options_of(command: Any) -> set[str]:
    """Return the options of a command and of all commands below it."""
    own = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    return own.union(*(options_of(below) for below in getattr(command, "commands", {}).values()))


def test_names_and_options_that_a_page_tells_exist() -> None:
    assert unknown("`mcgen.io.store` and `mcgen.read`, `mcgen scan --mases`, `--masses`") == [
        "--mases",
        "mcgen.io.store",
    ]
    for page, text in PAGES.items():
        assert not unknown(text), page


def test_nothing_installs_the_other_program_of_this_name() -> None:
    wrong = re.compile(r"pip install[^`&\n]*\bmcgen(?![-\w])|\bmcgen\[[a-z]")
    assert all(wrong.search(f"pip install {name}") for name in ("mcgen", "-q 'mcgen[lhe]'"))
    assert not wrong.search("`pip install 'mcgen-hep[lhe]'`, then `mcgen cards`")
    texts = {path: path.read_text(encoding="utf-8") for path in read_by_people()}
    assert not [str(path) for path, text in texts.items() if wrong.search(text)]


def read_by_people() -> list[Path]:
    """Files that say how something is installed, or could."""
    folders = [ROOT / name for name in ("cards", "docs", "mcgen", "validation")]
    paths = [*ROOT.iterdir(), *(path for folder in folders for path in folder.rglob("*"))]
    return [path for path in paths if path.suffix in (".md", ".py", ".ipynb", ".toml", ".jinja")]


# --- Blocks of code: run as they are printed, in their order, in one folder a page ------------------------------------

RUN = ("console", "bash", "python")
"""Languages of the blocks that are run here; python after the commands of its page."""

ELSEWHERE = {
    "sh": "run by .ci/run, in fresh environments",
    "cpp": "run by test_real_root.py, where ROOT is installed",
    "toml": "loaded by the test of tables below",
    "csv": "a file of scan.md, made below",
    "{eval-rst}": "a directive of the site, which the stage docs of .ci/run builds",
}
"""Why blocks in other languages are not."""

NOT_RUN = {
    ("benchmarks.md", "python -m tests.benchmarks"): "takes many minutes, and measures the machine",
    ("farms.md", "dask scheduler"): "needs machines; test_parallel.py draws on a cluster of this one",
    ("farms.md", "from dask_jobqueue import SLURMCluster"): "needs Slurm",
    (
        "farms.md",
        "from distributed import LocalCluster",
    ): "test_parallel.py draws on a cluster of this machine",
    ("farms.md", "# parts.sub"): "HTCondor's own language; the script that it names is run",
    (
        "weights.md",
        "accepted 187.2 +- 0.72 (integration) +- 1.9 (flux sample) +- 64 (flux model) +- 5.7 (form factor)",
    ): ("what a command prints"),
    ("farms.md", "# Containerfile"): "needs a container engine; .ci/run installs in the same way",
}
"""Blocks that cannot be run here, by page and first line, and why."""

LESS_TRAINING = "--set run.vegas.pilot=5000 --set run.vegas.nitn=1 --set run.vegas.neval=1000"

SMALLER = {
    "generate": f"--jobs 1 -n 20000 {LESS_TRAINING}",
    "prepare": LESS_TRAINING,
    "scan": f"--jobs 1 --set run.events=10000 --set scan.refine=false {LESS_TRAINING}",
}
"""What is made smaller: options that a command gets behind its own, which win: fewer points, less training, one process."""

FEW_MASSES = "--masses 0.02,0.2"
"""Of a scan that is printed without masses, which has 24 and more."""

FEW_PROTONS = "--protons 8 --chunk 8 --threshold 20 --jobs 1"
"""Of a flux that is made."""

SMALL_CHUNKS = "-n 10000 --set run.chunk=100"
"""Of a run in parts: as many chunks as the 5,000,000 points that are printed."""


def smaller(arguments: list[str]) -> list[str]:
    """Make a command quick, by options behind those that are printed."""
    command = arguments[0]
    more = (LESS_TRAINING if has_number(arguments) else SMALLER.get(command, "")).split()
    if command == "scan" and "--masses" not in arguments:
        more += FEW_MASSES.split()
    if arguments[:2] == ["flux", "make"]:
        more += FEW_PROTONS.split()
    if "--chunks" in arguments:
        more += SMALL_CHUNKS.split()
    return arguments + more


def has_number(arguments: list[str]) -> bool:
    """Whether a command asks for a number of unweighted events, and so takes no number of points."""
    return any(one == "--unweighted" and other.isdecimal() for one, other in pairwise(arguments))


JOBS = {"$1": range(5), "$SLURM_ARRAY_TASK_ID": range(5, 10)}
"""Jobs of a farm that each of its scripts is run for, by what the script has for their number."""


def run_commands(block: Block) -> None:
    """Run a block of commands; the script of a farm once a job."""
    if block.language == "console":
        run_script(block.script, change=smaller)
        return
    jobs = next(jobs for number, jobs in JOBS.items() if number in block.text)
    for job in jobs:
        run_script(block.text, str(job), change=smaller, SLURM_ARRAY_TASK_ID=str(job))


def what_readme_has() -> None:
    """Make the file of README's first block, and show the samples of the repository, in which its commands are run."""
    Path("validation").symlink_to(ROOT / "validation")
    done(*smaller(["generate", "na62_leptophilic", "--quiet"]))


def what_own_experiment_has() -> None:
    """Write the cards that the page shows, each under the name in its first line."""
    for block in blocks("toml"):
        if block.page == "own-experiment.md":
            name = block.text.partition("\n")[0].removeprefix("# ")
            Path(name).write_text(block.text, encoding="utf-8")


def what_validate_has() -> None:
    """Show the samples of the repository."""
    Path("validation").symlink_to(ROOT / "validation")


def what_scan_has() -> None:
    """Make the folder of others' limits, with the file that the page shows."""
    Path("my_limits").mkdir()
    (block,) = blocks("csv")
    Path("my_limits/x.csv").write_text(block.text, encoding="utf-8")


def what_flux_has() -> None:
    """Make files of muons as the two other programs write them, and a card of one's own."""
    protons, columns = 3000, muons(1000)
    with uproot.recreate("scoringVolume_17.root") as file:
        add_target(file.mkdir("NTuple"), target_columns(columns, protons))
        add_plane(
            file["NTuple"],
            plane_columns(columns, protons),
            np.bincount(np.arange(1000), minlength=protons).tolist(),
        )
    write_fairship(Path("pythia8_Geant4.root"), fairship_columns(columns))
    Path("mine.toml").write_text(done("cards", "na62_leptophilic").out, encoding="utf-8")


SAMPLES: dict[str, Callable[[], None]] = {
    "README.md": what_readme_has,
    "validate.md": what_validate_has,
    "scan.md": what_scan_has,
    "flux.md": what_flux_has,
    "own-experiment.md": what_own_experiment_has,
}
"""What a page's commands read and do not make."""


def test_every_block_is_run_or_said_not_to_be() -> None:
    known = {*RUN, *ELSEWHERE}
    assert not [block.name for block in blocks() if block.language not in known and block.name not in NOT_RUN]
    assert NOT_RUN.keys() <= {block.name for block in blocks()}, "a reason for a block that is not there"


def test_a_command_that_fails_fails_its_page(folder: Path) -> None:
    with pytest.raises(AssertionError, match="exit code 2"):
        run_script("mcgen check there_is_no_such_card.toml\ntouch after", change=smaller)
    assert not (folder / "after").exists()
    for wrong in ("$ mcgen cards\nwhat it prints\n", "mcgen cards\n"):
        with pytest.raises(AssertionError, match="more than commands"):
            assert Block("page.md", "console", wrong).script


@pytest.mark.pages
@pytest.mark.parametrize(
    "page", dict.fromkeys(block.page for block in blocks(*RUN) if block.name not in NOT_RUN)
)
def test_what_a_page_prints_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "page"  # without the files that other tests share
    folder.mkdir()
    monkeypatch.chdir(folder)
    if page in SAMPLES:
        SAMPLES[page]()
    chosen = [block for block in blocks(*RUN) if block.page == page and block.name not in NOT_RUN]
    if any("mcgen flux make" in block.text for block in chosen):
        pytest.importorskip("pythia8mc", reason="needs Pythia, of which there is none for the newest Pythons")
    for block in chosen:
        if block.language != "python":
            run_commands(block)
    for block in chosen:
        if block.language == "python":
            Path("snippet.py").write_text(block.text, encoding="utf-8")
            runpy.run_path("snippet.py")


def test_tables_that_pages_print_are_those_of_a_card() -> None:
    whole, *others = blocks("toml")
    assert whole.page == "README.md"
    Path("mine.toml").write_text(whole.text, encoding="utf-8")
    assert mcgen.load_card("mine.toml").production.method == "exact"
    base = mcgen.load_card("na62_leptophilic").to_dict()
    for block in others:
        if block.page == "own-experiment.md":  # whole ones, whose files are run
            continue
        for name, table in tomllib.loads(block.text).items():  # one by one: some are there instead of others
            if name == "experiment":  # which starts from a shipped one
                mcgen.load_card(base).replace(experiment=table)
            else:
                mcgen.load_card({**base, name: table})


# --- Numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.nightly
@pytest.mark.parametrize("name", dumps.CARDS)
def test_the_yields_of_dumps_come_out_again(name: str) -> None:
    old = json.loads((ROOT / "validation" / "dumps" / "dumps.json").read_text(encoding="utf-8"))[name]
    for process, found in dumps.measure(name, 200_000).items():
        error = (found["mc_error"] ** 2 + old[process]["mc_error"] ** 2) ** 0.5
        assert abs(found["value"] - old[process]["value"]) < 5.0 * error
        # The control: what is a tenth more is noticed.
        assert abs(1.1 * found["value"] - old[process]["value"]) > 5.0 * error


@pytest.mark.nightly
@pytest.mark.parametrize("name", ratios.CARDS)
def test_the_measured_ratios_come_out_again(name: str) -> None:
    again = ratios.measure(name, 200_000)
    for setup, selections in again.items():
        for selection, found in selections.items():
            old = RESULTS[name][setup][selection]
            assert (
                abs(found["value"] - old["value"])
                < 5.0 * (found["mc_error"] ** 2 + old["mc_error"] ** 2) ** 0.5
            )
