"""Reads what an export's response streams."""

from asgiref.sync import async_to_sync
from django.http import HttpResponseBase


def body(response: HttpResponseBase) -> str:
    """The whole text."""

    async def gathered() -> bytes:
        return b"".join([part async for part in response])  # type: ignore[attr-defined]

    return async_to_sync(gathered)().decode()
