"""Reads the text in pictures with the models of PaddleOCR, in their ONNX form: loaded once, then used for
one job after the other."""

import io
import json
import os

# Before numpy is loaded: a job may keep one core busy, and threads cost address space.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import cv2  # pylint: disable=wrong-import-position
import numpy  # pylint: disable=wrong-import-position
import onnxruntime  # pylint: disable=wrong-import-position
from PIL import Image, ImageOps  # pylint: disable=wrong-import-position
from rapidocr_onnxruntime import RapidOCR  # pylint: disable=wrong-import-position

import headrace_worker  # pylint: disable=wrong-import-position

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP")
MOST_PIXELS = 50_000_000
Image.MAX_IMAGE_PIXELS = MOST_PIXELS  # of the frames and thumbnails in a file as well


class Worker:
    def __init__(self):
        self.engine = None
        self.loads = 0
        self.jobs = 0

    def load(self):
        onnxruntime.disable_telemetry_events()  # which could not leave this machine anyway
        cv2.setNumThreads(1)
        # limit_type max: small pictures are read as they are instead of being enlarged.
        self.engine = RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1, det_limit_type="max")
        self.engine(numpy.full((64, 320, 3), 255, numpy.uint8))  # what the first picture costs beside its own
        self.loads += 1

    def handle(self, job):
        self.jobs += 1
        picture = decode(job.payload)
        found, _ = self.engine(picture)
        lines = [{"text": text, "confidence": round(float(score), 3),
                  "box": [[round(x), round(y)] for x, y in box]} for box, text, score in found or []]
        if job.params["output"] == "txt":
            job.add_part("text.txt", "text/plain; charset=utf-8", "".join(line["text"] + "\n" for line in lines))
            return
        answer = {"width": picture.shape[1], "height": picture.shape[0], "lines": lines,
                  "worker": {"pid": os.getpid(), "loads": self.loads, "jobs": self.jobs}}
        job.add_part("text.json", "application/json", json.dumps(answer, ensure_ascii=False) + "\n")


def decode(payload):
    """The picture as rows of blue, green and red, upright as its EXIF data say. Its size is checked by its
    header, before anything is decoded."""
    try:
        image = Image.open(io.BytesIO(payload), formats=FORMATS)
        width, height = image.size
        if width * height > MOST_PIXELS:
            raise headrace_worker.BadPayload(
                f"the picture has {width} x {height} pixels; {MOST_PIXELS} are allowed")
        image = on_white(ImageOps.exif_transpose(image))
    except headrace_worker.BadPayload:
        raise
    except MemoryError:
        raise
    except Exception as error:  # pylint: disable=broad-exception-caught
        # What Pillow raises for a damaged file depends on where the damage is.
        print(f"{type(error).__name__}: {error}")
        raise headrace_worker.BadPayload("this is no PNG, JPEG, TIFF, WebP or BMP, or it is damaged") from None
    return numpy.ascontiguousarray(numpy.asarray(image)[:, :, ::-1])


def on_white(image):
    """As RGB; what is transparent is paper."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image)
    return image.convert("RGB")


if __name__ == "__main__":
    worker = Worker()
    headrace_worker.run(worker.handle, warm=worker.load)
