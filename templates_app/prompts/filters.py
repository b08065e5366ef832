"""What an address asks of the list of prompts. Whatever it says is read: what cannot be a filter is none."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from evalhub.common.ids import id_or_none
from templates_app.models import Prompt
from templates_app.prompts.content import LONGEST_PLATFORM, LONGEST_TAG
from templates_app.prompts.selectors import IN_USE, PromptFilter

LONGEST_SEARCH = 200
ALL = "all"


@dataclass(frozen=True, slots=True)
class Asked:
    """`wanted` for the selector, `query` for links that ask the same."""

    wanted: PromptFilter
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_any(self) -> bool:
        return bool(self.query)


def asked_of(given: Mapping[str, str]) -> Asked:
    """Without a status: prompts in use, which are all but the archived ones."""
    status = given.get("status", "")
    query = {
        "q": _word(given.get("q", ""), LONGEST_SEARCH),
        "topic": str(id_or_none(given.get("topic", "")) or ""),
        "status": status if status in (*Prompt.Status.values, ALL) else "",
        "platform": _word(given.get("platform", ""), LONGEST_PLATFORM),
        "tag": _word(given.get("tag", ""), LONGEST_TAG),
    }
    wanted = PromptFilter(
        statuses=() if query["status"] == ALL else (query["status"],) if query["status"] else IN_USE,
        topic_id=id_or_none(query["topic"]),
        platform=query["platform"],
        tag=query["tag"],
        search=query["q"],
    )
    return Asked(wanted, {name: value for name, value in query.items() if value})


def _word(text: str, most: int) -> str:
    return text.strip()[:most].replace("\x00", "")
