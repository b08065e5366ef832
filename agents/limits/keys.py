"""Which requests count together: the key of a load, from who is asked. A leaf, used by `agents.clients`, `ledger` and the selectors."""

import uuid

from agents.addresses import origin

PROVIDER = "provider/"
ENVIRONMENT = "environment/"


def provider_key(provider_id: uuid.UUID) -> str:
    return f"{PROVIDER}{provider_id}"


def environment_key(name: str) -> str:
    """A provider of the environment is one account for every project."""
    return f"{ENVIRONMENT}{name}"


def endpoint_key(project_id: uuid.UUID, address: str) -> str:
    """Endpoint agents of a project that live on one server share its places."""
    scheme, host, port = origin(address)
    return f"endpoint/{project_id}/{scheme}://{host}" + (f":{port}" if port else "")


def provider_id_of(key: str) -> str:
    """The id in a provider's key, else ""."""
    return key.removeprefix(PROVIDER) if key.startswith(PROVIDER) else ""
