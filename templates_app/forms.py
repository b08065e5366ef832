"""The editor's forms: one of the template, one a category. What is wrong stands beside its field, and what was typed stays."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.http import QueryDict

from templates_app.models import EvalTemplate
from templates_app.rows import EMPTY, MOST_ROWS, PREFIX, Row, rows_typed
from templates_app.services import KEY_LENGTH, with_keys
from templates_app.system import CategoryData

LONG, SHORT, INSTRUCTIONS = 100_000, 200, 20_000
MOST_WEIGHT, MOST_TOKENS, MOST_SAMPLES = 1_000_000, 1_000_000, 20


class TextField(forms.CharField):
    """Many lines. A browser sends CRLF between them; what is stored, compared and exported has LF."""

    def __init__(self, *, rows: int, **given: Any) -> None:
        super().__init__(**given, widget=forms.Textarea(attrs={"rows": rows}))

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace("\r\n", "\n").replace("\r", "\n")


def _number(value: float) -> str:
    return f"{value:.15g}"


class TemplateForm(forms.Form):
    """Everything of a template but its categories. `version` is the one that was edited."""

    use_required_attribute = False

    name = forms.CharField(max_length=SHORT, error_messages={"required": "A template needs a name."})
    template_type = forms.ChoiceField(choices=EvalTemplate.Type.choices, initial="quality", widget=forms.RadioSelect)
    description = TextField(
        rows=2, max_length=LONG, required=False, help_text="For people who choose a template; the judge does not see it."
    )
    scoring_rubric = TextField(
        rows=6, max_length=LONG, required=False, label="Rubric", help_text="What the judge has to keep in mind for every category."
    )
    judge_model = forms.CharField(
        max_length=SHORT,
        required=False,
        help_text="As provider/model. Empty: the project's default judge.",
        widget=forms.TextInput(attrs={"list": "judge-models", "autocomplete": "off", "spellcheck": "false"}),
    )
    temperature = forms.FloatField(min_value=0, max_value=2, initial="0.3", help_text="0 to 2; low is steadier.")
    max_tokens = forms.IntegerField(min_value=1, max_value=MOST_TOKENS, initial=8192, help_text="The longest answer.")
    judge_samples = forms.IntegerField(
        min_value=1, max_value=MOST_SAMPLES, initial=1, label="Samples", help_text="Judgements a run; their mean is the score."
    )
    note = forms.CharField(max_length=SHORT, required=False, label="What changed", help_text="Stands in the history.")
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class CategoryForm(forms.Form):
    """One row. Its fields carry the names that the same fields of other rows carry; ids differ by its number."""

    use_required_attribute = False

    label = forms.CharField(max_length=SHORT, label="Name", error_messages={"required": "A category needs a name."})
    key = forms.CharField(
        max_length=KEY_LENGTH,
        required=False,
        validators=[validate_slug],
        help_text="The name in exports and the API: letters, digits, - and _. Empty: made of the name.",
        widget=forms.TextInput(attrs={"spellcheck": "false", "class": "mono"}),
    )
    prompt_instructions = TextField(
        rows=4,
        max_length=INSTRUCTIONS,
        required=False,
        label="Instructions",
        help_text="What to look at, and what earns a low or a high score.",
    )
    weight = forms.FloatField(min_value=0, max_value=MOST_WEIGHT, widget=forms.NumberInput(attrs={"step": "any"}))
    share = ""

    def __init__(self, row: Row | None = None, *, number: int | str, checked: bool = False) -> None:
        self.number = number
        values = EMPTY if row is None else row
        data = {PREFIX + name: value for name, value in values.items()} if checked else None
        super().__init__(data, initial=None if checked else values, auto_id=f"id_row{number}_%s")

    def add_prefix(self, field_name: str) -> str:
        return PREFIX + field_name

    @property
    def is_blank(self) -> bool:
        return not any(str(self[name].value() or "").strip() for name in ("label", "key", "prompt_instructions"))


class Editor:
    """The whole of the editor's form. `checked` ones know what is wrong; others only show."""

    def __init__(self, form: TemplateForm, rows: Sequence[CategoryForm]) -> None:
        self.form, self.rows = form, rows
        self.problems: list[str] = []
        for row, share in zip(rows, shares([row["weight"].value() for row in rows]), strict=True):
            row.share = share

    @classmethod
    def of(cls, edited: Mapping[str, Any] | None = None, *, version: int = 0) -> "Editor":
        """A new template's, or that of `content`."""
        if edited is None:
            return cls(TemplateForm(), [CategoryForm(number=0)])
        initial = {name: edited[name] for name in TemplateForm.base_fields if name in edited}
        initial |= {"temperature": _number(edited["temperature"]), "version": version or None}
        rows = [{**category, "weight": _number(category["weight"])} for category in edited["categories"]]
        return cls(TemplateForm(initial=initial), [CategoryForm(row, number=number) for number, row in enumerate(rows)])

    @classmethod
    def typed(cls, data: QueryDict, rows: Sequence[Row] | None = None) -> "Editor":
        """As it was typed, without a word about what is wrong with it."""
        initial = {name: data.get(name, "") for name in TemplateForm.base_fields}
        found = rows_typed(data) if rows is None else rows
        return cls(TemplateForm(initial=initial), [CategoryForm(row, number=number) for number, row in enumerate(found)])

    @classmethod
    def checked(cls, data: QueryDict) -> "Editor":
        """As it was sent to be saved. Rows that nobody wrote into are left out."""
        rows = [CategoryForm(row, number=number, checked=True) for number, row in enumerate(rows_typed(data))]
        kept = [row for row in rows if not row.is_blank]
        editor = cls(TemplateForm(data), kept or [CategoryForm(number=0)])
        editor._check(kept)
        return editor

    def _check(self, rows: Sequence[CategoryForm]) -> None:
        if not rows:
            self.problems.append("Add at least one category: the judge scores each of them.")
        if len(rows) > MOST_ROWS:
            self.problems.append(f"A template has at most {MOST_ROWS} categories.")
        fine = [row for row in rows if row.is_valid()]
        taken: set[str] = set()
        for row in fine:
            key = row.cleaned_data["key"]
            if key and key in taken:
                row.add_error("key", f"The key “{key}” is used by a category before this one.")
            taken.add(key)
        if fine and len(fine) == len(rows) and not any(row.cleaned_data["weight"] for row in fine if "weight" in row.cleaned_data):
            self.problems.append("At least one category needs a weight above 0, or there is no mean to compute.")

    @property
    def is_valid(self) -> bool:
        return self.form.is_valid() and not self.problems and all(row.is_bound and row.is_valid() for row in self.rows)

    @property
    def empty_row(self) -> CategoryForm:
        """What a script adds: the number is put in there."""
        return CategoryForm(number="NEW")

    def fields(self) -> dict[str, Any]:
        """Of a valid one: the arguments of `template_create` and `template_update`."""
        given = {name: value for name, value in self.form.cleaned_data.items() if name != "version"}
        return {**given, "categories": [CategoryData(**row.cleaned_data) for row in self.rows]}

    def refuse(self, error: ValidationError) -> None:
        """Show what a service found wrong."""
        self.problems.extend(error.messages)


