"""A model server for coding agents: OpenAI's Responses and Anthropic's Messages, streamed. It has one command run, and then answers.

No model and no account is needed to see whether an agent starts, uses its tools in the sandbox, ends, and says its last words.
"""

import json
from collections.abc import Sequence
from typing import Any

from aiohttp import web

COMMAND = "echo seen > made.txt"
ANSWER = "The work is done.\nIt is in made.txt."
SHELLS = ("exec_command", "shell_command", "Bash")  # what the agents call the tool that runs a command
Event = dict[str, Any]


class AgentModels:
    """An async context. `url` is the root; `keys` are the accounts that were shown to it."""

    def __init__(self, host: str) -> None:
        self.keys: set[str] = set()
        self._host = host
        app = web.Application(client_max_size=64 << 20)
        app.router.add_post("/v1/responses", self._responses)
        app.router.add_post("/v1/messages", self._messages)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    @property
    def address(self) -> str:
        return f"{self._host}:{self._runner.addresses[0][1]}"

    async def __aenter__(self) -> "AgentModels":
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, 0).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _responses(self, request: web.Request) -> web.StreamResponse:
        self.keys.add(request.headers.get("Authorization", "").removeprefix("Bearer "))
        asked = await request.json()
        worked = any(item.get("type") == "function_call_output" for item in asked["input"])
        return await _streamed(request, _response(asked["model"], "" if worked else _shell(asked)))

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        self.keys.add(request.headers.get("x-api-key", ""))
        asked = await request.json()
        contents = [message["content"] for message in asked["messages"] if isinstance(message["content"], list)]
        worked = any(block["type"] == "tool_result" for content in contents for block in content)
        return await _streamed(request, _message(asked["model"], "" if worked else _shell(asked)))


def _shell(asked: Event) -> str:
    """The tool to call; "" where none is offered, as for a title."""
    return next((tool["name"] for tool in asked.get("tools", []) if tool.get("name") in SHELLS), "")


def _response(model: str, tool: str) -> Sequence[Event]:
    begun = {"id": "resp_1", "object": "response", "created_at": 1, "model": model, "status": "in_progress", "output": []}
    usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    item: Event = {"type": "message", "id": "msg_1", "role": "assistant", "content": [{"type": "output_text", "text": ANSWER}]}
    if tool:
        arguments = json.dumps({"cmd": COMMAND, "command": COMMAND})
        item = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": tool, "arguments": arguments}
    return (
        {"type": "response.created", "response": begun},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": begun | {"status": "completed", "output": [item], "usage": usage}},
    )


def _message(model: str, tool: str) -> Sequence[Event]:
    begun: Event = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": [], "stop_reason": None}
    block: Event = {"type": "tool_use", "id": "toolu_1", "name": tool, "input": {}} if tool else {"type": "text", "text": ""}
    delta = {"type": "text_delta", "text": ANSWER}
    if tool:
        delta = {"type": "input_json_delta", "partial_json": json.dumps({"command": COMMAND, "description": "Work"})}
    return (
        {"type": "message_start", "message": begun | {"usage": {"input_tokens": 10, "output_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use" if tool else "end_turn"}, "usage": {"output_tokens": 5}},
        {"type": "message_stop"},
    )


async def _streamed(request: web.Request, events: Sequence[Event]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for event in events:
        await response.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
    await response.write_eof()
    return response
