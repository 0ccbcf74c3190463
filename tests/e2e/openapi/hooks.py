"""What schemathesis has to know of this API that an OpenAPI document cannot say.

HEADRACE_SAMPLE_PDF names a PDF, HEADRACE_DONE has jobs that have ended: [[id, name of a part], ...]. Into the file that
HEADRACE_FIGURES names goes how often each operation was answered with which status.
"""

import atexit
import collections
import itertools
import json
import os
import pathlib
import threading

import schemathesis
from hypothesis import strategies
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import StatefulPhaseData

SAMPLE = pathlib.Path(os.environ["HEADRACE_SAMPLE_PDF"]).read_bytes()
DONE = json.loads(os.environ["HEADRACE_DONE"])
UNKNOWN_FIELD = "x-schemathesis-unknown-property"
FIGURES = collections.Counter()
NUMBERS = itertools.count()
LOCK = threading.Lock()

# Rules between several values: each of them is what the document says, all together are refused.
RULES_OF_ALL = {
    "/problems/webhook-without-prefer",  # Webhook-Url is for jobs that outlive their connection
    "/problems/webhook-url",             # which hosts are allowed is nobody's business
    "/problems/idempotency-key-reused",  # a key goes with one piece of work
    "/problems/gone",                    # an id of a job of long ago
    "/problems/range-not-satisfiable",   # how long the part is
}
# Of handlers: bytes that are no PDF, params that exclude each other, pages that are none.
RULES_OF_PDF = ("/problems/pdf-", "/problems/invalid-params")

schemathesis.openapi.media_type("application/pdf", strategies.just(SAMPLE))


def problem_of(response):
    if not response.content:
        return {}
    try:
        found = json.loads(response.content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def given_twice(case, problem):
    """A form's fields and the query name the same parameter."""
    return problem.get("type") == "/problems/bad-parameter" and case.media_type == "multipart/form-data"


def no_form_at_all(case, problem):
    """Bytes for `*/*`, sent as a form: the document has another schema for that type."""
    return problem.get("type") == "/problems/malformed-form" and not isinstance(case.body, dict)


def too_many_bytes(problem):
    """A schema counts characters, the service counts their bytes."""
    return "must be text of at most" in problem.get("detail", "")


def refused_by_a_rule_of_all(case, response):
    if case.method == "HEAD" and response.status_code == 410:
        return True  # a problem without its body
    problem = problem_of(response)
    kind = problem.get("type", "")
    if kind in RULES_OF_ALL or given_twice(case, problem) or no_form_at_all(case, problem) or too_many_bytes(problem):
        return True
    return "/pdf-to-image/" in case.path and kind.startswith(RULES_OF_PDF)


def wrong_only_by_an_unknown_field(case):
    """Such fields are left out (RFC 9110, 5.1); any bytes will do as the body of these queues."""
    return UNKNOWN_FIELD in (case.headers or {}) and not case.meta.is_negative_at(ParameterLocation.QUERY)


def wrong_only_in_what_is_not_sent(case):
    """An empty list of fields is no field in the form that goes out."""
    return (isinstance(case.body, dict) and [] in case.body.values() and
            not case.meta.is_negative_at(ParameterLocation.QUERY))


def outlives_its_delete(case):
    """DELETE cancels a job or drops its result; its status and its events are still told."""
    return "/result" not in case.path or case.method == "OPTIONS"


@schemathesis.hook
def filter_failure(context, failure, case, response):  # pylint: disable=unused-argument
    kind = type(failure).__name__
    expected = (kind == "RejectedPositiveData" and refused_by_a_rule_of_all(case, response) or
                kind == "AcceptedNegativeData" and
                (wrong_only_by_an_unknown_field(case) or wrong_only_in_what_is_not_sent(case)) or
                kind == "MalformedJson" and response.status_code == 206 or  # a piece of it
                kind == "UseAfterFree" and outlives_its_delete(case))
    if expected:
        with LOCK:
            FIGURES[f"left out: {kind} {case.method} {case.path} {problem_of(response).get('type', '')}"] += 1
    return not expected


def make_succeed(case, number):
    """Most sound requests shall reach their handler and end well; some still meet the rules of all."""
    case.headers.pop("Webhook-Url", None)
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = f"key-{number if number % 8 else 0}"
    if number % 4 == 0:
        return
    form = case.body if isinstance(case.body, dict) else {}
    for name in form:
        case.query.pop(name, None)
    if "/pdf-to-image/" in case.path:
        case.query = {"dpi": number % 100 + 20} if "dpi" not in form else {}
    elif "ms" not in form and ("/simulate/" in case.path or case.path == "/put"):
        case.query["ms"] = number % 20


def name_a_job(case, number):
    """Half of those who ask for a job get one that has ended; those stay."""
    if case.method == "DELETE":
        if any(case.path_parameters["id"] == job for job, _ in DONE):
            case.path_parameters["id"] = "none"
    elif number % 2:
        case.path_parameters["id"], part = DONE[number // 2 % len(DONE)]
        if "{part}" in case.path:
            case.path_parameters["part"] = part


@schemathesis.hook
def before_call(context, case, kwargs):  # pylint: disable=unused-argument
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    number = next(NUMBERS)
    if case.method in ("POST", "PUT"):
        make_succeed(case, number)
    elif "{id}" in case.path and not isinstance(case.meta.phase.data, StatefulPhaseData):  # which has jobs of its own
        name_a_job(case, number)


@schemathesis.hook
def after_call(context, case, response):  # pylint: disable=unused-argument
    with LOCK:
        FIGURES[f"{response.request.method} {case.path} {response.status_code}"] += 1


@atexit.register
def tell_figures():
    pathlib.Path(os.environ["HEADRACE_FIGURES"]).write_text(json.dumps(FIGURES, sort_keys=True, indent=1), encoding="utf-8")
