//! The keys of this process: the master key, each organization's data keys, and the column keys derived from them.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use aes_gcm::aead::{Aead as _, AeadInPlace as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use rand::RngCore as _;
use sha2::Sha256;
use uuid::Uuid;
use zeroize::{Zeroize as _, Zeroizing};

use super::master_key::KEY_BYTES;
use super::{MasterKey, Phi, PhiError};

/// First byte of every stored value and of every wrapped key.
const VERSION: u8 = 1;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;
/// Version and key id.
const HEADER_BYTES: usize = 2;
const FINGERPRINT_BYTES: usize = 8;

/// A row of the table data_key: an organization's data key, encrypted by the master key.
#[derive(Clone, Debug)]
pub struct WrappedKey {
    /// Number of the key within its organization; new values are sealed with the highest.
    pub key_id: u8,
    /// `version | fingerprint of the master key | nonce | ciphertext+tag`.
    pub wrapped: Vec<u8>,
}

/// Seals, opens and indexes protected values. One per process, shared; organizations are added as they are met.
pub struct Keyring {
    master: MasterKey,
    organizations: RwLock<HashMap<Uuid, Arc<OrganizationKeys>>>,
}

/// Table and column.
type Column = (&'static str, &'static str);

/// The data keys of one organization, with everything derived from them so far.
struct OrganizationKeys {
    /// Ascending by key id, never empty.
    data_keys: Vec<(u8, Zeroizing<[u8; KEY_BYTES]>)>,
    /// Deriving costs more than decrypting, so each column's cipher is made once.
    ciphers: RwLock<HashMap<(u8, Column), Arc<Aes256Gcm>>>,
    indexes: RwLock<HashMap<Column, Hmac<Sha256>>>,
}

impl Keyring {
    /// A keyring that knows no organization yet.
    pub fn new(master: MasterKey) -> Self {
        Self { master, organizations: RwLock::default() }
    }

    /// Whether the organization's keys are here already.
    pub fn knows(&self, organization: impl Into<Uuid>) -> bool {
        read(&self.organizations).contains_key(&organization.into())
    }

    /// Unwraps an organization's data keys as the database holds them, replacing what was known of it.
    pub fn admit(&self, organization: impl Into<Uuid>, keys: &[WrappedKey]) -> Result<(), PhiError> {
        let organization = organization.into();
        let mut data_keys = Vec::with_capacity(keys.len());
        for key in keys {
            data_keys.push((key.key_id, self.unwrap(organization, key)?));
        }
        if data_keys.is_empty() {
            return Err(PhiError::NoDataKey { organization });
        }
        data_keys.sort_unstable_by_key(|(key_id, _)| *key_id);
        let keys = OrganizationKeys { data_keys, ciphers: RwLock::default(), indexes: RwLock::default() };
        write(&self.organizations).insert(organization, Arc::new(keys));
        Ok(())
    }

