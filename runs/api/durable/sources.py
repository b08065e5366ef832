"""Sources with what is known of them, and what runs by default."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from runs.api.durable.endpoint import DurableEndpoint, Op, Scope, told
from runs.api.durable.naming import key_or_404, missing, when
from runs.api.durable.parsing import as_sent, wrong
from runs.api.durable.refusals import refusals
from runs.api.durable.shapes.sources import (
    ConfigQuery,
    PublicApiPerformanceSource,
    PublicApiPerformanceSourceMetadata,
    PublicApiPerformanceSourcesResponse,
    PublicEvalConfigResponse,
    PublicEvalConfigUpdateRequest,
    PublicEvalEnvProfileRequest,
    PublicEvalEnvProfileSummary,
    SourcesQuery,
)
from runs.api.durable.shapes.targets import ConfiguredTarget, PublicApiEvalTarget
from runs.batches.configuring import Changes, Config, ProfileGiven, config_get, config_update
from runs.batches.request import TargetSpec
from runs.batches.sources import SourceRow, source_rows
from runs.batches.targets import TargetGiven
from runs.models import Target
from templates_app.models import ApiSource, EnvProfile

SOURCE = "Source"


class Sources(DurableEndpoint):
    """GET /v1/api-performance/sources"""

    ops = {
        "GET": Op(
            id="api_performance_sources_list",
            summary="The project's sources.",
            query=SourcesQuery,
            answer=PublicApiPerformanceSourcesResponse,
        )
    }

    def get(self, request: Request) -> Response:
        data = [_source(row) for row in source_rows(project=self.project)]
        return told(PublicApiPerformanceSourcesResponse(data=data, meta={"count": len(data)}))


class EvalConfig(DurableEndpoint):
    """GET and PUT /v1/api-performance/config"""

    ops = {
        "GET": Op(
            id="api_performance_config_retrieve",
            summary="What runs by default, of a source; without one, of the custom evals.",
            query=ConfigQuery,
            answer=PublicEvalConfigResponse,
            refusals={404: "There is no such source."},
        ),
        "PUT": Op(
            id="api_performance_config_update",
            summary="Change what runs by default. What is left out stays.",
            scope=Scope.WRITE,
            body=PublicEvalConfigUpdateRequest,
            answer=PublicEvalConfigResponse,
            refusals={400: "A secret that is needed cannot be read.", 404: "There is no such source or target."},
        ),
    }

    def get(self, request: Request) -> Response:
        return self._shown(_key(self.asked.source_id))

    def put(self, request: Request) -> Response:
        sent: PublicEvalConfigUpdateRequest = self.sent
        key = _key(sent.source_id)
        with refusals(sent, dict(request.data)), _mistakes(sent, dict(request.data)):
            config_update(project=self.project, source_id=key, changes=_changes(sent, key))
        return self._shown(key)

    def _shown(self, key: uuid.UUID | None) -> Response:
        try:
            return told(_config(config_get(project=self.project, source_id=key)))
        except ApiSource.DoesNotExist:
            raise missing(SOURCE) from None


def _key(named: str | None) -> uuid.UUID | None:
    return None if named is None else key_or_404(named, SOURCE)


@contextmanager
def _mistakes(sent: PublicEvalConfigUpdateRequest, data: Mapping[str, Any]) -> Iterator[None]:
    """What only this service raises: fields by the names that the client used for them, and a source that is not there as a 404 Problem."""
    try:
        yield
    except ValidationError as error:
        raise ValidationError({str(as_sent(sent, data, [name])[0]): messages for name, messages in error.message_dict.items()}) from None
    except ApiSource.DoesNotExist:
        raise missing(SOURCE) from None


def _changes(sent: PublicEvalConfigUpdateRequest, source: uuid.UUID | None) -> Changes:
    fields = sent.given()
    fields.pop("source_id", None)
    if sent.targets is not None:
        fields["targets"] = [_target_given(each, place, source) for place, each in enumerate(sent.targets)]
    if sent.env_profiles is not None:
        fields["env_profiles"] = [_profile_given(each) for each in sent.env_profiles]
    return Changes(**fields)


def _target_given(each: ConfiguredTarget, place: int, source: uuid.UUID | None) -> TargetGiven:
    """Raises a 422 Problem for a target that says it is another source's."""
    if each.source_id and each.source_id.lower() != str(source):
        raise wrong(["body", "targets", place, "source_id"], "This target belongs to another source than the one that is configured.")
    spec = TargetSpec(
        target_type=each.target_type, execution_platform=each.execution_platform, model_id=each.model_id, enabled=each.enabled
    )
    return TargetGiven(spec=spec, frequency=each.frequency, id=each.id)


def _profile_given(each: PublicEvalEnvProfileRequest) -> ProfileGiven:
    """Without variables those that are there stay."""
    return ProfileGiven(key=each.id, name=each.name, variables=each.env_vars if "env_vars" in each.model_fields_set else None)


def _config(config: Config) -> PublicEvalConfigResponse:
    source = config.source
    return PublicEvalConfigResponse(
        models=source.model_names if source else [],
        targets=[_target(row) for row in config.targets],
        operation_ids=list(map(str, config.operation_ids)),
        custom_eval_ids=list(map(str, config.custom_eval_ids)),
        env_var_keys=config.variable_names,
        env_profiles=[_profile(row) for row in config.profiles],
        default_env_profile_id=_default_of(source) if source else None,
        source_id=str(source.pk) if source else None,
        api_base_url=source.api_base_url or None if source else None,
        can_configure_per_model_schedules=True,
    )


def _source(row: SourceRow) -> PublicApiPerformanceSource:
    source = row.source
    return PublicApiPerformanceSource(
        id=str(source.pk),
        type=source.source_type,
        label=source.label,
        metadata=PublicApiPerformanceSourceMetadata(
            api_base_url=source.api_base_url or None,
            docs_url=source.docs_url or None,
            default_env_profile_id=_default_of(source),
            env_var_keys=sorted({name for profile in row.profiles for name in profile.variable_names}),
            env_profiles=[_profile(each) for each in row.profiles],
            models=source.model_names,
            eval_types=list(row.eval_types),
        ),
        targets=[_target(each) for each in row.targets],
        operation_count=row.operation_count,
        created_at=when(source.created_at),
    )


def _default_of(source: ApiSource) -> str | None:
    return source.default_env_profile.key if source.default_env_profile else None


def _profile(row: EnvProfile) -> PublicEvalEnvProfileSummary:
    return PublicEvalEnvProfileSummary(id=row.key, name=row.name, env_var_keys=row.variable_names)


def _target(row: Target) -> PublicApiEvalTarget:
    return PublicApiEvalTarget(
        id=str(row.pk),
        source_id=str(row.source_id) if row.source_id else None,
        target_type=row.target_type,
        execution_platform=row.execution_platform,
        model_id=row.model_id,
        frequency=row.frequency,
        enabled=row.enabled,
        next_run_at=when(row.next_run_at),
        last_run_at=when(row.last_run_at),
        last_skipped_at=when(row.last_skipped_at),
        skip_reason=row.skip_reason or None,
        created_at=when(row.created_at),
        updated_at=when(row.updated_at),
    )
