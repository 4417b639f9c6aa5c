//! A browser without a screen: cookies, forms, htmx headers, and what came back.

use std::net::SocketAddr;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::multipart::{Form, Part};
use reqwest::{Client, Method, RequestBuilder, StatusCode, redirect};
use scraper::{Html, Selector};

use super::PASSWORD;

/// One browser with its cookies. Redirects are not followed: tests look at them.
#[derive(Clone)]
pub struct Browser {
    client: Client,
    address: SocketAddr,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Browser {
    pub fn new(address: SocketAddr) -> Self {
        let client = Client::builder()
            .cookie_store(true)
            .redirect(redirect::Policy::none())
            .user_agent("Almoner tests")
            .build()
            .expect("a client");
        Self { client, address }
    }

    /// Signs in through the form.
    pub async fn sign_in(&self, email: &str) {
        let reply = self.post("/sign-in", &[("email", email), ("password", PASSWORD)]).await;
        assert_eq!(reply.status, StatusCode::SEE_OTHER, "{email} cannot sign in: {}", reply.body);
    }

    /// A page.
    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await
    }

    /// A fragment for htmx.
    pub async fn hx_get(&self, path: &str) -> Reply {
        self.send(htmx(self.request(Method::GET, path))).await
    }

    /// A form.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        self.send(self.request(Method::POST, path).form(fields)).await
    }

    /// A form for files, with these files in its field `file`.
    pub async fn post_files(&self, path: &str, fields: &[(&str, &str)], files: &[(&str, &[u8])]) -> Reply {
        let form =
            fields.iter().fold(Form::new(), |form, (name, value)| form.text((*name).to_owned(), (*value).to_owned()));
        let form = files.iter().fold(form, |form, (name, bytes)| {
            form.part("file", Part::bytes(bytes.to_vec()).file_name((*name).to_owned()))
        });
        self.send(self.request(Method::POST, path).multipart(form)).await
    }

    /// A form sent by htmx.
    pub async fn hx_post(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        self.send(htmx(self.request(Method::POST, path).form(fields))).await
    }

    /// A form whose body is written by hand.
    pub async fn post_raw(&self, path: &str, body: impl Into<reqwest::Body>) -> Reply {
        let form = ("content-type", "application/x-www-form-urlencoded");
        self.send(self.request(Method::POST, path).header(form.0, form.1).body(body)).await
    }

    /// A request to be finished by the test. It comes from the portal's own pages.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address)).header("sec-fetch-site", "same-origin")
    }

    /// Sends a request that the test has finished.
    pub async fn send(&self, request: RequestBuilder) -> Reply {
        let response = request.send().await.expect("the portal answers");
        let (status, headers) = (response.status(), response.headers().clone());
        Reply { status, headers, body: response.text().await.expect("the body is text") }
    }
}

fn htmx(request: RequestBuilder) -> RequestBuilder {
    request.header("hx-request", "true").header("hx-request-type", "partial")
}

impl Reply {
    /// A header, where it is there.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name.parse::<HeaderName>().ok()?).map(HeaderValue::to_str)?.ok()
    }

    /// Where it sends the browser.
    pub fn location(&self) -> &str {
        self.header("location").unwrap_or_else(|| panic!("no redirect: {} {}", self.status, self.body))
    }

    /// The texts of the elements that match a CSS selector, with white space made single.
    pub fn texts(&self, selector: &str) -> Vec<String> {
        let wanted = Selector::parse(selector).expect("a selector");
        Html::parse_document(&self.body)
            .select(&wanted)
            .map(|element| element.text().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" "))
            .collect()
    }

    /// The text of the first match.
    pub fn text(&self, selector: &str) -> String {
        self.texts(selector).into_iter().next().unwrap_or_else(|| panic!("nothing matches {selector}: {}", self.body))
    }

    /// An attribute of all matches.
    pub fn attributes(&self, selector: &str, name: &str) -> Vec<String> {
        let wanted = Selector::parse(selector).expect("a selector");
        Html::parse_document(&self.body)
            .select(&wanted)
            .filter_map(|element| element.value().attr(name).map(ToOwned::to_owned))
            .collect()
    }

    /// The value of a form field by its name.
    pub fn field(&self, name: &str) -> String {
        self.attributes(&format!("[name='{name}']"), "value")
            .into_iter()
            .next()
            .unwrap_or_else(|| panic!("no field {name}: {}", self.body))
    }

    /// The body without what differs from request to request.
    pub fn body_without_ids(&self) -> String {
        let request = self.header("x-request-id").unwrap_or("-");
        self.body.replace(request, "REQUEST")
    }
}
