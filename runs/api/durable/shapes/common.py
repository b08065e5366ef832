"""Schemas that several paths share."""

from pydantic import Field

from runs.api.durable.shapes.base import Told


class PublicCompany(Told):
    """Whose figures these are: the project's first own brand, or the project."""

    name: str
    domain: str | None = None
    logo_url: str | None = None
    relationship: str | None = None


class PublicListMeta(Told):
    """How many there may be, and how many there are."""

    limit: int
    count: int


class PublicOkResponse(Told):
    """It is done."""

    ok: bool


class Status(Told):
    """The server answers."""

    status: str
    version: str


class AuthStatus(Told):
    """Whose key it is, and what it may do."""

    authenticated: bool
    project_id: str
    project: str
    scopes: list[str] = Field(default_factory=list)
