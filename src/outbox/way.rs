//! The connections of a gateway, made to where they may go only.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tower::{BoxError, Service};

use super::reach::{Range, Reach};

/// How long one address may take to answer.
const CONNECT: Duration = Duration::from_secs(4);

/// Why no connection was made: every address of the host is where gateways must not be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Forbidden;

impl Forbidden {
    /// Whether this is what went wrong.
    pub(super) fn is_behind(error: &(dyn std::error::Error + 'static)) -> bool {
        std::iter::successors(Some(error), |error| error.source()).any(<dyn std::error::Error>::is::<Self>)
    }
}

impl std::fmt::Display for Forbidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the address leads into a network that gateways must not reach")
    }
}

impl std::error::Error for Forbidden {}

/// Makes connections of a gateway, to where they may go only.
#[derive(Clone, Debug)]
pub(super) struct Way(
    /// None for gateways of the operator, who may put them anywhere.
    pub(super) Option<Reach>,
);

impl Service<Uri> for Way {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let everywhere = || Reach::new(vec![Range::v4([0, 0, 0, 0], 0), Range::v6([0; 8], 0)]);
        let reach = self.0.clone().unwrap_or_else(everywhere);
        Box::pin(async move { Ok(TokioIo::new(connect(&reach, &uri).await?)) })
    }
}

async fn connect(reach: &Reach, uri: &Uri) -> Result<TcpStream, BoxError> {
    let host = uri.host().ok_or("no host")?;
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
    let found = look_up(host, port).await?;
    let mut last: BoxError = Box::new(Forbidden);
    // The very addresses that were looked at: the name is not looked up again.
    for address in found.into_iter().filter(|address| reach.permits(address.ip())) {
        match timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Ok(Err(error)) => last = error.into(),
            Err(late) => last = late.into(),
        }
    }
    Err(last)
}

/// Every address of a host, which may be one itself.
pub(super) async fn look_up(host: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    Ok(lookup_host((bare, port)).await?.collect())
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn near() -> Reach {
        Reach::new(vec![Range::v4([127, 0, 0, 0], 8)])
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_is_not_followed() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in ["localhost", "127.0.0.1", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"] {
            let uri: Uri = format!("http://{host}:{port}/").parse().unwrap();
            let refused = connect(&Reach::default(), &uri).await.unwrap_err();
            assert!(Forbidden::is_behind(&*refused), "{host}: {refused}");
            let there = connect(&near(), &uri).await;
            assert!(there.is_ok() || host.starts_with('['), "{host}: a machine may have no IPv6");
        }
        let url = |text: &str| Url::parse(text).unwrap();
        assert!(Reach::default().leads_astray(&url("https://localhost/")).await);
        assert!(!near().leads_astray(&url("https://localhost/")).await);
        assert!(!Reach::default().leads_astray(&url("https://nowhere.invalid/")).await);
    }
}
