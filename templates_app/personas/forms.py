"""The form of a persona, and that of a file of them."""

from typing import Any

from django import forms

from evalhub.common.forms import Refusable
from evalhub.common.rows import Column, RowsField, UnjudgedForm
from templates_app.models import Persona
from templates_app.personas import content

FACT = (Column("text", "", most=content.LONGEST_ITEM),)


def _box(key: str, label: str, rows: int, help_text: str) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(max_length=content.TEXTS[key], required=False, label=label, widget=widget, help_text=help_text)


class PersonaForm(Refusable, UnjudgedForm):
    """A new persona, or all of one that is there, which is `persona`."""

    name = forms.CharField(max_length=content.TEXTS["name"])
    description = _box("description", "Who they are", 4, "Age, work, life, how things stand for them today.")
    style = _box("style", "How they write", 2, "Long or short, polite or blunt, typos.")
    goal = _box("goal", "What they want from the conversation", 2, "The conversation ends when this is met.")
    facts = RowsField(FACT, noun="Fact", most=content.MOST_ITEMS, label="Facts about them", help_text="Said only when they fit.")
    behaviours = RowsField(FACT, noun="Behaviour", most=content.MOST_ITEMS, label="How they behave")
    patience = forms.IntegerField(
        min_value=1,
        max_value=content.MOST_PATIENCE,
        required=False,
        label="Patience",
        help_text="Turns without progress before they give up; empty for endless.",
    )

    use_required_attribute = False

    def __init__(self, *given: Any, persona: Persona | None = None, **more: Any) -> None:
        self.persona = persona
        more.setdefault("initial", {key: getattr(persona, key) for key in content.KEYS} if persona else {})
        super().__init__(*given, **more)

    def columns(self) -> dict[str, Any]:
        """What the services take, as far as it could be read."""
        data = self.cleaned_data
        texts = {key: data.get(key, "") for key in content.TEXTS}
        lists = {key: [row["text"] for row in data.get(key, [])] for key in content.LISTS}
        return {**texts, **lists, "patience": data.get("patience")}


class ImportForm(forms.Form):
    """A file, or its text pasted."""

    file = forms.FileField(required=False, label="File", help_text="JSON or YAML: one persona, or a list of them.")
    text = forms.CharField(
        required=False,
        label="Or its text",
        strip=False,
        max_length=content.LARGEST_FILE,
        widget=forms.Textarea(attrs={"rows": 12, "class": "mono"}),
    )

    def clean(self) -> dict[str, Any]:
        """`personas` is what the file has."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        try:
            data["personas"] = content.personas_in(self._text(data))
        except content.Unreadable as error:
            self.add_error("file" if data.get("file") else "text", str(error))
        return data

    def _text(self, data: dict[str, Any]) -> str:
        upload = data.get("file")
        if not upload:
            if not data.get("text", "").strip():
                raise content.Unreadable("Choose a file, or paste its text.")
            return str(data["text"])
        if upload.size > content.LARGEST_FILE:
            raise content.Unreadable(f"The file has {upload.size:,} bytes; at most {content.LARGEST_FILE:,} are read.")
        try:
            return str(upload.read().decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise content.Unreadable(f"The file is no UTF-8 text (byte {error.start}).") from None
