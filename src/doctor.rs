//! `almoner doctor`: looks at a set-up and says in words what is wrong with it, and what to do.
//!
//! It changes nothing: a data directory that is empty stays so.

mod database;
mod files;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use nix::sys::statvfs::statvfs;
use nix::unistd::{AccessFlags, access};
use secrecy::SecretString;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::config::{Common, Doctor};
use crate::db::cluster::Binaries;
use crate::phi::MasterKey;

const MIB: u64 = 1024 * 1024;

/// Below this, PostgreSQL may soon be unable to write.
const LEAST_FREE_SPACE: u64 = 256 * MIB;

/// Below this, it is time to think about it.
const LITTLE_FREE_SPACE: u64 = 2048 * MIB;

/// How long anything on the network may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It is as it should be.
    Well(String),
    /// It works, but somebody should know.
    Note(String),
    /// It does not work; the text says what to do.
    Wrong(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Well(text) => write!(f, "well   {text}"),
            Self::Note(text) => write!(f, "note   {text}"),
            Self::Wrong(text) => write!(f, "WRONG  {text}"),
        }
    }
}

/// Examines the set-up, prints what it finds, and answers whether all is well.
pub async fn run(common: &Common, settings: &Doctor) -> bool {
    if settings.healthz {
        let finding = healthz(settings.listen).await;
        println!("{finding}");
        return !matches!(finding, Finding::Wrong(_));
    }
    let mut findings = vec![address(settings.listen).await, data_directory(&common.data_dir)];
    if common.database_url.is_none() {
        findings.push(postgresql());
    }
    findings.push(master_key(common.master_key.as_ref(), &common.data_dir, common.database_url.is_none()));
    findings.extend(files::look(common).await);
    findings.extend(database::look(common).await);
    for finding in &findings {
        println!("{finding}");
    }
    let wrong = findings.iter().filter(|finding| matches!(finding, Finding::Wrong(_))).count();
    match wrong {
        0 => println!("\nAll is well."),
        1 => println!("\nOne thing is wrong."),
        _ => println!("\n{wrong} things are wrong."),
    }
    wrong == 0
}

/// Whether the portal that listens at `listen` answers `/healthz`.
pub async fn healthz(listen: SocketAddr) -> Finding {
    match tokio::time::timeout(PATIENCE, ask_healthz(listen)).await {
        Ok(Ok(true)) => Finding::Well(format!("Almoner answers at {listen}")),
        Ok(Ok(false)) => Finding::Wrong(format!("What answers at {listen} is not a healthy Almoner")),
        Ok(Err(error)) => Finding::Wrong(format!("Nothing answers at {listen}: {error}")),
        Err(_) => Finding::Wrong(format!("{listen} takes longer than {} s to answer", PATIENCE.as_secs())),
    }
}

