//! HTTP: axum on hyper. A file a resource; each call is described where it is written, and `/openapi.json` is made of that.
//!
//! Calls the broker and nothing behind it. What is validated here is the form; what it means is the broker's.

mod ask;
mod cors;
mod deployments;
mod extract;
mod fetch;
mod follow;
mod form;
mod group_stream;
mod groups;
mod guard;
mod hooks;
mod members;
mod nullable;
mod operate;
mod page;
mod pipelines;
mod plugins;
mod problem;
mod produce;
mod producers;
mod queries;
mod replay;
mod retry;
mod select;
mod server;
mod state;
mod topics;
mod transactions;

use std::sync::Arc;

use axum::Router;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use guard::Names;
pub use server::serve;

use crate::broker::Broker;

/// What every handler is given.
pub type App = Arc<Broker>;

#[derive(OpenApi)]
#[openapi(info(
    title = "kafka.do",
    description = "Event streaming without the ops, with WebAssembly plugins. Errors are application/problem+json (RFC 9457) with a stable type and a detail that says what to do.",
    license(name = "MIT")
))]
struct Description;

/// All calls but that which makes the others.
fn calls() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(topics::list))
        .routes(routes!(topics::put, topics::get, topics::patch, topics::delete))
        .routes(routes!(produce::produce, follow::follow))
        .routes(routes!(fetch::fetch, topics::delete_records))
        .routes(routes!(producers::start))
        .routes(routes!(transactions::transact))
        .routes(routes!(plugins::list))
        .routes(routes!(plugins::put, plugins::get, plugins::delete))
        .routes(routes!(plugins::delete_version))
        .routes(routes!(deployments::list))
        .routes(routes!(deployments::put, deployments::get, deployments::delete))
        .routes(routes!(deployments::pause))
        .routes(routes!(deployments::resume))
        .routes(routes!(deployments::rollback))
        .routes(routes!(deployments::promote))
        .routes(routes!(state::get))
        .routes(routes!(replay::replay))
        .routes(routes!(queries::query))
        .routes(routes!(pipelines::list, pipelines::create))
        .routes(routes!(pipelines::get, pipelines::delete))
        .routes(routes!(groups::list))
        .routes(routes!(groups::get, groups::delete))
        .routes(routes!(groups::reset))
        .routes(routes!(members::join))
        .routes(routes!(members::leave))
        .routes(routes!(members::poll))
        .routes(routes!(members::commit))
        .routes(routes!(members::heartbeat))
        .routes(routes!(members::acknowledge))
        .routes(routes!(group_stream::stream))
        .routes(routes!(hooks::receive))
        .routes(routes!(operate::metrics))
        .routes(routes!(operate::healthz))
        .routes(routes!(operate::readyz))
}

fn words() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(ask::ask))
}

/// The description of the API, as `/openapi.json` serves it.
pub fn openapi() -> utoipa::openapi::OpenApi {
    named(calls().merge(words()).split_for_parts().1)
}

/// Each operation has a name of its own, made of its method and its path, for those who generate code.
fn named(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    for (path, item) in &mut document.paths.paths {
        let words: Vec<_> =
            path.split(|c: char| !c.is_alphanumeric()).filter(|word| !matches!(*word, "" | "v1")).collect();
        for (method, operation) in [
            ("get", &mut item.get),
            ("head", &mut item.head),
            ("post", &mut item.post),
            ("put", &mut item.put),
            ("patch", &mut item.patch),
            ("delete", &mut item.delete),
            ("options", &mut item.options),
        ] {
            if let Some(operation) = operation {
                operation.operation_id = Some(format!("{method}_{}", words.join("_")));
            }
        }
    }
    document
}

/// All routes. `names` are what the server is called, for telling its own pages from foreign ones.
pub fn router(app: App, names: Names) -> Router {
    let made_through = ask::Routes(calls().split_for_parts().0.with_state(Arc::clone(&app)));
    let (router, document) = calls().merge(words().layer(axum::Extension(made_through))).split_for_parts();
    let openapi: Arc<str> = named(document).to_json().unwrap_or_default().into();
    router
        .route("/openapi.json", axum::routing::get(move || std::future::ready(operate::openapi(&openapi))))
        .route("/hooks/{deployment}/", axum::routing::any(hooks::receive))
        .route("/hooks/{deployment}/{*below}", axum::routing::any(hooks::receive))
        .fallback(hooks::claimed)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(axum::middleware::from_fn_with_state(Arc::new(names), guard::check))
        .with_state(app)
}
