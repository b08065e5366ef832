"""The budget of a project's month among the settings: everybody sees how it stands, owners set it."""

from decimal import Decimal

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from evalhub.accounts.models import AtBudget, Project
from runs import budget as money
from runs.web.access import PageRequest, member_required


class BudgetForm(forms.Form):
    """An empty budget limits nothing."""

    limit = forms.DecimalField(
        required=False,
        min_value=1,
        max_digits=12,
        decimal_places=2,
        label="Budget a month, USD",
        help_text="For a calendar month in UTC, of all model calls with a known price. Empty: nothing is limited.",
    )
    at_budget = forms.ChoiceField(choices=AtBudget.choices, widget=forms.RadioSelect, label="When it is spent")

    @classmethod
    def of(cls, project: Project) -> "BudgetForm":
        return cls(initial={"limit": project.monthly_budget_usd, "at_budget": project.at_budget})


@require_http_methods(["GET", "POST"])
@never_cache
@member_required
def budget(request: PageRequest) -> HttpResponse:
    project = request.membership.project
    if request.method == "GET":
        return _page(request, BudgetForm.of(project))
    if not request.membership.is_owner:
        raise PermissionDenied(f"Only owners of {project} set its budget; you are its {request.membership.role}.")
    form = BudgetForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=400)
    money.budget_set(project=project, limit=form.cleaned_data["limit"], at_budget=form.cleaned_data["at_budget"])
    messages.success(request, "The budget is saved. Workers hear of it within seconds.")
    return redirect("settings-budget")


def _share(standing: money.Standing) -> Decimal | None:
    """How much of the budget is spent, in per cent; None where there is none."""
    return min(standing.spent / standing.limit * 100, Decimal(100)) if standing.limit else None


def _page(request: PageRequest, form: BudgetForm, *, status: int = 200) -> HttpResponse:
    now = timezone.now()
    standing = money.standing(request.membership.project)
    expected = money.forecast(standing.spent, now)
    context = {
        "tab": "budget",
        "form": form,
        "standing": standing,
        "month": money.month_of(now),
        "next_month": money.next_month(now),
        "forecast": expected,
        "passes": standing.limit is not None and not standing.is_spent and expected > standing.limit,
        "share": _share(standing),
    }
    return render(request, "runs/budget.html", context, status=status)
