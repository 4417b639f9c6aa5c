//! An organization of a test's own: two facilities, people who can sign in, patients.

use almoner::access::Role;
use almoner::ids::{FacilityId, OrganizationId, PatientId, UserId, new_uuid};
use almoner::phi;

use super::{Browser, Portal};

/// [`super::PASSWORD`], hashed as the portal does it.
const PASSWORD_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$z/oEOYGGQEkp+rzY5ndOpQ$0jzTPKFEJtAk3rOUtqAuxrR40q4nl4IQxt9wAdFJ1RY";

/// An organization with its keys, a clinic and a care home.
pub struct House {
    pub organization: OrganizationId,
    pub clinic: FacilityId,
    pub home: FacilityId,
}

impl House {
    pub async fn build(portal: &Portal) -> Self {
        let house = Self { organization: OrganizationId::new(), clinic: FacilityId::new(), home: FacilityId::new() };
        let id = house.organization.uuid();
        sqlx::query!("INSERT INTO organization (id, name) VALUES ($1, 'House ' || $1::uuid::text)", id)
            .execute(&portal.admin)
            .await
            .expect("an organization");
        for (facility, name, kind) in [(house.clinic, "Clinic", "CLINIC"), (house.home, "Home", "CARE_HOME")] {
            sqlx::query!(
                "INSERT INTO facility (organization_id, id, name, kind) VALUES ($1, $2, $3, $4)",
                id,
                facility.uuid(),
                name,
                kind
            )
            .execute(&portal.admin)
            .await
            .expect("a facility");
        }
        let mut conn = portal.admin.acquire().await.expect("a connection");
        phi::store::create(&mut conn, portal.app.keyring(), house.organization).await.expect("a data key");
        house
    }

    /// An account with one role; without a facility, the role reaches everywhere.
    pub async fn account(&self, portal: &Portal, role: Role, facility: Option<FacilityId>) -> String {
        let user = UserId::new();
        let email = format!("{user}@house.example.com");
        sqlx::query!(
            "INSERT INTO app_user (organization_id, id, email, first_name, last_name, password_hash, status)
             VALUES ($1, $2, $3, 'Ada', 'Byron', $4, 'ACTIVE')",
            self.organization.uuid(),
            user.uuid(),
            email,
            PASSWORD_HASH,
        )
        .execute(&portal.admin)
        .await
        .expect("an account");
        sqlx::query!(
            "INSERT INTO membership (organization_id, id, user_id, facility_id, role) VALUES ($1, $2, $3, $4, $5)",
            self.organization.uuid(),
            new_uuid(),
            user.uuid(),
            facility.map(FacilityId::uuid),
            role.as_str(),
        )
        .execute(&portal.admin)
        .await
        .expect("a membership");
        email
    }

    /// A browser signed in on `portal` as somebody new.
    pub async fn person(&self, portal: &Portal, role: Role, facility: Option<FacilityId>) -> Browser {
        let email = self.account(portal, role, facility).await;
        let browser = portal.visitor();
        browser.sign_in(&email).await;
        browser
    }

    /// A patient with a record number.
    pub async fn patient(&self, portal: &Portal, facility: FacilityId, number: &str) -> PatientId {
        let patient = PatientId::new();
        let keys = portal.app.keyring();
        let normal = phi::normalise::record_number(number);
        sqlx::query!(
            "INSERT INTO patient (organization_id, id, facility_id, first_name, last_name, name_key, given_key, date_of_birth,
                                  medical_record_number_enc, medical_record_number_bidx)
             VALUES ($1, $2, $3, 'Ada', 'Okafor', 'okafor ada', 'ada okafor', '1958-07-14', $4, $5)",
            self.organization.uuid(),
            patient.uuid(),
            facility.uuid(),
            keys.seal(self.organization, "patient", "medical_record_number", patient, number).expect("sealed"),
            keys.blind_index(self.organization, "patient", "medical_record_number", &normal).expect("indexed"),
        )
        .execute(&portal.admin)
        .await
        .expect("a patient");
        patient
    }
}
