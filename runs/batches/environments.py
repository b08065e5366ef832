"""Which environment profiles each eval runs in: those the request names, else the eval's own, else the source's default, else none."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Q

from evalhub.accounts.models import Project
from evalhub.common.domains import server_of
from runs.batches.chosen import frozen_profile
from runs.batches.named import refuse_unknown
from runs.batches.request import NothingToRun
from runs.batches.snapshots import ProfileSnapshot
from templates_app.models import ApiSource, EnvProfile


@dataclass(slots=True)
class Environments:
    """Numbers the profiles that are used. `named` are the request's, None where it names none."""

    by_id: dict[str, EnvProfile]
    named: list[EnvProfile] | None
    default: EnvProfile | None
    used: list[EnvProfile] = field(default_factory=list)

    def of(self, label: str, own: Sequence[str]) -> list[int | None]:
        """The numbers for one eval: [None] where it runs in no environment. Raises NothingToRun where its own one is gone."""
        rows = self.named
        if rows is None and own:
            gone = [key for key in own if key not in self.by_id]
            if gone:
                raise NothingToRun(f"The eval {label!r} names the environment profile {gone[0]!r}, which does not exist.")
            rows = [self.by_id[key] for key in own]
        if rows is None and self.default:
            rows = [self.default]
        return [self._number(row) for row in rows] if rows else [None]

    def refuse_strange_servers(self, address: str) -> None:
        """`address` is the source's. Raises NothingToRun where values would go to a server that they were not given for."""
        for row in self.used:
            where = row.base_url or address
            if where and not row.is_for(where):
                raise NothingToRun(strange_server(row, where))

    def frozen(self) -> list[ProfileSnapshot]:
        return [frozen_profile(row) for row in self.used]

    def _number(self, row: EnvProfile) -> int:
        if row not in self.used:
            self.used.append(row)
        return self.used.index(row)


def environments(project: Project, source: ApiSource | None, ids: Sequence[str] | None) -> Environments:
    """Profiles go by their key, or by their row's id. One query. Raises UnknownId."""
    usable = Q(source=None) | Q(source=source) if source else Q(source=None)
    rows = list(EnvProfile.objects.filter(usable, project=project))
    by_id = {str(row.pk): row for row in rows} | {row.key: row for row in rows}
    refuse_unknown("environment profile", [key for key in ids or () if key not in by_id])
    named = None if ids is None else list(dict.fromkeys(by_id[key] for key in ids))
    default = next((row for row in rows if source and row.pk == source.default_env_profile_id), None)
    return Environments(by_id, named, default)


def strange_server(row: EnvProfile, address: str) -> str:
    """Why values are not sent there."""
    given = f"were given for {row.variables_server}" if row.variables_server else "were given before it had a base address"
    return (
        f"The values of the environment {row.name!r} {given}, and are not sent to {server_of(address)}. "
        "Enter them again beside the address that they are for."
    )
