"""What an address of a model server may look like. Used by the models, so that admin pages and API say the same."""

from urllib.parse import urlsplit

from django.core.exceptions import ValidationError

Origin = tuple[str, str, int | None]


def http_address(address: str) -> None:
    """Raises ValidationError. Django's own URL check refuses host names without a dot, as containers have."""
    if not address.isprintable() or " " in address:
        raise ValidationError("Must be an address without spaces.")
    scheme, host, _ = origin(address)
    if scheme not in {"http", "https"} or not host:
        raise ValidationError("Must be an address such as https://example.com/v1, with http or https.")
    if "@" in urlsplit(address).netloc:
        raise ValidationError("Must not carry a user or password; the secret has a field of its own.")


def origin(address: str) -> Origin:
    """(scheme, host, port) of an address; all empty for what cannot be read as one."""
    try:
        parts = urlsplit(address)
        return parts.scheme, parts.hostname or "", parts.port
    except ValueError:
        return "", "", None
