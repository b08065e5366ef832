"""Files that are sent while they are made. For views of exports, which `evalhub.asgi` serves from places of their own."""

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse

PART_CHARACTERS = 64 * 1024


def download(pieces: Iterator[str], *, name: str, content_type: str) -> StreamingHttpResponse:
    """The pieces as a file. `name` is our own, of letters, digits, dots and dashes."""
    response = StreamingHttpResponse(parts(pieces), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


async def parts(pieces: Iterator[str]) -> AsyncIterator[bytes]:
    """The same text in parts of some 64 KiB, each made on the request's thread once the client has taken the one before.

    Asynchronous, since Django would gather a plain generator whole before it sends anything.
    """
    while part := await sync_to_async(_part)(pieces):
        yield part


def _part(pieces: Iterator[str]) -> bytes:
    made, size = [], 0
    for piece in pieces:
        made.append(piece)
        size += len(piece)
        if size >= PART_CHARACTERS:
            break
    return "".join(made).encode(errors="replace")
