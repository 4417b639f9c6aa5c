//! Whom the pages of the portal are about: one patient at a time, the one that the person chose.
//!
//! Somebody may look after several patients. Which one a session looks at is kept with the session, every page says
//! it, and every form carries it ([`Whom::agrees`]): a form that was opened for one patient is never saved for another.

use chrono::NaiveDate;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::access::Actor;
use crate::error::{Error, Result};
use crate::ids::{FacilityId, PatientId};
use crate::named::named;

named! {
    /// A part of a record that a proxy may be given.
    Scope {
        /// Asking for visits, changing and joining them.
        Visits = "VISITS", "Visits";
        /// Writing to the clinic and reading its answers.
        Messages = "MESSAGES", "Messages";
        /// Readings taken at home.
        Readings = "READINGS", "Readings";
        /// Results, problems, allergies.
        Results = "RESULTS", "Results and health record";
        /// Documents shared with the patient.
        Documents = "DOCUMENTS", "Documents";
        /// Address, contacts, and who opened the record.
        Details = "DETAILS", "Details and contacts";
    }
}

named! {
    /// What somebody with access is to the patient.
    Relationship {
        /// The patient.
        Myself = "SELF", "The patient";
        /// Mother, father.
        Parent = "PARENT", "Parent";
        /// Appointed by a court or by a power of attorney.
        Guardian = "GUARDIAN", "Guardian";
        /// Looks after them, paid or not.
        Carer = "CARER", "Carer";
        /// Husband, wife, partner.
        Partner = "PARTNER", "Partner";
        /// Anybody else.
        Other = "OTHER", "Somebody else they trust";
    }
}

/// A patient for whom the person may act today.
#[derive(Clone, Debug)]
pub struct Whom {
    /// The portal account.
    pub account: Uuid,
    /// The patient.
    pub patient: PatientId,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// The name they go by.
    pub called: String,
    /// When they were born, where that is known.
    pub date_of_birth: Option<NaiveDate>,
    /// What the person is to them.
    pub relationship: Relationship,
    /// What a proxy may see.
    pub scopes: Vec<String>,
    /// Where the patient is in care.
    pub facility: String,
    /// The same, for the audit.
    pub facility_id: FacilityId,
    /// Whether the person chose them in this session.
    pub chosen: bool,
}

impl Whom {
    /// "Marisol Reyes".
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }

    /// Whether the person is the patient.
    #[must_use]
    pub fn is_self(&self) -> bool {
        self.relationship == Relationship::Myself
    }

    /// Whether the person may see and do this for the patient.
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        self.is_self() || self.scopes.iter().any(|held| held == scope.as_str())
    }

    /// Whether a page of the portal is open to the person for this patient.
    #[must_use]
    pub fn opens(&self, path: &str) -> bool {
        let part = path.strip_prefix("/my/").unwrap_or_default().split(['/', '?']).next().unwrap_or_default();
        let scope = match part {
            "visits" => Scope::Visits,
            "messages" => Scope::Messages,
            "readings" | "week" => Scope::Readings,
            "results" | "plan" | "health" | "tasks" | "reading" => Scope::Results,
            "documents" => Scope::Documents,
            "details" | "access" => Scope::Details,
            _ => return true,
        };
        self.may(scope)
    }

    /// Whether a form that carries `patient` was opened for this patient. One without the field was not.
    ///
    /// # Errors
    /// [`Error::Conflict`], which says so: nothing was saved, and nothing was for the wrong person.
    pub fn agrees(&self, patient: &str) -> Result<()> {
        if patient == self.patient.to_string() {
            return Ok(());
        }
        Err(Error::Conflict(
            "You have changed the person you are looking at since you opened this form. Nothing was saved. Go back, check the name at the top of the page, and send it again."
                .to_owned(),
        ))
    }
}

/// What the layout says of them.
#[derive(Clone, Debug)]
pub struct Banner {
    /// "Marisol Reyes".
    pub name: String,
    /// For the hidden field of forms.
    pub patient: String,
    /// Whether it is the person themselves.
    pub is_self: bool,
    /// Whether there are others to switch to.
    pub several: bool,
}

