"""The forms of sources, documents and operations. What a field may hold is the services' to say; their errors are put beside it."""

from typing import Any

from django import forms

from evalhub.common.forms import Refusable
from evalhub.common.rows import LinesField
from templates_app.models import ApiOperation, ApiSource, EnvProfile, EvalDefinition, SourceType
from templates_app.openapi.reading import LARGEST
from templates_app.sources import commands, definitions, services
from templates_app.sources.checks import LONGEST_ADDRESS

ONLY_REST = ("api_base_url",)
ONLY_CODE = ("docs", "command")
LARGEST_UPLOAD = 4 * LARGEST  # bytes: a character has at most four


class SourceForm(Refusable, forms.Form):
    """A new source of a kind, or all of one that is there, which is `source`."""

    label = forms.CharField(max_length=services.LONGEST["label"], label="Name")
    api_base_url = forms.CharField(
        max_length=LONGEST_ADDRESS,
        required=False,
        label="Base address",
        help_text="Where requests go, unless an environment says otherwise. A document brings its own.",
        widget=forms.TextInput(attrs={"placeholder": "https://api.example.com/v1", "inputmode": "url"}),
    )
    docs_url = forms.CharField(
        max_length=LONGEST_ADDRESS, required=False, label="Address of the documentation", widget=forms.TextInput(attrs={"inputmode": "url"})
    )
    docs = forms.CharField(
        max_length=services.LONGEST["docs"],
        required=False,
        label="Documentation",
        widget=forms.Textarea(attrs={"rows": 10, "class": "mono"}),
        help_text="What a model is told of it, unless an eval leaves documentation out.",
    )
    command = forms.CharField(
        max_length=services.LONGEST["command"],
        required=False,
        label="How what is written is run",
        help_text=f"A command line with {commands.PLACE} in it. Empty means {commands.DEFAULTS[SourceType.SDK]} for a library, "
        f"and {commands.DEFAULTS[SourceType.CLI]} for a tool. It must be installed where the sandbox sees it: in /usr, or in a folder of "
        "EVALHUB_SANDBOX_READ_ONLY.",
        widget=forms.TextInput(attrs={"class": "mono", "placeholder": commands.DEFAULTS[SourceType.SDK]}),
    )
    default_env_profile = forms.ChoiceField(
        required=False, label="Default environment", help_text="What a batch runs in where it names none."
    )

    use_required_attribute = False

    def __init__(
        self,
        *given: Any,
        source_type: str,
        profiles: list[EnvProfile],
        source: ApiSource | None = None,
        may_command: bool = True,
        **more: Any,
    ) -> None:
        """Without `may_command` the command stays as it is, whatever is sent."""
        self.source, self.profiles = source, {str(each.pk): each for each in profiles}
        more.setdefault("initial", self._stored(source) if source else {})
        super().__init__(*given, **more)
        for name in ONLY_CODE if source_type == SourceType.REST_API else ONLY_REST:
            del self.fields[name]
        if not may_command and "command" in self.fields:
            self.fields["command"].disabled = True
            self.fields["command"].help_text = "Programs may run without a sandbox on this machine, so owners say how."
        self.fields["default_env_profile"].choices = [("", "None"), *((key, each.name) for key, each in self.profiles.items())]  # type: ignore[attr-defined]

    def _stored(self, source: ApiSource) -> dict[str, Any]:
        texts = {name: getattr(source, name) for name in ("label", "api_base_url", "docs_url", "docs", "command")}
        return texts | {"default_env_profile": str(source.default_env_profile_id or "")}

    def columns(self) -> dict[str, Any]:
        """What the services take."""
        return self.cleaned_data | {"default_env_profile": self.profiles.get(self.cleaned_data["default_env_profile"])}


