"""One run of pdf2image, as people write it: pdf_pdf2image.py DPI FILE. Prints the PNGs' bytes."""

import io
import sys

import pdf2image

total = 0
for image in pdf2image.convert_from_path(sys.argv[2], dpi=int(sys.argv[1])):
    png = io.BytesIO()
    image.save(png, "PNG")
    total += png.tell()
print(total)
