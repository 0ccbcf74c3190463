"""Pictures of text, for the test of examples/paddleocr. Run by the Python that has Pillow.

usage: text_pictures.py FOLDER
"""

import pathlib
import sys

from PIL import Image, ImageDraw, ImageFont

LATIN = "/usr/share/fonts/truetype/liberation2/LiberationSans-Regular.ttf"
CHINESE = "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf"


def line(text, font, angle=0):
    font = ImageFont.truetype(font, 48)
    _, _, right, bottom = font.getbbox(text)
    picture = Image.new("RGB", (right + 120, bottom + 120), "white")
    ImageDraw.Draw(picture).text((60, 60), text, fill="black", font=font)
    return picture.rotate(angle, expand=True, fillcolor="white")


def page(lines):
    font = ImageFont.truetype(LATIN, 32)
    picture = Image.new("RGB", (1400, 60 * lines + 120), "white")
    for i in range(lines):
        ImageDraw.Draw(picture).text((60, 60 * i + 60), f"line {i} of a text that takes a while to read", fill="black",
                                     font=font)
    return picture


folder = pathlib.Path(sys.argv[1])
line("Water turns the wheel", LATIN).save(folder / "english.png")
line("磨坊水渠中文识别", CHINESE).save(folder / "chinese.jpg", quality=90)
line("Rotated by a quarter turn", LATIN, angle=90).save(folder / "rotated.png")
page(25).save(folder / "page.png")
