"""The Flask app."""

from importlib.metadata import version

from flask_openapi3 import Info, OpenAPI
from werkzeug.middleware.proxy_fix import ProxyFix

from api import docs, health, jobs, metrics, models, openapi, page, problems, queues, samples, submissions, v2
from api.context import Context
from api.parameters import ModelName


def create_app(context: Context) -> OpenAPI:
    settings = context.settings
    app = OpenAPI(
        __name__,
        info=Info(
            title="kerasq", version=version("kerasq"), description="Keras image classifiers behind a message queue."
        ),
        doc_ui=False,
        validation_error_status=422,
        validation_error_model=problems.Problem,
        security_schemes=openapi.SECURITY_SCHEMES,
        static_folder=None,
    )
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.config["MAX_FORM_MEMORY_SIZE"] = settings.max_body_bytes
    app.config["MAX_FORM_PARTS"] = settings.max_images + 1  # one too many, so that our own words say so
    app.url_map.converters["model"] = ModelName
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies)  # type: ignore[method-assign]
    app.extensions["kerasq"] = context
    problems.register(app)
    for resource in (page, docs, health, metrics, models, queues, samples, jobs, v2, submissions):
        app.register_api(resource.api)
    openapi.finish(app, require_key=settings.require_key)
    return app
