"""The list of runs, read page by page while new runs are started."""

from typing import Any

import pytest

sonzai = pytest.importorskip("sonzai", reason="the published client needs Python 3.12")

from tests.contract.live.clients import SAID, finished  # noqa: E402


def test_runs_that_start_meanwhile_are_neither_skipped_nor_repeated(client: Any, agent: Any, template: Any) -> None:
    def start() -> str:
        body = {"messages": SAID, "template_id": template.template_id, "quality_only": True}
        return str(client.eval_runs.evaluate_agent(agent.agent_id, **body).run_id)

    made = [start() for _ in range(25)]
    seen, late = [], []
    for number, run in enumerate(client.eval_runs.list(agent_id=agent.agent_id, page_size=4)):
        seen.append(run.run_id)
        if number % 4 == 1:
            late.append(start())
    assert seen == made[::-1]
    assert [run.run_id for run in client.eval_runs.list(agent_id=agent.agent_id, page_size=100)] == [*late[::-1], *made[::-1]]
    for run_id in (made[0], late[-1]):
        assert finished(client, run_id).status == "completed"


def test_the_generated_method_hands_out_pages_and_cursors(client: Any, agent: Any, template: Any) -> None:
    made = [client.eval_runs.simulate_agent(agent.agent_id).run_id for _ in range(3)]
    first = client.eval_runs.list_eval_runs(agent_id=agent.agent_id, page_size=2)
    assert ([run.run_id for run in first.runs], first.has_more) == (made[:0:-1], True)
    last = client.eval_runs.list_eval_runs(agent_id=agent.agent_id, page_size=2, cursor=first.next_cursor)
    assert ([run.run_id for run in last.runs], last.has_more, last.next_cursor or "") == (made[:1], False, "")


@pytest.mark.parametrize("query", [{"page_size": 0}, {"page_size": 101}, {"cursor": "nonsense"}])
def test_a_page_that_cannot_be_is_pointed_at(client: Any, query: dict[str, Any]) -> None:
    with pytest.raises(sonzai.ValidationError) as refused:
        client.eval_runs.list_eval_runs(**query)
    assert [item.field for item in refused.value.errors] == list(query)
