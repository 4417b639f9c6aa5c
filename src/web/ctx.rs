//! What a handler knows of its request, and how it answers.

use std::convert::Infallible;
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use askama::Template;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::badges::{self, Badges};
use super::flash::{Flash, FlashPartial};
use super::hx::Hx;
use super::nav::{self, Area};
use super::shell::Shell;
use super::whom;
use crate::access::{Actor, Permission};
use crate::app::App;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::By;
use crate::ids::RequestId;

/// The cookie that carries one message to the next page.
const FLASH: &str = "flash";

/// A page, or the fragment of it that htmx asked for.
pub type Page = Result<Response>;

/// What is known of any request, signed in or not.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// The request, as in the log.
    pub request: RequestId,
    /// Where it came from.
    pub ip: Option<IpAddr>,
    /// What the browser calls itself.
    pub agent: Option<Arc<str>>,
    /// What htmx says.
    pub hx: Hx,
    /// The path, without the query.
    pub path: Arc<str>,
    /// The message that the previous answer left.
    pub flash: Option<Flash>,
}

/// The context of a signed-in request.
#[derive(Clone, Debug)]
pub struct Ctx {
    /// The application.
    pub app: App,
    /// Who asks.
    pub actor: Arc<Actor>,
    visitor: Visitor,
}

impl Deref for Ctx {
    type Target = Visitor;

    fn deref(&self) -> &Visitor {
        &self.visitor
    }
}

impl Visitor {
    /// A page for anybody. The message that it shows, if any, is taken from the browser.
    #[must_use]
    pub fn answer(&self, status: StatusCode, body: String) -> Response {
        let mut response = html(status, body);
        if self.flash.is_some() {
            set_cookie(response.headers_mut(), "", 0);
        }
        response
    }
}

impl Ctx {
    pub(super) fn new(app: App, actor: Actor, visitor: Visitor) -> Self {
        Self { app, actor: Arc::new(actor), visitor }
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    /// Today, where the person is.
    #[must_use]
    pub fn today(&self) -> chrono::NaiveDate {
        self.now().with_timezone(&self.actor.zone).date_naive()
    }

    /// Who does what this request does, for the audit.
    #[must_use]
    pub fn by(&self) -> By {
        By::person(&self.actor, self.request, self.ip, self.agent.clone())
    }

    /// What the layout of a page needs. `title` is shown in the tab: it never holds a name or anything clinical.
    /// One query, for the badges of the navigation, or in the portal for whom the page is about.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn shell(&self, tx: &mut Tx, title: impl Into<String>, area: Area) -> Result<Shell> {
        let badges = badges::of(tx, &self.actor).await?;
        let mut shell = self.shell_with(title, area, badges);
        if self.actor.may(Permission::UsePortal)
            && let Some((whom, banner)) = whom::banner(tx, &self.actor).await?
        {
            shell.nav.retain(|item| whom.opens(item.href));
            shell.whom = Some(banner);
        }
        Ok(shell)
    }

    /// The same where the page knows the badges already.
    #[must_use]
    pub fn shell_with(&self, title: impl Into<String>, area: Area, badges: Badges) -> Shell {
        nav::shell(self, title.into(), area, badges)
    }

    /// The whole page, or `fragment` where htmx asked for a part.
    ///
    /// # Errors
    /// Where a template cannot be rendered.
    pub fn page(&self, page: &impl Template, fragment: impl Template) -> Page {
        if self.hx.partial {
            return self.fragment(&fragment);
        }
        let mut response = html(StatusCode::OK, page.render()?);
        if self.flash.is_some() {
            set_cookie(response.headers_mut(), "", 0);
        }
        Ok(response)
    }

    /// A whole page, whoever asks.
    ///
    /// # Errors
    /// Where the template cannot be rendered.
    pub fn whole_page(&self, status: StatusCode, page: &impl Template) -> Page {
        let mut response = html(status, page.render()?);
        if self.flash.is_some() {
            set_cookie(response.headers_mut(), "", 0);
        }
        Ok(response)
    }

    /// A fragment.
    ///
    /// # Errors
    /// Where the template cannot be rendered.
    pub fn fragment(&self, fragment: &impl Template) -> Page {
        Ok(html(StatusCode::OK, fragment.render()?))
    }

    /// After an action: the fragment and the message where htmx asked, else back to `location` with the message.
    ///
    /// # Errors
    /// Where the template cannot be rendered.
    pub fn fragment_or_redirect(&self, fragment: &impl Template, location: &str, flash: Flash) -> Page {
        if !self.hx.partial {
            return Ok(self.redirect(location, Some(&flash)));
        }
        let message = FlashPartial { flash: &flash };
        Ok(html(StatusCode::OK, fragment.render()? + &message.render()?))
    }

    /// After an action: to another page, with a message there. htmx is told to go there too.
    #[must_use]
    pub fn redirect(&self, location: &str, flash: Option<&Flash>) -> Response {
        redirect(&self.hx, location, flash)
    }
}

/// To another page, for somebody signed in or not.
#[must_use]
pub fn redirect(hx: &Hx, location: &str, flash: Option<&Flash>) -> Response {
    let target = HeaderValue::from_str(location).unwrap_or_else(|_| HeaderValue::from_static("/"));
    let mut response = if hx.request {
        (StatusCode::OK, [(HeaderName::from_static("hx-redirect"), target)]).into_response()
    } else {
        (StatusCode::SEE_OTHER, [(header::LOCATION, target)]).into_response()
    };
    if let Some(flash) = flash {
        let text = serde_json::to_vec(flash).unwrap_or_default();
        set_cookie(response.headers_mut(), &BASE64_URL_SAFE_NO_PAD.encode(text), 60);
    }
    response
}

/// A page or fragment that must not be kept by anybody on the way.
pub fn html(status: StatusCode, body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::VARY, "HX-Request, HX-Request-Type"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, body).into_response()
}

/// A cookie of a request; where it was sent more than once, the first.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split("; "))
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// The message that the previous answer left for this page. It is shown, escaped, and nothing else.
pub(super) fn flash_cookie(headers: &HeaderMap) -> Option<Flash> {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(cookie(headers, FLASH)?).ok()?).ok()
}

fn set_cookie(headers: &mut HeaderMap, value: &str, seconds: u32) {
    let cookie = format!("{FLASH}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        headers.append(header::SET_COOKIE, cookie);
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Ctx {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        parts.extensions.get::<Self>().cloned().ok_or(Error::SignedOut)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Ctx {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| anyhow::anyhow!("no guard ran").into())
    }
}

/// A transaction as the person who asks.
impl<S: Send + Sync> FromRequestParts<S> for Tx {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let ctx = parts.extensions.get::<Ctx>().ok_or(Error::SignedOut)?;
        ctx.app.db.begin(&ctx.actor).await
    }
}
