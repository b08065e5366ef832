"""Answers that are made and not read yet. Only their bytes wait for the client: no thread, no database connection, no place."""

from collections import deque
from collections.abc import Iterable

from evalhub.places import Application, Message, Receive, Scope, Send

MOST_BYTES = 256 * 1024 * 1024
CUT = "evalhub.cut"  # not of ASGI: asks our server to end a connection in the middle of an answer


class Answer:
    """What is left of one answer, and where it goes."""

    def __init__(self, messages: Iterable[Message], send: Send) -> None:
        self._messages, self._send = deque(messages), send
        self.size = sum(map(_size, self._messages))

    async def part(self) -> bool:
        """Send the next part, which takes as long as the client takes to make room for it. False when there is none."""
        if not self._messages:
            return False
        message = self._messages.popleft()
        await self._send(message)
        self.size -= min(_size(message), self.size)
        return True

    async def cut(self) -> None:
        """Throw the rest away and end the connection, which is also the end of a `part` that waits."""
        self._messages.clear()
        self.size = 0
        await self._send({"type": CUT})


class Unread:
    """The answers of a process that are being read. When all their bytes are too many, those that have not moved for longest are cut."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._answers: dict[Answer, None] = {}  # the one that moved last is the last

    async def hand_out(self, answer: Answer) -> None:
        self._answers[answer] = None
        try:
            await self._make_room()
            while await answer.part():
                if answer in self._answers:
                    self._answers[answer] = self._answers.pop(answer)
        finally:
            self._answers.pop(answer, None)

    async def _make_room(self) -> None:
        while len(self._answers) > 1 and sum(answer.size for answer in self._answers) > self._most:
            stuck = next(iter(self._answers))
            del self._answers[stuck]
            await stuck.cut()


def handed_out(application: Application, most_bytes: int = MOST_BYTES) -> Application:
    """The same application, which is done with a request before its client begins to read. For answers that end by themselves."""
    unread = Unread(most_bytes)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        made: list[Message] = []

        async def keep(message: Message) -> None:
            made.append(message)

        await application(scope, receive, keep)
        await unread.hand_out(Answer(made, send))

    return answer


def _size(message: Message) -> int:
    return len(message.get("body", b""))
