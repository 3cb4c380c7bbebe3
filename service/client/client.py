"""The client of one server."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote
from uuid import uuid4

import httpx2

from grokscale.extras import extra
from grokscale.service.client.address import visible
from grokscale.service.client.errors import ConnectionFailed, InvalidArgument
from grokscale.service.client.http import KEY, Http
from grokscale.service.client.plain import encoded, plain, words
from grokscale.service.client.specification import JSON, document
from grokscale.service.client.study import ENDED, Study
from grokscale.service.client.tables import name_of, table_document

if TYPE_CHECKING:
    import pyarrow as pa

    from grokscale.service.client.specification import Document, Spec
    from grokscale.service.client.tables import Table

URL = "http://127.0.0.1:8000"
FORMATS = ("svg", "png", "html", "json")
"""Formats of charts."""
FIT_TIMEOUT = httpx2.Timeout(300.0, connect=5.0)
"""Above the server's deadline for a fit, or for reading a table, so that the server, not the client, reports that it
took too long."""
_LISTS = ("models", "terms", "intervals", "studies")
"""Arguments of a fit that are lists of names."""


class Client:
    """A server of grokscale. What it raises is drawn as a tree in `service.client`.

    Arguments may be NumPy's numbers and arrays (Arrow's, tensors, ranges) wherever plain numbers and lists may; a list
    of names may be one text with commas. A client survives pickling, its key included, and a fork.

    Args:
        url: of the server; none: GROKSCALE_URL, else http://127.0.0.1:8000.
        api_key: bearer key; none: GROKSCALE_API_KEY, else no key is sent.
        transport: an httpx2 transport, for use without a network.

    Raises:
        InvalidArgument: the URL, the key, or a proxy of the environment cannot be used.
    """

    def __init__(
        self, url: str | None = None, api_key: str | None = None, transport: httpx2.BaseTransport | None = None
    ) -> None:
        self._http = Http(
            url or os.environ.get("GROKSCALE_URL") or URL,
            api_key or os.environ.get("GROKSCALE_API_KEY") or None,
            transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # -- studies ----------------------------------------------------------------------------------------------------

    def submit(self, spec: Spec | Document, *, idempotency_key: str | None = None) -> Study:
        """Submit a study and return its handle. A lost answer is asked for again without making a second study.

        Args:
            spec: a mapping, a `StudySpec`, or the path of a YAML or JSON file, one of the library's form too.
            idempotency_key: none: one of its own for each call.

        Raises:
            Invalid: `faults` names every faulty field.
            InvalidArgument: a value that is no plain one, named by its JSON pointer.
            OSError: the file cannot be read.
        """
        return Study(self, self._http.json("POST", "/v1/studies", **_body(spec, _key(idempotency_key))))

    def submit_library(self, name: str, *, idempotency_key: str | None = None) -> Study:
        """Submit a study of the library by its name."""
        headers = _key(idempotency_key)
        return Study(self, self._http.json("POST", f"/v1/library/{_quoted(name)}:submit", headers=headers))

    def import_study(
        self,
        table: Table,
        *,
        name: str | None = None,
        rate: str | None = None,
        data: Sequence[str] | str | None = None,
        rename: Mapping[str, str] | None = None,
        ignore: Sequence[str] | str | None = None,
        steps_per_unit: float | None = None,
        train_threshold: float | None = None,
        test_threshold: float | None = None,
        error: str | None = None,
        tags: Sequence[str] | str | None = None,
        idempotency_key: str | None = None,
    ) -> Study:
        """Make a study of runs that were made elsewhere, and return its handle: it is completed, and never runs.

        A lost answer is asked for again without making a second study.

        Args:
            table: one row a run: a path (`.csv`, `.parquet`), a list of mappings (such as `crossings` makes, with
                `seed` and the run's fields beside), an Arrow table, or a DataFrame. Needed are `seed`, the columns of
                the rate, and `t2_step` or `t2_lower`, `t2_upper` and `t2_censoring`.
            name: of the study; none: that of the file.
            rate: columns whose product the runs' speed is proportional to, `lr*weight_decay`, the strength of the
                regulariser last; none: what the table says of itself, else `alpha*beta`.
            data: columns that name the data of a run; none: what the table says, else what is known by its name, else
                every number but the rate. `reason` of the study then names these.
            rename: columns to what they shall be called.
            ignore: columns that are left out.
            steps_per_unit: optimiser steps in one unit of the table's times, such as in an epoch.
            train_threshold: what t1 is the crossing of; none: as in the table, else 0.01.
            test_threshold: what t2 is the crossing of; likewise.
            error: what the errors are, in words.
            tags: words to find the study by.
            idempotency_key: none: one of its own for each call.

        Raises:
            Invalid: `faults` names every faulty cell by row and column.
            InvalidArgument: what is given is no table, or has no name.
            OSError: the file cannot be read.
        """
        said = {"name": name_of(table) if name is None else name, "rate": rate, "data": data, "rename": rename}
        said |= {"ignore": ignore, "steps_per_unit": steps_per_unit, "train_threshold": train_threshold}
        said |= {"test_threshold": test_threshold, "error": error, "tags": tags}
        sent, parameters = table_document(table, said)
        return Study(
            self,
            self._http.json(
                "POST",
                "/v1/studies:import",
                content=sent.content,
                params=parameters,
                headers={"Content-Type": sent.media, **_key(idempotency_key)},
                timeout=FIT_TIMEOUT,
            ),
        )

    def validate(self, spec: Spec | Document) -> dict[str, Any]:
        """Return what a study would take: trials, packs, predicted steps, seconds and memory, warnings."""
        return self._http.json("POST", "/v1/studies:validate", **_body(spec, {}))

    def study(self, study_id: str) -> Study:
        """Return the handle of a study."""
        return Study(self, self._http.json("GET", _path("studies", study_id)))

    def studies(self, **filters: Any) -> Iterator[Study]:
        """Yield studies, newest first, page by page.

        Args:
            filters: `state`, `task`, `name_prefix`, `tag`, `created_after`, `created_before` (texts or `datetime`s).
        """
        cursor: str | None = None
        while True:
            page = self._http.json("GET", "/v1/studies", params=_given(cursor=cursor, **filters))
            yield from (Study(self, item) for item in page["items"])
            if (cursor := page["next"]) is None:
                return

    def cancel(self, study_id: str) -> Study:
        """Cancel a study; what runs is ended."""
        return Study(self, self._http.json("POST", f"{_path('studies', study_id)}:cancel"))

    def stop(self, study_id: str) -> Study:
        """Stop a study; what runs comes to its end."""
        return Study(self, self._http.json("POST", f"{_path('studies', study_id)}:stop"))

    def delete(self, study_id: str) -> None:
        """Delete an ended study with everything under it."""
        self._http.delete(_path("studies", study_id))

    # -- what came of them ------------------------------------------------------------------------------------------

    def trials(
        self,
        study_id: str,
        *,
        outcome: Sequence[str] | str = (),
        ranges: Mapping[str, tuple[float | None, float | None]] | None = None,
        sort: str | None = None,
    ) -> pa.Table:
        """Return a study's trials, one flat row each: crossings, errors and theory in columns of their own.

        Args:
            study_id: the study.
            outcome: any of these outcomes (a list, or one text with commas); `pending` has not ended.
            ranges: numeric field of the configuration to (lowest, highest), None for an open end.
            sort: `index`, `seed`, `outcome`, `t1`, `t2`, `steps` or a numeric field; `-` before it for descending.
        """
        with extra("laws"):
            import pyarrow as pa  # half a second, which most commands do not need
            import pyarrow.parquet

        written = [_range(name, ends) for name, ends in plain(ranges or {}, ("ranges",)).items()]
        content = self._http.content(
            "GET",
            f"{_path('studies', study_id)}/trials",
            params=_given(outcome=words(outcome, "outcome"), range=written, sort=sort),
            headers={"Accept": "application/vnd.apache.parquet"},
        )
        return pyarrow.parquet.read_table(pa.BufferReader(content))

    def trial(self, trial_id: str) -> dict[str, Any]:
        """Return one trial."""
        return self._http.json("GET", _path("trials", trial_id))

    def curves(
        self, trial_id: str, metrics: Sequence[str] | str | None = None, max_points: int | None = None
    ) -> dict[str, list[Any]]:
        """Return a trial's curves: `step` and one list a column; `coordinates` where asked for and recorded."""
        asked = _given(metrics=_comma(metrics, "metrics"), max_points=max_points)
        found = self._http.json("GET", f"{_path('trials', trial_id)}/curves", params=asked)
        curves = {"step": found["step"], **found["columns"]}
        return curves if found["coordinates"] is None else curves | {"coordinates": found["coordinates"]}

    def law(
        self,
        study_id: str,
        response: str = "t2",
        *,
        x: str | None = None,
        terms: Sequence[str] | str | None = None,
        effect: str | None = None,
        threshold: float | None = None,
        by: str | None = None,
    ) -> dict[str, Any]:
        """Return the law object of a response.

        Args:
            study_id: the study.
            response: `t1`, `t1_gradient`, `t2`, `t2_plateau`, `delay`, ...
            x: one monomial, such as `1/(alpha*beta)`.
            terms: fields, one exponent each: a list, or one text with commas.
            effect: `draw` (the default), `fixed`, `random` or `none`.
            threshold: a rung of the ladder.
            by: a field: one law a value of it, in `groups`.

        Raises:
            TooLittleData: there is too little to fit yet.
            Invalid: a name that is not there, an expression that does not parse.
        """
        asked = _given(x=x, terms=_comma(terms, "terms"), effect=effect, threshold=threshold, by=by)
        return self._http.json("GET", f"{_path('studies', study_id)}/laws/{_quoted(response)}", params=asked)

    def fit(self, study_id: str, *, idempotency_key: str | None = None, **request: Any) -> dict[str, Any]:
        """Fit a family of models, store the fit, and return it. A lost answer is asked for again without a second fit.

        Args:
            study_id: the study.
            idempotency_key: none: one of its own for each call.
            request: `response`, `models` (`["M0", ..., "M5"]`), `terms`, `gap`, `effect`, `noise`, `scale`,
                `covariance`, `intervals`, `threshold`, `bootstrap`, `break_samples`, `seed`, `where`, `studies`: see
                the interface.

        Raises:
            TooLittleData: there is too little to fit yet.
            Invalid: a name or word that is not there.
        """
        listed = {name: words(request[name], name) for name in _LISTS if name in request}
        return self._http.json(
            "POST",
            f"{_path('studies', study_id)}/fits",
            content=encoded(request | listed),
            headers={"Content-Type": JSON, **_key(idempotency_key)},
            timeout=FIT_TIMEOUT,
        )

    def stored_fit(self, fit_id: str) -> dict[str, Any]:
        """Return a stored fit; `stale` says whether the same request would meet other rows now."""
        return self._http.json("GET", _path("fits", fit_id))

    def fits(self, study_id: str) -> list[dict[str, Any]]:
        """Return what a study's newest hundred fits were made of, newest first; `stored_fit` has the answer of each."""
        return self._http.json("GET", f"{_path('studies', study_id)}/fits")["items"]

    def fit_rows(self, fit_id: str) -> pa.Table:
        """Return the rows that a fit was made of."""
        with extra("laws"):
            import pyarrow as pa
            import pyarrow.parquet

        media = {"Accept": "application/vnd.apache.parquet"}
        content = self._http.content("GET", f"{_path('fits', fit_id)}/rows", headers=media)
        return pyarrow.parquet.read_table(pa.BufferReader(content))

    def phases(
        self, study_id: str, x: str, y: str | None = None, *, outcome: str | None = None, by: str | None = None
    ) -> dict[str, Any]:
        """Return a phase diagram: outcome fractions over fields, and where half of the trials end with one outcome.

        Args:
            study_id: the study.
            x: a numeric field of the configuration.
            y: another one.
            outcome: the word of the contour, `generalised` by default.
            by: a field: one diagram a value, in `groups`.

        Raises:
            TooLittleData: no trial has ended with a result.
            Invalid: a name that is not there.
        """
        asked = _given(x=x, y=y, outcome=outcome, by=by)
        return self._http.json("GET", f"{_path('studies', study_id)}/phases", params=asked)

    def theory(self, study_id: str) -> dict[str, Any]:
        """Return t1, t2 and the error floor beside what theory predicted for them, as ratios over draws.

        Raises:
            TooLittleData: no ended trial has a measured value beside a prediction.
        """
        return self._http.json("GET", f"{_path('studies', study_id)}/theory")

    def pareto(
        self,
        study_id: str,
        x: str | None = None,
        y: str | None = None,
        *,
        max_error: float | None = None,
        limit: int | None = None,
    ) -> dict[str, Any]:
        """Return two responses of every configuration against each other, the front, and the best under a bound.

        Args:
            study_id: the study.
            x: what the best has least of; None: of an adaptive study's objective, else `t2`.
            y: what is bounded; None: of the objective, else `error_settled`.
            max_error: upper bound on y; None: of the objective, else none.
            limit: points listed at most.
        """
        asked = _given(x=x, y=y, max_error=max_error, limit=limit)
        return self._http.json("GET", f"{_path('studies', study_id)}/pareto", params=asked)

    def chart(
        self,
        study_id: str,
        name: str,
        format: str | None = None,
        path: str | os.PathLike[str] | None = None,
        **query: Any,
    ) -> bytes:
        """Return a chart of a study as it is now, and save it where a path is given.

        Args:
            study_id: the study.
            name: `law`, `curves`, `phases`, `theory` or `pareto`.
            format: `svg`, `png`, `html` (a page that needs no network) or `json` (Vega-Lite); none: what the path ends
                in, `svg` where it has no ending.
            path: of the file to write.
            query: `width`, `height`, of a png `scale`; of a law `response`, `x`, `effect`, `threshold`; of curves
                `trial` (ids or indices); of phases `x`, `y` (fields) and `outcome`; of pareto `x`, `y` (responses).

        Raises:
            TooLittleData: there is too little for the law yet.
            NotFound: no such study, chart or trial.
            Invalid: a parameter that the chart does not have, or whose value is not accepted.
            InvalidArgument: the path ends in no known format, or in another than the one that is asked for.
            OSError: the file cannot be written.
        """
        format = chart_format(format, path)
        where = f"{_path('studies', study_id)}/charts/{_quoted(name)}.{_quoted(format)}"
        content = self._http.content("GET", where, params=_given(**query))
        if path is not None:
            Path(path).write_bytes(content)
        return content

    def events(self, study_id: str, after: int = 0) -> Iterator[dict[str, Any]]:
        """Yield a study's events with numbers above `after`, until it has ended; a broken stream is taken up again.

        Raises:
            ConnectionFailed: the server broke off and sent nothing new when asked again.
        """
        last, heard = after, True
        while True:
            try:
                with self._http.events(f"{_path('studies', study_id)}/events", last) as stream:
                    for event in stream:
                        last, heard = int(event.id), True
                        yield json.loads(event.data)
            except ConnectionFailed:
                if not heard:
                    raise
                heard = False
                continue
            if self.study(study_id).state in ENDED:
                return

    # -- what there is ----------------------------------------------------------------------------------------------

    def tasks(self) -> list[dict[str, Any]]:
        """Return the tasks with their fields as JSON Schema."""
        return self._http.json("GET", "/v1/tasks")["items"]

    def library(self) -> list[dict[str, Any]]:
        """Return the studies that come with the product."""
        return self._http.json("GET", "/v1/library")["items"]


def chart_format(format: str | None, path: str | os.PathLike[str] | None) -> str:
    """Return the format that a chart is asked for in: the one given, else the ending of its file.

    Raises:
        InvalidArgument: the two contradict, or the ending is no format.
    """
    ending = Path(path).suffix.removeprefix(".").lower() if path is not None else ""
    if format is not None and (ending not in FORMATS or ending == format):
        return format
    if format is not None:
        raise InvalidArgument(f"{path}: the ending contradicts the format {format!r}; accepted: either of them alone")
    if ending and ending not in FORMATS:
        accepted = ", ".join(f".{known}" for known in FORMATS)
        raise InvalidArgument(f"{path}: the ending says what to draw; accepted: {accepted}")
    return ending or FORMATS[0]


def _body(spec: Spec | Document, headers: dict[str, str]) -> dict[str, Any]:
    """Return the options that send a specification."""
    text = document(spec)
    return {"content": text.content, "headers": headers | {"Content-Type": text.media}}


def _key(given: str | None) -> dict[str, str]:
    """Return the header that makes a request known to the server when it comes again."""
    return {KEY: uuid4().hex if given is None else visible(given, "the idempotency key", spaces=True)}


def _path(noun: str, id: str) -> str:
    return f"/v1/{noun}/{_quoted(id)}"


def _quoted(name: object) -> str:
    return quote(str(name), safe="", errors="replace")


def _given(**parameters: Any) -> dict[str, Any]:
    values = {name: plain(value, (name,)) for name, value in parameters.items()}
    return {name: value for name, value in values.items() if value not in (None, [])}


def _comma(names: Sequence[str] | str | None, name: str) -> str | None:
    listed = words(names, name)
    return None if listed is None else ",".join(map(str, listed))


def _range(name: str, ends: Any) -> str:
    if not (isinstance(ends, list) and len(ends) == 2):
        raise InvalidArgument(f"/ranges/{name}: {ends!r} is refused; accepted: (lowest, highest), None for an open end")
    low, high = ("" if end is None else repr(end) for end in ends)
    return f"{name}:{low}:{high}"
