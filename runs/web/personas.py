"""What a simulated user is told, for the form of a persona: the prompt of the engine, from what is typed. Nothing is stored."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from runs.engine.prompts import user_prompt
from runs.web.access import PageRequest, member_required
from templates_app.personas.forms import PersonaForm


@require_POST
@never_cache
@member_required
def persona_preview(request: PageRequest) -> HttpResponse:
    """htmx gets the part beside the form; without a script it is a page of its own."""
    form = PersonaForm(request.POST)
    form.is_valid()
    prompt = user_prompt(form.columns(), timezone.now(), ())
    template = "runs/personas/_preview.html" if request.htmx else "runs/personas/preview.html"
    return render(request, template, {"prompt": prompt})
