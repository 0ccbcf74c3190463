"""pdf_2image.py FILE DPI FOLDER: every page as a PNG, the way pdf2image's documentation shows it."""

import sys

from pdf2image import convert_from_path

for number, page in enumerate(convert_from_path(sys.argv[1], dpi=int(sys.argv[2])), 1):
    page.save(f"{sys.argv[3]}/page-{number:04}.png")
