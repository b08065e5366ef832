"""What runs where a request names nothing, as one whole: of a source, or, without one, of the custom evals. Written all or nothing.

Each part has a service of its own, which checks it; a ValidationError names the field as `Changes` has it.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction

from evalhub.accounts.models import Project
from runs.batches.targets import TargetGiven, targets_of, targets_replace
from runs.batches.whom import Platforms
from runs.models import Target
from templates_app.customs.services import custom_evals_select
from templates_app.models import ApiOperation, ApiSource, CustomEval, EnvProfile, SourceType
from templates_app.sources.profiles import env_profile_create, env_profile_delete, env_profile_update
from templates_app.sources.selectors import profile_list, source_get
from templates_app.sources.services import operations_select, source_update

LONGEST_MODEL, MOST_MODELS = 200, 100
MOST_PROFILES = 200  # each is stored by itself, and a page shows them all
OF_A_SOURCE = ("models", "operation_ids", "default_env_profile_id", "api_base_url")
DEFAULT = "Default"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileGiven:
    """An environment to be. `variables` None keeps those that it has."""

    key: str
    name: str
    variables: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What changes; None leaves a part as it is, a list replaces the one that is there. `env_vars` are all variables of the default."""

    models: Sequence[str] | None = None
    targets: Sequence[TargetGiven] | None = None
    operation_ids: Sequence[str] | None = None
    custom_eval_ids: Sequence[str] | None = None
    env_vars: Mapping[str, str] | None = None
    env_profiles: Sequence[ProfileGiven] | None = None
    default_env_profile_id: str | None = None
    api_base_url: str | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """What is configured. Without a source there are no operations, and `targets` are those of the custom evals."""

    source: ApiSource | None
    targets: Sequence[Target]
    operation_ids: Sequence[uuid.UUID]
    custom_eval_ids: Sequence[uuid.UUID]
    profiles: Sequence[EnvProfile]

    @property
    def variable_names(self) -> list[str]:
        return sorted({name for profile in self.profiles for name in profile.variable_names})


def config_get(*, project: Project, source_id: uuid.UUID | None) -> Config:
    """Five queries. Raises ApiSource.DoesNotExist."""
    source = source_get(project=project, source_id=source_id) if source_id else None
    selected = ApiOperation.objects.filter(source=source, is_selected=True, is_active=True) if source else ApiOperation.objects.none()
    customs = CustomEval.objects.filter(project=project, is_selected=True).order_by("created_at", "id")
    profiles = profile_list(project=project, source=source)
    return Config(
        source=source,
        targets=targets_of(project, _kind(source), source),
        operation_ids=list(selected.order_by("position", "path", "method").values_list("pk", flat=True)),
        custom_eval_ids=list(customs.values_list("pk", flat=True)),
        profiles=list(profiles if source else profiles.filter(source=None)),
    )


@transaction.atomic
def config_update(*, project: Project, source_id: uuid.UUID | None, changes: Changes) -> None:
    """Raises ApiSource.DoesNotExist, ValidationError, and what `targets_replace` raises."""
    source = source_get(project=project, source_id=source_id) if source_id else None
    if source and changes.api_base_url is not None:  # first: values that come along are for this address
        source = source_update(project=project, source_id=source.pk, api_base_url=changes.api_base_url)
    if changes.env_profiles is not None:
        _profiles(project, source, changes.env_profiles)
        if source:
            source.refresh_from_db(fields=["default_env_profile"])  # which may be one of those that have just gone
    if changes.env_vars is not None:
        _variables(project, source, changes.env_vars)
    _of_source(project, source, changes)
    if changes.custom_eval_ids is not None:
        custom_evals_select(project=project, keys=_keys("custom_eval_ids", changes.custom_eval_ids))
    if changes.targets is not None:
        targets_replace(project=project, source_type=_kind(source), source=source, targets=changes.targets)


def _kind(source: ApiSource | None) -> str:
    return source.source_type if source else SourceType.CUSTOM_EVALS


