//! One document of the largest size, in and out, beside `cat` through the same loopback.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::Options;
use super::app::Portal;
use super::database::{self, Size};
use super::http::Connection;

/// What `--only` knows it by.
pub const LABEL: &str = "Documents of 100 MB";
/// The largest file there is.
pub const BYTES: usize = 104_857_600;
/// A chart to put it into is all that is needed.
const GROUND: Size =
    Size { name: "files", patients: 200, alerts: 200, open: 40, cases: 0, visits: 0, messages: 0, readings: 0 };
/// Bytes that do not compress, again and again.
const PIECE: usize = 1 << 20;

/// One way.
pub struct Line {
    pub label: &'static str,
    /// MB/s.
    pub rate: f64,
    /// The same for `cat`.
    pub cat: f64,
    /// Memory of the portal before, and at its highest, in MB.
    pub memory: (u64, u64),
}

/// Both ways, each the median of the runs.
pub async fn measure(options: &Options) -> Result<Vec<Line>> {
    eprintln!("{LABEL} …");
    let data = database::prepare(&options.program, &options.root, GROUND)?;
    let portal = Portal::start(&options.program, &data, options.port).await?;
    let mut connection = Connection::sign_in(portal.address, "bench@example.com").await?;
    let piece = piece();
    let source = options.root.join("files.bin");
    write_source(&source, &piece)?;
    let chart = first_link(&mut connection, "/patients", "/patients/").await?;
    let list = format!("{chart}/documents");
    connection.fetch(&list).await?;
    let (mut up, mut down, mut cat) = (Vec::new(), Vec::new(), Vec::new());
    let (idle, _) = portal.memory()?;
    let mut highest = [0; 2];
    for number in 0..=options.runs {
        portal.forget_highest()?;
        let uploaded = connection.upload(&list, &piece, BYTES).await?;
        highest[0] = highest[0].max(portal.memory()?.1);
        let document = first_link(&mut connection, &list, "/documents/").await?;
        let file = first_link(&mut connection, &document, &format!("{document}/versions/")).await?;
        portal.forget_highest()?;
        let downloaded = connection.download(&file, BYTES).await?;
        highest[1] = highest[1].max(portal.memory()?.1);
        let copied = through_loopback(&source)?;
        let rates = [uploaded, downloaded, copied].map(rate);
        eprintln!("  in {:.0} MB/s, out {:.0} MB/s, cat {:.0} MB/s", rates[0], rates[1], rates[2]);
        if number > 0 || options.runs == 0 {
            up.push(rates[0]);
            down.push(rates[1]);
            cat.push(rates[2]);
        }
    }
    portal.stop()?;
    std::fs::remove_file(&source)?;
    std::fs::remove_dir_all(data.join("files"))?;
    std::fs::remove_dir_all(&data)?;
    let cat = median(cat);
    Ok(vec![
        Line {
            label: "Upload: counted, hashed, encrypted, on the disk",
            rate: median(up),
            cat,
            memory: (idle, highest[0]),
        },
        Line { label: "Download: read, opened, in the audit", rate: median(down), cat, memory: (idle, highest[1]) },
    ])
}

fn piece() -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut piece = Vec::with_capacity(PIECE);
    while piece.len() < PIECE {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        piece.extend(state.to_le_bytes());
    }
    piece[..9].copy_from_slice(b"%PDF-1.7\n");
    piece
}

fn write_source(path: &Path, piece: &[u8]) -> Result<()> {
    let mut file = File::create(path)?;
    for _ in 0..BYTES / PIECE {
        file.write_all(piece)?;
    }
    Ok(file.sync_all()?)
}

/// The first link of a page that begins like this and names one thing.
async fn first_link(connection: &mut Connection, page: &str, beginning: &str) -> Result<String> {
    let html = connection.fetch(page).await?;
    let mut links = html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let found = links.find(|link| link.strip_prefix(beginning).is_some_and(|rest| rest.len() >= 36));
    Ok(found.with_context(|| format!("{page} has no link to {beginning}…"))?.to_owned())
}

/// What `cat` and a socket take for as many bytes.
fn through_loopback(source: &Path) -> Result<Duration> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    let begun = Instant::now();
    let sink = std::thread::spawn(move || -> std::io::Result<usize> {
        let (mut stream, _) = listener.accept()?;
        let (mut buffer, mut total) = (vec![0; 256 * 1024], 0);
        loop {
            match stream.read(&mut buffer)? {
                0 => return Ok(total),
                read => total += read,
            }
        }
    });
    let out = Stdio::from(OwnedFd::from(TcpStream::connect(address)?));
    ensure!(Command::new("cat").arg(source).stdout(out).status()?.success(), "cat failed");
    let total = sink.join().ok().context("the sink failed")??;
    ensure!(total == BYTES, "cat sent {total} bytes");
    Ok(begun.elapsed())
}

#[expect(clippy::cast_precision_loss, reason = "a hundred million is exact")]
fn rate(took: Duration) -> f64 {
    BYTES as f64 / 1e6 / took.as_secs_f64()
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or_default()
}
