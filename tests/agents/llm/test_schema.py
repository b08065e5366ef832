"""A pydantic model as the schema that servers are sent."""

from typing import Any

import pytest
from pydantic import BaseModel, Field, create_model

from agents.llm.schema import shape_of, without_ranges


class Evidence(BaseModel):
    message_index: int
    quote: str = Field(max_length=80)


class Category(BaseModel):
    """How one thing went."""

    reasoning: str
    evidence: list[Evidence] = Field(default_factory=list, max_length=2)
    score: int = Field(ge=0, le=100)
    title: str | None = None


def _all_objects(schema: Any) -> list[dict[str, Any]]:
    if isinstance(schema, list):
        return [found for item in schema for found in _all_objects(item)]
    if not isinstance(schema, dict):
        return []
    own = [schema] if "properties" in schema and isinstance(schema["properties"], dict) and schema.get("type") == "object" else []
    return own + [found for child in schema.values() for found in _all_objects(child)]


def test_references_are_put_in_place_and_every_object_is_closed() -> None:
    categories = create_model("Categories", tone=(Category, Field(description="Tone: how it sounds")), recall=(Category, ...))
    schema = shape_of(create_model("Judgement", categories=(categories, ...), feedback=(str, ...))).json_schema
    assert "$ref" not in str(schema)
    assert "$defs" not in str(schema)
    objects = _all_objects(schema)
    assert len(objects) == 6
    assert all(found["additionalProperties"] is False and found["required"] == list(found["properties"]) for found in objects)
    assert schema["properties"]["categories"]["properties"]["tone"]["description"] == "Tone: how it sounds"


def test_a_property_called_title_is_no_noise() -> None:
    assert "title" in shape_of(Category).json_schema["properties"]
    assert "title" not in shape_of(Category).json_schema


def test_ranges_can_be_left_out_at_every_depth() -> None:
    full, bare = shape_of(Category).json_schema, without_ranges(shape_of(Category).json_schema)
    assert full["properties"]["score"] == {"type": "integer", "minimum": 0, "maximum": 100}
    assert full["properties"]["evidence"]["items"]["properties"]["quote"] == {"type": "string", "maxLength": 80}
    assert bare["properties"]["score"] == {"type": "integer"}
    assert bare["properties"]["evidence"]["items"]["properties"]["quote"] == {"type": "string"}


def test_free_keys_stay_free() -> None:
    schema = shape_of(create_model("Free", values=(dict[str, int], ...))).json_schema
    assert schema["properties"]["values"] == {"type": "object", "additionalProperties": {"type": "integer"}}


def test_names_are_fit_for_a_tool() -> None:
    assert shape_of(create_model("List[Größe]")).name == "List_Gr__e_"


class Tree(BaseModel):
    children: list["Tree"]


def test_a_schema_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="Tree refers to itself"):
        shape_of(Tree)