    /// A new random data key for an organization, to be stored in data_key and then admitted.
    pub fn new_data_key(&self, organization: impl Into<Uuid>, key_id: u8) -> Result<WrappedKey, PhiError> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        rand::rng().fill_bytes(key.as_mut());
        wrap(&self.master, organization.into(), key_id, &key)
    }

    /// The same data key wrapped by another master key: how the master key is replaced, without touching any record.
    pub fn rewrap(
        &self,
        organization: impl Into<Uuid>,
        key: &WrappedKey,
        new_master: &MasterKey,
    ) -> Result<WrappedKey, PhiError> {
        let organization = organization.into();
        wrap(new_master, organization, key.key_id, &*self.unwrap(organization, key)?)
    }

    /// Encrypts a value for one column of one row.
    pub fn seal(
        &self,
        organization: impl Into<Uuid>,
        table: &'static str,
        column: &'static str,
        row: impl Into<Uuid>,
        value: &str,
    ) -> Result<Vec<u8>, PhiError> {
        let (organization, row) = (organization.into(), row.into());
        let keys = self.organization(organization)?;
        let key_id = keys.newest();
        let cipher = keys.cipher(key_id, table, column).ok_or(PhiError::NoDataKey { organization })?;
        let mut sealed = Vec::with_capacity(HEADER_BYTES + NONCE_BYTES + value.len() + TAG_BYTES);
        sealed.extend([VERSION, key_id]);
        sealed.extend(new_nonce());
        sealed.extend(value.as_bytes());
        let (head, body) = sealed.split_at_mut(HEADER_BYTES + NONCE_BYTES);
        let tag = cipher
            .encrypt_in_place_detached(
                Nonce::from_slice(&head[HEADER_BYTES..]),
                &place(organization, table, column, row),
                body,
            )
            .map_err(|_| PhiError::DoesNotSeal { table, column, row })?;
        sealed.extend_from_slice(&tag);
        Ok(sealed)
    }

    /// Encrypts a value that is already in protection.
    pub fn seal_phi(
        &self,
        organization: impl Into<Uuid>,
        table: &'static str,
        column: &'static str,
        row: impl Into<Uuid>,
        value: &Phi<String>,
    ) -> Result<Vec<u8>, PhiError> {
        self.seal(organization, table, column, row, value.to_seal())
    }

    /// Decrypts what [`Keyring::seal`] made for the same organization, table, column and row.
    pub fn open(
        &self,
        organization: impl Into<Uuid>,
        table: &'static str,
        column: &'static str,
        row: impl Into<Uuid>,
        sealed: &[u8],
    ) -> Result<Phi<String>, PhiError> {
        let (organization, row) = (organization.into(), row.into());
        let [VERSION, key_id, rest @ ..] = sealed else {
            return Err(PhiError::Malformed { table, column, row });
        };
        if rest.len() < NONCE_BYTES + TAG_BYTES {
            return Err(PhiError::Malformed { table, column, row });
        }
        let cipher = self.organization(organization)?.cipher(*key_id, table, column);
        let cipher = cipher.ok_or(PhiError::MissingDataKey { organization, key_id: *key_id, table, column, row })?;
        let (nonce, ciphertext) = rest.split_at(NONCE_BYTES);
        let payload = Payload { msg: ciphertext, aad: &place(organization, table, column, row) };
        let plain = cipher.decrypt(Nonce::from_slice(nonce), payload);
        let plain = plain.map_err(|_| PhiError::DoesNotOpen { table, column, row })?;
        String::from_utf8(plain).map(Phi::new).map_err(|error| {
            error.into_bytes().zeroize();
            PhiError::DoesNotOpen { table, column, row }
        })
    }

    /// The value sealed anew with the newest data key, or nothing where it already is: one step of a rotation.
    pub fn reseal(
        &self,
        organization: impl Into<Uuid>,
        table: &'static str,
        column: &'static str,
        row: impl Into<Uuid>,
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, PhiError> {
        let (organization, row) = (organization.into(), row.into());
        if sealed.first() == Some(&VERSION) && sealed.get(1) == Some(&self.organization(organization)?.newest()) {
            return Ok(None);
        }
        let value = self.open(organization, table, column, row, sealed)?;
        self.seal_phi(organization, table, column, row, &value).map(Some)
    }

    /// What to look for, or to store, in a `_bidx` column: HMAC of a value spelled by [`super::normalise`].
    ///
    /// It comes from the organization's oldest data key, so that rotating data keys does not move it and unique
    /// constraints keep holding.
    pub fn blind_index(
        &self,
        organization: impl Into<Uuid>,
        table: &'static str,
        column: &'static str,
        normalised: &str,
    ) -> Result<Vec<u8>, PhiError> {
        let organization = organization.into();
        let index = self.organization(organization)?.index(table, column);
        let mut index = index.ok_or(PhiError::NoDataKey { organization })?;
        index.update(normalised.as_bytes());
        Ok(index.finalize().into_bytes().to_vec())
    }

    /// Number of the data key with which an organization seals what is new.
    pub fn newest_key(&self, organization: impl Into<Uuid>) -> Result<u8, PhiError> {
        Ok(self.organization(organization.into())?.newest())
    }

    /// What seals and opens one file: a cipher with a key of its own, by the file's salt, and the place it is bound to.
    pub fn file_cipher(
        &self,
        organization: impl Into<Uuid>,
        version: Uuid,
        key_id: u8,
        salt: &[u8],
    ) -> Result<(Aes256Gcm, Vec<u8>), PhiError> {
        const TABLE: &str = "document_version";
        const COLUMN: &str = "content";
        let organization = organization.into();
        let keys = self.organization(organization)?;
        let missing = PhiError::MissingDataKey { organization, key_id, table: TABLE, column: COLUMN, row: version };
        let Some((_, data_key)) = keys.data_keys.iter().find(|(id, _)| *id == key_id) else { return Err(missing) };
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        let info = ["almoner/v1", "file", TABLE, COLUMN].join("|");
        if Hkdf::<Sha256>::new(Some(salt), data_key.as_ref()).expand(info.as_bytes(), key.as_mut()).is_err() {
            return Err(missing);
        }
        Ok((Aes256Gcm::new((&*key).into()), place(organization, TABLE, COLUMN, version)))
    }

    /// A signature by this instance, for what is kept outside the database. `purpose` separates uses.
    #[must_use]
    pub fn sign(&self, purpose: &'static str, message: &str) -> Vec<u8> {
        let key = derive(self.master.bytes(), "sign", purpose, "");
        let mac = key.and_then(|key| <Hmac<Sha256> as Mac>::new_from_slice(key.as_ref()).ok());
        // Neither step can fail for keys of this size; an empty signature would verify nothing.
        mac.map(|mac| mac.chain_update(message.as_bytes()).finalize().into_bytes().to_vec()).unwrap_or_default()
    }

    fn organization(&self, organization: Uuid) -> Result<Arc<OrganizationKeys>, PhiError> {
        read(&self.organizations).get(&organization).cloned().ok_or(PhiError::NoDataKey { organization })
    }

    fn unwrap(&self, organization: Uuid, key: &WrappedKey) -> Result<Zeroizing<[u8; KEY_BYTES]>, PhiError> {
        let key_id = key.key_id;
        let damaged = || PhiError::DamagedDataKey { organization, key_id };
        let rest = key.wrapped.strip_prefix(&[VERSION]).ok_or_else(damaged)?;
        let (fingerprint, rest) = rest.split_at_checked(FINGERPRINT_BYTES).ok_or_else(damaged)?;
        let given = self.master.fingerprint();
        if fingerprint != given {
            let (wrapped_by, given) = (hex::encode(fingerprint), hex::encode(given));
            return Err(PhiError::OtherMasterKey { organization, key_id, wrapped_by, given });
        }
        let (nonce, ciphertext) = rest.split_at_checked(NONCE_BYTES).ok_or_else(damaged)?;
        let aad = wrap_place(organization, key_id);
        let plain = Aes256Gcm::new(self.master.bytes().into())
            .decrypt(Nonce::from_slice(nonce), Payload { msg: ciphertext, aad: &aad })
            .map(Zeroizing::new)
            .map_err(|_| damaged())?;
        let mut data_key = Zeroizing::new([0; KEY_BYTES]);
        if plain.len() != KEY_BYTES {
            return Err(damaged());
        }
        data_key.copy_from_slice(&plain);
        Ok(data_key)
    }
}

