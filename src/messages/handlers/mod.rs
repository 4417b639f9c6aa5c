//! What answers a request of staff about conversations.

pub mod files;
pub mod list;
pub mod moves;
pub mod new;
pub mod show;

use crate::access::{Actor, Permission};

/// Whether somebody answers for the team of their facilities.
pub(super) const fn of_the_team(actor: &Actor) -> bool {
    actor.may(Permission::AnswerForTeam)
}
