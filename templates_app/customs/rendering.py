"""From a prompt template to the prompt that is stored: {{company_name}} and its like are filled in once, when it is saved. Plain Python."""

import re
from collections.abc import Mapping

VARIABLES = {
    "company_name": "Company name",
    "company_domain": "Company domain",
    "competitor_name": "Competitor name",
    "competitor_domain": "Competitor domain",
}
_FIELD = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


class BadTemplate(ValueError):
    """The template cannot be filled in; the message says why."""


def rendered(template: str, values: Mapping[str, str]) -> str:
    """The template with its variables filled in. `values` has those that have one. Raises BadTemplate."""

    def fill(found: re.Match[str]) -> str:
        name = found[1].strip()
        if name not in VARIABLES:
            known = ", ".join(f"{{{{{each}}}}}" for each in VARIABLES)
            raise BadTemplate(f"There is no variable {name[:60]!r}. There are {known}.")
        if not values.get(name):
            raise BadTemplate(f"{{{{{name}}}}} has no value here: {_missing(name)}.")
        return values[name]

    head, end, rest = template.rpartition("}}")  # behind the last end every beginning would be looked at to no end
    return _FIELD.sub(fill, head + end) + rest


def _missing(name: str) -> str:
    if name == "competitor_name":
        return "name a competitor"
    return "the competitor has no domain" if name == "competitor_domain" else "the project has no brand of its own with a domain"
