"""When the client asks again, and when it must not; what it says of a server that is none."""

from __future__ import annotations

import httpx2
import pytest

from grokscale import Client, Conflict, ConnectionFailed, InvalidArgument, NotFound, ProblemError, ServerFailed
from grokscale.service.client import client as client_module
from grokscale.service.client import http
from tests.service.conftest import SPEC
from tests.service.scripted import HANGS_UP, SILENCE, Answer, scripted

STUDY = {"id": "s", "name": "n", "state": "queued", "progress": {"total": 1, "ended": 0}}
REFUSED = Answer(503, {"title": "Not available now", "detail": "busy"})
TOO_LITTLE = {"type": "urn:grokscale:problem:too-little-data", "title": "Too little", "detail": "nothing"}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that waits 0.3 s for an answer, and as in earnest longer for a fit than for all of its attempts."""
    assert client_module.FIT_TIMEOUT.read is not None
    assert client_module.FIT_TIMEOUT.read > http.PATIENCE > (http.TIMEOUT.read or 0)
    monkeypatch.setattr(http, "TIMEOUT", httpx2.Timeout(0.3))
    monkeypatch.setattr(http, "PATIENCE", 0.9)
    monkeypatch.setattr(client_module, "FIT_TIMEOUT", httpx2.Timeout(1.0))


@pytest.mark.usefixtures("impatient")
def test_what_may_still_be_running_is_not_started_again() -> None:
    with scripted(SILENCE) as server, Client(server.url) as client:
        for ask in (client.law, client.theory, client.fit):
            with pytest.raises(ConnectionFailed, match="may still be running"):
                ask("s")
    assert [asked.path.rsplit("/", 1)[1] for asked in server.asked] == ["t2", "theory", "fits"]


def test_a_gateway_that_ran_out_of_time_is_not_asked_again() -> None:
    with scripted(Answer(504)) as server, Client(server.url) as client, pytest.raises(ServerFailed):
        client.law("s")
    assert len(server.asked) == 1


@pytest.mark.usefixtures("impatient")
def test_a_submission_that_may_be_in_is_sent_again_under_its_key() -> None:
    with scripted(SILENCE, Answer(201, STUDY)) as server, Client(server.url) as client:
        assert client.submit(SPEC).id == "s"
    assert len(server.asked) == 2
    assert len({asked.headers["idempotency-key"] for asked in server.asked}) == 1


@pytest.mark.parametrize("lost", [HANGS_UP, REFUSED, Answer(429), Answer(502), Answer(409, {}, {"Retry-After": "0"})])
def test_a_fit_whose_answer_is_lost_is_asked_for_again_under_its_key(lost: Answer | str) -> None:
    with scripted(lost, Answer(201, {"id": "f"})) as server, Client(server.url) as client:
        assert client.fit("s", models="M0,M2") == {"id": "f"}
        assert client.fit("s") == {"id": "f"}
    first, again, other = (asked.headers["idempotency-key"] for asked in server.asked)
    assert first == again != other


def test_a_key_of_one_s_own_is_the_one_that_is_sent() -> None:
    with scripted(Answer(201, {"id": "f"})) as server, Client(server.url) as client:
        client.fit("s", idempotency_key="mine")
    assert server.asked[0].headers["idempotency-key"] == "mine"


@pytest.mark.parametrize("key", ["", "é", "line\nbreak"])
def test_a_key_that_no_header_can_carry_is_refused(key: str) -> None:
    with scripted(Answer(201, STUDY)) as server, pytest.raises(InvalidArgument, match="the idempotency key"):
        Client(server.url).submit(SPEC, idempotency_key=key)
    assert server.asked == []


@pytest.mark.parametrize("lost", [HANGS_UP, Answer(502)])
def test_a_study_that_was_deleted_by_an_attempt_whose_answer_was_lost_is_deleted(lost: Answer | str) -> None:
    with scripted(lost, Answer(404)) as server, Client(server.url) as client:
        client.delete("s")
        assert len(server.asked) == 2
        with pytest.raises(NotFound):
            client.delete("s")


def test_a_server_that_cannot_answer_for_a_while_is_waited_for() -> None:
    done = STUDY | {"state": "completed"}
    stumbling = [REFUSED] * (http.ATTEMPTS + 1)
    with scripted(Answer(200, STUDY), *stumbling, Answer(200, done)) as server, Client(server.url) as client:
        assert client.study("s").wait(progress=False).state == "completed"
    assert len(server.asked) == 2 + len(stumbling)


def test_a_server_that_fails_is_not_waited_for() -> None:
    answers = (Answer(200, STUDY), Answer(500))
    with scripted(*answers) as server, Client(server.url) as client, pytest.raises(ServerFailed):
        client.study("s").wait(progress=False)
    assert len(server.asked) == 2


def test_a_conflict_is_not_asked_for_again() -> None:
    with scripted(Answer(409, TOO_LITTLE)) as server, Client(server.url) as client, pytest.raises(Conflict):
        client.law("s")
    assert len(server.asked) == 1


def test_a_server_that_wants_to_be_left_alone_for_an_hour_is_not_waited_for() -> None:
    with scripted(Answer(503, {}, {"Retry-After": "3600"})) as server, pytest.raises(ServerFailed):
        Client(server.url).law("s")
    assert len(server.asked) == 1


def test_a_server_that_never_comes_to_itself_is_given_up() -> None:
    with scripted(REFUSED) as server, Client(server.url) as client, pytest.raises(ServerFailed, match="busy"):
        client.law("s")
    assert len(server.asked) == http.ATTEMPTS


def test_a_page_that_is_no_answer_of_grokscale_is_said_to_be_none() -> None:
    with scripted(Answer(200, "<html>welcome</html>")) as server, Client(server.url) as client:
        with pytest.raises(ConnectionFailed, match="is it the address of grokscale"):
            client.law("s")
        with pytest.raises(ConnectionFailed, match="text/event-stream"):
            list(client.events("s"))


def test_a_redirection_says_where_it_points() -> None:
    moved = Answer(308, "moved", {"Location": "https://elsewhere.example/"})
    with scripted(moved) as server, pytest.raises(ProblemError, match=r"308.*https://elsewhere\.example/"):
        Client(server.url).submit(SPEC)
    assert len(server.asked) == 1


@pytest.mark.parametrize("body", ['{"title": "torn', {"status": "four", "errors": {"a": 1}}, [], {"errors": ["x", 1]}])
def test_an_error_of_an_odd_form_is_an_error_all_the_same(body: object) -> None:
    answer = Answer(404, body, {"Content-Type": "application/problem+json"})
    with scripted(answer) as server, Client(server.url) as client, pytest.raises(NotFound) as refused:
        client.law("s")
    assert (refused.value.status, refused.value.faults) == (404, [])


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("127.0.0.1:8000", "http://"),
        ("localhost:8000", "http://"),
        ("grokscale.example", "http://"),
        ("ftp://grokscale.example", "http://"),
        ("http://", "no host"),
        ("http://127.0.0.1:abc", "port"),
        ("http://127.0.0.1:8000/?x=1", "query"),
        ("http://a b", "cannot be used"),
    ],
)
def test_a_url_that_is_none_is_refused_before_anything_is_sent(url: str, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        Client(url)


def test_no_message_shows_a_password_of_the_url() -> None:
    with pytest.raises(InvalidArgument) as refused:
        Client("http://me:hunter2@host:abc")
    with pytest.raises(ConnectionFailed) as unreachable:
        Client("http://me:hunter2@127.0.0.1:1").law("s")
    assert "hunter2" not in str(refused.value) + str(unreachable.value)


@pytest.mark.parametrize("key", ["é", "two words", "line\nbreak", " "])
def test_an_api_key_that_no_header_can_carry_is_refused_unseen(key: str) -> None:
    with pytest.raises(InvalidArgument, match="GROKSCALE_API_KEY") as refused:
        Client("http://127.0.0.1:8000", key)
    assert "'" not in str(refused.value)
