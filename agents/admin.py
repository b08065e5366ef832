"""Admin pages of agents and model providers. Secrets are typed in and never shown again."""

from typing import Any

from django import forms
from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe

from agents.addresses import origin
from agents.forms import LIMITS
from agents.limits.states import in_words
from agents.models import Agent, Harness, ModelPrice, ModelProvider
from agents.selectors import provider_load

WRITE_ONLY = "Stored encrypted and never shown again. Leave empty to keep the one that is stored."


class SecretForm(ModelForm):  # type: ignore[type-arg]
    """Adds a write-only secret field to a model that has `set_secret`."""

    secret = forms.CharField(required=False, widget=forms.PasswordInput(attrs={"autocomplete": "off"}), help_text=WRITE_ONLY)


class SecretAdmin(admin.ModelAdmin[Any]):
    form = SecretForm

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        address = "base_url" if hasattr(obj, "base_url") else "endpoint_url"
        if form.cleaned_data.get("secret"):
            obj.set_secret(form.cleaned_data["secret"])
        elif origin(form.initial.get(address) or "") != origin(getattr(obj, address)):
            obj.set_secret("")  # a secret goes only to the server it was given for
        super().save_model(request, obj, form, change)


class ProviderForm(SecretForm):
    """Its limits are bounded as on the provider's own page."""

    class Meta:
        field_classes = LIMITS


@admin.register(ModelProvider)
class ModelProviderAdmin(SecretAdmin):
    form = ProviderForm
    list_display = ["name", "project", "kind", "base_url", "max_concurrent", "requests_per_minute", "has_secret", "is_active"]
    list_filter = ["kind", "project"]
    list_select_related = ["project"]

    def get_readonly_fields(self, request: HttpRequest, obj: ModelProvider | None = None) -> list[str]:
        return ["just_now"] if obj else []

    @admin.display(boolean=True, description="secret")
    def has_secret(self, provider: ModelProvider) -> bool:
        return bool(provider.secret_encrypted)

    @admin.display(description="just now")
    def just_now(self, provider: ModelProvider) -> str:
        return format_html_join(mark_safe("<br>"), "{}", ([line] for line in in_words(provider_load(provider))))


@admin.register(ModelPrice)
class ModelPriceAdmin(admin.ModelAdmin[ModelPrice]):
    list_display = ["provider", "model", "project", "input_usd", "output_usd", "cached_input_usd", "updated_at"]
    list_filter = ["project"]
    list_select_related = ["project"]
    autocomplete_fields = ["project"]
    exclude = ["changed_by"]


@admin.register(Agent)
class AgentAdmin(SecretAdmin):
    list_display = ["name", "project", "kind", "model", "is_active", "created_at"]
    list_filter = ["kind", "project"]
    list_select_related = ["project"]
    search_fields = ["name"]


@admin.register(Harness)
class HarnessAdmin(admin.ModelAdmin[Harness]):
    list_display = ["name", "label", "project", "argv", "is_active"]
    list_filter = ["project"]
    list_select_related = ["project"]
    search_fields = ["name", "label"]
