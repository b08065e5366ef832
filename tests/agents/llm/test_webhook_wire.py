"""What is particular to an agent behind a JSON webhook."""

from datetime import UTC, datetime

import aiohttp
import pytest

from agents.llm.errors import PermanentError
from agents.llm.registry import connect
from agents.llm.types import CallContext, ChatMessage, Usage
from tests.agents.llm.conftest import MakeSpec
from tests.support.mock_server import MockModelServer

HELLO = [ChatMessage("user", "hello")]


async def test_it_posts_the_conversation_and_its_context(make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer) -> None:
    context = CallContext("s1", "u1", datetime(2025, 1, 2, 3, 4, tzinfo=UTC))
    reply = await connect(make_spec("webhook"), http).complete(HELLO, context=context)
    assert server.requests[0] == {
        "messages": [{"role": "user", "content": "hello"}],
        "session_id": "s1",
        "user_id": "u1",
        "simulated_at": "2025-01-02T03:04:00+00:00",
    }
    assert reply.usage == Usage()
    assert reply.calls[0].price_usd is None


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("", "Answer 1 on: hello"),
        ("nested.items.0.text", "Answer 1 on: hello"),
        ("nested.items.-1.text", "Answer 1 on: hello"),
        ("count", "3"),
    ],
)
async def test_the_reply_is_read_where_the_path_points(path: str, text: str, make_spec: MakeSpec, http: aiohttp.ClientSession) -> None:
    assert (await connect(make_spec("webhook", reply_path=path), http).complete(HELLO)).text == text


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("answer", "the reply path `answer` leads nowhere. At `answer`, the answer is an object with the keys reply, nested, count."),
        ("nested.text", "At `text`, `nested` is an object with the keys items."),
        ("nested.items.4.text", "At `4`, `items` is a list of 1."),
        ("reply.text", "At `text`, `reply` is a str."),
        ("nested", "ends at an object with the keys items, not at a text"),
    ],
)
async def test_a_wrong_path_is_named_with_what_was_there(path: str, words: str, make_spec: MakeSpec, http: aiohttp.ClientSession) -> None:
    with pytest.raises(PermanentError) as caught:
        await connect(make_spec("webhook", reply_path=path), http).complete(HELLO)
    assert words in caught.value.message


async def test_an_address_with_secrets_is_not_repeated_in_errors(
    make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    with pytest.raises(PermanentError) as caught:
        await connect(make_spec("webhook", base_url=f"{server.url}/hooks/T0P-S3CRET?token=abc"), http).complete(HELLO)
    assert "T0P-S3CRET" not in caught.value.message
    assert "abc" not in caught.value.message
