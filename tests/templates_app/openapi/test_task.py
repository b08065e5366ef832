"""What a model is told."""

from templates_app.openapi.answer import written_request
from templates_app.openapi.task import EXAMPLE, request_task
from tests.templates_app.openapi.documents import ORDERS, PET_SHOP, operation


def test_with_docs_it_is_told_all_of_the_operation() -> None:
    text = request_task(operation(PET_SHOP, "GET /pets"), variable_names=["API_KEY"])
    for said in (
        "List pets",
        "GET /pets",
        "- limit (query, required)",
        '"maximum": 100',
        "header X-Api-Key",
        "- 200: Some pets",
        "Owner: {",
        "{{API_KEY}}",
    ):
        assert said in text
    assert "begin with /api/v3" in text


def test_without_docs_it_is_told_the_task_and_where_the_api_is() -> None:
    text = request_task(operation(PET_SHOP, "GET /pets"), with_docs=False, base_url="https://a.example/v3")
    assert "List pets" in text
    assert "https://a.example/v3" in text
    assert not [said for said in ("GET /pets", "limit", "X-Api-Key", "Owner", "variables") if said in text]


def test_a_prompt_of_ones_own_takes_the_place_of_the_summary() -> None:
    text = request_task(operation(PET_SHOP, "POST /pets"), custom_prompt="Add a dog named Rex.")
    assert text.startswith("Write one HTTP request that does this:\nAdd a dog named Rex.")
    assert "Add a pet" not in text


def test_a_body_a_json_parameter_and_credentials_are_described() -> None:
    assert "Body (required):\n- application/json: {" in request_task(operation(PET_SHOP, "POST /pets"))
    assert "- where (query, optional, written as JSON)" in request_task(operation(ORDERS, "GET /orders"))
    assert "Authorization: Bearer <value> or header X-Api-Key: <value>" in request_task(operation(PET_SHOP, "DELETE /pets/{petId}"))


def test_an_operation_without_any_text_is_a_task_all_the_same() -> None:
    assert "Call PUT /tree." in request_task(operation(ORDERS, "PUT /tree"))
    assert "Use the API." in request_task(operation(ORDERS, "PUT /tree"), with_docs=False)


def test_the_example_in_the_task_is_a_request() -> None:
    assert written_request(EXAMPLE).method == "POST"
