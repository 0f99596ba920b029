"""The [[variations]] of a run card: other weights for the same events, a column each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from mcgen.card.run_tables import ModelTable, MuonCoupling, ProductionTable
from mcgen.fields import AsTuple, Name, Table
from mcgen.physics.formfactors import FORM_FACTORS

Factor = Annotated[float, Field(ge=0.0, le=1e3)]
"""On a rate; 0 leaves out what it is for."""

if TYPE_CHECKING:
    FormFactorName = str
else:
    FormFactorName = Literal[tuple(FORM_FACTORS)]


def _list_of_one(value: Any) -> Any:
    """A single number stands for a list of one."""
    return (value,) if isinstance(value, int) else tuple(value) if isinstance(value, list) else value


Step = Annotated[tuple[Annotated[float, Field(ge=0.0, le=1e5)], Factor], AsTuple]
"""A momentum [GeV], and the factor from there on."""


class VariationTable(Table):
    """A variation: what would be different, and in which way."""

    name: Name
    """Of the column, weight_NAME."""
    kind: Literal["flux", "stopping_power", "form_factor", "method", "coupling"]
    """What is varied; it says which of the other keys are to be given."""
    parent: (
        Annotated[
            tuple[Annotated[int, Field(ge=1, lt=2**31)], ...],
            BeforeValidator(_list_of_one),
            Field(min_length=1),
        ]
        | None
    ) = None
    """Of a flux: PDG ids without sign of what particles are from, a meson's own; one or a list. Absent: all particles."""
    factor: Factor | None = None
    """Of a flux: on the rates. Of a stopping power: on what muons lose."""
    factors: Annotated[tuple[Step, ...], AsTuple, Field(min_length=1)] | None = None
    """Of a flux, in place of `factor`: [momentum, factor] pairs, each from its momentum in GeV on; below the first, 1."""
    model: FormFactorName | None = None
    """Of a form factor: which one is in place of the dipole."""
    method: Literal["ww", "iww"] | None = None
    """In place of the exact one."""
    g_mu: MuonCoupling | None = None
    """Of a coupling: the other coupling to muons; those to other leptons keep their ratio to it."""

    def in_words(self) -> str:
        """Return what is varied as a person says it."""
        match self.kind:
            case "form_factor":
                return f"the form factor {self.model}"
            case "stopping_power":
                return f"the stopping power times {self.factor:g}"
            case "method":
                return f"the cross-section of {self.method}"
            case "coupling":
                return f"g_mu = {self.g_mu:g}"
        of = "" if self.parent is None else f" of {', '.join(str(pdg) for pdg in self.parent)}"
        if self.factors is None:
            return f"the flux{of} times {self.factor:g}"
        return f"the flux{of} times " + ", ".join(f"{f:g} from {p:g} GeV" for p, f in self.factors)


_KEYS: dict[str, tuple[str, ...]] = {
    "flux": ("parent", "factor", "factors"),
    "stopping_power": ("factor",),
    "form_factor": ("model",),
    "method": ("method",),
    "coupling": ("g_mu",),
}
"""Keys of each kind."""


def faults_of_variations(
    variations: Sequence[VariationTable], production: ProductionTable, model: ModelTable
) -> Iterator[str]:
    """Yield what is wrong with the variations of a card, a sentence each."""
    for name, count in Counter(variation.name for variation in variations).items():
        if count > 1:
            yield f"variations: {count} of them are named {name!r}; each is a column weight_{name} of its own"
    for variation in variations:
        yield from _faults_of(variation, production)
        if variation.kind == "coupling" and not model.keeps_ratios:
            yield (
                f"variations.{variation.name}: a coupling is not varied beside model.kinetic_mixing = "
                f'{model.kinetic_mixing}, which does not go with it; take "loop", or a card for each coupling'
            )


def _faults_of(variation: VariationTable, production: ProductionTable) -> Iterator[str]:
    key, kind = f"variations.{variation.name}", variation.kind
    own = _KEYS[kind]
    for name in dict.fromkeys(name for names in _KEYS.values() for name in names):
        if name not in own and getattr(variation, name) is not None:
            yield f'{key}.{name}: not with kind = "{kind}", which takes {", ".join(own)}'
    if kind != "flux" and getattr(variation, own[0]) is None:
        yield f'{key}.{own[0]}: missing; kind = "{kind}" needs it'
    if kind == "flux" and (variation.factor is None) == (variation.factors is None):
        yield f'{key}: kind = "flux" needs either factor or factors = [[momentum, factor], ...]'
    if kind == "stopping_power" and variation.factor is not None and not 0.5 <= variation.factor <= 2.0:
        yield f"{key}.factor = {variation.factor:g}: must be from 0.5 to 2, for a stopping power"
    if variation.factors is not None:
        momenta = [momentum for momentum, _ in variation.factors]
        if sorted(set(momenta)) != momenta:
            yield f"{key}.factors: the momenta must rise"
    if kind == "method" and production.method != "exact":
        yield f'{key}: kind = "method" needs production.method = "exact", whose events it gives the weights of others'
