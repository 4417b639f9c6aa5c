//! The person behind a request.

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{Permission, Role};
use crate::clock::Timestamp;
use crate::ids::{FacilityId, OrganizationId, SessionId, UserId};

/// The facilities whose records an actor may touch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Facilities {
    /// Every facility of the organization.
    All,
    /// These only.
    Only(Vec<FacilityId>),
}

impl Facilities {
    /// Whether a record of `facility` lies within.
    #[must_use]
    pub fn contains(&self, facility: FacilityId) -> bool {
        match self {
            Self::All => true,
            Self::Only(list) => list.contains(&facility),
        }
    }
}

/// How a person likes pages to look. Kept on the server, so there is no flash and no script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    /// `system`, `light` or `dark`.
    pub theme: String,
    /// `compact`, `dense` or `roomy`.
    pub density: String,
    /// BCP 47, for example `en-GB`.
    pub locale: String,
    /// Whether single-key shortcuts are on (WCAG 2.1.4).
    pub shortcuts: bool,
}

/// The person behind a request, in the role they chose, with everything that a page needs to know of them.
///
/// Comes from one query per request (see `accounts::session_store`), so that a suspended account, an ended
/// membership or an ended session stops at the next click.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Actor {
    /// Their session.
    pub session: SessionId,
    /// Their account.
    pub user: UserId,
    /// Their tenant.
    pub organization: OrganizationId,
    /// The role they act in now.
    pub role: Role,
    /// All roles they could act in.
    pub roles: Vec<Role>,
    /// Where the current role reaches.
    pub facilities: Facilities,
    /// Name as shown: `Dr Miriam Haas`.
    pub name: String,
    /// Family name, as shown where space is short.
    pub family_name: String,
    /// `MH`.
    pub initials: String,
    /// The facility's name where there is one, else the organization's.
    pub place: String,
    /// The zone in which times are shown.
    pub zone: Tz,
    /// How pages should look.
    pub preferences: Preferences,
    /// When this session was last used, by the database's clock.
    pub last_seen_at: Timestamp,
    /// When the password was last asked for in this session.
    pub stepped_up_at: Option<Timestamp>,
}

impl Actor {
    /// Whether the current role may do `permission`.
    #[must_use]
    pub const fn may(&self, permission: Permission) -> bool {
        self.role.may(permission)
    }

    /// The facility that a page means when it says "here": the only one, where there is only one.
    #[must_use]
    pub fn home_facility(&self) -> Option<FacilityId> {
        match &self.facilities {
            Facilities::Only(list) if list.len() == 1 => list.first().copied(),
            Facilities::All | Facilities::Only(_) => None,
        }
    }

    /// The value of the setting `app.ctx` that row-level security reads: only UUIDs and enum names, so that
    /// nothing needs quoting.
    #[must_use]
    pub fn database_context(&self) -> String {
        let facilities = match &self.facilities {
            Facilities::All => "*".to_owned(),
            Facilities::Only(list) => list.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
        };
        format!("{}|{}|{}|{facilities}", self.organization, self.user, self.role.as_str())
    }
}
