//! Cases: opened, moved, found and seen, by whom and by whom not.

mod desk;
mod list;
mod moves;
mod races;
mod raw;
mod seen;
mod statements;

use almoner::access::Role;
use almoner::ids::{CaseId, FacilityId, UserId};
use uuid::Uuid;

use crate::support::{Browser, House, Portal, Reply};

/// A clerk, two chairs and two caseworkers of one clinic.
pub struct Board {
    pub portal: Portal,
    pub house: House,
    pub clerk: Person,
    pub chair: Person,
    pub other_chair: Person,
    pub worker: Person,
    pub other_worker: Person,
}

/// Somebody at their desk.
pub struct Person {
    pub browser: Browser,
    pub id: UserId,
    pub role: Role,
}

impl Board {
    pub async fn meet() -> Self {
        let portal = Portal::start().await;
        let house = House::build(&portal).await;
        let clinic = Some(house.clinic);
        Self {
            clerk: person(&portal, &house, Role::Clerk, clinic).await,
            chair: person(&portal, &house, Role::Chair, clinic).await,
            other_chair: person(&portal, &house, Role::Chair, clinic).await,
            worker: person(&portal, &house, Role::Caseworker, clinic).await,
            other_worker: person(&portal, &house, Role::Caseworker, clinic).await,
            portal,
            house,
        }
    }

    /// A case opened by the clerk.
    pub async fn open(&self, title: &str) -> CaseId {
        let reply = self.clerk.browser.post("/cases/new", &self.fields(title)).await;
        id_of(&reply)
    }

    /// The fields of a new case.
    pub fn fields<'a>(&self, title: &'a str) -> Vec<(&'a str, &'a str)> {
        let clinic: &'static str = Box::leak(self.house.clinic.to_string().into_boxed_str());
        vec![("title", title), ("description", "Asks for a rail."), ("priority", "HIGH"), ("facility_id", clinic)]
    }

    /// Brings a case to a state with the caseworker of the board, past every rule.
    pub async fn put(&self, id: CaseId, status: &str) {
        let mut conn = self.portal.admin.acquire().await.expect("a connection");
        crate::support::run(&mut *conn, "ALTER TABLE cases DISABLE TRIGGER cases_guard").await;
        sqlx::query!(
            "UPDATE cases SET status = $2, assigned_to_id = CASE WHEN $2 NOT IN ('NEW', 'PENDING_REVIEW') THEN $3::uuid END, finished_by_id = NULL,
                 completed_at = CASE WHEN $2 = 'COMPLETED' THEN now() END, completed_by_id = CASE WHEN $2 = 'COMPLETED' THEN $3::uuid END,
                 closure_reason = NULL, row_version = row_version + 1
             WHERE id = $1",
            id.uuid(),
            status,
            self.worker.id.uuid(),
        )
        .execute(&mut *conn)
        .await
        .expect("the case is put");
        crate::support::run(&mut *conn, "ALTER TABLE cases ENABLE TRIGGER cases_guard").await;
    }

    /// Where a case stands, past every policy.
    pub async fn state(&self, id: CaseId) -> State {
        let row = sqlx::query!("SELECT status, assigned_to_id, row_version FROM cases WHERE id = $1", id.uuid())
            .fetch_one(&self.portal.admin)
            .await
            .expect("the case");
        State { status: row.status, assignee: row.assigned_to_id, version: row.row_version }
    }

    /// Makes a move with the version as it is now.
    pub async fn act(&self, person: &Person, id: CaseId, what: &str) -> Reply {
        let state = self.state(id).await;
        self.act_on(person, id, what, state.version).await
    }

    /// Makes a move with the version that was seen.
    pub async fn act_on(&self, person: &Person, id: CaseId, what: &str, version: i64) -> Reply {
        let target = if what == "reassign" { self.other_worker.id } else { self.worker.id };
        let fields = [
            ("row_version", version.to_string()),
            ("person", target.to_string()),
            ("reason", "Because it is so".to_owned()),
            ("outcome", "A rail was fitted".to_owned()),
        ];
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        person.browser.post(&format!("/cases/{id}/transition?move={what}"), &fields).await
    }
}

/// Where a case stands.
#[derive(Debug, PartialEq, Eq)]
pub struct State {
    pub status: String,
    pub assignee: Option<Uuid>,
    pub version: i64,
}

pub async fn person(portal: &Portal, house: &House, role: Role, facility: Option<FacilityId>) -> Person {
    let email = house.account(portal, role, facility).await;
    let browser = portal.visitor();
    browser.sign_in(&email).await;
    let id = email.split('@').next().and_then(|id| id.parse().ok()).expect("the account's id");
    Person { browser, id, role }
}

/// The case that an answer leads to.
pub fn id_of(reply: &Reply) -> CaseId {
    reply.location().trim_start_matches("/cases/").parse().expect("a case")
}
