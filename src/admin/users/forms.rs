//! What is typed into the pages about people.

use serde::Deserialize;

use super::model::may_give;
use crate::access::{Actor, Role};
use crate::ids::FacilityId;
use crate::phi::normalise;
use crate::web::form::FormErrors;

/// A person to invite.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct InviteForm {
    pub title: String,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    pub department: String,
    pub role: String,
    pub facility: String,
}

/// The same, as it can be written.
#[derive(Clone, Debug)]
pub(super) struct NewUser {
    pub title: String,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    pub department: String,
    pub role: Role,
    pub facility: Option<FacilityId>,
}

impl InviteForm {
    pub(super) fn parse(&self, actor: &Actor) -> Result<NewUser, FormErrors> {
        let mut errors = FormErrors::default();
        let email = normalise::email(&errors.required("email", &self.email, "Enter the e-mail address"));
        if !email.is_empty() && !looks_like_an_address(&email) {
            errors.add("email", "Enter an e-mail address, such as name@example.org");
        }
        let title = errors.line("title", &self.title);
        let first_name = errors.required("first_name", &self.first_name, "Enter the given name");
        let last_name = errors.required("last_name", &self.last_name, "Enter the family name");
        let department = errors.line("department", &self.department);
        let given = given(actor, &self.role, &self.facility, &mut errors);
        match given {
            Some((role, facility)) if errors.is_empty() => {
                Ok(NewUser { title, first_name, last_name, email, department, role, facility })
            }
            Some(_) | None => Err(errors),
        }
    }
}

/// A role to give.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MembershipForm {
    pub role: String,
    pub facility: String,
}

impl MembershipForm {
    pub(super) fn parse(&self, actor: &Actor) -> Result<(Role, Option<FacilityId>), FormErrors> {
        let mut errors = FormErrors::default();
        given(actor, &self.role, &self.facility, &mut errors).ok_or(errors)
    }
}

/// The role and the place, where the actor may give them.
fn given(actor: &Actor, role: &str, facility: &str, errors: &mut FormErrors) -> Option<(Role, Option<FacilityId>)> {
    let Ok(role) = role.parse::<Role>() else {
        errors.add("role", "Choose a role");
        return None;
    };
    let facility = match facility {
        "" => None,
        text => {
            let Ok(id) = text.parse() else {
                errors.add("facility", "Choose a place from the list");
                return None;
            };
            Some(id)
        }
    };
    if !may_give(actor, role, facility) {
        errors.add("facility", "Choose a role and a place that you may give");
        return None;
    }
    Some((role, facility))
}

/// What the schema asks of an address, roughly: it has the last word.
fn looks_like_an_address(email: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._%+-".contains(c);
    email.split_once('@').is_some_and(|(name, host)| {
        let end = host.rsplit('.').next().unwrap_or_default();
        !name.is_empty()
            && name.chars().all(plain)
            && host.contains('.')
            && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c))
            && end.len() >= 2
            && end.chars().all(|c| c.is_ascii_alphabetic())
            && end.len() + 1 < host.len()
    })
}

/// What somebody is looked for by.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SearchForm {
    pub q: String,
    pub show: String,
}

/// The address of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ListQuery {
    pub show: String,
    pub find: String,
    pub page: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_what_the_schema_takes() {
        for right in ["ada@example.org", "a.b+c@x-y.co.uk"] {
            assert!(looks_like_an_address(right), "{right}");
        }
        for wrong in [
            "ada",
            "@example.org",
            "ada@",
            "ada@org",
            "ada@.org",
            "ada b@example.org",
            "ada@exa_mple.org",
            "ada@example.o1",
        ] {
            assert!(!looks_like_an_address(wrong), "{wrong}");
        }
    }
}
