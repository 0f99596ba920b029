"""Run the command line as `python -m mcgen`."""

from mcgen.cli import main

main()
