//! Following a case: who does hears of comments and moves.

use askama::Template;
use uuid::Uuid;

use super::queries::{self, Follower};
use crate::cases::Head;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::UserId;
use crate::web::{Ctx, format};

impl Follower {
    fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }

    fn initials(&self) -> String {
        format::initials(&self.first_name, &self.last_name)
    }
}

/// Who follows, and the button.
#[derive(Debug, Template)]
#[template(path = "casework/_follow.html")]
pub struct FollowPanel {
    /// Who follows, by name.
    followers: Vec<Follower>,
    /// Whether this person does.
    mine: bool,
    /// Where the buttons go.
    action: String,
    /// The bundle on paper.
    print: String,
}

/// The panel. One statement.
///
/// # Errors
/// Where the database does not answer.
pub async fn panel(ctx: &Ctx, tx: &mut Tx, case: &Head) -> Result<FollowPanel> {
    let followers = queries::followers(tx, ctx.actor.organization, case.id).await?;
    Ok(FollowPanel {
        mine: followers.iter().any(|one| one.id == ctx.actor.user.uuid()),
        followers,
        action: format!("/cases/{}/following", case.id),
        print: format!("/cases/{}/print", case.id),
    })
}

/// Who hears of what this person does to the case: who follows it, opened it or works on it.
///
/// # Errors
/// Where the database does not answer.
pub async fn audience(ctx: &Ctx, tx: &mut Tx, case: &Head) -> Result<Vec<Uuid>> {
    let followers = queries::followers(tx, ctx.actor.organization, case.id).await?;
    let people = followers.into_iter().map(|one| one.id).chain([case.creator.uuid()]);
    let mut people: Vec<Uuid> = people.chain(case.assignee.map(UserId::uuid)).collect();
    people.retain(|one| *one != ctx.actor.user.uuid());
    people.sort_unstable();
    people.dedup();
    Ok(people)
}
