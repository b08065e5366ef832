"""What all bodies of the dialect share: a JSON type is meant as it is sent, null is as good as left out, two names may mean one thing."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, model_validator


def _told_nullable(schema: dict[str, Any]) -> None:
    """In the document too: what may be left out may be null."""
    for name, shape in schema["properties"].items():
        if name not in schema.get("required", ()) and {"type": "null"} not in shape.get("anyOf", ()):
            outside = {key: shape.pop(key) for key in ("title", "description", "default") if key in shape}
            schema["properties"][name] = {"anyOf": [shape, {"type": "null"}], **outside}


class Sent(BaseModel):
    """Something a client sends. Keys that the contract does not know are passed over, unless it says that there are no others.

    `older` says which names an older client uses: its name -> the present one.
    """

    model_config = ConfigDict(strict=True, extra="ignore", json_schema_extra=_told_nullable)
    older: ClassVar[Mapping[str, str]] = {}

    @model_validator(mode="before")
    @classmethod
    def _leave_nulls_out(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {key: value for key, value in data.items() if value is not None or _must_be_told(cls, key)}

    def given(self) -> dict[str, Any]:
        """What was sent and is not null, by name; objects inside stay models."""
        return {key: getattr(self, key) for key in type(self).model_fields if key in self.model_fields_set}


class OnlySent(Sent):
    """Something a client sends, and no other key."""

    model_config = ConfigDict(extra="forbid")


class Asked(Sent):
    """A query. All of it is text, so `1` may be a number and `true` a truth."""

    model_config = ConfigDict(strict=False, json_schema_extra=None)


class Told(BaseModel):
    """Something the server answers: all keys, null where there is nothing to say."""

    def body(self) -> dict[str, Any]:
        """As JSON has it."""
        return self.model_dump(mode="json")


def _must_be_told(model: type[BaseModel], key: str) -> bool:
    """Whether null is wrong for it: it has to be there, or there is no such key and no others are taken."""
    if key in model.model_fields:
        return model.model_fields[key].is_required()
    return model.model_config.get("extra") == "forbid"