class DocumentForm(Refusable, forms.Form):
    """An OpenAPI document: a file, its text, or the address where it is."""

    url = forms.CharField(
        max_length=LONGEST_ADDRESS,
        required=False,
        label="Address",
        help_text="It is fetched now, once. A later import fetches it again.",
        widget=forms.TextInput(attrs={"placeholder": "https://api.example.com/openapi.json", "inputmode": "url"}),
    )
    file = forms.FileField(required=False, label="Or a file", help_text="OpenAPI 3.0 or 3.1, JSON or YAML.")
    text = forms.CharField(
        max_length=LARGEST, required=False, strip=False, label="Or its text", widget=forms.Textarea(attrs={"rows": 10, "class": "mono"})
    )

    either = ("url", "file", "text")

    def __init__(self, *given: Any, stored_url: str = "", **more: Any) -> None:
        """`stored_url` is offered: left as it is beside a file or a text, it is not meant."""
        self.stored_url = stored_url
        more.setdefault("initial", {"url": stored_url})
        super().__init__(*given, **more)

    def clean(self) -> dict[str, Any]:
        """`document` is the text; "" where it is to be fetched."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("url") == self.stored_url and (data.get("file") or data.get("text")):
            data["url"] = ""
        given = [name for name in ("url", "file", "text") if (data.get(name) or "" if name != "file" else data.get(name))]
        if not self.errors and len(given) != 1:
            self.add_error(None, "Give one of the three." if given else "Give an address, a file, or its text.")
        data["document"] = self._uploaded(data["file"]) if given == ["file"] else data.get("text", "")
        return data

    def _uploaded(self, upload: Any) -> str:
        if upload.size > LARGEST_UPLOAD:
            self.add_error("file", f"The file has {upload.size:,} bytes; at most {LARGEST:,} characters are read.")
            return ""
        try:
            return str(upload.read().decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            self.add_error("file", f"The file is no UTF-8 text (byte {error.start}).")
            return ""


class OperationForm(Refusable, forms.Form):
    """An operation of a library or tool, entered by hand."""

    path = forms.CharField(
        max_length=services.LONGEST["path"],
        label="Name",
        help_text="As its users know it: items.create, or deploy --dry-run.",
        widget=forms.TextInput(attrs={"class": "mono"}),
    )
    summary = forms.CharField(
        max_length=services.LONGEST["summary"], required=False, label="Task", help_text="What is to be done with it, in a sentence."
    )
    description = forms.CharField(
        max_length=services.LONGEST["description"],
        required=False,
        label="Documentation of it",
        widget=forms.Textarea(attrs={"rows": 6, "class": "mono"}),
    )
    category = forms.CharField(max_length=services.LONGEST["category"], required=False, label="Category")

    use_required_attribute = False

    def __init__(self, *given: Any, operation: ApiOperation | None = None, **more: Any) -> None:
        names = ("path", "summary", "description", "category")
        more.setdefault("initial", {name: getattr(operation, name) for name in names} if operation else {})
        super().__init__(*given, **more)


def short(score: float) -> float | int:
    """70 rather than 70.0, as a box shows it."""
    return int(score) if score == int(score) else score


class JudgedForm(Refusable, forms.Form):
    """How a task is judged, and for whom it is: what evals of operations and custom evals have in common."""

    expected_behavior = forms.CharField(
        max_length=definitions.LONGEST_TEXT,
        required=False,
        label="Expected behaviour",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What a judge looks for in the answer, beside the checks. Empty: no judge is asked.",
    )
    pass_score = forms.FloatField(min_value=0, max_value=100, label="Passes from", help_text="The judge's score, of 100.")
    model_ids = LinesField(
        most=definitions.MOST_NAMES, length=definitions.LONGEST_NAME, label="Only for these models", help_text="One a line; empty for all."
    )
    enabled = forms.BooleanField(required=False, label="In use", help_text="Batches leave out what is not.")

    use_required_attribute = False


class DefinitionForm(JudgedForm):
    """How an operation is asked and judged."""

    custom_prompt = forms.CharField(
        max_length=definitions.LONGEST_TEXT,
        required=False,
        label="Task",
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Takes the place of the operation's summary.",
    )
    docs_mode = forms.ChoiceField(choices=EvalDefinition.DocsMode.choices, label="Documentation")
    include_env_vars = forms.BooleanField(
        required=False,
        label="Name the variables",
        help_text="The model is told the names of the variables, never their values.",
    )
    env_profile_ids = forms.MultipleChoiceField(
        required=False, label="Environments", widget=forms.CheckboxSelectMultiple, help_text="None ticked: the ones of the batch."
    )
    run_context = forms.JSONField(
        required=False,
        label="Context",
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono"}),
        help_text="What the model is told beside the task: an object in JSON.",
    )

    TEXTS = ("custom_prompt", "expected_behavior", "docs_mode", "include_env_vars", "model_ids", "run_context", "pass_score", "enabled")

    def __init__(self, *given: Any, definition: EvalDefinition, profiles: list[EnvProfile], **more: Any) -> None:
        stored = {name: getattr(definition, name) for name in self.TEXTS} | {"env_profile_ids": definition.env_profile_keys}
        stored["pass_score"] = short(definition.pass_score)
        more.setdefault("initial", stored)
        super().__init__(*given, **more)
        self.fields["env_profile_ids"].choices = [(each.key, each.name) for each in profiles]  # type: ignore[attr-defined]
        self.fields["docs_mode"].choices = DOCS_MODES  # type: ignore[attr-defined]

    def clean_run_context(self) -> dict[str, Any]:
        given = self.cleaned_data["run_context"] or {}
        if not isinstance(given, dict):
            raise forms.ValidationError('Must be an object, such as {"account": "demo"}.')
        return given


DOCS_MODES = [
    ("default", "Told (the default)"),
    ("include", "Told"),
    ("exclude", "Left out: the model must know the API"),
]
