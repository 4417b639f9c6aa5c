//! The pages about people.

use askama::Template;

use super::forms::{InviteForm, MembershipForm};
use super::handlers::manages;
use super::model::{Line, Membership, Person, roles_to_give};
use super::queries::{PAGE, Show};
use crate::access::{Actor, Facilities, Permission, Role};
use crate::facilities::Facility;
use crate::web::Ctx;
use crate::web::form::FormErrors;
use crate::web::shell::Shell;
use crate::web::ui::{Choice, Pager, Tab};

#[derive(Template)]
#[template(path = "admin/users/index.html", blocks = ["main"])]
pub(super) struct ListPage {
    pub shell: Shell,
    pub people: Vec<Line>,
    pub tabs: Vec<Tab>,
    pub show: Show,
    pub typed: String,
    pub pager: Pager,
    pub may_invite: bool,
    /// Whether whoever looks may know who has a second factor.
    pub shows_factors: bool,
}

impl ListPage {
    pub(super) fn new(
        shell: Shell,
        ctx: &Ctx,
        people: Vec<Line>,
        (show, find, typed): (Show, &str, String),
        (page, more): (i64, bool),
        asked: i64,
    ) -> Self {
        let token = if find.is_empty() { String::new() } else { format!("&find={find}") };
        let tab = |one: Show| Tab {
            href: format!("/admin/users?show={}{token}", one.name()),
            label: one.label().to_owned(),
            count: (one == Show::Asked && asked > 0).then(|| asked.to_string()),
            current: one == show,
        };
        let at = |page: i64| format!("/admin/users?show={}{token}&page={page}", show.name());
        let from = page * PAGE;
        let shown = i64::try_from(people.len()).unwrap_or(0);
        let pager = Pager {
            range: if shown == 0 { "Nobody".to_owned() } else { format!("{} to {}", from + 1, from + shown) },
            previous: (page > 0).then(|| at(page - 1)),
            next: more.then(|| at(page + 1)),
        };
        Self {
            tabs: Show::ALL.map(tab).into(),
            may_invite: ctx.actor.may(Permission::InviteUsers),
            shows_factors: ctx.actor.role != Role::Manager,
            shell,
            people,
            show,
            typed,
            pager,
        }
    }
}

/// Between two roles of a line, where no name of a place has it.
const BETWEEN: char = '\u{1f}';

/// Roles as the list has them, in words: `CARER Elm Court` becomes `Carer (Elm Court)`.
fn in_words(roles: &str) -> String {
    let word = |one: &str| {
        let (role, place) = one.split_once(' ').unwrap_or((one, ""));
        let label = role.parse::<Role>().map_or("", Role::label);
        if place.is_empty() { label.to_owned() } else { format!("{label} ({place})") }
    };
    if roles.is_empty() { "No role".to_owned() } else { roles.split(BETWEEN).map(word).collect::<Vec<_>>().join(", ") }
}

impl Line {
    pub(super) fn roles_in_words(&self) -> String {
        in_words(&self.roles)
    }
}

#[derive(Template)]
#[template(path = "admin/users/show.html")]
pub(super) struct PersonPage {
    pub shell: Shell,
    pub person: Person,
    pub memberships: Vec<Membership>,
    pub manages: bool,
    pub is_self: bool,
    /// Whether a link can be made by whoever looks.
    pub may_link: bool,
    pub roles: Vec<Choice>,
    pub places: Vec<Choice>,
    pub errors: FormErrors,
}

impl PersonPage {
    pub(super) fn new(
        shell: Shell,
        ctx: &Ctx,
        person: Person,
        memberships: Vec<Membership>,
        places: &[Facility],
        form: &MembershipForm,
        errors: FormErrors,
    ) -> Self {
        use super::model::Status::{Invited, Suspended};
        let is_self = person.id == ctx.actor.user;
        let own_guest = person.state() == Invited && person.created_by_id == Some(ctx.actor.user.uuid());
        Self {
            manages: manages(ctx),
            may_link: !is_self
                && person.state() != Suspended
                && (manages(ctx) || (own_guest && ctx.actor.may(Permission::InviteUsers))),
            is_self,
            roles: role_choices(&ctx.actor, &form.role),
            places: place_choices(places, &form.facility),
            shell,
            person,
            memberships,
            errors,
        }
    }
}

#[derive(Template)]
#[template(path = "admin/users/new.html")]
pub(super) struct InvitePage<'a> {
    pub shell: Shell,
    pub form: &'a InviteForm,
    pub errors: FormErrors,
    pub roles: Vec<Choice>,
    pub places: Vec<Choice>,
    /// Whether a role may reach the whole organization.
    pub everywhere: bool,
}

impl<'a> InvitePage<'a> {
    pub(super) fn new(shell: Shell, ctx: &Ctx, form: &'a InviteForm, errors: FormErrors, places: &[Facility]) -> Self {
        Self {
            shell,
            form,
            errors,
            roles: role_choices(&ctx.actor, &form.role),
            places: place_choices(places, &form.facility),
            everywhere: ctx.actor.facilities == Facilities::All,
        }
    }
}

impl InvitePage<'_> {
    /// The first line of the list of places.
    fn anywhere(&self) -> &'static str {
        if self.everywhere { "Whole organization" } else { "Choose" }
    }
}

#[derive(Template)]
#[template(path = "admin/users/link.html")]
pub(super) struct LinkPage {
    pub shell: Shell,
    pub person: Person,
    pub link: String,
    pub lasts: &'static str,
}

fn role_choices(actor: &Actor, chosen: &str) -> Vec<Choice> {
    roles_to_give(actor)
        .into_iter()
        .map(|role| Choice::new(role.as_str(), role.label(), role.as_str() == chosen))
        .collect()
}

fn place_choices(places: &[Facility], chosen: &str) -> Vec<Choice> {
    places.iter().map(|place| Choice::new(place.id.to_string(), &*place.name, place.id.to_string() == chosen)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_words() {
        assert_eq!(in_words("CARER Elm Court, North\u{1f}CLINICIAN"), "Carer (Elm Court, North), Clinician");
        assert_eq!(in_words(""), "No role");
    }
}
