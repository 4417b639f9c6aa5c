//! One kept-alive connection, and as little between the clock and the socket as HTTP allows.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The password of every made-up account.
const PASSWORD: &str = "password123";

/// A connection with its cookie.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    address: SocketAddr,
    cookie: String,
}

/// What came back; the connection's buffer holds the rest.
#[derive(Clone, Copy, Debug)]
pub struct Reply {
    pub status: u16,
    head: usize,
    end: usize,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.context("the portal does not listen")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(256 * 1024), address, cookie: String::new() })
    }

    /// A connection of somebody who has signed in.
    pub async fn sign_in(address: SocketAddr, email: &str) -> Result<Self> {
        let mut connection = Self::open(address).await?;
        let form = format!("email={}&password={PASSWORD}", email.replace('@', "%40"));
        let request = connection.post("/sign-in", &form, "");
        let reply = connection.exchange(&request).await?;
        ensure!(reply.status == 303, "{email} cannot sign in: {}", reply.status);
        let head = String::from_utf8_lossy(&connection.buffer[..reply.head]).into_owned();
        let cookies = head.lines().filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("set-cookie").then(|| value.split(';').next().unwrap_or_default().to_owned())
        });
        connection.cookie = cookies.collect::<Vec<_>>().join("; ");
        Ok(connection)
    }

    /// Connects anew and stays signed in: the portal hangs up on who says nothing for a minute.
    pub async fn reopen(&mut self) -> Result<()> {
        let cookie = std::mem::take(&mut self.cookie);
        *self = Self { cookie, ..Self::open(self.address).await? };
        Ok(())
    }

    /// Another connection of the same person.
    pub async fn another(&self) -> Result<Self> {
        Ok(Self { cookie: self.cookie.clone(), ..Self::open(self.address).await? })
    }

    /// The bytes of a GET, with further header lines, each ended by CRLF.
    pub fn get(&self, path: &str, headers: &str) -> Vec<u8> {
        format!("GET {path} HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\n{headers}\r\n", self.address, self.cookie)
            .into_bytes()
    }

    /// The bytes of a form sent from the portal's own pages.
    pub fn post(&self, path: &str, form: &str, headers: &str) -> Vec<u8> {
        format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\nsec-fetch-site: same-origin\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n{headers}\r\n{form}",
            self.address,
            self.cookie,
            form.len()
        )
        .into_bytes()
    }

    /// The bytes of JSON sent by another system, with further header lines, each ended by CRLF.
    pub fn json(&self, path: &str, body: &str, headers: &str) -> Vec<u8> {
        let length = body.len();
        format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n{body}",
            self.address
        )
        .into_bytes()
    }

    /// Sends a request and reads the whole answer.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<Reply> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let mut scanned = 0;
        let head = loop {
            self.more().await?;
            if let Some(at) = find(&self.buffer[scanned..], b"\r\n\r\n") {
                break scanned + at + 4;
            }
            scanned = self.buffer.len().saturating_sub(3);
        };
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut headers);
        response.parse(&self.buffer[..head])?;
        let status = response.code.context("no status")?;
        let header = |name: &str| {
            response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value)
        };
        let length = header("content-length").and_then(|value| std::str::from_utf8(value).ok()?.parse::<usize>().ok());
        let chunked = header("transfer-encoding").is_some();
        let end = match length {
            Some(length) => head + length,
            None if chunked => {
                while !self.buffer.ends_with(b"0\r\n\r\n") {
                    self.more().await?;
                }
                self.buffer.len()
            }
            None => head,
        };
        while self.buffer.len() < end {
            self.more().await?;
        }
        Ok(Reply { status, head, end })
    }

    /// The answer's head and body as text.
    pub fn text(&self, reply: Reply) -> (String, String) {
        let part = |range: std::ops::Range<usize>| String::from_utf8_lossy(&self.buffer[range]).into_owned();
        (part(0..reply.head), part(reply.head..reply.end))
    }

    /// A page of the portal, as text.
    pub async fn fetch(&mut self, path: &str) -> Result<String> {
        let request = self.get(path, "");
        let reply = self.exchange(&request).await?;
        ensure!(reply.status == 200, "{path} answered {}", reply.status);
        Ok(self.text(reply).1)
    }

    /// Sends a file of `bytes` by the form of a page, made of `piece` again and again, and says how long it took until
    /// the portal had it.
    pub async fn upload(&mut self, page: &str, piece: &[u8], bytes: usize) -> Result<Duration> {
        let head = "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"large.pdf\"\r\n\r\n";
        let tail = "\r\n--edge--\r\n";
        let request = format!(
            "POST {page} HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\nsec-fetch-site: same-origin\r\ncontent-type: multipart/form-data; boundary=edge\r\ncontent-length: {}\r\n\r\n{head}",
            self.address,
            self.cookie,
            head.len() + bytes + tail.len()
        );
        let begun = Instant::now();
        self.stream.write_all(request.as_bytes()).await?;
        let mut left = bytes;
        while left > 0 {
            let part = left.min(piece.len());
            self.stream.write_all(&piece[..part]).await?;
            left -= part;
        }
        let reply = self.exchange(tail.as_bytes()).await?;
        ensure!(reply.status == 303, "the upload was answered {}: {}", reply.status, self.text(reply).1);
        Ok(begun.elapsed())
    }

    /// Reads a file of `bytes` away, and says how long it took.
    pub async fn download(&mut self, path: &str, bytes: usize) -> Result<Duration> {
        let begun = Instant::now();
        let request = self.get(path, "");
        self.stream.write_all(&request).await?;
        self.buffer.clear();
        let head = loop {
            self.more().await?;
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at + 4;
            }
        };
        ensure!(self.buffer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&self.buffer[..head]));
        let mut come = self.buffer.len() - head;
        while come < bytes {
            self.buffer.clear();
            self.more().await?;
            come += self.buffer.len();
        }
        ensure!(come == bytes, "{come} bytes came");
        Ok(begun.elapsed())
    }

    /// The size of the answer's body as it travelled.
    pub const fn size(reply: Reply) -> usize {
        reply.end - reply.head
    }

    async fn more(&mut self) -> Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the portal hung up");
        }
        Ok(())
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}
