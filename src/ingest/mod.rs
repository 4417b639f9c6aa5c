//! The doors for other systems: `POST /ingest/alerts`, for workflow engines and rule engines elsewhere, and
//! `POST /ingest/observations`, for device clouds (see [`observations`]).
//!
//! A service account signs each message as <https://www.standardwebhooks.com> describes; besides the three headers
//! given there, it names itself:
//!
//! ```text
//! almoner-account: 0197…            the service account
//! webhook-id: msg_2KWPBgLlAfxdpx    the sender's own id of the message; a message acts once, however often it is sent
//! webhook-timestamp: 1763720000     Unix time, within five minutes of ours
//! webhook-signature: v1,K5oZfzN…    base64 of HMAC-SHA256 over `{id}.{timestamp}.{body}`; several may stand side by side
//! ```
//!
//! The secret, shown once by `almoner service-account add`, is `whsec_` and the key in base64. The body is JSON with the
//! fields of [`form`]; the answer is `{"data": {"alert": …, "new": …}, "error": null, "meta": {"request_id": …}}`, and a
//! repeated message gets the same data again. An alert with the `dedupe_key` of one that is open counts that one up.
//!
//! Such an account can only call functions in the schema `ingest` (`raise_alert` with the scope `alerts_ingest`, those of
//! readings with `device_sync`), as the database role `almoner_ingest`, which has no right to read a single record.

use crate::access::Permission::Public;
use crate::web::Routes;

mod answer;
pub mod cli;
mod form;
mod handlers;
mod observations;
mod queries;
mod signature;

/// The routes. Public to the guard: there is no session, and the signature is checked by the handler.
pub fn routes() -> Routes {
    Routes::new().post("/ingest/alerts", Public, handlers::create).post(
        "/ingest/observations",
        Public,
        observations::create,
    )
}
