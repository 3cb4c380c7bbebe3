"""The route of charts."""

from __future__ import annotations

from typing import Annotated, Any, cast, get_args

from fastapi import APIRouter, Path, Query, Response

from grokscale.service.charts.builders import CHARTS
from grokscale.service.charts.models import ChartNotFound, ChartQuery, NothingToDraw
from grokscale.service.context import TheStore
from grokscale.service.etags import IfNoneMatch, holds, tag_of
from grokscale.service.laws.models import InvalidLaw, TooLittleData
from grokscale.service.problems import Fault, InvalidRequest, refusals
from grokscale.service.studies.models import StudyNotFound
from grokscale.service.trials.models import TrialNotFound
from grokscale.service.work.fitters import FitTooLong
from grokscale.service.work.rooms import Busy
from grokscale.service.work.work import TheWork
from grokscale.studies.charts.policy import POLICY
from grokscale.studies.charts.rendering import RENDERER, Format, written
from grokscale.studies.charts.sizes import MOST_PIXELS

router = APIRouter(prefix="/v1", tags=["charts"])

MEDIA = {"json": "application/json", "svg": "image/svg+xml", "png": "image/png", "html": "text/html"}
_SHARED = frozenset({"width", "height"})
_CONTENT: dict[str, Any] = {
    MEDIA["json"]: {"schema": {"type": "object", "description": "a Vega-Lite document, its data inline"}},
    MEDIA["svg"]: {"schema": {"type": "string"}},
    MEDIA["png"]: {"schema": {"type": "string", "contentMediaType": MEDIA["png"]}},
    MEDIA["html"]: {"schema": {"type": "string"}},
}
_DRAWN: dict[int | str, dict[str, Any]] = {
    200: {"description": "The chart.", "content": _CONTENT},
    304: {"description": "It is as the ETag in If-None-Match says."},
}
_NAMES, _FORMATS = list(CHARTS), list(get_args(Format))


@router.get(
    "/studies/{study_id:id}/charts/{chart:word}.{format:word}",
    summary="Draw a chart",
    response_class=Response,
    responses=_DRAWN
    | refusals(StudyNotFound, TrialNotFound, ChartNotFound, TooLittleData, NothingToDraw, InvalidLaw, InvalidRequest)
    | refusals(FitTooLong, Busy),
)
async def draw_chart(
    study_id: str,
    chart: Annotated[str, Path(description="which chart", json_schema_extra={"enum": _NAMES})],
    format: Annotated[str, Path(description="what it comes as", json_schema_extra={"enum": _FORMATS})],
    query: Annotated[ChartQuery, Query()],
    store: TheStore,
    work: TheWork,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return a chart of the study as it is now: `json` is Vega-Lite with its data, `html` a page that needs no network.

    `law` shows a response against x with the fitted line, its 95 % band and the line of theory, and is refused where
    the law is. `curves` shows train and test error of a few trials along their runs, with t1 and t2.
    """
    builder = CHARTS.get(chart)
    if builder is None:
        raise ChartNotFound(f"no chart {chart!r}; there are: {', '.join(_NAMES)}", known=_NAMES)
    if format not in MEDIA:
        raise ChartNotFound(f"no chart comes as {format!r}; accepted: {', '.join(_FORMATS)}", known=_FORMATS)
    accepted = builder.parameters | _SHARED | ({"scale"} if format == "png" else set())
    if foreign := sorted(query.model_fields_set - accepted):
        detail = f"not a parameter of {chart}.{format}; accepted: {', '.join(sorted(accepted))}"
        faults = [Fault(place="query", pointer=f"/{name}", detail=detail) for name in foreign]
        raise InvalidRequest(f"{', '.join(foreign)}: {detail}", faults=faults)
    if format == "png":
        _refuse_above(query)

    def drawn() -> Response:
        document = written(builder.build(store, study_id, query, work.of))
        tag = tag_of(b"%s %r " % (format.encode(), query.scale) + document)
        if holds(if_none_match, tag):
            return Response(status_code=304, headers={"ETag": tag})
        body = RENDERER.render(document, cast(Format, format), query.scale)
        headers = {"ETag": tag, "Content-Security-Policy": POLICY}
        return Response(body, media_type=MEDIA[format], headers=headers)

    return await work.chart(drawn)


def _refuse_above(query: ChartQuery) -> None:
    pixels = (query.width or 1000) * (query.height or 700) * query.scale**2
    if pixels > MOST_PIXELS:
        detail = f"{pixels:,.0f} pixels in all (width * height * scale^2); accepted: at most {MOST_PIXELS:,}"
        raise InvalidRequest(detail, faults=[Fault(place="query", pointer="/scale", detail=detail)])
