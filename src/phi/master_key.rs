//! The one key that is not in the database: it wraps each organization's data key.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::RngCore as _;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::PhiError;

/// Bytes of a key for AES-256.
pub(super) const KEY_BYTES: usize = 32;

/// Written above the key, because the file outlives the memory of whoever finds it.
const FILE_NOTE: &str = "# Almoner's master key. Without it no encrypted field can be read again: keep a copy apart from the database's backups.\n";

/// The master key. Read once at start, held in memory, wiped on drop.
pub struct MasterKey(Zeroizing<[u8; KEY_BYTES]>);

impl MasterKey {
    /// Reads 32 bytes written as 64 hexadecimal digits or as base64.
    pub fn parse(text: &SecretString) -> Result<Self, PhiError> {
        let line = text.expose_secret().lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
        let line = line.ok_or_else(|| PhiError::MasterKey("the master key is empty".into()))?;
        let bytes = match line.len() {
            64 => hex::decode(line).ok(),
            _ => STANDARD.decode(line).ok(),
        };
        let bytes = bytes.map(Zeroizing::new).ok_or_else(unreadable)?;
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        if bytes.len() != KEY_BYTES {
            return Err(unreadable());
        }
        key.copy_from_slice(&bytes);
        Ok(Self(key))
    }

    /// Reads the key from a file.
    pub fn from_file(path: &Path) -> Result<Self, PhiError> {
        let text = fs::read_to_string(path).map_err(|error| {
            PhiError::MasterKey(format!("the master key file {} cannot be read: {error}", path.display()))
        })?;
        let open_to_others = fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0);
        if open_to_others {
            // A warning only: secrets mounted into containers are often world-readable inside them.
            tracing::warn!(path = %path.display(), "The master key file can be read by other users of this machine: chmod 600 it");
        }
        Self::parse(&SecretString::from(text))
    }

    /// Reads the key from a file, or makes both at the first start of a private instance.
    ///
    /// Not for a server that was given DATABASE_URL: replicas must share one key, so there it has to be configured.
    pub fn from_file_or_new(path: &Path) -> Result<Self, PhiError> {
        if path.exists() {
            return Self::from_file(path);
        }
        let key = Self::random();
        match key.write_new(path) {
            // Somebody else was quicker: theirs is the key.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Self::from_file(path),
            Err(error) => {
                Err(PhiError::MasterKey(format!("the master key file {} cannot be written: {error}", path.display())))
            }
            Ok(()) => {
                tracing::info!(path = %path.display(), "Made a new master key: keep a copy of {} apart from the backups", path.display());
                Ok(key)
            }
        }
    }

    /// A new key from the operating system's randomness.
    #[must_use]
    pub fn random() -> Self {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        rand::rng().fill_bytes(key.as_mut());
        Self(key)
    }

    /// Eight bytes that tell keys apart and reveal nothing of them.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 8] {
        let digest = Sha256::new().chain_update(b"almoner/v1/master-key").chain_update(self.0.as_ref()).finalize();
        let mut fingerprint = [0; 8];
        fingerprint.copy_from_slice(&digest[..8]);
        fingerprint
    }

    pub(super) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    fn write_new(&self, path: &Path) -> std::io::Result<()> {
        if let Some(folder) = path.parent().filter(|folder| !folder.exists()) {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        let line = Zeroizing::new(format!("{FILE_NOTE}{}\n", Zeroizing::new(hex::encode(self.0.as_ref())).as_str()));
        file.write_all(line.as_bytes())?;
        // The first encrypted row must not survive a power cut that its key did not.
        file.sync_all()?;
        path.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
    }
}

fn unreadable() -> PhiError {
    PhiError::MasterKey("the master key must be 32 bytes, as 64 hexadecimal digits or as base64".into())
}
