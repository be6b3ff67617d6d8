"""Invented pictures for the demonstration: drawn here, kept by the same service as a photo from a phone."""

import io
import random
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw, ImageOps

from organizations.models import Area
from organizations.services.attachments import attach
from outreach.models import Activity, Demonstration, Site, Station

SIZE = (960, 640)
RED, SKIN, COATS = "#a8172b", "#e2b48c", ["#33507a", "#4d6b57", "#6a5a78", "#8a5a44", "#46606b"]
Colour = str | tuple[int, int, int]


def add_photos(county: Area, places: list[Area], *, by: Any) -> None:
    """A picture or two for titled sites, a platform, and what stands and was held at `places`."""
    titled = Demonstration.objects.in_area(county).filter(state="named", site__isnull=False).select_related("site")
    sites = [row.site for row in titled.order_by("pk")[:3]]
    sites += Site.objects.in_area(county).filter(kind="platform").order_by("pk")[:2]
    held = []
    for area in places:
        sites += Site.objects.filter(area=area).order_by("pk")[:2]
        sites += Station.objects.filter(area=area).order_by("pk")[:1]
        held += Activity.objects.filter(area=area).order_by("-on", "-pk")[:3]
    for number, site in enumerate({(type(site), site.pk): site for site in sites}.values()):
        attach(site, _upload("外景", outdoors(number)), by=by, caption=f"{site.name}外景"[:100])
    for number, activity in enumerate(held):
        attach(activity, _upload("现场", indoors(number)), by=by, caption="活动现场")


def outdoors(number: int) -> bytes:
    """A house with a red board, hills behind it."""
    dice, image = random.Random(number), _sky("#8fb8de", "#e9f2fa")
    pen = ImageDraw.Draw(image)
    for base, colour in ((330, "#7fa08a"), (380, "#648a70")):
        tops = [(x, base - dice.randint(20, 120)) for x in range(0, SIZE[0] + 160, 160)]
        pen.polygon([(0, SIZE[1]), (0, base), *tops, (SIZE[0], SIZE[1])], fill=colour)
    pen.rectangle((0, 500, *SIZE), fill="#b9b3a6")
    left, width = dice.randint(120, 240), dice.randint(460, 560)
    pen.polygon(
        [(left - 40, 250), (left + width + 40, 250), (left + width - 20, 180), (left + 20, 180)], fill="#5b4a44"
    )
    pen.rectangle((left, 250, left + width, 520), fill=dice.choice(["#efe7d8", "#e6ebe4", "#f0e3da"]))
    pen.rectangle((left + 30, 265, left + width - 30, 305), fill=RED)
    for x in range(left + 40, left + width - 70, 110):
        if abs(x + 30 - left - width // 2) > 75:  # where the door is
            pen.rectangle((x, 340, x + 60, 410), fill="#7f9bb3", outline="#ffffff", width=4)
    pen.rectangle((left + width // 2 - 40, 390, left + width // 2 + 40, 520), fill="#6b4636")
    for x in (left - 70, left + width + 70):
        pen.rectangle((x - 8, 400, x + 8, 520), fill="#6b4f3a")
        pen.ellipse((x - 60, 300, x + 60, 430), fill="#4f7d55")
    return _jpeg(image)


def indoors(number: int) -> bytes:
    """People round a table under a red banner."""
    dice, image = random.Random(100 + number), _sky("#f4efe6", "#e3dccf")
    pen = ImageDraw.Draw(image)
    pen.rectangle((140, 60, 820, 120), fill=RED)
    pen.rectangle((300, 150, 660, 320), fill="#dfe8ee", outline="#7d8a94", width=6)
    people = dice.randint(6, 8)
    for place in range(people):
        _person(pen, 110 + place * 740 // (people - 1), 330 + dice.randint(-12, 12), dice.choice(COATS))
    pen.polygon([(60, 520), (900, 520), (820, 430), (140, 430)], fill="#8d6748")
    for place in range(people - 1):
        x = 170 + place * 640 // (people - 1)
        pen.rectangle((x, 455, x + 50, 480), fill="#fbfaf6")
    return _jpeg(image)


def _person(pen: ImageDraw.ImageDraw, x: int, y: int, coat: Colour) -> None:
    pen.rounded_rectangle((x - 42, y + 40, x + 42, y + 170), radius=30, fill=coat)
    pen.ellipse((x - 28, y - 16, x + 28, y + 48), fill=SKIN)
    pen.pieslice((x - 30, y - 22, x + 30, y + 38), 180, 360, fill="#2b2626")


def _sky(top: str, bottom: str) -> Image.Image:
    return ImageOps.colorize(Image.linear_gradient("L").resize(SIZE), top, bottom)


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80)
    return out.getvalue()


def _upload(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(f"{name}.jpg", content, "image/jpeg")
