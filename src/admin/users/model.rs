//! Who may do what to whose account.

use crate::access::{Actor, Facilities, Role};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{FacilityId, UserId};

/// The state of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Active,
    Invited,
    Suspended,
}

impl Status {
    pub(super) fn read(text: &str) -> Self {
        match text {
            "ACTIVE" => Self::Active,
            "INVITED" => Self::Invited,
            _ => Self::Suspended,
        }
    }

    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Invited => "Invited",
            Self::Suspended => "Suspended",
        }
    }

    pub(super) const fn tone(self) -> &'static str {
        match self {
            Self::Active => "ok",
            Self::Invited => "info",
            Self::Suspended => "none",
        }
    }
}

/// One line of the list.
#[derive(Debug)]
pub(super) struct Line {
    pub id: UserId,
    pub name: String,
    pub email: String,
    pub status: String,
    pub roles: String,
    pub last_sign_in_at: Option<Timestamp>,
    pub reset_asked_at: Option<Timestamp>,
    pub second_factor: bool,
}

impl Line {
    pub(super) fn state(&self) -> Status {
        Status::read(&self.status)
    }
}

/// One person, in full.
#[derive(Debug)]
pub(super) struct Person {
    pub id: UserId,
    pub name: String,
    pub email: String,
    pub department: Option<String>,
    pub status: String,
    pub created_at: Timestamp,
    pub created_by_id: Option<uuid::Uuid>,
    pub last_sign_in_at: Option<Timestamp>,
    pub reset_asked_at: Option<Timestamp>,
    pub second_factor_since: Option<Timestamp>,
    pub sessions: Option<i64>,
}

impl Person {
    pub(super) fn state(&self) -> Status {
        Status::read(&self.status)
    }
}

/// A role of a person.
#[derive(Debug)]
pub(super) struct Membership {
    pub id: uuid::Uuid,
    pub role: String,
    pub facility: Option<String>,
    pub starts_on: chrono::NaiveDate,
    pub ends_on: Option<chrono::NaiveDate>,
}

impl Membership {
    pub(super) fn label(&self) -> &'static str {
        self.role.parse::<Role>().map_or("", Role::label)
    }
}

/// The roles that `actor` may give: administrators all that staff have, managers carers for their homes. Patients get
/// their accounts from their record.
pub(super) fn roles_to_give(actor: &Actor) -> Vec<Role> {
    match actor.role {
        Role::Admin => Role::ALL.into_iter().filter(|role| *role != Role::Patient).collect(),
        Role::Manager => vec![Role::Carer],
        Role::Patient
        | Role::Clinician
        | Role::MedicalAssistant
        | Role::Clerk
        | Role::Chair
        | Role::Caseworker
        | Role::Carer
        | Role::Owner
        | Role::Compliance => Vec::new(),
    }
}

/// Whether a role may be given for this place: a manager's only for one of their own.
pub(super) fn may_give(actor: &Actor, role: Role, facility: Option<FacilityId>) -> bool {
    let place = match (&actor.facilities, facility) {
        (Facilities::All, _) => true,
        (Facilities::Only(list), Some(facility)) => list.contains(&facility),
        (Facilities::Only(_), None) => actor.role == Role::Admin,
    };
    roles_to_give(actor).contains(&role) && place
}

/// Nobody suspends, resets or promotes themselves: that takes a second person, and leaves the organization at least the
/// administrator who acts.
pub(super) fn not_oneself(actor: &Actor, user: UserId) -> Result<()> {
    if actor.user == user {
        return Err(Error::Conflict("This is your own account. Another administrator has to do this.".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_from_the_schema() {
        for (text, state) in
            [("ACTIVE", Status::Active), ("INVITED", Status::Invited), ("SUSPENDED", Status::Suspended)]
        {
            assert_eq!(Status::read(text), state);
        }
    }
}
