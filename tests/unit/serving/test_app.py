"""The application: what is answered, what is refused, and that nothing a client sends is our fault."""

import json
import threading
from pathlib import Path

import pytest
from bentoml.exceptions import BentoMLException
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.serving.conftest import GOOD, Client, app_of

BAD_JSON = [b"{", b"{]", b"nul", b'"\xff"', b"[1,]", b'{"width": 1e}', b"1" * 5000, b"[" * 100_000]


def test_one_record_a_list_and_instances_are_answered_alike(client: Client):
    for body in (GOOD, [GOOD], {"instances": [GOOD]}):
        answer = client.ask(body)
        assert (answer.status, answer.body) == (200, {"predictions": [7.0]})


def test_a_missing_value_reaches_the_model_as_none(client: Client):
    assert client.ask({**GOOD, "height": None}).body == {"predictions": [0]}


def test_the_order_of_columns_in_a_record_does_not_matter(client: Client):
    assert client.ask(dict(reversed(GOOD.items()))).body == {"predictions": [7.0]}


def test_invocations_is_the_same_as_predict(client: Client):
    assert client.ask(GOOD, "/invocations").body == {"predictions": [7.0]}


def test_the_answer_names_the_version_of_the_model(client: Client):
    assert client.ask(GOOD).headers["x-model-version"].startswith("things:")


def test_a_breach_is_a_problem_document_with_row_and_column(client: Client):
    answer = client.ask([GOOD, {**GOOD, "width": 11, "colour": "blue"}])
    assert answer.status == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.body["detail"].startswith("row 1, column 'width': must be ")
    assert [(error["row"], error["column"]) for error in answer.body["errors"]] == [(1, "width"), (1, "colour")]


@pytest.mark.parametrize(
    "change",
    [{"width": "1"}, {"width": None}, {"width": True}, {"extra": 1}, {"colour": 3}, {"width": 10**400}, {"width": []}],
)
def test_what_the_contract_does_not_allow_is_refused(client: Client, change: dict[str, object]):
    assert client.ask({**GOOD, **change}).status == 422


def test_a_column_that_is_missing_is_named(client: Client):
    answer = client.ask({"width": 1, "height": 1})
    assert answer.body["errors"] == [{"row": 0, "column": "colour", "message": "is missing"}]


def test_the_label_is_not_taken(client: Client):
    assert client.ask({**GOOD, "label": True}).body["errors"][0]["column"] == "label"


def test_a_number_too_large_for_a_float_is_refused(client: Client):
    assert client.send("POST", "/predict", json.dumps(GOOD).replace("2.5", "1e999").encode()).status == 422


@pytest.mark.parametrize("body", BAD_JSON, ids=lambda body: str(body[:8]))
def test_malformed_json_is_a_400(client: Client, body: bytes):
    assert client.send("POST", "/predict", body).status == 400


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity"])
def test_a_literal_that_json_does_not_have_is_a_400_that_says_null(client: Client, literal: str):
    answer = client.send("POST", "/predict", json.dumps(GOOD).replace("2.5", literal).encode())
    assert (answer.status, "send null" in answer.body["detail"]) == (400, True)


@pytest.mark.parametrize(
    "body", [b"", b"  \n", b"[]", b"3", b"null", b'"text"', b"[1]", b"[[1, 2]]", b'{"instances": []}']
)
def test_a_body_without_records_is_a_400(client: Client, body: bytes):
    assert client.send("POST", "/predict", body).status == 400


@pytest.mark.parametrize("kind", ["", "text/csv", "application/vnd.bentoml+pickle", "multipart/form-data; boundary=x"])
def test_only_json_is_taken(client: Client, kind: str):
    assert client.send("POST", "/predict", b"{}", content_type=kind).status == 415


def test_json_with_a_parameter_is_json(client: Client):
    body = json.dumps(GOOD).encode()
    assert client.send("POST", "/predict", body, content_type="application/json; charset=utf-8").status == 200


def test_a_compressed_body_is_a_415(client: Client):
    assert client.send("POST", "/predict", b"x", content_encoding="gzip").status == 415


def test_a_body_that_says_it_is_too_large_is_a_413_before_it_is_read(client: Client):
    assert client.send("POST", "/predict", b"", content_length=str(1 << 30)).status == 413


@pytest.mark.parametrize("length", ["many", "-1", "²"])
def test_a_length_that_is_no_number_is_a_400(client: Client, length: str):
    assert client.send("POST", "/predict", b"{}", content_length=length).status == 400


