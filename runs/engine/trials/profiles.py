"""The values of an environment profile, read at the moment of use and never kept. Called by the kinds of trial that use them."""

from collections.abc import Mapping

from evalhub.common.secrets import SecretUnreadable
from runs.batches.environments import strange_server
from runs.engine.trials.failures import TrialFailed
from runs.engine.trials.stage import Stage
from templates_app.models import EnvProfile, SourceType

CODE = "profile_missing"


async def variables(stage: Stage) -> Mapping[str, str]:
    """By name; {} without a profile. Raises TrialFailed where they cannot be read, or would go to a server they were not given for."""
    frozen = stage.plan.profile
    if frozen is None:
        return {}
    key, project = frozen["id"], stage.plan.project_id
    row = await stage.call(lambda: EnvProfile.objects.filter(pk=key, project_id=project).first())
    if row is None:
        raise TrialFailed(CODE, f"The environment profile {frozen['name']!r} was deleted, and the values of its variables with it.")
    # The address is the batch's, the values are today's: they only go to the server that they were given for.
    where = stage.plan.base_url
    if stage.plan.source_type == SourceType.REST_API and where and not row.is_for(where):
        raise TrialFailed(CODE, strange_server(row, where))
    try:
        values: Mapping[str, str] = row.variables()
    except SecretUnreadable as error:
        raise TrialFailed(CODE, f"The variables of the environment profile {frozen['name']!r} cannot be read: {error}") from None
    return values


def base_url(stage: Stage) -> str:
    """Where requests go: the profile's address, else the source's. Raises TrialFailed where neither has one."""
    found = stage.plan.base_url
    if not found:
        raise TrialFailed(CODE, "Neither the environment profile nor the source says at which address the API is.")
    return found
