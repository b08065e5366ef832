"""API tasks: which source, which of its operations, by which eval definitions, and whom they go to."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from evalhub.accounts.models import Project
from runs.batches.chosen import LABEL, Cell, Chosen, Subject, bounded, company, frozen_brands, frozen_source
from runs.batches.definitions import Effective, Overrides, check_overrides, effective
from runs.batches.environments import Environments, environments
from runs.batches.named import rows_named
from runs.batches.request import ApiRequest, NothingToRun
from runs.batches.snapshots import CompanySnapshot, OperationSnapshot, TaskSnapshot
from runs.batches.whom import Asked, Asking, Judges, Platforms, configured, explicit, scheduled
from runs.models import Target
from templates_app.models import ApiOperation, ApiSource, CustomEval, EvalDefinition

NO_TARGETS = (
    "No configured API Performance targets or models were found for {source_type}. "
    "Configure eval targets for this source or include targets/models in the request."
)
NO_SOURCE = (
    "source_id is required for source_type={source_type} unless operation_ids or eval_ids identify a single source. "
    "Get source IDs from api-performance sources list or api-performance evals list."
)


@dataclass(frozen=True, slots=True)
class Task:
    """One operation by one definition."""

    operation: ApiOperation
    by: Effective
    definition: EvalDefinition | None


def choose_tasks(project: Project, request: ApiRequest, rows: Sequence[Target] | None = None) -> Chosen:
    """Raises UnknownId, BadValue and NothingToRun."""
    platforms = Platforms(project)
    named = _named(project, request)
    asking = explicit(platforms, request.targets, request.models)
    source = named.source or _only_source(project, request, named)
    tasks = _tasks(source, request, named)
    where = environments(project, source, request.env_profile_ids)
    asking = asking or asking_of(platforms, request.source_type, source, rows)
    cells = cells_of([(str(task.operation), task.by) for task in tasks], asking.asked, where)
    if request.source_type == "rest_api":
        where.refuse_strange_servers(source.api_base_url)
    judges = Judges(platforms)
    brands = frozen_brands(project)
    whose = company(project, brands)
    return Chosen(
        source_type=request.source_type,
        subjects=[_subject(task, request, judges, whose) for task in tasks],
        targets=asking.asked,
        cells=cells,
        profiles=where.frozen(),
        brands=brands,
        source=frozen_source(source),
        judges=judges.found,
        unaskable=asking.unaskable,
    )


def asking_of(platforms: Platforms, source_type: str, source: ApiSource | None, rows: Sequence[Target] | None) -> Asking:
    """The configured targets of a source, or of custom evals; else the source's legacy models. Raises NothingToRun where there are none."""
    source_id = source.pk if source else None
    if rows is None:
        rows = [row for row in scheduled(platforms.project, source_type) if row.source_id == source_id]
    models = source.model_names if source else []
    if not rows and not models:
        raise NothingToRun(NO_TARGETS.format(source_type=source_type))
    return configured(platforms, rows, models)


def cells_of(evals: Sequence[tuple[str, Effective]], targets: Sequence[Asked], where: Environments) -> list[Cell]:
    """Every eval by every target that it is for, in each of its environments. Raises NothingToRun where no eval is for any target."""
    cells = bounded(
        (place, number, profile)
        for place, (label, by) in enumerate(evals)
        for profile in where.of(label, by.env_profile_ids)
        for number, target in enumerate(targets)
        if by.asks(target.frozen)
    )
    if not cells:
        raise NothingToRun("None of the chosen evals is for any of the targets: their model_ids name other models.")
    return cells


@dataclass(frozen=True, slots=True)
class _Named:
    """What the request names by id, each found in the project."""

    source: ApiSource | None
    operations: list[ApiOperation] | None
    definitions: list[EvalDefinition] | None

    @property
    def sources(self) -> set[UUID]:
        """Those that the named operations and evals belong to."""
        of_evals = [row.operation.source_id for row in self.definitions or () if row.operation]
        return {row.source_id for row in self.operations or ()} | set(of_evals)


def _named(project: Project, request: ApiRequest) -> _Named:
    """Raises UnknownId for what is not of the project, the source type, or the named source.

    Custom evals are not run with a source; those that are named must be there all the same.
    """
    if request.custom_eval_ids:
        rows_named("custom eval", request.custom_eval_ids, CustomEval.objects.filter(project=project))
    sources = ApiSource.objects.filter(project=project, source_type=request.source_type)
    with_default = sources.select_related("default_env_profile")
    source = None if request.source_id is None else rows_named("source", [request.source_id], with_default)[0]
    operations = ApiOperation.objects.filter(source__in=[source] if source else sources)
    definitions = EvalDefinition.objects.filter(project=project, operation__source__in=[source] if source else sources)
    return _Named(
        source,
        None if request.operation_ids is None else rows_named("operation", request.operation_ids, operations),
        None if request.eval_ids is None else rows_named("eval", request.eval_ids, definitions.select_related("operation")),
    )


def _only_source(project: Project, request: ApiRequest, named: _Named) -> ApiSource:
    rows = ApiSource.objects.filter(project=project, source_type=request.source_type).select_related("default_env_profile")
    found = list(rows.filter(pk__in=named.sources)[:2] if named.sources else rows[:2])
    if len(found) != 1:
        raise NothingToRun(NO_SOURCE.format(source_type=request.source_type))
    return found[0]


