"""What a person asks of a run that is there: to stop, or to go on. Additions to the public contract; each calls one service."""

from collections.abc import Callable
from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.endpoint import Endpoint, Scope
from evalhub.common.problems import invalid
from runs.api import described
from runs.api.evals import named
from runs.bodies import run_body
from runs.models import EvalRun
from runs.selectors import transcript
from runs.services import NotInterrupted, run_cancel, run_resume


class Asking(Endpoint):
    """POST /eval-runs/{run_id}/…, answered with the run. Subclasses name the service."""

    scopes = {"POST": Scope.RUN}
    service: ClassVar[Callable[..., EvalRun]]

    def post(self, request: Request, run_id: str) -> Response:
        try:
            with named(run_id) as key:
                run = self.service(run_id=key, project=self.project)
        except NotInterrupted as refused:
            raise invalid("path.run_id", str(refused), value=run_id, code="conflict", status=409) from None
        return Response(run_body(run, transcript(run=run)))


class CancelEvalRun(Asking):
    operations = {"POST": described.CANCEL}
    service = staticmethod(run_cancel)


class ResumeEvalRun(Asking):
    operations = {"POST": described.RESUME}
    service = staticmethod(run_resume)
