//! `/healthz`: the process lives. `/readyz`: it can serve, and wants to.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::access::Permission::Public;
use crate::app::App;
use crate::web::Routes;

/// The two addresses that supervisors and proxies ask.
#[must_use]
pub fn routes() -> Routes {
    Routes::new().get("/healthz", Public, live).get("/readyz", Public, ready)
}

/// Does not ask the database: a process that is restarted because PostgreSQL is away helps nobody.
async fn live() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

async fn ready(State(app): State<App>) -> (StatusCode, Json<Value>) {
    if !app.ready.is_ready() {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "stopping" })));
    }
    match app.db.ping().await {
        Ok(()) => (StatusCode::OK, Json(json!({ "status": "ready" }))),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "database unavailable" }))),
    }
}