def test_a_body_that_grows_too_large_is_a_413(client: Client):
    assert client.send_parts([b" " * (1 << 19)] * 3).status == 413


def test_the_limits_are_read_from_the_environment(rendered: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MOORAGE_MAX_BODY_BYTES", "10")
    with Client(app_of(rendered)) as small:
        assert small.ask(GOOD).status == 413


def test_a_limit_that_is_no_number_is_a_sentence(rendered: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MOORAGE_MAX_CONCURRENCY", "many")
    with pytest.raises(BentoMLException, match="MOORAGE_MAX_CONCURRENCY is 'many'"):
        app_of(rendered)


def test_one_request_too_many_is_a_429_that_says_when_to_come_back(rendered: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MOORAGE_MAX_CONCURRENCY", "1")
    started, release = threading.Event(), threading.Event()

    def slow(_model: object, _rows: object) -> list[int]:
        started.set()
        release.wait(10)
        return [1]

    with Client(app_of(rendered, predict=slow)) as client:
        first, second = client.ask_while(started, release, GOOD)
        assert (first.status, second.status, second.headers["retry-after"]) == (200, 429, "1")
        assert client.ask(GOOD).status == 200


def test_asking_with_get_is_a_405_that_says_post(client: Client):
    answer = client.send("GET", "/predict")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert "use POST" in answer.body["detail"]


def test_an_unknown_path_is_a_404_problem(client: Client):
    assert client.send("GET", "/nope").body["status"] == 404


def test_a_value_is_repeated_only_in_part(client: Client):
    answer = client.ask({**GOOD, "colour": "x" * 10_000, "y" * 10_000: 1})
    assert answer.status == 422
    assert len(json.dumps(answer.body)) < 1000


def test_many_breaches_are_listed_up_to_a_limit(client: Client):
    assert len(client.ask([{}] * 5000).body["errors"]) == 100


def test_a_lone_surrogate_is_refused_and_does_not_break_the_answer(client: Client):
    assert client.send("POST", "/predict", json.dumps(GOOD).replace("red", "\\ud800").encode()).status == 422


def test_a_model_that_fails_is_a_500_that_says_nothing_of_the_data(rendered: Path, caplog: pytest.LogCaptureFixture):
    def fails(_model: object, rows: object) -> list[float]:
        raise RuntimeError("the secret")

    with Client(app_of(rendered, predict=fails)) as client:
        answer = client.ask(GOOD)
    assert (answer.status, "secret" in json.dumps(answer.body), "the secret" in caplog.text) == (500, False, True)


@pytest.mark.parametrize("predictions", [[], [1, 2], [float("nan")], [object()], None])
def test_predictions_that_do_not_fit_are_a_500(rendered: Path, predictions: object):
    with Client(app_of(rendered, predict=lambda *_: predictions)) as client:
        assert client.ask(GOOD).status == 500


def test_it_lives_before_it_is_ready(rendered: Path):
    waiting = Client(app_of(rendered))
    assert [waiting.send("GET", path).status for path in ("/livez", "/readyz")] == [200, 503]
    assert waiting.ask(GOOD).status == 503
    with waiting as started:
        assert started.send("GET", "/readyz").status == 200


def test_the_contract_is_published_as_a_json_schema(client: Client):
    import jsonschema

    schema = client.send("GET", "/contract").body
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(GOOD, schema)
    assert schema["properties"]["width"] == {"type": "number", "exclusiveMinimum": 0, "maximum": 10}
    assert schema["properties"]["height"] == {"type": ["number", "null"]}


def test_the_front_page_shows_an_example_that_is_answered(client: Client):
    about = client.send("GET", "/").body
    assert client.ask(about["predict"]["example"]).status == 200


def test_the_front_page_for_people_takes_nothing_from_elsewhere(client: Client):
    page = client.send("GET", "/", accept="text/html").body
    assert "It adds up." in page
    assert "curl" in page
    assert "<script" not in page
    assert "src=" not in page


def test_a_column_to_leave_out_that_is_not_there_is_a_sentence(rendered: Path):
    with pytest.raises(BentoMLException, match="leaves out 'lable', which is no column of Things"):
        app_of(rendered, without=("lable",))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*GOOD, "label", "instances"]), inner),
    max_leaves=12,
)


@given(body=JSON)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_json_makes_it_fail(client: Client, body: object):
    assert client.ask(body).status in (200, 400, 422)


@given(body=st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_make_it_fail(client: Client, body: bytes):
    assert client.send("POST", "/predict", body).status in (200, 400, 422)
