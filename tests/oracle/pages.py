"""README and docs: their blocks of code, and a shell that runs the commands in them."""

from __future__ import annotations

import json
import os
import re
import socketserver
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.oracle.cards import run

ROOT = Path(__file__).parents[2]

PAGES = {
    path.name: path.read_text(encoding="utf-8")
    for path in [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
}
"""Text of every page, by the name of its file."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code."""

    page: str
    """Name of the page's file."""
    language: str
    """As the page marks it."""
    text: str
    """What is in it."""

    @property
    def name(self) -> tuple[str, str]:
        """The page, and the first line of the block: what is printed, without the prompt and a remark."""
        first = self.text.partition("\n")[0].removeprefix("$ ").partition("  ")[0]
        return self.page, first

    @property
    def script(self) -> str:
        """Commands of a console, as a shell takes them: without prompts."""
        assert re.fullmatch(r"(\$ .*(?<!\\)\n|\$ (.*\\\n)+.*\n)+", self.text), (
            f"more than commands: {self.text}"
        )
        return re.sub(r"^\$ ", "", self.text, flags=re.MULTILINE)


def blocks(*languages: str) -> list[Block]:
    """Return the blocks of all pages in some languages, or in all, in their order."""
    found = [
        Block(page, language, content)
        for page, text in PAGES.items()
        for language, content in re.findall(r"^```([\w{}-]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    ]
    return [block for block in found if not languages or block.language in languages]


_CLIENT = """\
#!{python} -IS
import json, socket, sys

with socket.socket(socket.AF_UNIX) as server:
    server.connect(__file__ + ".socket")
    server.sendall(json.dumps(sys.argv[1:]).encode() + b"\\n")
    code, out, err = json.loads(server.makefile().read())
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(code)
"""


def run_script(
    script: str, *arguments: str, change: Callable[[list[str]], list[str]], **variables: str
) -> None:
    """Run a script of bash whose `mcgen` is the command line in this process; each command must succeed.

    Starting a new Python for each of many commands would take longer than what they do.

    Parameters
    ----------
    arguments, variables : of the script, and in its environment
    change : makes the arguments with which `mcgen` runs of those that the script has
    """

    class Answer(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            outcome = run(*change(json.loads(self.rfile.readline())))
            self.wfile.write(json.dumps([outcome.code, outcome.out, outcome.err]).encode())

    class Server(socketserver.UnixStreamServer):
        timeout = 0.05

        def handle_error(self, *_: Any) -> None:
            error = sys.exception()
            assert error is not None
            raise error

    with tempfile.TemporaryDirectory() as folder:
        client = Path(folder) / "mcgen"
        client.write_text(_CLIENT.format(python=sys.executable), encoding="utf-8")
        client.chmod(0o755)
        environment = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", **variables}
        command = ["bash", "-euo", "pipefail", "-c", script, "page", *arguments]
        with (
            Server(f"{client}.socket", Answer) as server,
            subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL) as shell,
        ):
            while shell.poll() is None:
                server.handle_request()
        assert shell.returncode == 0, f"exit code {shell.returncode} of:\n{script}"
