//! How requests reach a bucket: hyper, as everywhere in this program, with TLS by rustls and the machine's own list of
//! authorities, so that a store inside the house may have a certificate of the house.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector as Tcp;
use hyper_util::rt::TokioExecutor;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse, HttpResponseBody,
    HttpService,
};
use tokio::time::{Sleep, sleep};

/// How long the store may take to accept a connection: where nobody is, nobody answers.
const CONNECTING: Duration = Duration::from_secs(5);

/// How long the store may take to begin its answer. A part of a file is on its way within this, or tried again.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long an answer that has begun may stand still.
const STALL: Duration = Duration::from_secs(30);

/// Makes the client of a bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let provider = rustls::crypto::ring::default_provider();
        let tls = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(provider)
            .map_err(|error| object_store::Error::Generic { store: "S3", source: Box::new(error) })?;
        let mut tcp = Tcp::new();
        tcp.set_connect_timeout(Some(CONNECTING));
        tcp.set_nodelay(true);
        // Plain HTTP only where AWS_ALLOW_HTTP asks for it: object_store refuses such an address otherwise.
        tcp.enforce_http(false);
        let connector = tls.https_or_http().enable_http1().wrap_connector(tcp);
        Ok(HttpClient::new(Service(Client::builder(TokioExecutor::new()).build(connector))))
    }
}

#[derive(Debug)]
struct Service(Client<HttpsConnector<Tcp>, HttpRequestBody>);

#[async_trait]
impl HttpService for Service {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answer = tokio::time::timeout(PATIENCE, self.0.request(request)).await;
        let answer = answer.map_err(|late| HttpError::new(HttpErrorKind::Timeout, late))?.map_err(|error| {
            let kind = if error.is_connect() { HttpErrorKind::Connect } else { HttpErrorKind::Request };
            HttpError::new(kind, error)
        })?;
        Ok(answer.map(|body| HttpResponseBody::new(Failing { body, due: None })))
    }
}

/// A body whose errors are those that `object_store` understands, and which does not stand still.
struct Failing {
    body: hyper::body::Incoming,
    /// Ends when the bytes are due that somebody waits for.
    due: Option<Pin<Box<Sleep>>>,
}

impl http_body::Body for Failing {
    type Data = bytes::Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if polled.is_ready() {
            self.due = None;
            return polled.map_err(|error| HttpError::new(HttpErrorKind::Interrupted, error));
        }
        ready!(self.due.get_or_insert_with(|| Box::pin(sleep(STALL))).as_mut().poll(context));
        let late = std::io::Error::from(std::io::ErrorKind::TimedOut);
        Poll::Ready(Some(Err(HttpError::new(HttpErrorKind::Timeout, late))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