/// Everybody for whom the person may act today: the one chosen in this session first, then themselves, then by name.
///
/// # Errors
/// Where the database does not answer.
pub async fn all(conn: &mut PgConnection, actor: &Actor) -> Result<Vec<Whom>> {
    let all = sqlx::query_as!(
        Whom,
        r#"SELECT account.id AS account, patient.id AS "patient: PatientId", patient.first_name, patient.last_name,
                  COALESCE(NULLIF(patient.demographics ->> 'preferred_name', ''), patient.first_name) AS "called!",
                  patient.date_of_birth AS "date_of_birth: NaiveDate", account.relationship AS "relationship: Relationship", account.scopes, facility.name AS facility,
                  facility.id AS "facility_id: FacilityId", (session.patient_id = account.patient_id) IS TRUE AS "chosen!"
             FROM portal_account AS account
             JOIN patient ON patient.organization_id = account.organization_id AND patient.id = account.patient_id AND patient.deleted_at IS NULL
             JOIN facility ON facility.organization_id = patient.organization_id AND facility.id = patient.facility_id
             LEFT JOIN user_session AS session ON session.organization_id = account.organization_id AND session.id = $3
            WHERE account.organization_id = $1 AND account.user_id = $2 AND account.status = 'ACTIVE' AND account.deleted_at IS NULL
              AND CURRENT_DATE BETWEEN account.starts_on AND COALESCE(account.ends_on, 'infinity')
            ORDER BY (session.patient_id = account.patient_id) IS TRUE DESC, account.relationship = 'SELF' DESC, patient.first_name, patient.id
            LIMIT 50"#,
        actor.organization.uuid(),
        actor.user.uuid(),
        actor.session.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(all)
}

/// The patient that the pages are about now.
///
/// # Errors
/// [`Error::NotFound`] where the person may act for nobody.
pub async fn current(conn: &mut PgConnection, actor: &Actor) -> Result<Whom> {
    all(conn, actor).await?.into_iter().next().ok_or(Error::NotFound)
}

/// The patient that the pages are about now, where this part of the record was given to the person.
///
/// # Errors
/// [`Error::NotFound`] where the person may act for nobody or lacks the scope.
pub async fn current_for(conn: &mut PgConnection, actor: &Actor, scope: Scope) -> Result<Whom> {
    let whom = current(conn, actor).await?;
    if whom.may(scope) { Ok(whom) } else { Err(Error::NotFound) }
}

/// The banner for the layout; none where the person may act for nobody.
pub(super) async fn banner(conn: &mut PgConnection, actor: &Actor) -> Result<Option<(Whom, Banner)>> {
    let all = all(conn, actor).await?;
    let several = all.len() > 1;
    Ok(all.into_iter().next().map(|whom| {
        let banner = Banner { name: whom.name(), patient: whom.patient.to_string(), is_self: whom.is_self(), several };
        (whom, banner)
    }))
}

/// Looks at another patient from now on, in this session. False where the person may not act for them.
///
/// # Errors
/// Where the database does not answer.
pub async fn choose(conn: &mut PgConnection, actor: &Actor, patient: PatientId) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE user_session SET patient_id = $4
          WHERE organization_id = $1 AND user_id = $2 AND id = $3 AND $4 = ANY (ctx.own_patients())",
        actor.organization.uuid(),
        actor.user.uuid(),
        actor.session.uuid(),
        patient.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(scopes: &[Scope]) -> Whom {
        Whom {
            account: Uuid::from_u128(1),
            patient: PatientId::from(Uuid::from_u128(2)),
            first_name: "Poppy".into(),
            last_name: "Bell".into(),
            called: "Poppy".into(),
            date_of_birth: None,
            relationship: Relationship::Parent,
            scopes: scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
            facility: "Northgate Clinic".into(),
            facility_id: FacilityId::from(Uuid::from_u128(3)),
            chosen: true,
        }
    }

    #[test]
    fn a_proxy_opens_the_parts_that_were_given_and_no_other() {
        let pages = [
            ("/my/visits/request", Scope::Visits),
            ("/my/messages", Scope::Messages),
            ("/my/readings/new", Scope::Readings),
            ("/my/results", Scope::Results),
            ("/my/health", Scope::Results),
            ("/my/documents?sort=new", Scope::Documents),
            ("/my/details", Scope::Details),
            ("/my/access", Scope::Details),
        ];
        for scope in Scope::ALL {
            for (page, asked) in pages {
                assert_eq!(proxy(&[*scope]).opens(page), *scope == asked, "{scope} {page}");
            }
        }
        assert!(proxy(&[]).opens("/my") && proxy(&[]).opens("/my/settings"));
    }

    #[test]
    fn the_patient_opens_everything() {
        let patient = Whom { relationship: Relationship::Myself, ..proxy(&[]) };
        assert!(Scope::ALL.iter().all(|scope| patient.may(*scope)));
    }

    #[test]
    fn a_form_of_another_patient_is_not_taken() {
        let whom = proxy(&[]);
        assert!(whom.agrees(&whom.patient.to_string()).is_ok());
        for other in ["", "x", "00000000-0000-0000-0000-000000000009"] {
            assert!(matches!(whom.agrees(other), Err(Error::Conflict(_))), "{other}");
        }
    }
}
