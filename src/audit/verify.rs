//! Recomputing the chain from what the database says now.

use super::content::{GENESIS, segment_hash};
use super::heads::Head;
use super::queries;
use crate::db::Db;
use crate::error::Result;
use crate::ids::OrganizationId;

/// What verifying an organization's audit found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As it was sealed: segments and events.
    Intact { segments: i64, events: usize },
    /// The first segment that is not, and why.
    Broken { segment: i64, why: String },
}

/// Walks the chain of an organization from its beginning, and compares it with the signed heads.
pub(super) async fn organization(db: &Db, organization: OrganizationId, heads: &[Head]) -> Result<Verdict> {
    let heads: Vec<&Head> = heads.iter().filter(|head| head.organization == organization).collect();
    let (mut previous, mut number, mut events) = (GENESIS.to_vec(), 0, 0);
    let mut tx = db.begin_worker(organization).await?;
    while let Some(segment) = queries::segment(&mut tx, organization, number + 1).await? {
        number += 1;
        let broken = |why: &str| Ok(Verdict::Broken { segment: segment.number, why: why.to_owned() });
        if segment.prev_hash != previous {
            return broken("it does not continue the segment before it");
        }
        let stored = queries::sealed(&mut tx, organization, number).await?;
        if i64::try_from(stored.len()).unwrap_or(i64::MAX) != i64::from(segment.event_count) {
            return broken("events were added or removed");
        }
        if segment_hash(&previous, &stored)[..] != segment.hash[..] {
            return broken("events were changed");
        }
        if heads.iter().any(|head| head.number == number && head.hash != hex::encode(&segment.hash)) {
            return broken("its signed head says otherwise: the chain was rewritten");
        }
        events += stored.len();
        previous = segment.hash;
    }
    let last_head = heads.iter().map(|head| head.number).max().unwrap_or(0);
    let last = queries::last_segment(&mut tx, organization).await?.map_or(0, |segment| segment.number);
    if last > number || last_head > number {
        return Ok(Verdict::Broken { segment: number + 1, why: "it is missing".to_owned() });
    }
    Ok(Verdict::Intact { segments: number, events })
}
