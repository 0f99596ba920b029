"""Run the command line as `python -m mcgen`."""

from mcgen.cli import main

if __name__ == "__main__":  # worker processes import this module too
    main()
