"""Prompts as a table in a file: read what spreadsheets and people write, say line by line what is wrong, and write what they can open."""

import codecs
import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from io import StringIO

from django.core.exceptions import ValidationError

from evalhub.common import spreadsheet
from templates_app.models import Prompt
from templates_app.prompts.content import LONGEST_PROMPT, LONGEST_TOPIC, checked_platforms, checked_tags, checked_text, one_line, sentence

MOST_ROWS = 10_000
LARGEST_FILE = 2 * 1024 * 1024
COLUMNS = ("topic", "text", "platforms", "tags", "status")
READ = COLUMNS[:4]
DELIMITERS = ",;\t"
BETWEEN = "|"  # platforms and tags of one cell
NAMES = {
    "topic": "topic",
    "theme": "topic",
    "category": "topic",
    "text": "text",
    "prompt": "text",
    "question": "text",
    "query": "text",
    "platform": "platforms",
    "platforms": "platforms",
    "platform_ids": "platforms",
    "tag": "tags",
    "tags": "tags",
    "status": "status",
}
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # how .xlsx and .ods begin, and .xls
_QUOTED = re.compile(r'"(?:[^"]|"")*"?')
_BETWEEN_WORDS = re.compile(r"[|;,]")


class Unreadable(ValueError):
    """A file that is no table of prompts; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Line:
    """A prompt of a file and the line it begins in. `error` says why it cannot be made."""

    number: int
    topic: str = ""
    text: str = ""
    platforms: Sequence[str] = ()
    tags: Sequence[str] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """What a file has. `header` is how its first line was understood: the columns by name, or none."""

    lines: Sequence[Line] = field(default_factory=list)
    header: Sequence[str] = ()
    delimiter: str = ","

    @property
    def good(self) -> list[Line]:
        return [line for line in self.lines if not line.error]

    @property
    def wrong(self) -> list[Line]:
        return [line for line in self.lines if line.error]


def decoded(data: bytes) -> str:
    """The text of a file: UTF-8, or UTF-16 with its mark. Raises Unreadable."""
    if len(data) > LARGEST_FILE:
        raise Unreadable(f"The file has {len(data):,} bytes; at most {LARGEST_FILE:,} are read. Cut it into several.")
    if data.startswith(WORKBOOKS):
        raise Unreadable("This is a workbook of a spreadsheet, not a table as text. Save the sheet as “CSV UTF-8”, and choose that file.")
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Unreadable(f"Line {line} is no UTF-8 text. Save the file as “CSV UTF-8”, and choose it again.") from None


def read(text: str, *, topic: str = "") -> Table:
    """The prompts of a table with a header, or of columns topic, text, platforms, tags in this order; of one column they are texts.

    `topic` is for lines that name none. Raises Unreadable where nothing can be read, or too much is there.
    """
    text = text.removeprefix(spreadsheet.BYTE_ORDER_MARK)
    delimiter = _delimiter(text)
    rows = _rows(text, delimiter)
    first = next(rows, None)
    if first is None:
        raise Unreadable("There is no line with a word in it.")
    header = _header(first[1])
    columns = header or (["text"] if len(first[1]) == 1 else list(READ))
    if header and "text" not in header:
        raise Unreadable(f"The header names {', '.join(name for name in header if name)}, but no column of texts. Name one “text”.")
    lines = [] if header else [_line(*first, columns, topic)]
    for number, cells in rows:
        if len(lines) == MOST_ROWS:
            raise Unreadable(f"More than {MOST_ROWS:,} lines; cut the file into several.")
        lines.append(_line(number, cells, columns, topic))
    return Table(lines, [name for name in header if name], delimiter)


def without_twins(table: Table, there: Iterable[tuple[str, str]]) -> Table:
    """The table with an error on lines that repeat an earlier one, or a prompt of `there`: (topic, text) of prompts in use."""
    known = {_key(topic, text): "This prompt is there already." for topic, text in there}
    lines = []
    for line in table.lines:
        key = _key(line.topic, line.text)
        if not line.error and key in known:
            lines.append(replace(line, error=known[key]))
            continue
        if not line.error:
            known[key] = f"The same as line {line.number}."
        lines.append(line)
    return replace(table, lines=lines)


def written(prompts: Iterable[Prompt]) -> Iterator[str]:
    """CSV that `read` takes back, piece by piece, and that no spreadsheet computes."""
    yield spreadsheet.BYTE_ORDER_MARK + spreadsheet.row(COLUMNS)
    for prompt in prompts:
        tags = BETWEEN.join(tag.name for tag in prompt.tags.all())
        yield spreadsheet.row([prompt.topic.name, prompt.text, BETWEEN.join(prompt.platform_ids), tags, prompt.status])


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Lines with a word in them, each with the number it begins at."""
    lines = list(StringIO(text, newline=""))
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        begins = reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            raise Unreadable(f"Line {begins}: {error}. Is a quotation mark not closed?") from None
        if reader.line_num == len(lines):
            _check_closed(lines[begins - 1 :], delimiter, begins)
        if any(cells):
            yield begins, cells


def _check_closed(last: Sequence[str], delimiter: str, begins: int) -> None:
    """A quotation mark that nobody closes takes all lines behind it into one cell, so only the last row can have one."""
    try:
        list(csv.reader(last, delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise Unreadable(f"Line {begins}: a quotation mark is opened there and never closed.") from None


def _delimiter(text: str) -> str:
    """The sign that stands most often in the first line, outside quotation marks."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    bare = _QUOTED.sub("", first)
    return max(DELIMITERS, key=bare.count)


def _header(cells: Sequence[str]) -> list[str]:
    """The columns a first line names, "" for those nobody asks for; empty when it is no header."""
    named = [NAMES.get(cell.casefold(), "") for cell in cells]
    known = [name for name in named if name]
    if not known or len(known) != len(set(known)) or any(len(cell) > 40 for cell in cells):
        return []
    return named if len(known) > 1 or len(cells) == 1 or "text" in known else []


def _line(number: int, cells: Sequence[str], columns: Sequence[str], topic: str) -> Line:
    given = {name: spreadsheet.as_written(cell) for name, cell in zip(columns, cells, strict=False) if name}
    line = Line(number, topic=given.get("topic", "") or topic, text=given.get("text", ""))
    try:
        if len(cells) > len(columns) and any(cells[len(columns) :]):
            raise ValidationError(
                f"{len(cells)} cells for {len(columns)} columns. Put a text with the delimiter in it into quotation marks."
            )
        return Line(
            number,
            topic=one_line(line.topic, field="topic", noun="topic", most=LONGEST_TOPIC),
            text=checked_text(line.text, field="text", noun="text", most=LONGEST_PROMPT),
            platforms=checked_platforms(_BETWEEN_WORDS.split(given.get("platforms", ""))),
            tags=checked_tags(_BETWEEN_WORDS.split(given.get("tags", ""))),
        )
    except ValidationError as error:
        return replace(line, error=sentence(error))


def _key(topic: str, text: str) -> tuple[str, str]:
    return topic.casefold(), " ".join(text.split()).casefold()
