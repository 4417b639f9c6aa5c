//! The documents of the demo: small real files, encrypted like any other.

use anyhow::Context as _;
use chrono::{Days, NaiveDate};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{kind, name};
use crate::app::App;
use crate::clock::Timestamp;
use crate::ids::{OrganizationId, PatientId, UserId};

/// What a document of the demo is told to be.
struct Told {
    /// Counts; the version of the same document has the same number.
    number: u32,
    owner: Owner,
    title: &'static str,
    category: &'static str,
    /// Days since it was added, and the person who did it.
    added: (i64, u32),
    /// Days until it is out of date; negative ones have passed.
    good_for: Option<i64>,
    /// Days since the patient may read it, and the person who shared it.
    shared: Option<(i64, u32)>,
    note: Option<&'static str>,
    /// Whether it is a policy that is not in force yet.
    draft: bool,
    /// Why it is archived.
    archived: Option<&'static str>,
    filename: &'static str,
    content: &'static [u8],
}

enum Owner {
    Patient(u32),
    /// By the number of the case.
    Case(i64),
    /// By the number of the message, which it came with.
    Message(u32),
    /// A policy of a facility, by its number, or of the whole organization.
    Policy(Option<u32>),
}

macro_rules! file {
    ($name:literal) => {
        include_bytes!(concat!("../../seeds/files/", $name))
    };
}

const fn told(
    number: u32,
    owner: Owner,
    category: &'static str,
    added: (i64, u32),
    title: &'static str,
    filename: &'static str,
    content: &'static [u8],
) -> Told {
    Told {
        number,
        owner,
        title,
        category,
        added,
        good_for: None,
        shared: None,
        note: None,
        draft: false,
        archived: None,
        filename,
        content,
    }
}

/// Everything, in the order in which it was added to each document. People: 1 clinician, 2 assistant, 3 clerk,
/// 5 caseworker, 7 manager, 8 owner, 9 compliance, 11 patient, 14 caseworker.
fn all() -> impl Iterator<Item = Told> {
    of_patients().into_iter().chain(of_cases_and_messages()).chain(policies())
}

fn of_patients() -> Vec<Told> {
    use Owner::Patient;
    let exercises =
        |days, name, content| told(4, Patient(4), "PLAN", (days, 1), "Exercises for the knee.pdf", name, content);
    let old = "Exercises for the knee, October.pdf";
    let new = "Exercises for the knee, November.pdf";
    vec![
        Told {
            shared: Some((18, 1)),
            ..told(
                1,
                Patient(1),
                "LETTER",
                (19, 2),
                "Cardiology letter.pdf",
                "Cardiology letter.pdf",
                file!("cardiology_letter.pdf"),
            )
        },
        told(2, Patient(1), "RESULT", (2, 2), "Home readings.csv", "Home readings.csv", file!("readings.csv")),
        Told {
            good_for: Some(21),
            ..told(
                3,
                Patient(1),
                "CONSENT",
                (344, 2),
                "Consent to tell my son.pdf",
                "Consent to tell my son.pdf",
                file!("consent_sharing.pdf"),
            )
        },
        Told { shared: Some((40, 1)), ..exercises(41, old, file!("exercises_1.pdf")) },
        Told { note: Some("More repetitions, and the step."), ..exercises(6, new, file!("exercises_2.pdf")) },
        Told {
            shared: Some((52, 2)),
            ..told(
                5,
                Patient(4),
                "LETTER",
                (53, 2),
                "Discharge letter.pdf",
                "Discharge letter.pdf",
                file!("discharge.pdf"),
            )
        },
        Told {
            good_for: Some(-9),
            ..told(
                6,
                Patient(6),
                "PLAN",
                (190, 7),
                "Agreement on care.pdf",
                "Agreement on care.pdf",
                file!("care_agreement.pdf"),
            )
        },
    ]
}

fn of_cases_and_messages() -> Vec<Told> {
    use Owner::{Case, Message};
    vec![
        told(7, Case(2041), "QUOTE", (5, 3), "Quote Holt & Daughters.pdf", "Quote 1184.pdf", file!("quote_rail.pdf")),
        told(8, Case(2041), "QUOTE", (5, 3), "Quote Safe Home.pdf", "Offer Elm Court.pdf", file!("quote_rail_2.pdf")),
        told(
            9,
            Case(2041),
            "REPORT",
            (4, 5),
            "Occupational therapy report.pdf",
            "OT bathroom.pdf",
            file!("ot_report.pdf"),
        ),
        told(10, Case(2041), "PHOTO", (4, 5), "Bathroom of room 12.png", "bathroom.png", file!("bathroom.png")),
        told(11, Case(2041), "LETTER", (1, 5), "Answer of the landlord.txt", "landlord.txt", file!("landlord.txt")),
        told(
            12,
            Case(2023),
            "FORM",
            (36, 3),
            "Request for the record.pdf",
            "Request for the record.pdf",
            file!("records_request.pdf"),
        ),
        told(13, Message(2), "OTHER", (1, 11), "tablets.png", "tablets.png", file!("tablets.png")),
        told(14, Message(4), "OTHER", (1, 2), "List for readings.csv", "List for readings.csv", file!("readings.csv")),
    ]
}

