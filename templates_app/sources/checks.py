"""What addresses of sources and environments may look like. Raises ValidationError with a sentence, without the field."""

from urllib.parse import urlsplit

from django.core.exceptions import ValidationError

LONGEST_ADDRESS = 500


def web_address(address: str, *, is_base: bool = False) -> str:
    """http(s)://host[:port][/path]; a base has no query. "" stays ""."""
    address = address.strip()
    if not address:
        return ""
    if len(address) > LONGEST_ADDRESS or not address.isprintable() or " " in address:
        raise ValidationError(f"Must be one address without spaces, of at most {LONGEST_ADDRESS} characters.")
    try:
        parts = urlsplit(address)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise ValidationError("Must be an address such as https://api.example.com/v1, with http or https.")
    if "@" in parts.netloc:
        raise ValidationError("Must not carry a user or password: put them into variables of an environment.")
    if is_base and (parts.query or parts.fragment):
        raise ValidationError("Must end with the path: requests are made below this address.")
    return address
