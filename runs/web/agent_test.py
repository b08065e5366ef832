"""The button that sends one message to the endpoint of an agent: the stored one, or what is typed in the form. Editors only."""

import threading
import uuid

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from agents.clients import draft_spec
from agents.endpoint_test import EndpointTest, endpoint_test
from agents.llm.errors import LLMError
from agents.models import Agent
from agents.web.forms import AgentForm
from agents.web.views import agent_or_404
from runs.spend import calls_tally
from runs.web.access import PageRequest, member_required, require_editor

MESSAGE = "Hello! Who are you?"
LONGEST_MESSAGE = 2000
ENDPOINT_FIELDS = ("endpoint_url", "endpoint_model", "endpoint_secret", "reply_path", "timeout_seconds")
NO_ENDPOINT = "A character has no endpoint: choose one of the other kinds first."
BUSY = "Other tests and chats wait for their answers just now. Try again in a moment."
# Who waits for a model holds a place of the web process, so most places are not for that.
waiting = threading.BoundedSemaphore(max(settings.ENV.web_concurrency // 4, 1))


@require_POST
@never_cache
@member_required
def agent_test(request: PageRequest, agent_id: uuid.UUID | None = None) -> HttpResponse:
    """What the endpoint answered. htmx gets that alone; without a script it is a page of its own."""
    agent = agent_or_404(request, agent_id) if agent_id else None
    require_editor(request)
    form = AgentForm(request.POST, agent=agent)
    form.is_valid()
    problems = [error for name in ENDPOINT_FIELDS for error in form.errors.get(name, ())]
    if form.cleaned_data.get("kind", Agent.Kind.CHARACTER) == Agent.Kind.CHARACTER:
        problems = [NO_ENDPOINT]
    context: dict[str, object] = {"problems": problems}
    if not problems:
        context = _tested(request, form)
    template = "runs/agents/_test.html" if request.htmx else "runs/agents/test.html"
    return render(request, template, context | {"agent": agent}, status=200)


def _tested(request: PageRequest, form: AgentForm) -> dict[str, object]:
    message = request.POST.get("test_message", "").strip()[:LONGEST_MESSAGE] or MESSAGE
    if not waiting.acquire(blocking=False):
        return {"problems": [BUSY]}
    try:
        return {"test": _ask(request, form, message), "message": message}
    except LLMError as refusal:
        return {"problems": [refusal.message]}
    finally:
        waiting.release()


def _ask(request: PageRequest, form: AgentForm, message: str) -> EndpointTest:
    """Raises LLMError where the stored token cannot be read."""
    project = request.membership.project
    draft = Agent(project=project, name=form.cleaned_data.get("name") or "test", **form.columns())
    tested = endpoint_test(draft_spec(draft, stored=form.agent, secret=form.secret()), message)
    calls_tally(project=project, calls=tested.calls)
    return tested
