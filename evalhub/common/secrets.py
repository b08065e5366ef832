"""Encryption of secrets at rest (provider keys, endpoint tokens). Only the code that sends a secret to its owner's server may call
`decrypt`.

Fernet (AES-128-CBC + HMAC-SHA256) from `cryptography`; the key is derived from Django's SECRET_KEY, so that one file holds all that
must be kept.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class SecretUnreadable(Exception):
    """The stored secret was encrypted with another secret key. Enter it again, or restore the old key file."""


def _fernet() -> Fernet:
    kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"evalhub secrets v1")
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