def _of_source(project: Project, source: ApiSource | None, changes: Changes) -> None:
    """What only a source has."""
    wanted = {name: value for name in OF_A_SOURCE if (value := getattr(changes, name)) is not None}
    if source is None:
        if wanted:
            raise ValidationError(dict.fromkeys(wanted, "Belongs to a source: send source_id."))
        return
    if changes.default_env_profile_id is not None:
        source_update(project=project, source_id=source.pk, default_env_profile=_default(project, source, changes.default_env_profile_id))
    if changes.operation_ids is not None:
        operations_select(project=project, source_id=source.pk, keys=_keys("operation_ids", changes.operation_ids))
    if changes.models is not None:
        ApiSource.objects.filter(pk=source.pk).update(model_names=_models(project, changes.models))


def _models(project: Project, names: Sequence[str]) -> list[str]:
    """Each once; all of them can be asked now."""
    models = list(dict.fromkeys(name.strip() for name in names))
    if len(models) > MOST_MODELS or any(len(name) > LONGEST_MODEL for name in models):
        raise ValidationError({"models": f"Must be at most {MOST_MODELS} names of at most {LONGEST_MODEL} characters."})
    platforms = Platforms(project)
    for place, name in enumerate(models):
        platforms.named(name, ("models", place))
    return models


def _keys(field: str, named: Sequence[str]) -> set[uuid.UUID]:
    try:
        return {uuid.UUID(each) for each in named}
    except ValueError:
        raise ValidationError({field: "Must be a list of ids as the lists have them."}) from None


def _default(project: Project, source: ApiSource, key: str) -> EnvProfile | None:
    """None for an empty key, which takes the default away."""
    found = profile_list(project=project, source=source).filter(key=key).first() if key else None
    if key and found is None:
        raise ValidationError({"default_env_profile_id": "There is no such environment profile for this source."})
    return found


def _profiles(project: Project, source: ApiSource | None, given: Sequence[ProfileGiven]) -> None:
    """Those of the source, or those for all sources, are these from now on; what is for all may be changed from a source, not removed."""
    if len(given) > MOST_PROFILES:
        raise ValidationError({"env_profiles": f"{len(given):,} environments; {MOST_PROFILES} are the most."})
    stored = {row.key: row for row in profile_list(project=project, source=source) if source or row.source_id is None}
    named: set[str] = set()
    for place, each in enumerate(given):
        if each.key in named:
            raise ValidationError({f"env_profiles[{place}].id": f"{each.key} is in the list twice."})
        named.add(each.key)
        with _told(f"env_profiles[{place}]"):
            _profile(project, source, stored.get(each.key), each)
    for key, row in stored.items():
        if key not in named and row.source_id == (source.pk if source else None):
            env_profile_delete(project=project, profile_id=row.pk)


def _profile(project: Project, source: ApiSource | None, row: EnvProfile | None, given: ProfileGiven) -> None:
    variables = {} if given.variables is None else {"variables": given.variables}
    if row:
        env_profile_update(project=project, profile_id=row.pk, name=given.name, **variables)
    elif not given.key:
        raise ValidationError({"key": "Is needed."})
    else:
        env_profile_create(project=project, key=given.key, name=given.name, source=source, **variables)


@contextmanager
def _told(place: str) -> Iterator[None]:
    """A mistake in one environment is told by the names that Changes' readers know."""
    names = {"key": "id", "variables": "env_vars"}
    try:
        yield
    except ValidationError as error:
        raise ValidationError({f"{place}.{names.get(field, field)}": messages for field, messages in error.message_dict.items()}) from None


def _variables(project: Project, source: ApiSource | None, variables: Mapping[str, str]) -> None:
    """The variables of the default environment, which is made where there is none."""
    mine = profile_list(project=project, source=source).filter(source=source, name=DEFAULT)
    row = source.default_env_profile if source and source.default_env_profile else mine.first()
    try:
        if row:
            env_profile_update(project=project, profile_id=row.pk, variables=variables)
            return
        made = env_profile_create(project=project, name=DEFAULT, source=source, variables=variables)
    except ValidationError as error:
        raise ValidationError({"env_vars": error.messages}) from None
    if source:
        source_update(project=project, source_id=source.pk, default_env_profile=made)
