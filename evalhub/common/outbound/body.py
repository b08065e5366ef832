"""The body of a response, read no further than a limit: also of one that drips, lies about its length, or unpacks to a thousandfold."""

import zlib
from dataclasses import dataclass

import aiohttp

CHUNK_BYTES = 64 * 1024
GZIP_OR_ZLIB = 47  # for zlib: find out by the header which of the two it is
PACKED = frozenset({"gzip", "x-gzip", "deflate"})
PLAIN = frozenset({"", "identity"})


class BodyUnreadable(Exception):
    """The body is packed in a way that cannot be undone. The message goes after "its answer"."""


@dataclass(frozen=True, slots=True)
class Body:
    """`data` is unpacked and at most the limit long; `is_cut` when there was more."""

    data: bytes
    is_cut: bool = False


async def read_bounded(response: aiohttp.ClientResponse, max_bytes: int) -> Body:
    """Read a response of a session that does not unpack by itself. Raises BodyUnreadable, and what aiohttp raises."""
    unpacker = _unpacker_of(response.headers.get("Content-Encoding", ""))
    data = bytearray()
    arrived = 0
    async for chunk in response.content.iter_chunked(CHUNK_BYTES):
        arrived += len(chunk)
        data += unpacker.feed(chunk, max_bytes + 1 - len(data)) if unpacker else chunk
        # What arrived counts too: megabytes can be packed so that nothing comes out of them.
        if len(data) > max_bytes or arrived > max_bytes:
            return Body(bytes(data[:max_bytes]), is_cut=True)
    if unpacker and arrived and not unpacker.is_at_end:
        raise BodyUnreadable("is compressed and was cut off")
    return Body(bytes(data))


def _unpacker_of(encoding: str) -> "_Unpacker | None":
    name = encoding.strip().lower()
    if name in PLAIN:
        return None
    if name in PACKED:
        return _Unpacker()
    raise BodyUnreadable(f"is compressed in a way that nobody asked for ({name[:40]!r})")


class _Unpacker:
    """One compressed stream. Several in a row are legal and unheard of; they are refused rather than read in part."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(GZIP_OR_ZLIB)

    @property
    def is_at_end(self) -> bool:
        return self._stream.eof

    def feed(self, chunk: bytes, room: int) -> bytes:
        """What came out, at most `room` bytes of it (at least 1)."""
        if self._stream.eof:
            raise BodyUnreadable("goes on after the end of its compressed part")
        try:
            found = self._stream.decompress(chunk, room)
        except zlib.error as error:
            raise BodyUnreadable("says that it is compressed and is not") from error
        if self._stream.unused_data:
            raise BodyUnreadable("goes on after the end of its compressed part")
        return found
