"""Names of the formats of events files: a module without imports, for the command line's help."""

from typing import Literal

FormatName = Literal["root", "rntuple", "parquet", "hepmc3", "lhe", "fairship"]
