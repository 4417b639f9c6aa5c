//! What the documents of the demo tell.

/// What a document of the demo is told to be.
pub(super) struct Told {
    /// Counts; the version of the same document has the same number.
    pub number: u32,
    pub owner: Owner,
    pub title: &'static str,
    pub category: &'static str,
    /// Days since it was added, and the person who did it.
    pub added: (i64, u32),
    /// Days until it is out of date; negative ones have passed.
    pub good_for: Option<i64>,
    /// Days since the patient may read it, and the person who shared it.
    pub shared: Option<(i64, u32)>,
    pub note: Option<&'static str>,
    /// Whether it is a policy that is not in force yet.
    pub draft: bool,
    /// Why it is archived.
    pub archived: Option<&'static str>,
    pub filename: &'static str,
    pub content: &'static [u8],
}

pub(super) enum Owner {
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
        include_bytes!(concat!("../../../seeds/files/", $name))
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
pub(super) fn all() -> impl Iterator<Item = Told> {
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
