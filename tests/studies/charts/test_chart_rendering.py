"""Drawing: in a process of its own, from any thread, and without the network."""

from __future__ import annotations

import io
import json
import re
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import psutil
import pytest

from grokscale.studies.charts import renderer
from grokscale.studies.charts.law import law
from grokscale.studies.charts.rendering import Renderer, RendererGone, RenderingFailed, written
from grokscale.studies.charts.sizes import Size
from grokscale.studies.laws import fitted_line
from tests.studies.laws.tables import grid, power_law, table

HOSTILE = "</script><script>alert(1)</script> & <b>"


def document(name: str = "a study", size: Size | None = None) -> bytes:
    made = table(power_law(grid(seeds=3)))
    return written(law(made, fitted_line(made), name, size))


def unnumbered(svg: bytes) -> bytes:
    """Without the numbers of the clip paths, which count on from chart to chart."""
    return re.sub(rb"clip[0-9]+", b"clip", svg)


@pytest.fixture(scope="module")
def drawing() -> Iterator[Renderer]:
    made = Renderer()
    yield made
    made.close()


def test_an_svg_is_xml_with_the_title_in_it(drawing: Renderer) -> None:
    root = ElementTree.fromstring(drawing.render(document(HOSTILE), "svg"))
    assert root.tag.endswith("svg")
    text = " ".join(root.itertext())
    assert "t2 against 1/(αβ): exponent" in text
    assert "<b>" in text  # as text, not as an element
    assert not [element for element in root.iter() if element.tag.endswith("script")]


@pytest.mark.parametrize("scale", [1, 1.5, 4])
def test_a_png_has_the_size_that_was_asked_for(drawing: Renderer, scale: float) -> None:
    png = drawing.render(document(size=Size(520, 340)), "png", scale)
    assert png.startswith(b"\x89PNG")
    assert struct.unpack(">II", png[16:24]) == (520 * scale, 340 * scale)


def test_a_page_asks_no_server_and_runs_no_script_of_a_name(drawing: Renderer) -> None:
    page = drawing.render(document(HOSTILE), "html").decode()
    assert not re.findall(r"(?:src|href)\s*=\s*[\"']?https?:", page)
    assert "default-src 'none'" in page
    assert page.count("<script") == page.count("</script>")
    assert "alert(1)</script>" not in page
    begin = page.rindex('{"$schema"')
    assert json.JSONDecoder().raw_decode(page[begin:])[0] == json.loads(document(HOSTILE))


def test_json_is_the_document_itself() -> None:
    assert Renderer().render(document(), "json") == document()


def test_what_is_not_finite_is_never_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        written({"x": float("nan")})


def test_threads_may_draw_at_once(drawing: Renderer) -> None:
    documents = [document(f"study {i}", Size(300 + 10 * i, 300)) for i in range(8)]
    with ThreadPoolExecutor(8) as threads:
        drawn = list(threads.map(lambda one: drawing.render(one, "svg"), documents))
    assert all(f"study {i}".encode() in svg for i, svg in enumerate(drawn))
    assert unnumbered(drawn[0]) == unnumbered(drawing.render(documents[0], "svg"))


def test_the_interpreter_goes_on_while_a_picture_is_drawn(drawing: Renderer) -> None:
    big = document(size=Size(1000, 1000))
    ticks: list[float] = []
    done = threading.Event()

    def tick() -> None:
        while not done.wait(0.002):
            ticks.append(time.perf_counter())

    ticking = threading.Thread(target=tick)
    ticking.start()
    began = time.perf_counter()
    drawing.render(big, "png", 2)
    took = time.perf_counter() - began
    done.set()
    ticking.join()
    longest = max(later - earlier for earlier, later in pairwise(ticks))
    assert longest < took / 2


def test_a_chart_that_cannot_be_drawn_is_said_and_the_next_one_is_drawn(drawing: Renderer) -> None:
    broken = json.loads(document()) | {"layer": [{"mark": "no such mark"}]}
    with pytest.raises(RenderingFailed, match="TypeError"):
        drawing.render(written(broken), "svg")
    assert drawing.render(document(), "svg").startswith(b"<svg")


def test_a_process_that_was_killed_is_started_again() -> None:
    drawing = Renderer()
    first = drawing.render(document(), "svg")
    assert drawing._process is not None
    drawing._process.kill()
    drawing._process.wait()
    assert unnumbered(drawing.render(document(), "svg")) == unnumbered(first)
    drawing.close()


def test_a_process_that_ends_while_it_draws_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ending = tmp_path / "ending.py"
    ending.write_text("import sys\nsys.stdin.buffer.read(8)\n")
    monkeypatch.setattr("grokscale.studies.charts.rendering._PROGRAM", ending)
    with pytest.raises(RendererGone):
        Renderer().render(document(), "svg")


def test_it_ends_with_who_started_it_and_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        "import os, sys; os.environ['GROKSCALE_API_KEYS'] = 'secret'\n"
        "from grokscale.studies.charts.rendering import Renderer, written\n"
        'drawing = Renderer(); drawing.render(b\'{"$schema": "https://vega.github.io/schema/vega-lite/v6.4.1.json",'
        ' "mark": "point", "data": {"values": []}}\', \'svg\')\n'
        "print(drawing._process.pid, flush=True); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        child = psutil.Process(int(owner.stdout.readline()))
        assert "GROKSCALE_API_KEYS" not in child.environ()
        owner.kill()
        psutil.wait_procs([child], timeout=10)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_the_program_answers_every_request_in_turn() -> None:
    def request(chart: Any) -> bytes:
        body = json.dumps({"format": "svg", "scale": 1, "chart": chart}).encode()
        return struct.pack(">Q", len(body)) + body

    sink = io.BytesIO()
    renderer.main(io.BytesIO(request({"no": "schema"}) + request(json.loads(document()))), sink)
    answers = sink.getvalue()
    length = struct.unpack(">Q", answers[:8])[0]
    assert answers[8:9] == b"\0"
    assert answers[8 + length + 8 :].startswith(b"\1<svg")
