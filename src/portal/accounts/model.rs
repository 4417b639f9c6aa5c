//! An account, where it stands, and the offer of one.

use chrono::NaiveDate;
use uuid::Uuid;

use super::form::field_of;
use crate::clock::Timestamp;
use crate::ids::UserId;
use crate::named::named;
use crate::patients::fields::Typed;
use crate::web::whom::{Relationship, Scope};

named! {
    /// Where a portal account stands. The schema keeps the same rules (`kit.portal_account_guard`).
    Standing {
        /// Not accepted yet.
        Invited = "INVITED", "Invited";
        /// In use.
        Active = "ACTIVE", "Active";
        /// Stopped for now.
        Suspended = "SUSPENDED", "Suspended";
        /// Ended for good.
        Revoked = "REVOKED", "Revoked";
    }
}

impl Standing {
    /// Where staff may take it from here.
    pub(in crate::portal) const fn moves(self) -> &'static [Self] {
        match self {
            Self::Invited => &[Self::Revoked],
            Self::Active => &[Self::Suspended, Self::Revoked],
            Self::Suspended => &[Self::Active, Self::Revoked],
            Self::Revoked => &[],
        }
    }

    /// Whether a move to it asks for the reason.
    pub(in crate::portal) const fn asks_why(self) -> bool {
        matches!(self, Self::Suspended | Self::Revoked)
    }

    /// The button that leads to it.
    pub(in crate::portal) const fn verb(self) -> &'static str {
        match self {
            Self::Invited => "Invite",
            Self::Active => "Let them in again",
            Self::Suspended => "Suspend",
            Self::Revoked => "Revoke for good",
        }
    }

    /// The class of its tag.
    pub(in crate::portal) const fn tone(self) -> &'static str {
        match self {
            Self::Invited => "warn",
            Self::Active => "ok",
            Self::Suspended => "high",
            Self::Revoked => "",
        }
    }
}

/// One account, as the chart lists it.
#[derive(Debug)]
pub(in crate::portal) struct Account {
    pub id: Uuid,
    pub user: UserId,
    pub name: String,
    pub email: String,
    pub relationship: Relationship,
    pub scopes: Vec<String>,
    pub status: Standing,
    pub status_reason: Option<String>,
    pub starts_on: NaiveDate,
    pub ends_on: Option<NaiveDate>,
    pub over: bool,
    pub activated_at: Option<Timestamp>,
    pub last_sign_in_at: Option<Timestamp>,
    pub row_version: i64,
    /// Until when the latest letter is good; none where there is none that works.
    pub letter_until: Option<Timestamp>,
    /// Whether they have a password.
    pub has_signed_in: bool,
}

impl Account {
    pub(in crate::portal) fn is_self(&self) -> bool {
        self.relationship == Relationship::Myself
    }

    /// "Visits, messages"; "Everything" for the patient.
    pub(in crate::portal) fn parts(&self) -> String {
        if self.is_self() {
            return "Everything".to_owned();
        }
        let held = Scope::ALL.iter().filter(|scope| self.scopes.iter().any(|held| held == scope.as_str()));
        held.map(|scope| scope.label()).collect::<Vec<_>>().join(", ")
    }

    /// What the form to change it shows.
    pub(in crate::portal) fn typed(&self) -> Typed {
        let typed = Typed::default()
            .put_date("starts_on", Some(self.starts_on))
            .put_date("ends_on", self.ends_on)
            .put("row_version", self.row_version.to_string());
        Scope::ALL.iter().fold(typed, |typed, scope| {
            typed.put_tick(field_of(*scope), self.scopes.iter().any(|held| held == scope.as_str()))
        })
    }
}

/// Who is invited, to what.
#[derive(Debug)]
pub(in crate::portal) struct Invite {
    pub relationship: Relationship,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    pub terms: Terms,
}

/// What a proxy may see, from when until when.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::portal) struct Terms {
    pub scopes: Vec<String>,
    pub starts_on: NaiveDate,
    pub ends_on: Option<NaiveDate>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_follows_on_revoked_and_every_end_asks_why() {
        assert!(Standing::Revoked.moves().is_empty());
        for from in Standing::ALL {
            assert!(!from.moves().contains(&Standing::Invited) && !from.moves().contains(from), "{from}");
            assert_eq!(from.moves().contains(&Standing::Revoked), *from != Standing::Revoked);
        }
        assert!(Standing::Suspended.asks_why() && Standing::Revoked.asks_why() && !Standing::Active.asks_why());
    }
}
