"""What a request comes to, before anything is written: subjects, targets, profiles, and one cell for each child."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from uuid import UUID

from agents.llm.spec import ModelSpec
from evalhub.accounts.models import Project
from runs.batches.request import NothingToRun
from runs.batches.snapshots import (
    BrandSnapshot,
    CompanySnapshot,
    ProfileSnapshot,
    SourceSnapshot,
    SubjectSnapshot,
)
from runs.batches.whom import Asked
from runs.models import Target
from templates_app.models import ApiSource, Brand, EnvProfile
from templates_app.prompts.selectors import brand_list

Cell = tuple[int, int, int | None]  # subject, target, profile
MOST_CHILDREN = 100_000
LABEL = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One thing that is asked, as BatchSubject stores it."""

    ref: UUID
    label: str
    snapshot: SubjectSnapshot
    definition: UUID | None = None
    group_id: UUID | None = None
    group: str = ""
    eval_type: str = ""


@dataclass(slots=True, kw_only=True)
class Chosen:
    """All that a batch will be made of. `unaskable` are configured targets that were left out, with the reason."""

    source_type: str
    subjects: Sequence[Subject]
    targets: Sequence[Asked]
    cells: Sequence[Cell]
    profiles: Sequence[ProfileSnapshot] = ()
    brands: Sequence[BrandSnapshot] = ()
    source: SourceSnapshot | None = None
    judges: dict[str, ModelSpec] = field(default_factory=dict)
    unaskable: Sequence[tuple[Target, str]] = ()
    estimated_cost_usd: Decimal | None = None

    @property
    def uses_demo(self) -> bool:
        return any(target.frozen["is_demo"] for target in self.targets)


def bounded(cells: Iterable[Cell]) -> list[Cell]:
    """The cells, of which no more are made than may be: a list of a request times another is too long long before it is written out.

    Raises NothingToRun for more than MOST_CHILDREN.
    """
    found = list(islice(cells, MOST_CHILDREN + 1))
    if len(found) > MOST_CHILDREN:
        raise NothingToRun(f"That would be more than {MOST_CHILDREN:,} evals, the most of one run. Name fewer, or run them in parts.")
    return found


def used_only(chosen: Chosen) -> Chosen:
    """Without subjects, targets and profiles that no cell names, renumbered."""
    subjects = _numbers(cell[0] for cell in chosen.cells)
    targets = _numbers(cell[1] for cell in chosen.cells)
    profiles = _numbers(cell[2] for cell in chosen.cells if cell[2] is not None)
    chosen.subjects = [chosen.subjects[old] for old in subjects]
    chosen.targets = [chosen.targets[old] for old in targets]
    chosen.profiles = [chosen.profiles[old] for old in profiles]
    chosen.cells = [(subjects[s], targets[t], None if p is None else profiles[p]) for s, t, p in chosen.cells]
    return chosen


def _numbers(used: Iterable[int]) -> dict[int, int]:
    """Old number to new, in order."""
    return {old: new for new, old in enumerate(sorted(set(used)))}


def frozen_brands(project: Project) -> list[BrandSnapshot]:
    """All brands, own ones first. One query."""
    return [frozen_brand(row) for row in brand_list(project=project)]


def frozen_brand(row: Brand) -> BrandSnapshot:
    return {"id": str(row.pk), "name": row.name, "aliases": list(row.aliases), "domain": row.domain, "is_own": row.is_own}


def company(project: Project, brands: Sequence[BrandSnapshot]) -> CompanySnapshot:
    """As `own_brand` has it, of brands that are there already."""
    own = next((brand for brand in brands if brand["is_own"]), None)
    return {"name": own["name"] if own else project.name, "domain": own["domain"] if own else ""}


def frozen_profile(row: EnvProfile) -> ProfileSnapshot:
    return {
        "id": str(row.pk),
        "key": row.key,
        "name": row.name,
        "base_url": row.base_url,
        "variable_names": list(row.variable_names),
        "allowed_hosts": list(row.allowed_hosts),
    }


def frozen_source(row: ApiSource) -> SourceSnapshot:
    return {
        "id": str(row.pk),
        "source_type": row.source_type,
        "label": row.label,
        "base_url": row.api_base_url,
        "docs_url": row.docs_url,
        "docs": row.docs,
        "command": row.command,
    }
