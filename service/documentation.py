"""The OpenAPI document and the page that shows it. Its assets come from an installed package, not from a CDN."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from importlib.resources import files
from typing import Any, get_args

from fastapi import FastAPI, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel

from grokscale.service.problems import MEDIA_TYPE
from grokscale.studies.spec import StudySpec

PAGE = "/docs"
DOCUMENT = "/openapi.json"
ASSETS = "/docs/assets"
REFERENCE = "#/components/schemas/{model}"

DESCRIPTION = """\
Submit a study of grokking: trials over step sizes, regularisation strengths, sample counts and seeds. Read its trials,
follow its events, and ask for the fitted scaling law.

Errors are problem documents (RFC 9457), every faulty field named by JSON pointer. Unknown query parameters are refused.
Numbers that are not finite are `null`, with the reason in a field beside it. Where the server has keys, send
`Authorization: Bearer KEY`.
"""

TAGS = [
    {"name": "studies", "description": "A specification plus all that came of it."},
    {"name": "trials", "description": "One configuration with one seed."},
    {"name": "events", "description": "State changes, progress and ended trials, as they happen."},
    {"name": "laws", "description": "Scaling laws fitted to a study's trials."},
    {"name": "charts", "description": "Laws and curves as pictures: Vega-Lite, SVG, PNG, or a page."},
    {"name": "tasks", "description": "What can be trained."},
    {"name": "library", "description": "Studies that come with the product."},
    {"name": "health", "description": "For load balancers and supervisors."},
]


def install(app: FastAPI) -> None:
    """Serve `/docs`, and `/openapi.json` with what FastAPI does not know by itself."""
    app.mount(ASSETS, StaticFiles(directory=str(files("fastapi_offline") / "static")), name="documentation assets")
    app.add_api_route(PAGE, _page, include_in_schema=False)
    app.openapi = lambda: _document(app)  # FastAPI's own way to extend the document
    # in a thread, where FastAPI's own route has none: which tasks there are may still have to be found out
    app.add_api_route(DOCUMENT, lambda: JSONResponse(app.openapi()), include_in_schema=False)


def _page() -> Response:
    page = get_swagger_ui_html(
        openapi_url=DOCUMENT,
        title="grokscale",
        swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{ASSETS}/favicon.png",
        # the badge would send the document's address to a validator on the internet
        swagger_ui_parameters={"validatorUrl": None, "defaultModelsExpandDepth": 0},
    )
    inline = "'self' 'unsafe-inline'"
    page.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src {inline}; style-src {inline}; img-src 'self' data:; connect-src 'self'"
    )
    return page


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=version("grokscale"),
            description=DESCRIPTION,
            routes=app.routes,
            tags=TAGS,
        )
        _add_specification(made)
        _add_problems(made)
        _add_examples(app, made)
        made["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        made["security"] = [{}, {"key": []}]
        app.openapi_schema = made
    return app.openapi_schema


def _add_specification(made: dict[str, Any]) -> None:
    """Add the schema of the body of `POST /v1/studies` to the components, since FastAPI does not read that body."""
    schema = StudySpec.model_json_schema(by_alias=True, ref_template=REFERENCE)
    made["components"]["schemas"] |= schema.pop("$defs", {})
    made["components"]["schemas"]["StudySpec"] = schema


def _add_problems(made: dict[str, Any]) -> None:
    """Say of every error that it comes as a problem document, whatever the route returns otherwise."""
    for operations in made["paths"].values():
        for operation in operations.values():
            for response in operation["responses"].values():
                for described in list(response.get("content", {}).values()):
                    if described.get("schema", {}).get("$ref", "").endswith("/Problem"):
                        response["content"] = {MEDIA_TYPE: described}


def _add_examples(app: FastAPI, made: dict[str, Any]) -> None:
    """Write the examples again, since FastAPI leaves out every null in them."""
    for route in iter_route_contexts(app.routes):
        for model in _models(getattr(route.original_route, "response_model", None)):
            extra = model.model_config.get("json_schema_extra")
            if isinstance(extra, dict):
                made["components"]["schemas"][model.__name__] |= extra


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models in an annotation, and those in their fields."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from _models(field.annotation)
    for part in get_args(annotation):
        yield from _models(part)