def draft_content(data: QueryDict) -> dict[str, Any]:
    """What was typed so far, as `templates_app.snapshot.content` says it, whatever is missing or wrong in it: for a preview."""
    form = TemplateForm(data)
    form.is_valid()
    values = {name: _fine_or_initial(form, name) for name in form.fields if name not in ("note", "version")}
    values["temperature"] = float(values["temperature"])
    return {**values, "name": values["name"] or "Unnamed template", "categories": _draft_categories(data)}


def _fine_or_initial(form: TemplateForm, name: str) -> Any:
    """A text as it was typed, even when it is too long to be saved; a number that cannot be read is the one of a new template."""
    field = form.fields[name]
    if name in form.cleaned_data:
        return form.cleaned_data[name]
    return form.data.get(name, "") if isinstance(field, forms.CharField) else field.initial


def _draft_categories(data: QueryDict) -> list[dict[str, Any]]:
    rows = [row for row in rows_typed(data) if row["label"].strip() or row["prompt_instructions"].strip()][:MOST_ROWS]
    shown = [
        CategoryData("", row["label"].strip() or f"Category {number}", row["prompt_instructions"].replace("\r\n", "\n"))
        for number, row in enumerate(rows, start=1)
    ]
    keyed = with_keys(shown)
    typed = [row["key"].strip() for row in rows]
    weights = [_weight(row["weight"]) for row in rows]
    return [
        {
            "key": own if own and typed.count(own) == 1 else item.key,
            "label": item.label,
            "prompt_instructions": item.prompt_instructions,
            "weight": 1.0 if weight is None else weight,
        }
        for own, item, weight in zip(typed, keyed, weights, strict=True)
    ]


def _weight(typed: object) -> float | None:
    try:
        return float(forms.FloatField(min_value=0, max_value=MOST_WEIGHT).clean(typed))
    except ValidationError:
        return None


def shares(weights: Sequence[object]) -> list[str]:
    """Each weight as its part of all: `25 %`; "" where there is nothing to compute."""
    numbers = [_weight(weight) for weight in weights]
    whole = sum(number or 0 for number in numbers)
    return [f"{100 * number / whole:.0f} %" if number is not None and whole else "" for number in numbers]
