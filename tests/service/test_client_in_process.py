"""The client against the real application, through its transport."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

import grokscale
from grokscale import Client, Conflict, ConnectionFailed, Invalid, NotFound, TooLittleData, Unauthorized, WaitTimeout
from grokscale.service.app import create_app
from grokscale.studies import spec as specification
from grokscale.studies.settings import Settings
from grokscale.studies.store import Lease, Store
from tests.service.conftest import BASE_URL, SPEC


@pytest.fixture
def client(http: TestClient) -> Iterator[Client]:
    with Client(BASE_URL, transport=http._transport) as opened:
        yield opened


def test_a_mapping_is_submitted(client: Client) -> None:
    study = client.submit(SPEC)
    assert (study.name, study.state, study.progress["total"]) == ("a known law", "queued", 24)


@pytest.mark.parametrize("name", ["study.json", "study.yaml", "study.yml"])
def test_a_file_is_submitted(client: Client, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(json.dumps(SPEC))
    assert client.submit(path).data["spec_hash"] == client.submit(str(path)).data["spec_hash"]


def test_a_study_spec_is_submitted(client: Client) -> None:
    spec = specification.parse(SPEC)
    assert client.submit(spec).data["spec_hash"] == spec.hash()


def test_a_study_of_the_library_is_submitted(client: Client) -> None:
    assert client.submit_library("quickstart").name == "quickstart"


def test_each_submission_is_a_study_unless_its_key_says_otherwise(client: Client) -> None:
    assert client.submit(SPEC).id != client.submit(SPEC).id
    assert client.submit(SPEC, idempotency_key="k").id == client.submit(SPEC, idempotency_key="k").id


def test_a_faulty_specification_says_every_field(client: Client) -> None:
    with pytest.raises(Invalid) as refused:
        client.submit(SPEC | {"seeds": 0, "colour": "red"})
    assert {fault["pointer"] for fault in refused.value.faults} == {"/seeds", "/colour"}
    assert refused.value.request_id


def test_validation_answers_without_submitting(client: Client) -> None:
    assert client.validate(SPEC)["trials"] == 24
    assert list(client.studies()) == []


def test_studies_are_listed_over_all_pages(client: Client, submit: Callable[..., str]) -> None:
    ids = [submit() for _ in range(5)]
    assert [study.id for study in client.studies(limit=2)] == ids[::-1]
    assert [study.id for study in client.studies(state="cancelled")] == []


def test_waiting_ends_when_the_study_has(client: Client, finished: str, capsys: pytest.CaptureFixture[str]) -> None:
    study = client.study(finished).wait()
    assert study.state == "completed"
    assert "24/24" in capsys.readouterr().err


def test_waiting_can_be_silent(client: Client, finished: str, capsys: pytest.CaptureFixture[str]) -> None:
    client.study(finished).wait(progress=False)
    assert capsys.readouterr().err == ""


def test_waiting_gives_up_in_time(client: Client, submit: Callable[..., str]) -> None:
    with pytest.raises(WaitTimeout):
        client.study(submit()).wait(timeout=0.01, progress=False)


def test_trials_are_the_store_s_table(client: Client, store: Store, finished: str) -> None:
    assert client.trials(finished).equals(store.table(finished))


def test_trials_are_filtered_and_sorted(client: Client, finished: str) -> None:
    table = client.trials(finished, outcome=["generalised"], ranges={"alpha": (0.05, None)}, sort="-beta")
    assert table.num_rows == 12
    assert table["beta"].to_pylist() == sorted(table["beta"].to_pylist(), reverse=True)


def test_a_trial_and_its_curves_are_read(client: Client, finished: str) -> None:
    trial = client.trials(finished)["id"][0].as_py()
    assert client.trial(trial)["study_id"] == finished
    assert client.curves(trial, metrics=["test_error"], max_points=3).keys() == {"step", "test_error"}
    assert client.curves(trial)["train_error"][0] == 1


def test_a_law_is_fitted(client: Client, finished: str) -> None:
    study = client.study(finished)
    assert study.law("t2", x="1/(alpha*beta)")["exponent"]["value"] == pytest.approx(1, abs=5e-3)
    assert set(study.law("t2", terms=["alpha", "beta"])["exponents"]) == {"alpha", "beta"}


def test_the_law_of_the_served_table_is_the_served_law(client: Client, finished: str) -> None:
    study = client.study(finished)
    here = grokscale.law(study.trials(), "t2", x="1/(alpha*beta)")
    assert study.law("t2", x="1/(alpha*beta)") == json.loads(json.dumps(here))


def test_too_little_has_an_error_of_its_own(client: Client, submit: Callable[..., str]) -> None:
    with pytest.raises(TooLittleData) as refused:
        client.study(submit()).law("t2")
    assert refused.value.document["counts"]


def test_events_come_to_the_end(client: Client, finished: str) -> None:
    events = list(client.study(finished).events())
    assert events[-1]["data"]["state"] == "completed"
    assert [event["seq"] for event in client.events(finished, after=3)] == [e["seq"] for e in events if e["seq"] > 3]
    assert list(client.events(finished, after=events[-1]["seq"])) == []


def test_a_study_is_cancelled_and_deleted(client: Client, submit: Callable[..., str]) -> None:
    study = client.study(submit())
    assert study.cancel().state == "cancelled"
    study.delete()
    with pytest.raises(NotFound):
        study.refresh()


def test_a_study_is_stopped(client: Client, submit: Callable[..., str]) -> None:
    assert client.study(submit()).stop().state == "stopped"


def test_a_study_that_has_not_ended_is_not_deleted(client: Client, submit: Callable[..., str]) -> None:
    with pytest.raises(Conflict, match="queued"):
        client.delete(submit())


def test_an_identifier_with_odd_characters_is_only_an_identifier(client: Client) -> None:
    for name in ("../library", "a/b", "?limit=1", "%2e"):
        with pytest.raises(NotFound):
            client.study(name)


def test_tasks_and_library_are_listed(client: Client) -> None:
    assert "sparse_recovery" in {task["kind"] for task in client.tasks()}
    assert "quickstart" in {item["name"] for item in client.library()}


def test_the_key_is_sent(settings: Settings, store: Store) -> None:
    keyed = settings.model_copy(update={"api_keys": SecretStr("right")})
    with TestClient(create_app(keyed, store)) as http:
        assert list(Client(BASE_URL, "right", transport=http._transport).studies()) == []
        with pytest.raises(Unauthorized):
            list(Client(BASE_URL, "wrong", transport=http._transport).studies())


def test_url_and_key_come_from_the_environment(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROKSCALE_URL", "http://grokscale.example")
    monkeypatch.setenv("GROKSCALE_API_KEY", "right")
    keyed = settings.model_copy(update={"api_keys": SecretStr("right")})
    with TestClient(create_app(keyed, store)) as http:
        assert list(Client(transport=http._transport).studies()) == []


class Failing(httpx2.BaseTransport):
    """A network that loses the first answers: the server has acted, the client does not know."""

    def __init__(self, inner: httpx2.BaseTransport, lost: int, status: int | None = None) -> None:
        self.inner = inner
        self.lost = lost
        self.status = status
        self.requests: list[httpx2.Request] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        response = self.inner.handle_request(request)
        if len(self.requests) > self.lost:
            return response
        response.read()
        if self.status is not None:
            return httpx2.Response(self.status, request=request)
        raise httpx2.ReadError("connection reset")


@pytest.mark.parametrize("status", [None, 503, 429])
def test_a_lost_answer_is_asked_for_again_and_makes_no_second_study(http: TestClient, status: int | None) -> None:
    network = Failing(http._transport, lost=2, status=status)
    client = Client(BASE_URL, transport=network)
    study = client.submit(SPEC)
    assert len(network.requests) == 3
    assert [one.id for one in client.studies()] == [study.id]


def test_a_network_that_stays_down_is_said_so(http: TestClient) -> None:
    with pytest.raises(ConnectionFailed, match="connection reset"):
        Client(BASE_URL, transport=Failing(http._transport, lost=100)).submit(SPEC)


def test_a_refusal_is_not_asked_for_again(http: TestClient) -> None:
    network = Failing(http._transport, lost=0)
    with pytest.raises(Invalid):
        Client(BASE_URL, transport=network).submit({})
    assert len(network.requests) == 1


class Breaking(httpx2.BaseTransport):
    """A network that breaks off the first stream of events after some lines."""

    def __init__(self, inner: httpx2.BaseTransport) -> None:
        self.inner = inner
        self.resumed: list[str | None] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = self.inner.handle_request(request)
        if not request.url.path.endswith("/events"):
            return response
        self.resumed.append(request.headers.get("last-event-id"))
        if len(self.resumed) > 1:
            return response
        whole = response.read()
        headers = {"content-type": "text/event-stream"}
        return httpx2.Response(200, headers=headers, stream=Torn(whole[:1000]), request=request)


class Torn(httpx2.SyncByteStream):
    """The beginning of a body, and then a broken connection."""

    def __init__(self, beginning: bytes) -> None:
        self.beginning = beginning

    def __iter__(self) -> Iterator[bytes]:
        yield self.beginning
        raise httpx2.ReadError("connection reset")


def test_a_broken_stream_of_events_is_taken_up_where_it_broke(http: TestClient, store: Store, finished: str) -> None:
    network = Breaking(http._transport)
    client = Client(BASE_URL, transport=network)
    assert [event["seq"] for event in client.events(finished)] == [event.seq for event in store.events(finished)]
    assert network.resumed[0] is None
    assert int(network.resumed[1] or 0) > 0


def test_a_study_that_runs_is_waited_for(
    client: Client, submit: Callable[..., str], run: Callable[..., Lease], capsys: pytest.CaptureFixture[str]
) -> None:
    from threading import Thread

    study = client.study(submit())
    Thread(target=run).start()
    assert study.wait(timeout=30).state == "completed"
    assert "24/24" in capsys.readouterr().err


def test_its_representation_says_how_far_it_is(client: Client, finished: str) -> None:
    assert repr(client.study(finished)) == f"Study('{finished}', 'a known law', completed, 24/24 trials)"


def test_the_public_face_is_what_it_says() -> None:
    assert all(hasattr(grokscale, name) for name in grokscale.__all__)


def test_errors_are_as_the_tree_says() -> None:
    assert issubclass(TooLittleData, Conflict)
    for name in ("Conflict", "ConnectionFailed", "Invalid", "NotFound", "StudyFailed", "Unauthorized", "WaitTimeout"):
        assert issubclass(getattr(grokscale, name), grokscale.GrokscaleError)


def test_an_answer_that_is_no_problem_document_is_an_error_all_the_same() -> None:
    def proxy(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(404, text="<html>no such site</html>", request=request)

    with pytest.raises(NotFound, match="no such site") as refused:
        Client(BASE_URL, transport=httpx2.MockTransport(proxy)).study("x")
    assert (refused.value.status, refused.value.faults) == (404, [])


def test_unknown_options_of_a_study_are_no_parameters(client: Client, finished: str) -> None:
    options: dict[str, Any] = {"colour": "red"}
    with pytest.raises(TypeError):
        client.study(finished).trials(**options)


def test_a_file_of_the_library_is_submitted_as_it_is(client: Client) -> None:
    path = Path(str(resources.files("grokscale.studies.library").joinpath("quickstart.yaml")))
    assert client.submit(path).name == "quickstart"


def test_a_chart_is_drawn_and_saved(client: Client, finished: str, tmp_path: Path) -> None:
    study = client.study(finished)
    path = tmp_path / "law.svg"
    svg = study.chart("law", path=path, x="1/(alpha*beta)", width=400)
    assert svg.startswith(b"<svg")
    assert path.read_bytes() == svg
    assert json.loads(study.chart("law", "json"))["title"]["text"][0].startswith("t2 against")


def test_curves_are_drawn_of_the_trials_that_are_named(client: Client, finished: str) -> None:
    document = json.loads(client.chart(finished, "curves", "json", trial=[2, 5]))
    assert [panel["title"]["text"] for panel in document["concat"]] == ["trial 2", "trial 5"]


def test_a_chart_that_is_refused_is_an_error_and_no_file(
    client: Client, submit: Callable[..., str], tmp_path: Path
) -> None:
    study = client.study(submit())
    path = tmp_path / "law.svg"
    with pytest.raises(TooLittleData):
        study.chart("law", path=path)
    with pytest.raises(NotFound, match="there are: law"):
        study.chart("colour", path=path)
    with pytest.raises(Invalid):
        study.chart("law", path=path, trial=1)
    assert not path.exists()