fn policies() -> Vec<Told> {
    use Owner::Policy;
    let infection = |days, content| {
        let title = "Infection prevention and control.pdf";
        Told { good_for: Some(345), ..told(15, Policy(None), "POLICY", (days, 9), title, title, content) }
    };
    vec![
        infection(385, file!("policy_infection_1.pdf")),
        Told { note: Some("Masks in the waiting room."), ..infection(20, file!("policy_infection_2.pdf")) },
        Told {
            good_for: Some(12),
            ..told(
                16,
                Policy(None),
                "POLICY",
                (353, 8),
                "Complaints.pdf",
                "Complaints.pdf",
                file!("policy_complaints.pdf"),
            )
        },
        Told {
            good_for: Some(-25),
            ..told(
                17,
                Policy(Some(2)),
                "POLICY",
                (390, 9),
                "After a fall.pdf",
                "After a fall.pdf",
                file!("policy_falls.pdf"),
            )
        },
        Told {
            good_for: Some(210),
            ..told(
                18,
                Policy(Some(1)),
                "POLICY",
                (155, 9),
                "Chaperones.pdf",
                "Chaperones.pdf",
                file!("policy_chaperones.pdf"),
            )
        },
        Told {
            archived: Some("Visitors come and go as they like again."),
            ..told(
                19,
                Policy(Some(2)),
                "POLICY",
                (600, 9),
                "Visitors.txt",
                "Visitors.txt",
                file!("policy_visitors.txt"),
            )
        },
        Told {
            draft: true,
            ..told(
                20,
                Policy(Some(2)),
                "POLICY",
                (2, 7),
                "Bed rails.txt",
                "Bed rails.txt",
                file!("policy_bed_rails.txt"),
            )
        },
    ]
}

fn id(kind: u32, number: u32) -> Uuid {
    // The digits of the demo's ids are decimal, so that people can read them.
    let text = format!("01900000-0000-7000-8{kind:03}-{number:012}");
    Uuid::parse_str(&text).unwrap_or_default()
}

/// Puts the documents into the first organization of the demo, in the transaction that fills it. Their files are in the
/// store before; where the transaction fails, they are swept up. Cases that the demo does not have get none.
///
/// # Errors
/// Where the store or the database refuses them.
pub async fn fill(app: &App, conn: &mut PgConnection, organization: OrganizationId) -> anyhow::Result<()> {
    for (place, told) in (1..).zip(all()) {
        add(app, conn, organization, place, &told).await.with_context(|| format!("document {}", told.title))?;
    }
    Ok(())
}

async fn add(
    app: &App,
    conn: &mut PgConnection,
    organization: OrganizationId,
    place: u32,
    told: &Told,
) -> anyhow::Result<()> {
    let (document, version) = (id(900, told.number), id(901, place));
    let (bucket, patient, case, message, facility) = match told.owner {
        Owner::Patient(number) => ("RESIDENT_DOCS", Some(PatientId::from(id(6, number))), None, None, None),
        Owner::Case(number) => {
            let found = sqlx::query_scalar!(
                "SELECT id FROM cases WHERE organization_id = $1 AND number = $2",
                organization.uuid(),
                number,
            );
            let Some(case) = found.fetch_optional(&mut *conn).await? else { return Ok(()) };
            ("CASE_FILES", None, Some(case), None, None)
        }
        Owner::Message(number) => {
            let text = format!("01900000-0000-7000-80f2-{number:012}");
            ("MESSAGE_FILES", None, None, Some(Uuid::parse_str(&text)?), None)
        }
        Owner::Policy(number) => ("POLICY_FILES", None, None, None, number.map(|number| id(2, number))),
    };
    let ending = name::extension(told.filename);
    let kind = kind::identify(ending.as_deref(), told.content).map_err(anyhow::Error::msg)?;
    let mut incoming = app.files.begin(app.keyring(), organization.uuid(), version).await?;
    incoming.write(told.content).await?;
    let stored = incoming.finish().await?;
    let ago = |days: i64| app.clock.now() - chrono::TimeDelta::days(days);
    let person = |number: u32| UserId::from(id(3, number)).uuid();
    let today = app.clock.now().date_naive();
    let expires_on: Option<NaiveDate> = told.good_for.and_then(|days| match u64::try_from(days) {
        Ok(days) => today.checked_add_days(Days::new(days)),
        Err(_) => today.checked_sub_days(Days::new(days.unsigned_abs())),
    });
    sqlx::query!(
        "INSERT INTO document (organization_id, id, bucket, category, title, patient_id, case_id, message_id, expires_on, shared_at, shared_by_id, created_at, created_by_id, facility_id, status)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING",
        organization.uuid(),
        document,
        bucket,
        told.category,
        told.title,
        patient.map(PatientId::uuid),
        case,
        message,
        expires_on as Option<NaiveDate>,
        told.shared.map(|(days, _)| ago(days)) as Option<Timestamp>,
        told.shared.map(|(_, number)| person(number)),
        ago(told.added.0) as Timestamp,
        person(told.added.1),
        facility,
        if told.draft { super::model::DRAFT } else { "PUBLISHED" },
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "INSERT INTO document_version (organization_id, id, document_id, filename, storage_key, mime_type, file_size, sha256, note, uploaded_by_id, uploaded_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)",
        organization.uuid(),
        version,
        document,
        told.filename,
        stored.key,
        kind.mime,
        i64::try_from(stored.size).unwrap_or(i64::MAX),
        stored.sha256.as_slice(),
        told.note,
        person(told.added.1),
        ago(told.added.0) as Timestamp,
    )
    .execute(&mut *conn)
    .await?;
    if let Some(reason) = told.archived {
        sqlx::query!(
            "UPDATE document SET status = 'ARCHIVED', archive_reason = $3 WHERE organization_id = $1 AND id = $2",
            organization.uuid(),
            document,
            reason,
        )
        .execute(conn)
        .await?;
    }
    Ok(())
}
