"""Forms of the pages of providers. What is wrong stands beside its field, and what was typed stays, but for a key."""

from collections.abc import Iterable
from typing import Any

from django import forms

from agents.addresses import origin
from agents.clients import DEMO
from agents.models import ModelPrice, ModelProvider
from evalhub.common.outbound import METADATA_ADDRESSES

RESERVED = {DEMO, "endpoint"}
MOST_USD = 100_000
METADATA = {str(address) for address in METADATA_ADDRESSES}
KEEPS = "Empty: the stored one is kept."
WRONG_KEY = "A key is one word of plain letters, digits and signs, as the provider shows it. Type it again."


class SecretField(forms.CharField):
    """A key that is typed in and never shown. It travels in a header, so nothing but visible ASCII is in it."""

    widget = forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"})

    def clean(self, value: Any) -> str:
        secret: str = super().clean(value)
        if not secret.isascii() or not secret.isprintable() or " " in secret:
            raise forms.ValidationError(WRONG_KEY)
        return secret


class ProviderForm(forms.ModelForm):  # type: ignore[type-arg]
    """Who is asked, and where. `agents.providers.services` saves it: the key follows rules of its own."""

    secret = SecretField(label="API key", required=False, max_length=4000)
    remove_secret = forms.BooleanField(label="Remove the stored key", required=False)

    class Meta:
        model = ModelProvider
        fields = ["name", "kind", "base_url", "default_model", "is_active"]
        labels = {"base_url": "Address", "kind": "Speaks", "default_model": "Default model", "is_active": "In use"}
        help_texts = {
            "name": "The part before the slash in provider/model. Agents and templates that say the old name must be changed with it.",
            "is_active": "Without the tick its models cannot be asked, and a provider of this name from the environment is asked instead.",
        }
        error_messages = {"name": {"invalid": "Only letters, digits, - and _."}}
        widgets = {"base_url": forms.TextInput(attrs={"inputmode": "url", "class": "mono", "spellcheck": "false"})}

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.has_secret = bool(self.instance.secret_encrypted)
        self.fields["secret"].help_text = "Stored encrypted and never shown again." + (f" {KEEPS}" if self.has_secret else "")
        if not self.has_secret:
            del self.fields["remove_secret"]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name.lower() in RESERVED:
            raise forms.ValidationError(f"“{name}” has a meaning of its own here; choose another name.")
        return name

    def clean_base_url(self) -> str:
        """An owner may name any server, one of this machine's network too; the services that tell a cloud's secrets are none."""
        address: str = self.cleaned_data["base_url"]
        if origin(address)[1] in METADATA:
            raise forms.ValidationError("This is a cloud's metadata service, not a model server.")
        return address

    def clean_default_model(self) -> str:
        """As it is asked for: without the provider."""
        model: str = self.cleaned_data["default_model"]
        return model.removeprefix(f"{self.cleaned_data.get('name')}/")

    @property
    def new_secret(self) -> str | None:
        """What the services are told: a new key, "" for none, None to keep the one there is."""
        typed: str = self.cleaned_data.get("secret", "")
        return typed or ("" if self.cleaned_data.get("remove_secret") else None)

    def columns(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.Meta.fields}


class PriceForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a model costs. Saving one that has a price already replaces it."""

    class Meta:
        model = ModelPrice
        fields = ["provider", "model", "input_usd", "output_usd", "cached_input_usd"]
        labels = {"input_usd": "Input", "output_usd": "Output", "cached_input_usd": "Cached input", "model": "Model"}
        help_texts = {
            "model": "Exactly as it is asked for, without the provider.",
            "cached_input_usd": "Empty: as other input.",
        }

    def __init__(self, *args: Any, providers: Iterable[str], **given: Any) -> None:
        super().__init__(*args, **given)
        self.fields["provider"] = forms.ChoiceField(choices=[(name, name) for name in providers])
        for name in ("input_usd", "output_usd", "cached_input_usd"):
            self.fields[name] = forms.DecimalField(
                label=self.fields[name].label,
                help_text=self.fields[name].help_text,
                required=name != "cached_input_usd",
                min_value=0,
                max_value=MOST_USD,
                max_digits=12,
                decimal_places=6,
                widget=forms.NumberInput(attrs={"step": "any", "min": "0", "inputmode": "decimal"}),
            )

    def clean_model(self) -> str:
        model: str = self.cleaned_data["model"]
        return model.removeprefix(f"{self.cleaned_data.get('provider')}/")

    def validate_unique(self) -> None:
        """Nothing: a second price of a model replaces the first."""

    validate_constraints = validate_unique


class TrialForm(forms.Form):
    """Which model is asked for one word."""

    provider = forms.CharField(max_length=60)
    model = forms.CharField(max_length=200, required=False)
