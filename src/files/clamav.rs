//! A virus scanner that listens: clamd, asked by its `INSTREAM` command while the file passes by.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

/// How long the scanner may take to let us in or to take the next bytes.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long it may think about a whole file.
const THINKING: Duration = Duration::from_mins(2);

/// The longest answer worth reading.
const ANSWER_BYTES: u64 = 1024;

/// Where the scanner listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scanner {
    /// `tcp://host:3310`
    Tcp(String),
    /// `unix:/run/clamav/clamd.ctl`
    Unix(PathBuf),
}

/// What the scanner says of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing found.
    Clean,
    /// This was found.
    Found(String),
}

/// A file being scanned as it passes by.
pub struct Scan {
    stream: Box<dyn Stream>,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Scanner {
    /// What `--clamav` says.
    ///
    /// # Errors
    /// Where it is neither `tcp://host:port` nor `unix:/path`.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        if let Some(path) = text.strip_prefix("unix:") {
            return Ok(Self::Unix(PathBuf::from(path.trim_start_matches("//"))));
        }
        match text.strip_prefix("tcp://") {
            Some(address) if address.contains(':') => Ok(Self::Tcp(address.to_owned())),
            Some(_) | None => {
                bail!("{text} is not where a scanner listens: tcp://host:3310 or unix:/run/clamav/clamd.ctl")
            }
        }
    }

    /// Begins to scan a file.
    ///
    /// # Errors
    /// Where the scanner is not there.
    pub async fn begin(&self) -> anyhow::Result<Scan> {
        let connect = async {
            let stream: Box<dyn Stream> = match self {
                Self::Tcp(address) => Box::new(TcpStream::connect(address).await?),
                Self::Unix(path) => Box::new(UnixStream::connect(path).await?),
            };
            std::io::Result::Ok(stream)
        };
        let mut stream = timeout(PATIENCE, connect).await.context("the scanner takes too long")??;
        patiently(stream.write_all(b"zINSTREAM\0")).await?;
        Ok(Scan { stream })
    }

    /// Whether the scanner answers.
    ///
    /// # Errors
    /// Where it does not.
    pub async fn ping(&self) -> anyhow::Result<()> {
        match self.begin().await?.finish().await? {
            Verdict::Clean => Ok(()),
            Verdict::Found(name) => bail!("the scanner finds {name} in nothing"),
        }
    }
}

impl Scan {
    /// Passes bytes on.
    ///
    /// # Errors
    /// Where the scanner does not take them: it has gone, or takes no files of this size (`StreamMaxLength`).
    pub async fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let length = u32::try_from(bytes.len()).context("too many bytes at once")?;
        if length > 0 {
            patiently(self.stream.write_all(&length.to_be_bytes())).await?;
            patiently(self.stream.write_all(bytes)).await?;
        }
        Ok(())
    }

    /// The end of the file, and what the scanner says of it.
    ///
    /// # Errors
    /// Where it says nothing that can be understood.
    pub async fn finish(mut self) -> anyhow::Result<Verdict> {
        patiently(self.stream.write_all(&[0; 4])).await?;
        patiently(self.stream.flush()).await?;
        let mut answer = Vec::new();
        let mut limited = (&mut self.stream).take(ANSWER_BYTES);
        timeout(THINKING, limited.read_to_end(&mut answer)).await.context("the scanner takes too long")??;
        verdict(&String::from_utf8_lossy(&answer))
    }
}

async fn patiently<T>(step: impl Future<Output = std::io::Result<T>>) -> anyhow::Result<T> {
    Ok(timeout(PATIENCE, step).await.context("the scanner takes too long")??)
}

/// `stream: OK`, `stream: Eicar-Test-Signature FOUND`, `INSTREAM size limit exceeded. ERROR`
fn verdict(answer: &str) -> anyhow::Result<Verdict> {
    let answer = answer.trim_matches(['\0', '\n', ' ']);
    let said = answer.strip_prefix("stream: ").unwrap_or(answer);
    match said.strip_suffix(" FOUND") {
        Some(name) => Ok(Verdict::Found(name.to_owned())),
        None if said == "OK" => Ok(Verdict::Clean),
        None => bail!("the scanner says: {said}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answers_of_clamd_are_understood() {
        assert_eq!(verdict("stream: OK\0").unwrap(), Verdict::Clean);
        assert_eq!(
            verdict("stream: Win.Test.EICAR_HDB-1 FOUND\0").unwrap(),
            Verdict::Found("Win.Test.EICAR_HDB-1".into())
        );
        for other in ["", "INSTREAM size limit exceeded. ERROR\0", "stream: Can't allocate memory ERROR"] {
            assert!(verdict(other).is_err(), "{other}");
        }
    }

    #[test]
    fn a_scanner_listens_on_tcp_or_a_socket() {
        assert_eq!(Scanner::parse("tcp://127.0.0.1:3310").unwrap(), Scanner::Tcp("127.0.0.1:3310".into()));
        assert_eq!(Scanner::parse("unix:/run/clamd.ctl").unwrap(), Scanner::Unix("/run/clamd.ctl".into()));
        assert_eq!(Scanner::parse("unix:///run/clamd.ctl").unwrap(), Scanner::Unix("/run/clamd.ctl".into()));
        assert!(Scanner::parse("127.0.0.1").is_err());
    }
}
