"""Tells in which language a text is written. Stands for any program that takes long to load what it
works with, and that must not be started anew for each request."""

import collections
import json
import os
import sys

import headrace_worker

SAMPLES = {
    "en": "the mill stands by the river and the water of the river turns the wheel of the mill when "
          "the gate is open there is more water than the wheel can take so what is left goes over it",
    "de": "die mühle steht am fluss und das wasser des flusses dreht das rad der mühle wenn das tor "
          "offen ist kommt mehr wasser als das rad aufnehmen kann und was übrig ist fließt darüber",
    "fr": "le moulin est au bord de la rivière et l'eau de la rivière fait tourner la roue du moulin "
          "quand la porte est ouverte il y a plus d'eau que la roue ne peut en prendre",
    "es": "el molino está junto al río y el agua del río hace girar la rueda del molino cuando la "
          "puerta está abierta hay más agua de la que la rueda puede tomar y lo que sobra pasa",
}
models = {}


def triples(text):
    text = f" {' '.join(text.lower().split())} "
    return collections.Counter(text[i:i + 3] for i in range(len(text) - 2))


def load():
    for language, sample in SAMPLES.items():
        models[language] = triples(sample)
    print("the models are loaded", file=sys.stderr)


def handle(job):
    try:
        text = bytes(job.payload).decode("utf-8")
    except UnicodeDecodeError:
        raise headrace_worker.BadPayload("send a text in UTF-8") from None
    if not text.strip():
        raise headrace_worker.BadPayload("the text is empty")
    found = triples(text)
    scores = {}
    for done, (language, model) in enumerate(models.items(), 1):
        common = sum(count for triple, count in found.items() if triple in model)
        scores[language] = round(common / sum(found.values()), 3)
        job.progress(done, len(models))
    best = sorted(scores, key=scores.get, reverse=True)[:int(job.params["top"])]
    answer = {"language": best[0], "scores": {each: scores[each] for each in best}, "process": os.getpid()}
    job.add_part("language.json", "application/json", json.dumps(answer) + "\n")


headrace_worker.run(handle, warm=load)
