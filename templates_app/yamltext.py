"""Reading YAML that strangers wrote: what the library would fail on is an error that names its line. A leaf."""

from typing import Any

import yaml

LONGEST_NUMBER = 1000  # characters: Python refuses to write a number of thousands of digits, which YAML gives in hexadecimal or by sixties
FAILURES = (ValueError, OverflowError)  # a day such as 2024-13-45; an escape such as \UFFFFFFFF


class PlainLoader(yaml.SafeLoader):
    """The safe loader, but for numbers that nobody means."""

    def construct_number(self, node: Any) -> int:
        if len(node.value) > LONGEST_NUMBER:
            raise yaml.constructor.ConstructorError(None, None, "this number is too long", node.start_mark)
        return self.construct_yaml_int(node)


PlainLoader.add_constructor("tag:yaml.org,2002:int", PlainLoader.construct_number)


def sayable(text: str) -> str:
    """The text as a page can show it: half of a surrogate pair, which no encoder takes, is written as its escape."""
    return text.encode(errors="backslashreplace").decode()