async fn ask_healthz(listen: SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(reachable(listen)).await?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    stream.take(4096).read_to_string(&mut answer).await?;
    Ok(answer.starts_with("HTTP/1.1 200 ") && answer.contains(r#""status":"ok""#))
}

/// The address at which to reach who listens on all addresses.
fn reachable(listen: SocketAddr) -> SocketAddr {
    match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::from((Ipv4Addr::LOCALHOST, listen.port())),
        IpAddr::V6(ip) if ip.is_unspecified() => SocketAddr::from((Ipv4Addr::LOCALHOST, listen.port())),
        IpAddr::V4(_) | IpAddr::V6(_) => listen,
    }
}

async fn address(listen: SocketAddr) -> Finding {
    match TcpListener::bind(listen).await {
        Ok(_) => Finding::Well(format!("{listen} is free to listen on")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => match healthz(listen).await {
            Finding::Well(text) => Finding::Well(text),
            Finding::Note(_) | Finding::Wrong(_) => Finding::Wrong(format!(
                "Another program listens on {listen}: stop it, or choose another address with --listen"
            )),
        },
        Err(error) => {
            Finding::Wrong(format!("Cannot listen on {listen} ({error}): choose another address with --listen"))
        }
    }
}

fn data_directory(directory: &Path) -> Finding {
    let name = directory.display();
    // where nothing is yet, it is the folder above that counts
    let Some(existing) = directory.ancestors().map(or_here).find(|path| path.exists()) else {
        return Finding::Wrong(format!("{name} cannot be made"));
    };
    if !existing.is_dir() {
        return Finding::Wrong(format!("{} is not a directory", existing.display()));
    }
    if access(existing, AccessFlags::W_OK | AccessFlags::X_OK).is_err() {
        return Finding::Wrong(format!(
            "{} cannot be written to: give it to the account that runs Almoner, or choose another with --data-dir",
            existing.display()
        ));
    }
    let free = statvfs(existing).map_or(u64::MAX, |volume| volume.blocks_available() * volume.fragment_size());
    let space = format!("{name} can be written to, with {} MB free", free / MIB);
    match free {
        0..LEAST_FREE_SPACE => Finding::Wrong(format!("{space}: make room, or the database will stop")),
        LEAST_FREE_SPACE..LITTLE_FREE_SPACE => Finding::Note(format!("{space}: that is little")),
        LITTLE_FREE_SPACE.. => Finding::Well(space),
    }
}

/// The last ancestor of a relative path is empty: it means the current directory.
fn or_here(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

fn postgresql() -> Finding {
    match Binaries::find(None) {
        Ok(found) => Finding::Well(format!("PostgreSQL {} is in {}", found.major, found.directory.display())),
        Err(error) => Finding::Wrong(error.to_string()),
    }
}

fn master_key(given: Option<&SecretString>, data_dir: &Path, private: bool) -> Finding {
    if let Some(text) = given {
        return match MasterKey::parse(text) {
            Ok(_) => Finding::Well("The master key is in ALMONER_MASTER_KEY".to_owned()),
            Err(error) => Finding::Wrong(format!("ALMONER_MASTER_KEY: {error}")),
        };
    }
    let file = data_dir.join("keys/master.key");
    let name = file.display();
    let Ok(found) = file.metadata() else {
        return if !private {
            Finding::Wrong(format!(
                "There is no master key: set ALMONER_MASTER_KEY, the same for every replica, or make {name}"
            ))
        } else if data_dir.join("postgres/data/PG_VERSION").exists() {
            Finding::Wrong(format!(
                "{name} is missing, and the database holds what only it opens: restore it from your copy"
            ))
        } else {
            Finding::Note(format!("{name} is made at the first start: keep a copy apart from the backups"))
        };
    };
    if let Err(error) = MasterKey::from_file(&file) {
        return Finding::Wrong(error.to_string());
    }
    if found.permissions().mode() & 0o077 != 0 {
        return Finding::Wrong(format!("{name} can be read by other users of this machine: chmod 600 {name}"));
    }
    Finding::Well(format!("{name} holds a key and is closed to others"))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::path::PathBuf;

    use super::*;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("almoner-doctor-{name}-{}", std::process::id()));
            fs::create_dir_all(path.join("keys")).expect("a directory");
            Self(path)
        }

        fn key(&self, text: &str, mode: u32) -> Finding {
            let file = self.0.join("keys/master.key");
            fs::write(&file, text).expect("written");
            fs::set_permissions(&file, Permissions::from_mode(mode)).expect("set");
            master_key(None, &self.0, true)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).ok();
        }
    }

    fn words(finding: &Finding) -> String {
        finding.to_string()
    }

    #[test]
    fn a_key_must_be_there_readable_and_closed_to_others() {
        let scratch = Scratch::new("key");
        let key = "ab".repeat(32);
        assert!(words(&master_key(None, &scratch.0, true)).contains("is made at the first start"));
        assert!(words(&master_key(None, &scratch.0, false)).starts_with("WRONG  There is no master key"));
        assert!(words(&scratch.key(&key, 0o600)).starts_with("well"));
        assert!(words(&scratch.key(&key, 0o644)).contains("chmod 600"));
        assert!(words(&scratch.key("short", 0o600)).starts_with("WRONG"));
        assert!(words(&master_key(Some(&key.into()), &scratch.0, false)).starts_with("well"));
    }

    #[test]
    fn a_lost_key_of_a_database_with_data_is_not_taken_lightly() {
        let scratch = Scratch::new("lost");
        fs::create_dir_all(scratch.0.join("postgres/data")).expect("a directory");
        fs::write(scratch.0.join("postgres/data/PG_VERSION"), "15\n").expect("written");
        assert!(words(&master_key(None, &scratch.0, true)).contains("restore it from your copy"));
    }

    #[test]
    fn a_data_directory_may_be_still_to_make_but_not_a_file() {
        let scratch = Scratch::new("data");
        assert!(!matches!(data_directory(&scratch.0.join("a/b/c")), Finding::Wrong(_)));
        assert!(!scratch.0.join("a").exists(), "nothing is made");
        assert!(!matches!(data_directory(Path::new("./data")), Finding::Wrong(_)));
        fs::write(scratch.0.join("file"), "").expect("written");
        assert!(words(&data_directory(&scratch.0.join("file"))).contains("is not a directory"));
    }

    #[tokio::test]
    async fn an_address_that_another_program_has_taken_is_found() {
        let other = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let taken = other.local_addr().expect("its address");
        let silent = tokio::spawn(async move {
            loop {
                drop(other.accept().await);
            }
        });
        assert!(words(&address(taken).await).contains("Another program listens"));
        assert!(matches!(healthz(taken).await, Finding::Wrong(_)));
        silent.abort();
        assert!(silent.await.is_err());
        assert!(matches!(address(taken).await, Finding::Well(_)));
    }

    #[test]
    fn who_listens_everywhere_is_reached_at_home() {
        assert_eq!(reachable(SocketAddr::from(([0, 0, 0, 0], 80))), SocketAddr::from(([127, 0, 0, 1], 80)));
        assert_eq!(reachable(SocketAddr::from(([10, 0, 0, 1], 80))), SocketAddr::from(([10, 0, 0, 1], 80)));
    }
}
