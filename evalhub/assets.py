"""Static files as pages load them: under a name that changes with the content, kept by browsers for good, and sent compressed.

Nothing is collected: a fresh data folder serves at once. A file is hashed and compressed when it is first asked for (docs/decisions/0018).
"""

import contextlib
import gzip
import hashlib
import os
import re
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from wsgiref.headers import Headers

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from servestatic.middleware import ServeStaticMiddleware
from servestatic.responders import StaticFile

HASHED = re.compile(r"^(?P<stem>.+)\.(?P<hash>[0-9a-f]{12})(?P<suffix>\.[^./]+)$")
COMPRESSIBLE = frozenset({".css", ".js", ".json", ".map", ".svg", ".txt"})
YEAR_S = 365 * 24 * 3600


@cache
def content_hash(name: str) -> str:
    """Of a static file, for as long as this process lives. Empty for one that is not there."""
    path = finders.find(name)
    return hashlib.blake2b(Path(path).read_bytes(), digest_size=6).hexdigest() if path else ""


def compressed(path: str, known_hash: str) -> Mapping[str, str]:
    """The file's other forms by their coding. They lie in the data folder, where all processes and later starts find them."""
    if Path(path).suffix not in COMPRESSIBLE:
        return {}
    kept = Path(settings.STATIC_ROOT) / f"{known_hash}.gz"
    with contextlib.suppress(OSError):  # a full disk: then it is sent as it is
        if not kept.exists():
            kept.parent.mkdir(exist_ok=True)
            _write(kept, gzip.compress(Path(path).read_bytes(), mtime=0))
        return {"gzip": str(kept)}
    return {}


def _write(target: Path, content: bytes) -> None:
    """Whole or not at all: another process may look for it, or do the same."""
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
        file.write(content)
    os.replace(file.name, target)


class HashedStorage(StaticFilesStorage):
    """`{% static "css/base.css" %}` names the content too. Not while developing, when files change under a running process."""

    def url(self, name: str | None) -> str:
        plain = super().url(name)
        known = "" if settings.DEBUG else content_hash(name or "")
        stem, suffix = os.path.splitext(plain)
        return f"{stem}.{known}{suffix}" if known else plain


class AssetMiddleware(ServeStaticMiddleware):  # type: ignore[misc]  # it says nothing of its types
    """Serves a file under its plain name, for some minutes, and under its hashed name, for good.

    A hash of another content, as a page from before an update names it, gets the file that is there now under the plain name's terms.
    """

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if self.autorefresh or not request.path_info.startswith(self.static_prefix):
            return await super().__call__(request)  # type: ignore[no-any-return]
        plain, claimed = self._parted(request.path_info)
        if plain not in self.files:
            return await self.get_response(request)  # type: ignore[no-any-return]
        asset = await sync_to_async(self._asset, thread_sensitive=False)(plain, claimed)
        return await self.aserve(asset, request)  # type: ignore[no-any-return]

    def immutable_file_test(self, path: str, url: str) -> bool:
        """Nothing is, among the names that are known from the start; asking the storage would hash them all."""
        return False

    def _parted(self, path: str) -> tuple[str, str]:
        """The plain path, and the hash that was asked for."""
        found = None if path in self.files else HASHED.match(path)
        return (found["stem"] + found["suffix"], found["hash"]) if found else (path, "")

    def _asset(self, plain: str, claimed: str) -> StaticFile:
        known = content_hash(plain.removeprefix(self.static_prefix))
        return self._made(plain, known, for_good=known == claimed)

    @cache  # noqa: B019  # one middleware a process; two entries a file, whatever is asked for
    def _made(self, plain: str, known: str, *, for_good: bool) -> StaticFile:
        path = finders.find(plain.removeprefix(self.static_prefix)) or ""
        headers = Headers([])
        self.add_mime_headers(headers, path, plain)
        headers["Cache-Control"] = f"max-age={YEAR_S}, public, immutable" if for_good else f"max-age={self.max_age}, public"
        headers["ETag"] = f'W/"{known}"'  # weak, since it is that of either form
        return StaticFile(path, headers.items(), encodings=compressed(path, known))
