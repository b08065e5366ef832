"""EvalHub's HTTP API as the command uses it: one client, its refusals as sentences. Nothing here reads the database."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import aiohttp

from evalhub.cli.errors import FAILED, WRONG_USE, CommandError

API = "/api/v1"
DURABLE = "/v1"  # the dialect of durable eval runs
CONNECT_S = 10.0
ANSWER_S = 30.0
SILENCE_S = 45.0  # three times the longest pause between two keep-alives of a stream
BUSY = frozenset({429, 503})
BUSY_TRIES = 6
BUSY_WAIT_S = 60.0
CUT_PAUSES_S = (0.2, 1.0, 3.0)


class Refused(CommandError):
    """The server said no. `errors` are the items of its problem+json, for callers that know what a location means to the person."""

    def __init__(self, status: int, detail: str, errors: list[dict[str, Any]]) -> None:
        more = "".join(
            f" {item.get('location', '')}: {item.get('message', '')}" for item in errors if item.get("message", "") not in detail
        )
        broken = status >= 500
        sentence = f"EvalHub could not do this (status {status}): {detail}" if broken else f"EvalHub refused this: {detail}"
        super().__init__(sentence + more, FAILED if broken else WRONG_USE)
        self.status = status
        self.errors = errors

    @property
    def may_pass(self) -> bool:
        """Whether the same may be answered later: the server itself failed."""
        return self.status >= 500


class Busy(Refused):
    """Too many requests for now; `wait_s` is what the server asked for, bounded."""

    wait_s: float = 1.0
    may_pass = True


class Unreachable(CommandError):
    """Nobody answered."""

    may_pass = True


class Cut(Unreachable):
    """Somebody was there, but the answer never came whole. What was asked may have happened."""


class Api:
    """Made by `connect`. Paths are relative to `root`, one of the two dialects; answers are parsed JSON."""

    def __init__(self, http: aiohttp.ClientSession, url: str, root: str = API) -> None:
        self._http = http
        self._root = root
        self.url = url.rstrip("/")

    async def get(self, path: str) -> Any:
        return await self._patiently("GET", path)

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Every try carries the same Idempotency-Key: an answer that was lost on its way is asked for again and starts no second run."""
        return await self._patiently("POST", path, json=body, headers={"Idempotency-Key": uuid.uuid4().hex})

    async def _patiently(self, method: str, path: str, **sent: Any) -> Any:
        """Asked again while the server is busy, and where the answer was cut."""
        cuts, busies = iter(CUT_PAUSES_S), iter(range(BUSY_TRIES - 1))
        while True:
            try:
                return await self._json(method, path, **sent)
            except Busy as busy:
                if next(busies, None) is None:
                    raise
                await asyncio.sleep(busy.wait_s)
            except Cut:
                pause = next(cuts, None)
                if pause is None:
                    raise
                await asyncio.sleep(pause)

    async def _json(self, method: str, path: str, **sent: Any) -> Any:
        timeout = aiohttp.ClientTimeout(total=ANSWER_S, connect=CONNECT_S)
        async with self._reach(), self._http.request(method, f"{self.url}{self._root}{path}", timeout=timeout, **sent) as response:
            await _raise_refusal(response)
            return await _read_json(response, self.url)

    @asynccontextmanager
    async def stream(self, path: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """The bytes of an event stream as they come."""
        timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_S, sock_read=SILENCE_S)
        async with self._reach(), self._http.get(f"{self.url}{self._root}{path}", timeout=timeout) as response:
            await _raise_refusal(response)
            if response.content_type != "text/event-stream":
                raise CommandError(f"What answers at {self.url} is no EvalHub: it sent {response.content_type}, not an event stream.")
            yield response.content.iter_any()

    @asynccontextmanager
    async def _reach(self) -> AsyncIterator[None]:
        try:
            yield
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
            raise CommandError(f"{self.url!r} is no address; it looks like http://127.0.0.1:8000 (--url or EVALHUB_URL).") from None
        except aiohttp.ClientConnectorError:
            raise Unreachable(
                f"No EvalHub answers at {self.url}. Start it with `evalhub up`, or say where it is with --url or EVALHUB_URL."
            ) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Cut(f"EvalHub at {self.url} did not answer: {error or type(error).__name__}.", FAILED) from None

    async def template_id(self, wanted: str) -> str:
        """The id of a quality template, from its UUID or name. Raises CommandError that lists the names there are."""
        if _is_uuid(wanted):
            return wanted
        templates = (await self.get("/eval-templates?type=quality"))["templates"]
        named = [template for template in templates if template["name"].casefold() == wanted.casefold()]
        if not named:
            names = ", ".join(repr(template["name"]) for template in templates)
            raise CommandError(f"There is no quality template {wanted!r}; there are: {names}.")
        return str(named[0]["template_id"])  # own ones come before the system's


@asynccontextmanager
async def connect(url: str, key: str, root: str = API) -> AsyncIterator[Api]:
    """A client for one command."""
    if not key:
        raise CommandError("An API key is needed. Make one with `evalhub create-key NAME` and pass it with --api-key or EVALHUB_API_KEY.")
    if not key.isascii() or not key.isprintable():
        raise CommandError("The API key has characters that no key has; was it copied whole, and nothing with it?")
    connector = aiohttp.TCPConnector(limit=0)  # one connection an open stream; the commands bound how many there are
    async with aiohttp.ClientSession(connector=connector, headers={"Authorization": f"Bearer {key.strip()}"}, trust_env=True) as http:
        yield Api(http, url, root)


def agent_path(agent: str, action: str) -> str:
    """`{agent}` is a name or UUID, as one path segment whatever it contains."""
    return f"/agents/{quote(agent, safe='')}/{action}"


async def _raise_refusal(response: aiohttp.ClientResponse) -> None:
    if response.ok:
        return
    problem = await _problem(response)
    errors = [item for item in problem.get("errors") or [] if isinstance(item, dict)]
    detail = problem.get("detail")
    if isinstance(detail, list):  # of the other dialect: a list of {loc, msg, type}
        errors = [_item(item) for item in detail if isinstance(item, dict)]
        detail = "; ".join(f"{item['location']}: {item['message']}" for item in errors)
    detail = str(detail or response.reason or "no reason was given")
    if response.status in BUSY:
        busy = Busy(response.status, detail, errors)
        busy.wait_s = _wait(response.headers.get("Retry-After", ""))
        raise busy
    raise Refused(response.status, detail, errors)


def _item(given: Mapping[str, Any]) -> dict[str, Any]:
    """{loc, msg, type} as an item of problem+json."""
    return {"location": ".".join(map(str, given.get("loc") or [])), "message": str(given.get("msg", ""))}


async def _problem(response: aiohttp.ClientResponse) -> dict[str, Any]:
    """The problem+json of an answer; {} when something else than EvalHub wrote it."""
    try:
        problem = await response.json(content_type=None)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


async def _read_json(response: aiohttp.ClientResponse, url: str) -> Any:
    try:
        return await response.json(content_type=None)
    except ValueError:
        raise CommandError(f"What answers at {url} is no EvalHub: it sent {response.content_type}, not JSON.") from None


def _wait(header: str) -> float:
    try:
        return min(max(float(header), 0.1), BUSY_WAIT_S)
    except ValueError:
        return 1.0


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