impl OrganizationKeys {
    fn newest(&self) -> u8 {
        self.data_keys.last().map_or(0, |(key_id, _)| *key_id)
    }

    fn cipher(&self, key_id: u8, table: &'static str, column: &'static str) -> Option<Arc<Aes256Gcm>> {
        if let Some(cipher) = read(&self.ciphers).get(&(key_id, (table, column))) {
            return Some(Arc::clone(cipher));
        }
        let (_, data_key) = self.data_keys.iter().find(|(id, _)| *id == key_id)?;
        let key = derive(data_key, "seal", table, column)?;
        let cipher = Arc::new(Aes256Gcm::new((&*key).into()));
        write(&self.ciphers).insert((key_id, (table, column)), Arc::clone(&cipher));
        Some(cipher)
    }

    fn index(&self, table: &'static str, column: &'static str) -> Option<Hmac<Sha256>> {
        if let Some(index) = read(&self.indexes).get(&(table, column)) {
            return Some(index.clone());
        }
        let (_, oldest) = self.data_keys.first()?;
        let key = derive(oldest, "index", table, column)?;
        let index = <Hmac<Sha256> as Mac>::new_from_slice(key.as_ref()).ok()?;
        write(&self.indexes).insert((table, column), index.clone());
        Some(index)
    }
}

/// One key per purpose and column from the organization's data key.
fn derive(data_key: &[u8; KEY_BYTES], purpose: &str, table: &str, column: &str) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    let info = ["almoner/v1", purpose, table, column].join("|");
    // HKDF-SHA-256 refuses only outputs longer than 8,160 bytes.
    Hkdf::<Sha256>::new(None, data_key).expand(info.as_bytes(), key.as_mut()).ok()?;
    Some(key)
}

fn wrap(
    master: &MasterKey,
    organization: Uuid,
    key_id: u8,
    data_key: &[u8; KEY_BYTES],
) -> Result<WrappedKey, PhiError> {
    let nonce = new_nonce();
    let aad = wrap_place(organization, key_id);
    let ciphertext = Aes256Gcm::new(master.bytes().into())
        .encrypt(Nonce::from_slice(&nonce), Payload { msg: data_key, aad: &aad })
        .map_err(|_| PhiError::DamagedDataKey { organization, key_id })?;
    let wrapped = [[VERSION].as_slice(), &master.fingerprint(), &nonce, &ciphertext].concat();
    Ok(WrappedKey { key_id, wrapped })
}

/// What a value is bound to: `organization|table|column|row id`.
fn place(organization: Uuid, table: &str, column: &str, row: Uuid) -> Vec<u8> {
    let mut buffer = Uuid::encode_buffer();
    let mut place = Vec::with_capacity(2 * buffer.len() + table.len() + column.len() + 3);
    place.extend_from_slice(organization.hyphenated().encode_lower(&mut buffer).as_bytes());
    for part in [table, column] {
        place.push(b'|');
        place.extend_from_slice(part.as_bytes());
    }
    place.push(b'|');
    place.extend_from_slice(row.hyphenated().encode_lower(&mut buffer).as_bytes());
    place
}

/// What a wrapped data key is bound to.
fn wrap_place(organization: Uuid, key_id: u8) -> Vec<u8> {
    format!("{organization}|data_key|{key_id}").into_bytes()
}

/// Random: at 96 bits, a column key may seal four thousand million values before chance matters.
fn new_nonce() -> [u8; NONCE_BYTES] {
    let mut nonce = [0; NONCE_BYTES];
    rand::rng().fill_bytes(&mut nonce);
    nonce
}

/// Keys are only ever inserted whole, so a panic elsewhere while holding the lock leaves them usable.
fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
