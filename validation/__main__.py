"""Measure the claims, draw their figures, and write README.md: python -m validation [--quick] [CLAIM ...]."""

from validation.command import main

if __name__ == "__main__":
    raise SystemExit(main())
