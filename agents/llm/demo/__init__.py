"""Models that need no network and no key: a character, a user and a judge that measures text. Same input, same answer.

For a first start, for tests and for offline work. Everything they say or score is labelled demo wherever it is shown.
"""

from agents.llm.demo.wire import DemoWire

__all__ = ["DemoWire"]
