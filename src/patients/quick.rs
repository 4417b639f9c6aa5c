//! The few patients that a search from anywhere shows.

use super::find::{self, Search};
use super::handlers::list::{matching, record_view, wanted};
use super::list::List;
use super::pages::{HeaderRow, PatientRow};
use super::queries;
use crate::access::Permission;
use crate::db::Tx;
use crate::error::Result;
use crate::facilities;
use crate::ids::PatientId;
use crate::web::Ctx;

/// One patient found.
#[derive(Debug)]
pub struct Hit {
    /// Their chart; none for those who may know the name only.
    pub href: Option<String>,
    /// `OKAFOR, Adaeze (Ms)`
    pub name: String,
    /// `Born 14-Jul-1958 (68y) · Female · MRN 104 2331`
    pub facts: String,
}

/// Seals what was typed for an address; see [`find`].
///
/// # Errors
/// Where it is longer than any name, or the keys are not at hand.
pub async fn sealed(ctx: &Ctx, tx: &mut Tx, typed: &str) -> Result<Option<String>> {
    let keys = ctx.app.keys(tx, ctx.actor.organization).await?;
    find::seal(keys, &ctx.actor, typed)
}

/// What was typed, from an address; none where somebody else typed it.
///
/// # Errors
/// Where the keys are not at hand.
pub async fn opened(ctx: &Ctx, tx: &mut Tx, token: &str) -> Result<Option<String>> {
    let keys = ctx.app.keys(tx, ctx.actor.organization).await?;
    Ok(find::open(keys, &ctx.actor, token))
}

/// At most `limit` patients who match what was typed. That they were shown is recorded.
///
/// # Errors
/// Where the database or the keys fail.
pub async fn patients(ctx: &Ctx, tx: &mut Tx, typed: &str, limit: usize) -> Result<Vec<Hit>> {
    let keys = ctx.app.keys(tx, ctx.actor.organization).await?;
    let search = find::search(keys, &ctx.actor, typed)?;
    if !ctx.actor.may(Permission::ViewPatients) {
        return headers(ctx, tx, &search, limit).await;
    }
    let list = List { find: Some(String::new()), ..List::default() };
    let facilities = facilities::within_reach(tx, &ctx.actor).await?;
    let kind = search.kind();
    let found = matching(tx, &wanted(ctx, &list, &facilities, limit), Some(&search), &list).await?;
    let ids: Vec<PatientId> = found.into_iter().map(|(id, _)| id).collect();
    let rows = queries::list::rows(tx, ctx.actor.organization, &ids, false).await?;
    let audited = record_view(ctx, tx, ids, "search", Some(kind)).await?;
    let hit = |row| {
        let row = PatientRow::new(row, ctx, keys, ctx.today(), &audited)?;
        let born = row.born.map_or_else(|| "birth not known".to_owned(), |born| format!("Born {born}"));
        let mrn = row.mrn.unwrap_or_else(|| "none".to_owned());
        Ok(Hit {
            href: Some(row.href),
            name: row.name,
            facts: format!("{born} · {} · MRN {mrn} · {}", row.sex, row.facility),
        })
    };
    rows.into_iter().map(hit).collect()
}

async fn headers(ctx: &Ctx, tx: &mut Tx, search: &Search, limit: usize) -> Result<Vec<Hit>> {
    let most = i32::try_from(limit).unwrap_or(i32::MAX);
    let found = match search {
        Search::Name(key) => queries::list::headers_by_name(tx, key, most).await?,
        Search::Number { record, .. } => queries::list::header_by_number(tx, record).await?,
        Search::Email(_) | Search::Nothing => Vec::new(),
    };
    let shown = found.iter().map(|row| row.id).collect();
    let audited = record_view(ctx, tx, shown, "search", Some(search.kind())).await?;
    let hit = |row| {
        let row = HeaderRow::new(row, ctx, ctx.app.keyring(), &audited)?;
        Ok(Hit { href: None, name: row.name, facts: format!("MRN {}", row.mrn.unwrap_or_else(|| "none".to_owned())) })
    };
    found.into_iter().map(hit).collect()
}
