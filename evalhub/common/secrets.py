"""Encryption of secrets at rest (provider keys, endpoint tokens). Only the code that sends a secret to its owner's server may call
`decrypt`.

Fernet (AES-128-CBC + HMAC-SHA256) from `cryptography`; the key is derived from Django's SECRET_KEY, so that one file holds all that
must be kept.
"""

import base64
import json

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class SecretUnreadable(Exception):
    """The stored secret was encrypted with another secret key. Enter it again, or restore the old key file."""


STORED, SEALED = b"evalhub secrets v1", b"evalhub sealed v1"  # a key each: what is stored cannot be sent back as what was typed
SEALED_SECONDS = 24 * 3600


def _fernet(purpose: bytes = STORED) -> Fernet:
    kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose)
    return Fernet(base64.urlsafe_b64encode(kdf.derive(settings.SECRET_KEY.encode())))


def encrypt(secret: str) -> str:
    """The secret as text that is safe to store; "" stays ""."""
    return _fernet().encrypt(secret.encode()).decode() if secret else ""


def decrypt(stored: str) -> str:
    """The secret that `encrypt` was given. Raises SecretUnreadable when the key has changed."""
    if not stored:
        return ""
    try:
        return _fernet().decrypt(stored.encode()).decode()
    except InvalidToken as error:
        raise SecretUnreadable(SecretUnreadable.__doc__) from error


def seal(secret: str, whose: str) -> str:
    """What was typed into a form, for its way to the browser and back: read by nobody there, and here for a day, from the same person
    only. "" stays ""."""
    return _fernet(SEALED).encrypt(json.dumps([whose, secret]).encode()).decode() if secret else ""


def unseal(sealed: str, whose: str) -> str:
    """What `seal` was given; "" where it is another person's, too old, or none."""
    try:
        owner, secret = json.loads(_fernet(SEALED).decrypt(sealed.encode(), ttl=SEALED_SECONDS))
    except InvalidToken:
        return ""
    return str(secret) if owner == whose else ""
