"""The work itself: what the old service did in its thread, and the new one does in a worker. Unchanged by the move."""

import collections
import json
import re


def work(data: bytes, top: int = 3) -> bytes:
    words = re.findall(r"\w+", data.decode("utf-8").lower())
    if not words:
        raise ValueError("there are no words in it")
    return json.dumps({"words": len(words), "top": collections.Counter(words).most_common(top)}).encode() + b"\n"
