use proptest::prelude::*;
use secrecy::SecretString;
use uuid::Uuid;

use super::{Audited, Keyring, MasterKey, Phi, PhiError, WrappedKey};

const ORGANIZATION: Uuid = Uuid::from_u128(0xA1);
const OTHER: Uuid = Uuid::from_u128(0xB2);
const ROW: Uuid = Uuid::from_u128(0xC3);
const MASTER: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn master() -> MasterKey {
    MasterKey::parse(&SecretString::from(MASTER)).expect("a key")
}

fn keyring() -> Keyring {
    let keys = Keyring::new(master());
    for organization in [ORGANIZATION, OTHER] {
        let key = keys.new_data_key(organization, 1).expect("a data key");
        keys.admit(organization, &[key]).expect("admitted");
    }
    keys
}

fn shown(value: &Phi<String>) -> &str {
    value.reveal(&Audited::for_test())
}

#[test]
fn a_sealed_value_opens_where_it_belongs() {
    let keys = keyring();
    let sealed = keys.seal(ORGANIZATION, "patient", "phone", ROW, "+44 7700 900123").expect("sealed");
    assert!(!sealed.windows(4).any(|part| part == b"7700"));
    let opened = keys.open(ORGANIZATION, "patient", "phone", ROW, &sealed).expect("opened");
    assert_eq!(shown(&opened), "+44 7700 900123");
    assert_eq!(format!("{opened:?}"), "Phi(…)");
}

#[test]
fn a_moved_ciphertext_does_not_open() {
    let keys = keyring();
    let sealed = keys.seal(ORGANIZATION, "patient", "phone", ROW, "07700 900123").expect("sealed");
    let moved = [
        keys.open(OTHER, "patient", "phone", ROW, &sealed),
        keys.open(ORGANIZATION, "patient_contact", "phone", ROW, &sealed),
        keys.open(ORGANIZATION, "patient", "email", ROW, &sealed),
        keys.open(ORGANIZATION, "patient", "phone", Uuid::from_u128(4), &sealed),
    ];
    for attempt in moved {
        assert!(matches!(attempt, Err(PhiError::DoesNotOpen { .. })));
    }
}

#[test]
fn truncated_and_unknown_versions_are_told_apart_from_tampering() {
    let keys = keyring();
    let open = |bytes: &[u8]| keys.open(ORGANIZATION, "patient", "phone", ROW, bytes).map(|_| ());
    let sealed = keys.seal(ORGANIZATION, "patient", "phone", ROW, "").expect("sealed");
    assert!(open(&sealed).is_ok());
    for length in 0..sealed.len() {
        assert!(matches!(open(&sealed[..length]), Err(PhiError::Malformed { .. })), "{length} bytes");
    }
    let mut other_version = sealed.clone();
    other_version[0] = 2;
    assert!(matches!(open(&other_version), Err(PhiError::Malformed { .. })));
    let mut other_key = sealed.clone();
    other_key[1] = 9;
    let error = open(&other_key).expect_err("no such key");
    assert_eq!(
        error.to_string(),
        format!("data key 9 of organization {ORGANIZATION} is missing, and patient.phone of row {ROW} needs it")
    );
}

#[test]
fn another_master_key_is_named_not_guessed() {
    let stored = keyring().new_data_key(ORGANIZATION, 1).expect("a data key");
    let keys = Keyring::new(MasterKey::random());
    let error = keys.admit(ORGANIZATION, std::slice::from_ref(&stored)).expect_err("wrapped by another key");
    assert!(
        matches!(&error, PhiError::OtherMasterKey { wrapped_by, .. } if *wrapped_by == hex::encode(master().fingerprint()))
    );
    assert!(!error.to_string().contains(MASTER));
    assert!(matches!(keys.seal(ORGANIZATION, "patient", "phone", ROW, "1"), Err(PhiError::NoDataKey { .. })));
    // A key of one organization cannot be planted in another, nor under another number.
    let keys = Keyring::new(master());
    assert!(matches!(keys.admit(OTHER, std::slice::from_ref(&stored)), Err(PhiError::DamagedDataKey { .. })));
    assert!(matches!(
        keys.admit(ORGANIZATION, &[WrappedKey { key_id: 2, ..stored.clone() }]),
        Err(PhiError::DamagedDataKey { .. })
    ));
    assert!(matches!(keys.admit(ORGANIZATION, &[]), Err(PhiError::NoDataKey { .. })));
    assert!(keys.admit(ORGANIZATION, &[stored]).is_ok());
}

