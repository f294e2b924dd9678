"""What the API says of itself."""

import re

import pytest
from openapi_spec_validator import validate

from api.problems import MIMETYPE
from contract.card import NAME, RESERVED


@pytest.fixture
def spec(api):
    return api.get("/openapi.json").json


def operations(spec):
    return [(path, method, each) for path, methods in spec["paths"].items() for method, each in methods.items()]


def test_the_document_is_valid(spec):
    validate(spec)
    assert spec["openapi"] == "3.1.0"


def test_every_error_is_a_problem(spec):
    for path, method, operation in operations(spec):
        for status, response in operation["responses"].items():
            if int(status) >= 400 and not path.endswith(("readyz", "/ready")):
                assert list(response["content"]) == [MIMETYPE], (path, method, status)


def test_every_operation_has_its_own_id_and_a_summary(spec):
    ids = [each["operationId"] for _, _, each in operations(spec)]
    assert len(set(ids)) == len(ids)
    assert all(each["summary"] for _, _, each in operations(spec))


def test_submit_takes_every_kind_of_body_and_its_headers(spec):
    submit = spec["paths"]["/{model}"]["post"]
    assert {"application/json", "multipart/form-data", "image/jpeg", "image/png"} <= set(
        submit["requestBody"]["content"]
    )
    assert {each["name"] for each in submit["parameters"]} >= {"model", "top", "Prefer", "Idempotency-Key"}
    assert set(submit["responses"]) == {*["200", "202", "400", "401", "404", "413", "415", "422", "429", "503"]}


def test_a_schema_says_what_the_model_checks(spec):
    submission = spec["components"]["schemas"]["Submission"]
    assert [each["required"] for each in submission["oneOf"]] == [["key"], ["keys"], ["image"], ["images"]]
    assert submission["additionalProperties"] is False and submission["properties"]["key"]["examples"] == ["truck.jpg"]


@pytest.mark.parametrize("require_key", [True, False])
def test_a_key_is_demanded_where_the_settings_do(make_api, require_key):
    spec = make_api(require_key=require_key).get("/openapi.json").json
    security = spec["paths"]["/{model}"]["post"]["security"]
    assert security == ([{"key": []}] if require_key else [{}, {"key": []}])
    assert spec["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert "security" not in spec["paths"]["/models"]["get"]


def test_no_model_can_have_the_name_of_a_route(api):
    firsts = {str(rule).split("/")[1] for rule in api.client.application.url_map.iter_rules()}
    assert {first for first in firsts if NAME.fullmatch(first)} == RESERVED


def test_every_route_is_described_or_is_a_page(api, spec):
    pages = {"/", "/docs", "/docs/problems", "/static/{file}", "/favicon.ico"}
    rules = {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule) for rule in api.client.application.url_map.iter_rules()}
    assert rules - set(spec["paths"]) == pages


@pytest.mark.parametrize("path", ["/nosuch", "/%ff", "/heathz", "/cifar10/", "/jobs/a/b/c"])
def test_what_is_nowhere_is_404_though_every_name_could_be_a_model_s(api, path):
    answer = api.get(path)
    assert (answer.status_code, answer.json["title"]) == (404, "Not found")
    assert ("no slash at their end" in answer.json["detail"]) == path.endswith("/")


def test_a_method_that_is_not_there_is_405_and_says_which_are(api):
    for path in ("/jobs", "/models", "/healthz", "/v2", "/metrics"):
        answer = api.client.put(path)
        assert answer.status_code == 405 and "GET" in answer.headers["Allow"], path
