"""Every place that opens a connection is in the table of docs/decisions/0022, with the rule it follows."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/decisions/0022-outgoing-requests.md"
OPENS = re.compile(
    r"\b(ClientSession|open_session|guarded_session|build_opener|urlopen|HTTPS?Connection|create_connection"
    r"|open_connection|open_unix_connection|socket\.socket)\("
)
OTHER_CLIENTS = re.compile(r"^\s*(import|from) (requests|httpx|urllib3|http\.client|urllib\.request|smtplib|ftplib|pycurl)\b", re.M)


def sources() -> dict[str, str]:
    files = (path for room in ("evalhub", "agents", "templates_app", "runs") for path in (ROOT / room).rglob("*.py"))
    return {str(path.relative_to(ROOT)): path.read_text() for path in files}


def test_every_place_that_opens_a_connection_is_in_the_table_with_its_rule() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    told = {name for row in rows for name in re.findall(r"`([\w/]+\.py)`", row.split("|")[1])}
    assert told == {name for name, text in sources().items() if OPENS.search(text)}
    assert all(row.split("|")[3].strip() for row in rows)


def test_no_other_client_is_used_than_the_one_that_follows_the_rule() -> None:
    using = {name for name, text in sources().items() if OTHER_CLIENTS.search(text)}
    assert using == {"agents/llm/http.py", "evalhub/cli/up.py"}  # the first only asks which proxies there are


def test_every_session_for_members_addresses_is_given_a_policy() -> None:
    """`open_session()` without one is for model providers, which are an owner's setting."""
    bare = {name: text.count("open_session()") for name, text in sources().items() if "open_session()" in text}
    assert bare == {"agents/providers/trial.py": 1, "runs/engine/drain.py": 1}
