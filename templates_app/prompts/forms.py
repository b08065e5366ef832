"""The forms of prompts, topics, brands and files of prompts. Fields are judged by the services, whose errors are put beside them."""

from typing import Any

from django import forms
from django.db.models import Q

from evalhub.accounts.models import Project
from evalhub.common.forms import Refusable
from evalhub.common.names import told_apart
from evalhub.common.rows import LinesField
from templates_app.models import Brand, EvalTemplate, Prompt
from templates_app.prompts import brands, content, selectors, table

LONGEST_WORDS = 3_000


def split_words(text: str) -> list[str]:
    """What is typed with commas between."""
    return [word for word in (part.strip() for part in text.split(",")) if word]


class PromptForm(Refusable, forms.Form):
    """A new prompt, or all of one that is there, which is `prompt`."""

    text = forms.CharField(
        label="Prompt",
        max_length=content.LONGEST_PROMPT,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="As a person would ask it, without naming the brand that you hope to read.",
    )
    topic_id = forms.ChoiceField(label="Topic", required=False)
    new_topic = forms.CharField(label="Or a new topic", required=False, max_length=content.LONGEST_TOPIC)
    platform_ids = forms.CharField(
        label="Platforms",
        required=False,
        max_length=LONGEST_WORDS,
        help_text="With commas between. Configured targets of other platforms leave it out; those picked in a batch do not. Empty: all.",
    )
    tags = forms.CharField(label="Tags", required=False, max_length=LONGEST_WORDS, help_text="Free words with commas between.")
    template_id = forms.ChoiceField(label="Judged by", required=False, help_text="A quality template gives each answer a score, too.")
    status = forms.ChoiceField(label="Status", choices=Prompt.Status.choices, help_text="Only active prompts are asked on schedule.")

    use_required_attribute = False
    either = ("topic_id", "new_topic")

    def __init__(self, *given: Any, project: Project, prompt: Prompt | None = None, topic: str = "", **more: Any) -> None:
        self.prompt = prompt
        more.setdefault("initial", _of_prompt(prompt) if prompt else {"status": Prompt.Status.ACTIVE, "topic_id": topic})
        super().__init__(*given, **more)
        topics = [(str(topic.pk), topic.name) for topic in selectors.topic_list(project=project)]
        if prompt and prompt.topic.archived_at:
            topics.append((str(prompt.topic_id), f"{prompt.topic.name} (archived)"))
        self.fields["topic_id"].choices = [("", "Choose a topic"), *topics]  # type: ignore[attr-defined]
        self.fields["template_id"].choices = [("", "Nobody"), *_templates(project)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not data.get("topic_id") and not data.get("new_topic") and "topic_id" not in self.errors:
            self.add_error("topic_id", "Choose a topic, or name a new one.")
        return data

    def asked(self) -> dict[str, Any]:
        """What is asked where: the same in one topic would only be asked twice."""
        return {"text": self.cleaned_data["text"], "platform_ids": split_words(self.cleaned_data["platform_ids"])}

    def columns(self) -> dict[str, Any]:
        """What the services take, but for the topic."""
        data = self.cleaned_data
        return {
            **self.asked(),
            "tags": split_words(data["tags"]),
            "template_id": data["template_id"] or None,
            "status": data["status"],
        }


def _of_prompt(prompt: Prompt) -> dict[str, Any]:
    return {
        "text": prompt.text,
        "topic_id": str(prompt.topic_id),
        "platform_ids": ", ".join(prompt.platform_ids),
        "tags": ", ".join(tag.name for tag in prompt.tags.all()),
        "template_id": str(prompt.template_id or ""),
        "status": prompt.status,
    }


def _templates(project: Project) -> list[tuple[str, str]]:
    """Its own before the system's."""
    found = EvalTemplate.objects.filter(Q(project=project) | Q(project=None), template_type=EvalTemplate.Type.QUALITY)
    return [(str(key), name) for key, name in told_apart(dict(found.order_by("project", "name").values_list("pk", "name"))).items()]


class TopicForm(Refusable, forms.Form):
    """The name of a topic."""

    name = forms.CharField(max_length=content.LONGEST_TOPIC, label="New topic")
    use_required_attribute = False


class BrandForm(Refusable, forms.Form):
    """A new brand, or all of one that is there."""

    name = forms.CharField(max_length=brands.LONGEST_NAME, help_text="As answers name it.")
    is_own = forms.BooleanField(
        required=False, label="This is our own", help_text="The first own brand is the company that share of voice is counted for."
    )
    aliases = LinesField(
        label="Other names",
        most=brands.MOST_ALIASES,
        length=brands.LONGEST_NAME,
        help_text="One a line: short names, old names, spellings.",
    )
    domain = forms.CharField(
        required=False, max_length=300, help_text="example.com: pages there, and below it, that answers cite are counted as its own."
    )
    use_required_attribute = False

    def __init__(self, *given: Any, brand: Brand | None = None, **more: Any) -> None:
        self.brand = brand
        if brand:
            more.setdefault("initial", {key: getattr(brand, key) for key in ("name", "is_own", "aliases", "domain")})
        super().__init__(*given, **more)


class ImportForm(forms.Form):
    """A file of prompts, or its text pasted. `read` is what it has."""

    file = forms.FileField(required=False, label="File", help_text="CSV with commas, semicolons or tabs, as spreadsheets save it.")
    text = forms.CharField(
        required=False, label="Or its text", strip=False, widget=forms.Textarea(attrs={"rows": 10, "class": "mono", "spellcheck": "false"})
    )
    topic = forms.CharField(
        required=False, max_length=content.LONGEST_TOPIC, label="Topic of lines without one", help_text="For a plain list of prompts."
    )

    either = ("file", "text")

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        try:
            data["text"] = self._text(data)
            data["read"] = table.read(data["text"], topic=data.get("topic", ""))
        except table.Unreadable as error:
            self.add_error("file" if data.get("file") else "text", str(error))
        return data

    def _text(self, data: dict[str, Any]) -> str:
        upload = data.get("file")
        if not upload:
            if not data.get("text", "").strip():
                raise table.Unreadable("Choose a file, or paste its text.")
            return table.decoded(data["text"].encode(errors="surrogatepass"))
        if upload.size > table.LARGEST_FILE:
            raise table.Unreadable(f"The file has {upload.size:,} bytes; at most {table.LARGEST_FILE:,} are read. Cut it into several.")
        return table.decoded(upload.read())