#[test]
fn rotation_reseals_old_values_and_keeps_the_blind_index() {
    let keys = Keyring::new(master());
    let first = keys.new_data_key(ORGANIZATION, 1).expect("a data key");
    keys.admit(ORGANIZATION, std::slice::from_ref(&first)).expect("admitted");
    let old = keys.seal(ORGANIZATION, "patient", "phone", ROW, "07700 900123").expect("sealed");
    let index = keys.blind_index(ORGANIZATION, "patient", "phone", "447700900123").expect("indexed");

    let second = keys.new_data_key(ORGANIZATION, 2).expect("a data key");
    keys.admit(ORGANIZATION, &[second, first]).expect("admitted");
    let new = keys.reseal(ORGANIZATION, "patient", "phone", ROW, &old).expect("resealed").expect("was old");
    assert_eq!((old[1], new[1]), (1, 2));
    assert!(keys.reseal(ORGANIZATION, "patient", "phone", ROW, &new).expect("resealed").is_none());
    assert_eq!(shown(&keys.open(ORGANIZATION, "patient", "phone", ROW, &new).expect("opened")), "07700 900123");
    assert_eq!(keys.blind_index(ORGANIZATION, "patient", "phone", "447700900123").expect("indexed"), index);
}

#[test]
fn replacing_the_master_key_keeps_every_record_readable() {
    let keys = Keyring::new(master());
    let stored = keys.new_data_key(ORGANIZATION, 1).expect("a data key");
    keys.admit(ORGANIZATION, std::slice::from_ref(&stored)).expect("admitted");
    let sealed = keys.seal(ORGANIZATION, "patient", "phone", ROW, "07700 900123").expect("sealed");

    let replacement = MasterKey::random();
    let rewrapped = keys.rewrap(ORGANIZATION, &stored, &replacement).expect("rewrapped");
    let keys = Keyring::new(replacement);
    keys.admit(ORGANIZATION, &[rewrapped]).expect("admitted");
    assert_eq!(shown(&keys.open(ORGANIZATION, "patient", "phone", ROW, &sealed).expect("opened")), "07700 900123");
}

#[test]
fn a_blind_index_differs_by_organization_and_column() {
    let keys = keyring();
    let index = |organization, column| keys.blind_index(organization, "patient", column, "12").expect("indexed");
    assert_eq!(index(ORGANIZATION, "phone"), index(ORGANIZATION, "phone"));
    assert_ne!(index(ORGANIZATION, "phone"), index(OTHER, "phone"));
    assert_ne!(index(ORGANIZATION, "phone"), index(ORGANIZATION, "email"));
}

#[test]
fn the_master_key_file_is_made_once_and_only_for_its_owner() {
    use std::os::unix::fs::PermissionsExt as _;
    let path = std::env::temp_dir().join(format!("almoner-master-{}", hex::encode(MasterKey::random().fingerprint())));
    let made = MasterKey::from_file_or_new(&path).expect("made");
    let read = MasterKey::from_file_or_new(&path).expect("read");
    let mode = std::fs::metadata(&path).expect("a file").permissions().mode();
    std::fs::remove_file(&path).expect("removed");
    assert_eq!(made.fingerprint(), read.fingerprint());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_master_key_of_the_wrong_size_is_refused_without_being_repeated() {
    for text in ["", "# only a comment\n", "abcd", "zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"] {
        let error = MasterKey::parse(&SecretString::from(text)).err().expect("refused");
        assert!(text.len() < 5 || !error.to_string().contains(text));
    }
    let base64 = SecretString::from("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n");
    assert_eq!(MasterKey::parse(&base64).expect("a key").fingerprint(), master().fingerprint());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_value_comes_back_and_no_changed_byte_passes(value in ".{0,200}", at: prop::sample::Index, flip in 1u8..) {
        let keys = keyring();
        let mut sealed = keys.seal(ORGANIZATION, "note", "plan", ROW, &value).expect("sealed");
        let opened = keys.open(ORGANIZATION, "note", "plan", ROW, &sealed).expect("opened");
        prop_assert_eq!(shown(&opened), &value);
        let at = at.index(sealed.len());
        sealed[at] ^= flip;
        prop_assert!(keys.open(ORGANIZATION, "note", "plan", ROW, &sealed).is_err());
    }

    #[test]
    fn arbitrary_bytes_never_open(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        prop_assert!(keyring().open(ORGANIZATION, "note", "plan", ROW, &bytes).is_err());
    }
}
