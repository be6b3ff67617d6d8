"""Everything that a user can open, as bytes: pages, links, files, JSON; without what differs at every request."""

import io
import re
import zipfile
from collections import deque
from collections.abc import Iterator
from html import unescape
from urllib.parse import urljoin, urlsplit

from django.db import transaction
from django.test import Client
from django.urls import reverse

from portal.kit.checks import routes
from tests.security.world import World, kwargs_of

MOST = 500
NOBODYS = {
    "pk": 999_999,
    "report": 999_999,
    "task": 999_999,
    "key": "00000000-0000-4000-8000-000000000000",
    "name": "none",
    "register": "organizations.organization",
    "object_id": 999_999,
}
LINK = re.compile(r"""(?:href|src|action|data-[a-z-]*url)=["']([^"'#]*)|"(?:http://testserver)(/api/[^"]*)\"""")
VARIES = re.compile(
    rb"\b[A-Za-z0-9]{64}\b|\b[0-9a-f]{32}\b|name=\"base\" value=\"[^\"]*\"|-\d{8}-\d{4}\b"
    rb"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?([+-]\d\d:\d\d|Z)?"
)


def all_routes() -> list[tuple[str, list[str]]]:
    """(name, its parameters) of every route."""
    return sorted((name, re.findall(r"<(?:\w+:)?(\w+)>", path)) for path, name, _ in routes())


def address(name: str, parameters: list[str], place) -> str:
    """A route's address for the rows of `place`, for nobody's where it is None."""
    values = kwargs_of(name, parameters, place) if place else {key: NOBODYS[key] for key in parameters}
    return reverse(name, kwargs=values)


def body(answer) -> bytes:
    """What was sent; of a workbook, its parts one after another."""
    data = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if not data.startswith(b"PK\x03\x04"):
        return data
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return b"\n".join(package.read(name) for name in sorted(package.namelist()))


def steady(data: bytes) -> bytes:
    """`data` without tokens, keys and moments."""
    return VARIES.sub(b"", data)


def ask(client: Client, url: str, method: str = "GET") -> tuple[int, bytes]:
    """(status, headers and body); whatever the try changed is undone."""
    cookies = client.cookies.copy()
    with transaction.atomic():
        answer = client.generic(method, url)
        head = f"{answer.get('Location', '')} {answer.get('Content-Disposition', '')}\n".encode()
        found = answer.status_code, head + body(answer)
        transaction.set_rollback(True)
    client.cookies = cookies
    return found


def crawl(world: World, client: Client) -> Iterator[tuple[str, int, bytes]]:
    """(address, status, bytes) of every route with one's own rows, every list as a file, and all they link to."""
    queue = deque(["/"])
    for name, parameters in all_routes():
        url = address(name, parameters, world.own)
        queue.extend([url, f"{url}?export=csv", f"{url}?export=xlsx"] if name.endswith("_list") else [url])
    seen: set[str] = set()
    while queue and len(seen) < MOST:
        url = queue.popleft()
        if url in seen or url.startswith(("/static/", "/api/schema", "/api/docs")):
            continue
        seen.add(url)
        status, data = ask(client, url)
        yield url, status, data
        if "?" not in url:  # a filtered or sorted list links to the same rows again, in every combination
            queue.extend(_links(url, data.decode(errors="replace")))


def _links(url: str, text: str) -> Iterator[str]:
    location = text.partition(" ")[0]
    for raw in [location, *(first or second for first, second in LINK.findall(text))]:
        parts = urlsplit(urljoin(f"http://testserver{url}", unescape(raw)))
        if raw and parts.netloc == "testserver":
            yield parts.path + (f"?{parts.query}" if parts.query else "")
