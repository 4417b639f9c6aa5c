//! Where messages go: a mail server and a gateway on this machine, which do as the test says.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A mail as it arrived.
#[derive(Clone, Debug)]
pub struct Mail {
    pub to: String,
    /// Headers and text, as they were on the line.
    pub text: String,
}

/// A mail server that speaks as much SMTP as is needed (RFC 5321).
#[derive(Clone)]
pub struct MailServer {
    pub address: SocketAddr,
    mails: Arc<Mutex<Vec<Mail>>>,
    refusal: Arc<Mutex<Option<&'static str>>>,
}

impl MailServer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = Self { address, mails: Arc::default(), refusal: Arc::default() };
        let office = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let office = office.clone();
                tokio::spawn(async move { office.talk(stream).await.ok() });
            }
        });
        server
    }

    /// What came.
    pub fn mails(&self) -> Vec<Mail> {
        self.mails.lock().expect("the mails").clone()
    }

    /// From now on recipients are answered like this, `451 later`; or taken again.
    pub fn answers(&self, refusal: Option<&'static str>) {
        *self.refusal.lock().expect("the answer") = refusal;
    }

    async fn talk(&self, stream: TcpStream) -> std::io::Result<()> {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        let mut to = String::new();
        write.write_all(b"220 post.test ESMTP\r\n").await?;
        while let Some(line) = lines.next_line().await? {
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let answer = match verb.as_str() {
                "EHLO" => "250-post.test\r\n250 8BITMIME".to_owned(),
                "RCPT" => {
                    to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                    self.refusal.lock().expect("the answer").unwrap_or("250 ok").to_owned()
                }
                "DATA" => {
                    write.write_all(b"354 go on\r\n").await?;
                    let mut text = String::new();
                    while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                        text.push_str(line.strip_prefix('.').unwrap_or(&line));
                        text.push('\n');
                    }
                    self.mails.lock().expect("the mails").push(Mail { to: to.clone(), text });
                    "250 taken".to_owned()
                }
                "QUIT" => {
                    write.write_all(b"221 bye\r\n").await?;
                    return Ok(());
                }
                _ => "250 ok".to_owned(),
            };
            write.write_all(format!("{answer}\r\n").as_bytes()).await?;
        }
        Ok(())
    }
}

/// What a gateway was sent.
#[derive(Clone, Debug)]
pub struct Call {
    pub headers: HeaderMap,
    pub body: String,
}

/// A gateway for text messages and chat.
#[derive(Clone)]
pub struct Gateway {
    pub address: SocketAddr,
    calls: Arc<Mutex<Vec<Call>>>,
    answer: Arc<Mutex<u16>>,
}

impl Gateway {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let gateway = Self { address, calls: Arc::default(), answer: Arc::new(Mutex::new(202)) };
        let office = gateway.clone();
        let take = async move |headers: HeaderMap, body: String| {
            office.calls.lock().expect("the calls").push(Call { headers, body });
            StatusCode::from_u16(*office.answer.lock().expect("the answer")).expect("a status")
        };
        let router = Router::new().route("/", post(take));
        tokio::spawn(async move { axum::serve(listener, router).await.ok() });
        gateway
    }

    /// What came.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().expect("the calls").clone()
    }

    /// From now on it answers with this status.
    pub fn answers(&self, status: u16) {
        *self.answer.lock().expect("the answer") = status;
    }
}
