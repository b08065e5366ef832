"""Custom evals: which of the project's own tasks, and whom they go to."""

from collections.abc import Sequence
from uuid import UUID

from evalhub.accounts.models import Project
from runs.batches.chosen import LABEL, Chosen, Subject, company, frozen_brand, frozen_brands
from runs.batches.definitions import Effective, Overrides, check_overrides, effective
from runs.batches.environments import environments
from runs.batches.named import rows_named
from runs.batches.of_sources import asking_of, cells_of
from runs.batches.request import ApiRequest, BadValue, NothingToRun
from runs.batches.snapshots import CompanySnapshot, CustomSnapshot
from runs.batches.whom import Judges, Platforms, explicit
from runs.models import Target
from templates_app.models import ApiSource, CustomEval, EvalDefinition, SourceType

NO_CUSTOM_EVALS = (
    "No custom eval IDs were provided and no configured custom evals were found for this organization. "
    "Configure custom evals or include custom_eval_ids in the request."
)
Used = tuple[CustomEval, Effective]


def choose_customs(project: Project, request: ApiRequest, targets: Sequence[Target] | None = None) -> Chosen:
    """Raises UnknownId, BadValue and NothingToRun."""
    _refuse_what_sources_have(project, request)
    platforms = Platforms(project)
    rows = _rows(project, request)
    asking = explicit(platforms, request.targets, request.models)
    where = environments(project, None, request.env_profile_ids)
    overrides = _overrides(project, request)
    evals = _filtered([(row, _effective(row, overrides)) for row in rows], request)
    asking = asking or asking_of(platforms, SourceType.CUSTOM_EVALS, None, targets)
    cells = cells_of([(str(row), by) for row, by in evals], asking.asked, where)
    judges = Judges(platforms)
    brands = frozen_brands(project)
    whose = company(project, brands)
    return Chosen(
        source_type=SourceType.CUSTOM_EVALS,
        subjects=[_subject(row, by, judges, whose) for row, by in evals],
        targets=asking.asked,
        cells=cells,
        profiles=where.frozen(),
        brands=brands,
        judges=judges.found,
        unaskable=asking.unaskable,
    )


def _refuse_what_sources_have(project: Project, request: ApiRequest) -> None:
    for name in ("operation_ids", "operation_paths"):
        if getattr(request, name):
            raise BadValue((name,), f"Custom evals have no operations: leave out {name}, or ask for another source_type.")
    if request.source_id is not None:
        rows_named("source", [request.source_id], ApiSource.objects.filter(project=project))


def _rows(project: Project, request: ApiRequest) -> list[CustomEval]:
    """Those that are named, by their own id or by their eval's; else the configured ones."""
    rows = CustomEval.objects.filter(project=project).select_related("category", "competitor", "definition")
    by_eval = None if request.eval_ids is None else _of_evals(project, request)
    if request.custom_eval_ids is not None:
        named = rows_named("custom eval", request.custom_eval_ids, rows)
        return [row for row in named if by_eval is None or row.pk in by_eval]
    if by_eval is not None:
        return list(rows.filter(pk__in=by_eval))
    selected = list(rows.filter(is_selected=True))
    if not selected:
        raise NothingToRun(NO_CUSTOM_EVALS)
    return selected


def _of_evals(project: Project, request: ApiRequest) -> set[UUID]:
    definitions = EvalDefinition.objects.filter(project=project, custom_eval__isnull=False)
    return {row.custom_eval_id for row in rows_named("eval", request.eval_ids or (), definitions) if row.custom_eval_id}


def _overrides(project: Project, request: ApiRequest) -> Overrides:
    """By the id of the definition, or of the custom eval itself."""
    if not request.eval_overrides:
        return {}
    known = EvalDefinition.objects.filter(project=project, custom_eval__isnull=False).values_list("pk", "custom_eval_id")
    ids = {str(key) for pair in known for key in pair}
    ids |= {str(key) for key in CustomEval.objects.filter(project=project).values_list("pk", flat=True)}
    return check_overrides(request.eval_overrides, ids)


def _effective(row: CustomEval, overrides: Overrides) -> Effective:
    definition = _definition(row)
    own = overrides.get(str(row.pk)) or (overrides.get(str(definition.pk)) if definition else None)
    return effective(definition, SourceType.CUSTOM_EVALS, own or {})


def _definition(row: CustomEval) -> EvalDefinition | None:
    return getattr(row, "definition", None)


def _filtered(evals: list[Used], request: ApiRequest) -> list[Used]:
    left = [(row, by) for row, by in evals if by.enabled]
    if not left and not request.custom_eval_ids and request.eval_ids is None:
        raise NothingToRun(NO_CUSTOM_EVALS)
    if not left:
        raise NothingToRun("All chosen custom evals are disabled. Enable one, or send enabled=true in eval_overrides.")
    if request.categories is not None:
        wanted = {name.casefold() for name in request.categories}
        left = [(row, by) for row, by in left if row.category and not wanted.isdisjoint(_names(row))]
    if request.eval_types is not None:
        left = [(row, by) for row, by in left if by.eval_type in request.eval_types]
    if not left:
        raise NothingToRun("No custom eval passes the categories and eval_types of the request.")
    return left


def _names(row: CustomEval) -> set[str]:
    """How a category may be named."""
    found = row.category
    return {found.name.casefold(), found.slug.casefold(), str(found.pk)} if found else set()


def _subject(row: CustomEval, by: Effective, judges: Judges, whose: CompanySnapshot) -> Subject:
    frozen: CustomSnapshot = {
        "source_type": "custom_evals",
        "ref": str(row.pk),
        "prompt": by.custom_prompt or row.prompt,
        "description": row.description,
        "category_id": str(row.category_id) if row.category_id else None,
        "category": row.category.name if row.category else "",
        "competitor": frozen_brand(row.competitor) if row.competitor else None,
        "definition": by.snapshot(),
        "judge_model": judges.name_of(),
        "company": whose,
    }
    definition = _definition(row)
    return Subject(
        ref=row.pk,
        definition=definition.pk if definition else None,
        label=row.prompt[:LABEL],
        group_id=row.category_id,
        group=row.category.name if row.category else "",
        eval_type=by.eval_type,
        snapshot=frozen,
    )
