"""The import wizard as a person uses it: a file, the preview read off the page, its buttons."""

import io
from collections import Counter
from typing import Any

import lxml.html
import openpyxl
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from portal.exchange.models import ImportBatch


def xlsx(*tables: list[list[Any]], titles: tuple[str, ...] = ()) -> bytes:
    """A workbook of one sheet a table, rows from row 1."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, rows in enumerate(tables):
        sheet = book.create_sheet(titles[number] if titles else f"表{number + 1}")
        for row in rows:
            sheet.append(row)
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def words_of(element: Any) -> str:
    return " ".join(element.text_content().split())


class Page:
    """One answer of the portal, read as a person reads it."""

    def __init__(self, response: Any):
        self.status, self.tree = response.status_code, lxml.html.fromstring(response.content.decode())
        self.text = words_of(self.tree.xpath("//main")[0] if self.tree.xpath("//main") else self.tree)

    @property
    def rows(self) -> dict[int, dict[str, str]]:
        """Row number → heading → words of the preview's table."""
        found = {}
        for row in self.tree.xpath("//table[contains(@class,'preview')]/tbody/tr"):
            cells = {cell.get("data-label"): words_of(cell) for cell in row.xpath("td")}
            found[int(cells.pop("行"))] = cells
        return found

    @property
    def outcomes(self) -> dict[int, str]:
        return {number: cells["结果"] for number, cells in self.rows.items()}

    def buttons(self, number: int) -> list[str]:
        return [words_of(b) for b in self._row(number).xpath(".//button")]

    def fields(self, number: int, label: str) -> dict[str, str]:
        """What the form of a row's button sends."""
        button = next(b for b in self._row(number).xpath(".//button") if words_of(b) == label)
        sent = {i.get("name"): i.get("value") for i in button.getparent().xpath(".//input")}
        return sent | ({button.get("name"): button.get("value")} if button.get("name") else {})

    def _row(self, number: int) -> Any:
        rows = self.tree.xpath("//table[contains(@class,'preview')]/tbody/tr")
        return next(r for r in rows if words_of(r.xpath("td[@data-label='行']")[0]) == str(number))

    def button(self, label: str) -> Any:
        """The button that says `label`, None where there is none."""
        return next((b for b in self.tree.xpath("//button") if words_of(b) == label), None)


class Desk:
    def __init__(self, user: Any, register: str = ""):
        self.user, self.register, self.client = user, register, Client()
        self.client.force_login(user)

    def send(self, content: bytes, name: str = "名册.xlsx", **fields: Any) -> Any:
        """Step 1; the answer as it is."""
        url = reverse("exchange:import_create", args=[self.register])
        return self.client.post(url, {"file": SimpleUploadedFile(name, content), **fields})

    def upload(self, content: bytes, name: str = "名册.xlsx", **fields: Any) -> Page:
        """Step 1, taken; the page that follows."""
        response = self.send(content, name, **fields)
        assert response.status_code == 302, Page(response).text
        self.batch = ImportBatch.objects.get(pk=response["Location"].rstrip("/").rpartition("/")[2])
        return self.page()

    def page(self, query: str = "") -> Page:
        self.batch.refresh_from_db()
        return Page(self.client.get(self.batch.get_absolute_url() + query))

    def act(self, step: str, **fields: Any) -> Page:
        """A button of the batch; the page that follows."""
        self.batch.refresh_from_db()
        url = reverse(f"exchange:batch_{step}", args=[self.batch.pk])
        response = self.client.post(url, {"version": self.batch.version, **fields}, follow=True)
        self.batch.refresh_from_db()
        return Page(response)

    def press(self, page: Page, number: int, label: str) -> Page:
        """A button of a row."""
        return self.act("answer", **page.fields(number, label))

    def returned(self) -> bytes:
        response = self.client.get(reverse("exchange:batch_returned", args=[self.batch.pk]))
        assert response.status_code == 200
        return b"".join(response.streaming_content)

    @property
    def counts(self) -> Counter:
        self.batch.refresh_from_db()
        return +Counter(self.batch.counts)
