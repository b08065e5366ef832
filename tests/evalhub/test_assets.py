"""Static files: hashed names, what may be kept for how long, and in which form they are sent."""

import gzip
import os
import re
from pathlib import Path
from typing import Any

import pytest
from django.templatetags.static import static
from django.test import AsyncClient, override_settings

from evalhub import assets

SOURCE = Path(__file__).resolve().parents[2] / "static/css/base.css"
PLAIN = "/static/css/base.css"
OTHER = "/static/css/base.0123456789ab.css"


@pytest.fixture(autouse=True)
def served(settings: Any) -> None:
    """As an installation has it; other tests do without (tests/conftest.py)."""
    settings.MIDDLEWARE = ["evalhub.assets.AssetMiddleware", *settings.MIDDLEWARE]


@pytest.fixture
def kept(tmp_path: Path, settings: Any) -> Path:
    """Where compressed forms lie."""
    settings.STATIC_ROOT = tmp_path / "static"
    return Path(settings.STATIC_ROOT)


async def body(response: Any) -> bytes:
    return b"".join([part async for part in response])


@pytest.fixture
def client() -> AsyncClient:
    return AsyncClient()


def test_the_name_of_a_file_follows_its_content() -> None:
    assert re.fullmatch(r"/static/css/base\.[0-9a-f]{12}\.css", static("css/base.css"))
    assert static("css/base.css") != static("css/forms.css")
    assert static("not/there.css") == "/static/not/there.css"


@override_settings(DEBUG=True)
def test_while_developing_names_stay_as_they_are() -> None:
    assert static("css/base.css") == PLAIN


@pytest.mark.usefixtures("kept")
async def test_a_hashed_name_may_be_kept_for_good_and_a_plain_one_for_minutes(client: AsyncClient) -> None:
    assert (await client.get(static("css/base.css")))["Cache-Control"] == "max-age=31536000, public, immutable"
    assert (await client.get(PLAIN))["Cache-Control"] == "max-age=300, public"


@pytest.mark.usefixtures("kept")
async def test_a_hash_of_before_an_update_gets_what_is_there_now_for_minutes(client: AsyncClient) -> None:
    response = await client.get(OTHER)
    assert (response.status_code, response["Cache-Control"]) == (200, "max-age=300, public")
    assert await body(response) == SOURCE.read_bytes()


@pytest.mark.parametrize("path", ["/static/css/none.css", "/static/css/none.0123456789ab.css", "/static/%00", "/static/../manage.py"])
@pytest.mark.usefixtures("kept", "db")
async def test_what_is_not_there_is_not_found(client: AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def test_text_is_compressed_for_who_takes_it(client: AsyncClient, kept: Path) -> None:
    packed = await client.get(PLAIN, headers={"Accept-Encoding": "br, gzip"})
    assert (packed["Content-Encoding"], packed["Vary"]) == ("gzip", "Accept-Encoding")
    sent = await body(packed)
    assert len(sent) == int(packed["Content-Length"]) < SOURCE.stat().st_size / 2
    assert gzip.decompress(sent) == SOURCE.read_bytes()
    whole = await client.get(PLAIN, headers={"Accept-Encoding": "gzip;q=0"})
    assert ("Content-Encoding" in whole, whole["Vary"]) == (False, "Accept-Encoding")
    assert await body(whole) == SOURCE.read_bytes()


@pytest.mark.usefixtures("kept")
async def test_what_a_browser_has_is_not_sent_again(client: AsyncClient) -> None:
    tag = (await client.get(PLAIN))["ETag"]
    assert tag.startswith('W/"')  # one tag for both forms
    again = await client.get(PLAIN, headers={"If-None-Match": tag, "Accept-Encoding": "gzip"})
    assert (again.status_code, again.get("Content-Length")) == (304, None)


def test_a_compressed_form_is_made_once_for_all_processes(kept: Path) -> None:
    first = assets.compressed(str(SOURCE), "0123456789ab")
    made = kept / "0123456789ab.gz"
    assert first == {"gzip": str(made)}
    assert gzip.decompress(made.read_bytes()) == SOURCE.read_bytes()
    before = made.stat()
    assert assets.compressed(str(SOURCE), "0123456789ab") == first
    assert made.stat().st_mtime_ns == before.st_mtime_ns
    assert list(kept.iterdir()) == [made]


def test_without_room_for_it_a_file_is_sent_as_it_is(kept: Path) -> None:
    kept.write_text("a file where the folder should be")
    assert assets.compressed(str(SOURCE), "0123456789ab") == {}


def test_pictures_are_not_compressed_again(tmp_path: Path) -> None:
    assert assets.compressed(str(tmp_path / "page.png"), "0123456789ab") == {}


async def test_any_number_of_made_up_hashes_takes_no_memory(client: AsyncClient, kept: Path) -> None:
    for number in range(50):
        assert (await client.get(f"/static/css/base.{number:012x}.css")).status_code == 200
    assert len(os.listdir(kept)) == 1
