"""Server-sent events from bytes: lines, data, and the pieces of events that were too large for one frame. Pure; follow.py feeds it."""

import json
from dataclasses import dataclass, field
from typing import Any

DONE = "[DONE]"


@dataclass
class EventReader:
    """`feed` bytes as they come; it returns the events that are complete. `done` once the server said that nothing follows."""

    done: bool = False
    _rest: bytes = b""
    _data: list[str] = field(default_factory=list)
    _pieces: list[str] = field(default_factory=list)

    def feed(self, received: bytes) -> list[dict[str, Any]]:
        *lines, self._rest = (self._rest + received).split(b"\n")
        found = [self._line(line.rstrip(b"\r").decode(errors="replace")) for line in lines]
        return [event for event in found if event is not None]

    def _line(self, line: str) -> dict[str, Any] | None:
        if line.startswith("data:"):
            self._data.append(line[5:].removeprefix(" "))
        elif not line and self._data:
            text, self._data = "\n".join(self._data), []
            return self._frame(text)
        return None

    def _frame(self, text: str) -> dict[str, Any] | None:
        if text == DONE:
            self.done = True
            return None
        frame: dict[str, Any] = json.loads(text)
        chunk = frame.get("__chunk")
        if chunk is None:
            return frame
        if chunk["index"] == 0:  # a reconnect may have cut the pieces of an earlier try
            self._pieces = []
        self._pieces.append(frame["data"])
        if len(self._pieces) < chunk["total"]:
            return None
        whole, self._pieces = "".join(self._pieces), []
        event: dict[str, Any] = json.loads(whole)
        return event
