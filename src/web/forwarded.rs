//! Whose request it is when a proxy brings it.
//!
//! Limits per address and the audit need the browser's address. `X-Forwarded-For` tells it, but anybody can write that
//! header: it counts only as far as trusted proxies wrote it, read from the end.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName};
use axum::middleware::Next;
use axum::response::Response;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Puts the browser's address in the place of a trusted proxy's.
pub async fn layer(State(proxies): State<Arc<[IpAddr]>>, mut request: Request, next: Next) -> Response {
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>().copied() {
        let client = client(peer.ip(), request.headers(), &proxies);
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(client, peer.port())));
    }
    next.run(request).await
}

/// The last address of the chain that is not a trusted proxy's.
fn client(peer: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> IpAddr {
    let values = headers.get_all(X_FORWARDED_FOR);
    let chain: Vec<&str> =
        values.iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(',')).collect();
    let mut client = peer.to_canonical();
    for hop in chain.into_iter().rev() {
        if !proxies.contains(&client) {
            break;
        }
        let Ok(before) = hop.trim().parse::<IpAddr>() else { break };
        client = before.to_canonical();
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn seen_as(peer: &str, forwarded: &[&str]) -> IpAddr {
        let lines = forwarded.iter().map(|line| (X_FORWARDED_FOR, line.parse().expect("a value")));
        let mut headers = HeaderMap::new();
        lines.for_each(|(name, value)| {
            headers.append(name, value);
        });
        client(ip(peer), &headers, &[ip("127.0.0.1"), ip("10.0.0.2")])
    }

    #[test]
    fn a_trusted_proxy_tells_whose_request_it_brings() {
        assert_eq!(seen_as("127.0.0.1", &["192.0.2.7"]), ip("192.0.2.7"));
        assert_eq!(seen_as("127.0.0.1", &["192.0.2.7, 10.0.0.2"]), ip("192.0.2.7"));
        assert_eq!(seen_as("127.0.0.1", &["192.0.2.7", "10.0.0.2"]), ip("192.0.2.7"));
        assert_eq!(seen_as("::ffff:127.0.0.1", &["2001:db8::7"]), ip("2001:db8::7"));
    }

    #[test]
    fn nobody_else_is_believed() {
        assert_eq!(seen_as("192.0.2.7", &["10.0.0.2"]), ip("192.0.2.7"));
        assert_eq!(seen_as("127.0.0.1", &["203.0.113.9, 192.0.2.7"]), ip("192.0.2.7"));
        assert_eq!(seen_as("127.0.0.1", &["192.0.2.7, unknown"]), ip("127.0.0.1"));
        assert_eq!(seen_as("127.0.0.1", &[]), ip("127.0.0.1"));
    }
}
