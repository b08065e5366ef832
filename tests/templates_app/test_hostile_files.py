"""Files of templates and personas that were made to break what reads them. Each is refused with a sentence."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests import factories

pytestmark = pytest.mark.django_db
DIGITS = "1" * 5000
FILES = {
    "a number JSON refuses": f'{{"name": {DIGITS}}}',
    "a number YAML refuses": f"name: {DIGITS}",
    "a number by sixties": f"name: 1:{'59:' * 4000}1",
    "a hexadecimal number": f"name: 0x{'f' * 6000}",
    "a hexadecimal key": f"0x{'f' * 6000}: 1",
    "half of a surrogate pair": 'name: "\\ud800"',
    "half of a surrogate pair in a key": '{"name": "a", "\\ud800": 1}',
    "a NUL": '{"name": "a\\u0000"}',
    "an escape of no character": 'name: "\\U00110000"',
    "an escape past everything": '{a: "\\UFFFFFFFF"}',
    "a day that never was": "{a: 2024-13-45}",
    "a day that never was, in a block": "name: 2024-13-45",
    "not a number": "name: .nan",
    "a list as a key": "? [a]\n: b",
    "braces without end": "{" * 3000,
    "a tag": '!!python/object/apply:os.system ["id"]',
    "an alias": "name: &a x\ngoal: *a",
    "a bomb": "a: &a [x, x]\nb: &b [*a, *a]\nname: *b",
}


@pytest.mark.parametrize("address", ["/templates/import/", "/personas/import/"])
@pytest.mark.parametrize("text", FILES.values(), ids=FILES.keys())
def test_a_hostile_file_is_refused_with_a_sentence(client: Client, address: str, text: str) -> None:
    client.force_login(factories.owner(project=factories.project()))
    for sent in ({"text": text}, {"file": SimpleUploadedFile("a.yaml", text.encode())}):
        response = client.post(address, sent)
        assert response.status_code == 400
        assert "error" in response.text
