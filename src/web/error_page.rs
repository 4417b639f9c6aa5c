//! The outer layer that turns a [`Problem`] into the page, the fragment or the JSON that fits the request.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::ctx::{html, redirect};
use super::hx::Hx;
use crate::app::App;
use crate::error::Problem;
use crate::ids::RequestId;

/// The page that says what went wrong and what to do now.
#[derive(Debug, Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    title: &'static str,
    text: &'a str,
    status: u16,
    request_id: RequestId,
}

/// The answer to an htmx request that failed: a note in the live region, focusable.
#[derive(Debug, Template)]
#[template(path = "_problem.html")]
struct ProblemNote<'a> {
    title: &'static str,
    text: &'a str,
    request_id: RequestId,
}

/// Gives every failed answer its page.
pub async fn layer(State(_app): State<App>, request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().copied().unwrap_or_else(RequestId::new);
    let hx = Hx::from_headers(request.headers());
    let target = request.uri().path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    let is_get = request.method() == axum::http::Method::GET;
    let json = request.uri().path().starts_with("/ingest/");
    let response = next.run(request).await;
    match problem_of(&response) {
        None => response,
        Some(problem) if json => as_json(&problem, id),
        Some(problem) if problem.status == StatusCode::UNAUTHORIZED => to_sign_in(&hx, is_get.then_some(target)),
        Some(problem) if problem.step_up => redirect_to_step_up(&hx, is_get.then_some(target)),
        Some(problem) => as_page(&problem, &hx, id),
    }
}

/// The problem a handler reported, or the one that a bare answer of the framework amounts to (405, 413, …).
fn problem_of(response: &Response) -> Option<Problem> {
    if let Some(problem) = response.extensions().get::<Problem>() {
        return Some(problem.clone());
    }
    let status = response.status();
    let bare = !response.headers().contains_key(header::CONTENT_TYPE)
        || response
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|value| value.as_bytes().starts_with(b"text/plain"));
    ((status.is_client_error() || status.is_server_error()) && bare).then_some(Problem {
        status,
        detail: None,
        retry_after: None,
        step_up: false,
    })
}

fn to_sign_in(hx: &Hx, target: Option<String>) -> Response {
    if hx.request {
        // No page of sign-in inside another page, and none in its place: the page says that the session has ended, and
        // keeps what was typed (session.js).
        let stay = (HeaderName::from_static("hx-reswap"), HeaderValue::from_static("none"));
        return (StatusCode::UNAUTHORIZED, [stay]).into_response();
    }
    redirect(hx, &with_next("/sign-in", target), None)
}

fn redirect_to_step_up(hx: &Hx, target: Option<String>) -> Response {
    redirect(hx, &with_next("/me/step-up", target), None)
}

fn with_next(path: &str, target: Option<String>) -> String {
    match target {
        Some(target) if target != "/" => {
            let next: String = url::form_urlencoded::byte_serialize(target.as_bytes()).collect();
            format!("{path}?next={next}")
        }
        Some(_) | None => path.to_owned(),
    }
}

fn as_json(problem: &Problem, id: RequestId) -> Response {
    let (_, text) = words(problem.status);
    let body = serde_json::json!({
        "data": null,
        "error": { "status": problem.status.as_u16(), "message": problem.detail.as_deref().unwrap_or(text) },
        "meta": { "request_id": id },
    });
    let mut response = (problem.status, axum::Json(body)).into_response();
    retry_after(&mut response, problem);
    response
}

fn as_page(problem: &Problem, hx: &Hx, id: RequestId) -> Response {
    let (title, standard) = words(problem.status);
    let text = problem.detail.as_deref().unwrap_or(standard);
    let body = if hx.partial {
        ProblemNote { title, text, request_id: id }.render()
    } else {
        ErrorPage { title, text, status: problem.status.as_u16(), request_id: id }.render()
    };
    let mut response = html(problem.status, body.unwrap_or_else(|_| format!("{title}. {id}")));
    retry_after(&mut response, problem);
    response
}

fn retry_after(response: &mut Response, problem: &Problem) {
    if let Some(seconds) = problem.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}

/// A heading and a sentence in plain words for each status that the portal answers with.
fn words(status: StatusCode) -> (&'static str, &'static str) {
    match status {
        StatusCode::BAD_REQUEST => {
            ("That did not work", "Something in the request cannot be read. Go back and try again.")
        }
        StatusCode::FORBIDDEN => {
            ("You cannot do this", "Your role does not allow it here. If you think it should, ask your manager.")
        }
        StatusCode::NOT_FOUND => (
            "Not found",
            "There is no such page or record, or you do not have access to it. Check the address, or search.",
        ),
        StatusCode::METHOD_NOT_ALLOWED => {
            ("That did not work", "This address does not answer to that. Go back and try again.")
        }
        StatusCode::CONFLICT => {
            ("Somebody was faster", "The record changed while you were looking at it. Reload it and look again.")
        }
        StatusCode::PAYLOAD_TOO_LARGE => ("Too large", "What was sent is larger than this page accepts. Send less."),
        StatusCode::URI_TOO_LONG => {
            ("Address too long", "The address is longer than any page of ours. Go back and try again.")
        }
        StatusCode::UNPROCESSABLE_ENTITY => {
            ("That cannot be saved", "Something in the form is not right. Go back and look again.")
        }
        StatusCode::TOO_MANY_REQUESTS => ("Too many attempts", "Wait a little, then try again."),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT | StatusCode::REQUEST_TIMEOUT => (
            "Not available just now",
            "We cannot reach our database, or too many people are asking at once. Nothing you saved is lost. Try again in a moment.",
        ),
        _ => (
            "Something went wrong",
            "It is our fault. Nothing was saved by this step. Try again; if it happens again, tell us the number below.",
        ),
    }
}
