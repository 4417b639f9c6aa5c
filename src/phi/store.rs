//! The data keys as the database keeps them.

use crate::db::Tx;
use crate::error::Result;
use crate::ids::{OrganizationId, new_uuid};

use super::{Keyring, WrappedKey};

/// Sees to it that the keyring knows `organization`: one query the first time, nothing afterwards.
///
/// # Errors
/// Where the database does not answer, or the organization's keys do not open with the master key.
pub async fn load(tx: &mut Tx, keys: &Keyring, organization: OrganizationId) -> Result<()> {
    if keys.knows(organization) {
        return Ok(());
    }
    let rows = sqlx::query!(
        "SELECT key_id, wrapped FROM data_key WHERE organization_id = $1 ORDER BY key_id",
        organization.uuid()
    )
    .fetch_all(&mut **tx)
    .await?;
    let wrapped: Vec<WrappedKey> = rows
        .into_iter()
        .filter_map(|row| Some(WrappedKey { key_id: u8::try_from(row.key_id).ok()?, wrapped: row.wrapped }))
        .collect();
    keys.admit(organization, &wrapped).map_err(anyhow::Error::from)?;
    Ok(())
}

/// Makes the first data key of a new organization.
///
/// # Errors
/// Where the database refuses it.
pub async fn create(conn: &mut sqlx::PgConnection, keys: &Keyring, organization: OrganizationId) -> anyhow::Result<()> {
    let key = keys.new_data_key(organization, 1)?;
    sqlx::query!(
        "INSERT INTO data_key (organization_id, id, key_id, wrapped) VALUES ($1, $2, $3, $4)",
        organization.uuid(),
        new_uuid(),
        i16::from(key.key_id),
        key.wrapped,
    )
    .execute(conn)
    .await?;
    keys.admit(organization, &[key])?;
    Ok(())
}
