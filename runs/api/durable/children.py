"""The children of one durable eval run, page by page. Not in the contract: `evalhub eval-runs --junit` and others read it."""

from rest_framework.request import Request
from rest_framework.response import Response

from runs.api.durable.endpoint import DurableEndpoint, Op, told
from runs.api.durable.naming import missing
from runs.api.durable.results import summary_keys
from runs.api.durable.shapes.children import ChildrenMeta, ChildrenQuery, EvalRunChild, EvalRunChildrenResponse
from runs.batches.results import Child, children_page
from runs.models import Batch
from runs.models.batch import read_id


class Children(DurableEndpoint):
    """GET /v1/eval-runs/{eval_run_id}/runs"""

    ops = {"GET": Op(id="eval_runs_children_list", summary="Its children, in order.", query=ChildrenQuery, answer=EvalRunChildrenResponse)}

    def get(self, request: Request, eval_run_id: str) -> Response:
        after, size = self.asked.after, self.asked.limit
        key = read_id("eval_run", eval_run_id)
        if key is None:
            raise missing("Eval run")
        try:
            found, following = children_page(project=self.project, batch_id=key, after=after, size=size)
        except Batch.DoesNotExist:
            raise missing("Eval run") from None
        meta = ChildrenMeta(limit=size, count=len(found), next=following)
        return told(EvalRunChildrenResponse(data=[_child(each) for each in found], meta=meta))


def _child(child: Child) -> EvalRunChild:
    trial = child.result.trial
    return EvalRunChild(
        **summary_keys(child.result),
        position=trial.position,
        status=trial.run.status,
        profile=child.profile or None,
        error=trial.run.error_reason or child.why,
        cost=trial.run.total_cost_usd,
    )