def _tasks(source: ApiSource, request: ApiRequest, named: _Named) -> list[Task]:
    """Operations with their definitions, filtered. Raises NothingToRun where a filter leaves none."""
    operations = _operations(source, request, named)
    by_operation: dict[UUID, list[EvalDefinition]] = {}
    stored = EvalDefinition.objects.filter(project_id=source.project_id, operation__source=source)
    for row in stored:
        by_operation.setdefault(row.operation_id or UUID(int=0), []).append(row)
    known = {str(row.pk) for rows in by_operation.values() for row in rows}
    overrides = check_overrides(request.eval_overrides, known)
    tasks = [task for operation in operations for task in _of(operation, by_operation.get(operation.pk, []), request, overrides)]
    if named.definitions is not None:
        wanted = {str(row.pk) for row in named.definitions}
        tasks = [task for task in tasks if task.by.id in wanted]
    return _filtered(tasks, request)


def _operations(source: ApiSource, request: ApiRequest, named: _Named) -> list[ApiOperation]:
    everything = list(source.operations.all())
    paths = _by_paths(everything, request.operation_paths, source)
    chosen = everything if paths is None else paths
    if named.operations is not None:
        keys = {row.pk for row in named.operations}
        chosen = [row for row in chosen if row.pk in keys]
    if named.definitions is not None:
        keys = {row.operation_id for row in named.definitions if row.operation_id}
        chosen = [row for row in chosen if row.pk in keys]
    if paths is None and named.operations is None and named.definitions is None:
        chosen = [row for row in chosen if row.is_selected and row.is_active]
    gone = [str(row) for row in chosen if not row.is_active]
    if gone:
        raise NothingToRun(f"{source.label} no longer has {', '.join(gone[:10])}, so it cannot be run.")
    if request.categories is not None:
        wanted = {name.casefold() for name in request.categories}
        chosen = [row for row in chosen if row.category.casefold() in wanted]
    if not chosen:
        raise NothingToRun(_why_none(source, everything, request))
    return chosen


def _by_paths(rows: Sequence[ApiOperation], paths: Sequence[str] | None, source: ApiSource) -> list[ApiOperation] | None:
    """Those that METHOD:path names; a library's or tool's go by their name alone. Raises NothingToRun for one that names nothing."""
    if paths is None:
        return None
    if not paths:
        raise NothingToRun("The list of operation_paths is empty, so there is nothing to run.")
    known = {f"{row.method.upper()}:{row.path}": row for row in rows}
    written = {path: _path(path) for path in paths}
    missing = [path for path, key in written.items() if key not in known]
    if missing:
        raise NothingToRun(f"{source.label} has no operation {', '.join(missing[:10])}. Write operation_paths as METHOD:path.")
    return list({key: known[key] for key in written.values()}.values())


def _path(text: str) -> str:
    method, colon, path = text.strip().partition(":")
    return f"{method.strip().upper()}:{path.strip()}" if colon and (not method or method.strip().isalpha()) else f":{text.strip()}"


def _why_none(source: ApiSource, everything: Sequence[ApiOperation], request: ApiRequest) -> str:
    if not everything:
        return f"{source.label} has no operations yet. Import its document, or add operations by hand."
    if request.categories is not None:
        return f"No chosen operation of {source.label} is in the categories {', '.join(request.categories) or '(none)'}."
    if request.operation_ids is None and request.eval_ids is None and request.operation_paths is None:
        return f"No operation of {source.label} is selected to run. Select some, or name them in the request."
    return f"No operation of {source.label} passes all filters of the request together."


def _of(operation: ApiOperation, rows: Sequence[EvalDefinition], request: ApiRequest, overrides: Overrides) -> list[Task]:
    """By each of its definitions; by the defaults where it has none."""
    if not rows:
        return [Task(operation, effective(None, request.source_type, {}), None)]
    return [Task(operation, effective(row, request.source_type, overrides.get(str(row.pk), {})), row) for row in rows]


def _filtered(tasks: Sequence[Task], request: ApiRequest) -> list[Task]:
    enabled = [task for task in tasks if task.by.enabled]
    if not enabled:
        raise NothingToRun("All evals of the chosen operations are disabled. Enable one, or send enabled=true in eval_overrides.")
    if request.eval_types is None:
        return enabled
    fitting = [task for task in enabled if task.by.eval_type in request.eval_types]
    if not fitting:
        types = ", ".join(sorted({task.by.eval_type for task in enabled}))
        raise NothingToRun(f"No chosen eval is of the types {', '.join(request.eval_types) or '(none)'}. There are: {types}.")
    return fitting


def _subject(task: Task, request: ApiRequest, judges: Judges, whose: CompanySnapshot) -> Subject:
    frozen: TaskSnapshot = {
        "source_type": "sdk" if request.source_type == "sdk" else "cli" if request.source_type == "cli" else "rest_api",
        "ref": str(task.operation.pk),
        "operation": _operation(task.operation),
        "definition": task.by.snapshot(),
        "judge_model": judges.name_of() if task.by.expected_behavior.strip() else "",
        "company": whose,
    }
    return Subject(
        ref=task.operation.pk,
        definition=task.definition.pk if task.definition else None,
        label=str(task.operation)[:LABEL],
        group=task.operation.category,
        eval_type=task.by.eval_type,
        snapshot=frozen,
    )


def _operation(row: ApiOperation) -> OperationSnapshot:
    return {
        "id": str(row.pk),
        "method": row.method,
        "path": row.path,
        "operation_key": row.operation_key,
        "summary": row.summary,
        "description": row.description,
        "category": row.category,
        "snapshot": row.snapshot,
    }
