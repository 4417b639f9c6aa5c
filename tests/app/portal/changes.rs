//! Changes of details that patients ask for: sent, looked at, taken over or refused, told.

use reqwest::StatusCode;

use super::{as_person, become_them, demo, number, refusal};
use crate::support::{Browser, Portal, Reply, run};

const FORM: &str = "/my/details/change";

/// The form of the details as a person got it, with some fields written anew.
fn filled<'a>(page: &Reply, new: &[(&'a str, &'a str)]) -> Vec<(&'a str, String)> {
    let names = ["patient", "preferred_name", "phone", "email", "address", "city", "state", "zip_code", "language"];
    let value = |name: &'a str| match page.texts(&format!("textarea[name={name}]")).pop() {
        Some(text) => text,
        None => page.field(name),
    };
    names
        .into_iter()
        .map(|name| {
            (
                name,
                new.iter().find(|(other, _)| *other == name).map_or_else(|| value(name), |(_, new)| (*new).to_owned()),
            )
        })
        .collect()
}

async fn send(person: &Browser, path: &str, fields: &[(&str, String)]) -> Reply {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    person.post(path, &fields).await
}

async fn ask(person: &Browser, new: &[(&str, &str)]) -> Reply {
    let page = person.get(FORM).await;
    send(person, FORM, &filled(&page, new)).await
}

/// Names of the radio buttons of a review page, one for each wish.
fn decisions(page: &Reply) -> Vec<String> {
    page.attributes("input[value=accept]", "name")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_patient_asks_for_waits_is_decided_thing_by_thing_and_told() {
    let portal = Portal::start().await;
    let father = as_person(&portal, "jonathan.bell@example.com").await;
    let before = father.get("/my/details").await.text("section.card dl");
    let sent = ask(&father, &[("phone", "07700 900999"), ("city", "Leeds"), ("preferred_name", "Jon")]).await;
    assert_eq!((sent.status, sent.location()), (StatusCode::SEE_OTHER, "/my/details"), "{}", sent.body);
    let page = father.get("/my/details").await;
    assert_eq!(page.text("section.card dl"), before, "nothing is in the record yet");
    let waiting = page.texts("[aria-labelledby=waiting] li");
    assert_eq!(waiting.len(), 3, "{waiting:#?}");
    assert!(waiting.iter().any(|one| one.contains("07700 900999")) && waiting.iter().any(|one| one.contains("Leeds")));
    // The same again is nothing new; another phone takes the place of the first.
    let same = ask(&father, &[]).await;
    assert_eq!(same.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(ask(&father, &[("phone", "07700 900998")]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(father.get("/my/details").await.texts("[aria-labelledby=waiting] li").len(), 3);
    // Staff find it, and decide.
    let staff = portal.sign_in("assistant").await;
    let list = staff.get("/detail-changes").await;
    assert!(list.body.contains("BELL, Jonathan"), "{}", list.body);
    let review = format!("/patients/{}/detail-changes", demo(6, 26));
    let page = staff.get(&review).await;
    let (version, names) = (page.field("row_version"), decisions(&page));
    assert_eq!(names.len(), 3);
    let labels = page.texts("form .panel header h2");
    let of =
        |label: &str| names[labels.iter().position(|one| one == label).unwrap_or_else(|| panic!("{labels:?}"))].clone();
    let (phone, address, name) = (of("Phone"), of("Address"), of("Name we use"));
    let why = address.replace("decision_", "reason_");
    let mut fields = vec![("row_version", version.as_str()), (phone.as_str(), "accept"), (address.as_str(), "refuse")];
    let refused = staff.post(&review, &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "a refusal asks why");
    assert!(refused.text(".esum").contains("Address: Say why"));
    fields.push((why.as_str(), "Send the whole address, please."));
    let done = staff.post(&review, &fields).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, review.as_str()), "{}", done.body);
    // One click too many is told, and nothing is lost.
    let stale = staff.post(&review, &[("row_version", version.as_str()), (name.as_str(), "accept")]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert_eq!(stale.attributes("input[value=accept][checked]", "name"), std::slice::from_ref(&name));
    // They are told that there is an answer, once, until they have read it.
    let new = format!(
        "SELECT COUNT(*) FROM notification WHERE kind = 'details.answered' AND channel = 'IN_APP' AND subject_id = '{}' AND read_at IS NULL
            AND recipient_id = (SELECT id FROM app_user WHERE email = 'jonathan.bell@example.com')",
        demo(6, 26)
    );
    assert_eq!(number(&mut portal.admin.acquire().await.unwrap(), &new).await, 1);
    // The patient reads both, and the record has what was taken over.
    let page = father.get("/my/details").await;
    assert!(page.text("section.card dl").contains("07700 900998") && !page.text("section.card dl").contains("Leeds"));
    let answers = page.texts("[aria-labelledby=answers] li");
    assert!(answers.iter().any(|one| one.contains("07700 900998") && one.contains("Changed")), "{answers:#?}");
    assert!(answers.iter().any(|one| one.contains("Not changed") && one.contains("Send the whole address, please.")));
    assert_eq!(page.texts("[aria-labelledby=waiting] li").len(), 1);
    assert_eq!(number(&mut portal.admin.acquire().await.unwrap(), &new).await, 0);
    // Phone numbers are found by the new one, and the audit holds neither value.
    let found = staff.post("/patients/search", &[("q", "07700 900998")]).await;
    let found = if found.status.is_redirection() { staff.get(found.location()).await } else { found };
    assert!(found.body.contains("BELL, Jonathan"), "{}", found.body);
    let mut conn = portal.admin.acquire().await.unwrap();
    let spilled = "SELECT COUNT(*) FROM audit_event AS e WHERE e::text LIKE '%900998%' OR e::text LIKE '%Leeds%'";
    assert_eq!(number(&mut conn, spilled).await, 0);
    let told = format!(
        "SELECT COUNT(*) FROM status_change WHERE subject_kind = 'detail_change' AND patient_id = '{}'",
        demo(6, 26)
    );
    assert_eq!(number(&mut conn, &told).await, 7, "four asked, one replaced, two decided");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_to_call_are_added_changed_and_removed_after_a_look() {
    let portal = Portal::start().await;
    let father = as_person(&portal, "jonathan.bell@example.com").await;
    let staff = portal.sign_in("assistant").await;
    let review = format!("/patients/{}/detail-changes", demo(6, 26));
    let before = father.get("/my/details").await.texts("[aria-labelledby=contacts] li").len();
    let form = father.get("/my/details/contacts/new").await;
    assert!(form.body.contains("tel:999"), "an emergency line on every form");
    let key = form.field("idempotency_key");
    let patient = demo(6, 26);
    let new = [
        ("patient", patient.as_str()),
        ("idempotency_key", key.as_str()),
        ("name", "Ines Bell"),
        ("relationship", "Sister"),
        ("phone", "07700 900111"),
        ("is_emergency", "true"),
    ];
    assert_eq!(father.post("/my/details/contacts/new", &new).await.status, StatusCode::SEE_OTHER);
    assert_eq!(father.post("/my/details/contacts/new", &new).await.status, StatusCode::CONFLICT, "sent twice");
    let without = [("patient", patient.as_str()), ("name", "x"), ("relationship", "y"), ("is_emergency", "true")];
    let refused = father.post("/my/details/contacts/new", &without).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "an emergency contact has a number");
    accept_all(&staff, &review).await;
    let page = father.get("/my/details").await;
    let people = page.texts("[aria-labelledby=contacts] li");
    assert_eq!(people.len(), before + 1);
    assert!(people.iter().any(|one| one.contains("Ines Bell") && one.contains("07700 900111")));
    let links = page.attributes("[aria-labelledby=contacts] li a", "href");
    let link = &links[people.iter().position(|one| one.contains("Ines Bell")).unwrap()];
    // Another number, then not at all: the newer wish replaces the older.
    let mut other = new.to_vec();
    other[4].1 = "07700 900222";
    assert_eq!(father.post(link, &other).await.status, StatusCode::SEE_OTHER);
    let remove = [("patient", patient.as_str()), ("remove", "true")];
    assert_eq!(father.post(link, &remove).await.status, StatusCode::SEE_OTHER);
    assert_eq!(father.get("/my/details").await.texts("[aria-labelledby=waiting] li").len(), 1);
    accept_all(&staff, &review).await;
    assert_eq!(father.get("/my/details").await.texts("[aria-labelledby=contacts] li").len(), before);
    assert_eq!(father.get(link).await.status, StatusCode::NOT_FOUND);
}

async fn accept_all(staff: &Browser, review: &str) {
    let page = staff.get(review).await;
    let (version, names) = (page.field("row_version"), decisions(&page));
    assert!(!names.is_empty());
    let mut fields = vec![("row_version", version.as_str())];
    fields.extend(names.iter().map(|name| (name.as_str(), "accept")));
    let done = staff.post(review, &fields).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/detail-changes"), "{}", done.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_wishes_are_refused_beside_their_field_and_taken_back_ones_are_gone() {
    let portal = Portal::start().await;
    let father = as_person(&portal, "jonathan.bell@example.com").await;
    let long = "x".repeat(256);
    for (name, value) in [("phone", "12"), ("email", "nobody"), ("city", long.as_str()), ("phone", "<b>call me</b>")] {
        let refused = ask(&father, &[(name, value)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        assert_eq!(refused.attributes(".esum a", "href"), [format!("#{name}")]);
        assert_eq!(refused.field(name), value, "what was typed is kept");
    }
    assert_eq!(ask(&father, &[("preferred_name", "<script>alert(1)</script>")]).await.status, StatusCode::SEE_OTHER);
    let page = father.get("/my/details").await;
    assert!(!page.body.contains("<script>alert"), "markup is text");
    let staff = portal.sign_in("assistant").await;
    let review = format!("/patients/{}/detail-changes", demo(6, 26));
    let shown = staff.get(&review).await;
    assert!(shown.body.contains("&lt;script&gt;") || shown.body.contains("&#60;script"), "{}", shown.body);
    let (version, names) = (shown.field("row_version"), decisions(&shown));
    let taken = page.attributes("[aria-labelledby=waiting] form", "action");
    let patient = demo(6, 26);
    assert_eq!(father.post(&taken[0], &[("patient", &patient)]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(
        father.post(&taken[0], &[("patient", &patient)]).await.status,
        StatusCode::NOT_FOUND,
        "taken back already"
    );
    let late = staff.post(&review, &[("row_version", &version), (&names[0], "accept")]).await;
    assert_eq!(late.status, StatusCode::CONFLICT, "it is not there any more");
    // Nobody else's: a proxy without the details, another patient, staff on a facility that is not theirs.
    let brother = as_person(&portal, "rafael.reyes@example.com").await;
    for path in [FORM, "/my/details/contacts/new"] {
        assert_eq!(brother.get(path).await.status, StatusCode::NOT_FOUND);
        assert_eq!(brother.post(path, &[("patient", &demo(6, 4))]).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(
        father.post(FORM, &[("patient", &demo(6, 4)), ("phone", "07700 900123")]).await.status,
        StatusCode::CONFLICT
    );
    assert_eq!(portal.sign_in("carer").await.get(&review).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_another_record_has_is_refused_at_its_wish_and_nothing_is_half_done() {
    let portal = Portal::start().await;
    let father = as_person(&portal, "jonathan.bell@example.com").await;
    assert_eq!(
        ask(&father, &[("email", "marisol.reyes@example.org"), ("city", "Leeds")]).await.status,
        StatusCode::SEE_OTHER
    );
    let staff = portal.sign_in("assistant").await;
    let review = format!("/patients/{}/detail-changes", demo(6, 26));
    let page = staff.get(&review).await;
    let (version, names) = (page.field("row_version"), decisions(&page));
    let mut fields = vec![("row_version", version.as_str())];
    fields.extend(names.iter().map(|name| (name.as_str(), "accept")));
    let refused = staff.post(&review, &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text(".esum").contains("E-mail: "), "{}", refused.text(".esum"));
    assert!(!father.get("/my/details").await.text("section.card dl").contains("Leeds"));
}

/// Two tabs: the form of one child stays about that child, whoever the other tab looks at.
#[tokio::test(flavor = "multi_thread")]
async fn an_open_form_never_changes_patient() {
    let portal = Portal::start().await;
    let mother = as_person(&portal, "rosa.lopez@example.com").await;
    let (amina, mateo) = (demo(6, 50), demo(6, 51));
    mother.post("/my/switch", &[("patient", &amina)]).await;
    let form = mother.get(FORM).await;
    assert_eq!(form.field("patient"), amina);
    let fields = filled(&form, &[("preferred_name", "Mina")]);
    // The other tab.
    mother.post("/my/switch", &[("patient", &mateo)]).await;
    let stopped = send(&mother, FORM, &fields).await;
    assert_eq!(stopped.status, StatusCode::CONFLICT);
    assert!(stopped.text("h1").contains("Amina Khan") && stopped.text(".note").contains("Mateo Lopez"));
    assert!(stopped.text("dl").contains("Mina"), "what was typed is kept");
    let mut conn = portal.admin.acquire().await.unwrap();
    let count = |patient: &str| {
        format!("SELECT COUNT(*) FROM detail_change WHERE patient_id = '{patient}' AND field = 'PREFERRED_NAME'")
    };
    assert_eq!(
        number(&mut conn, &count(&amina)).await + number(&mut conn, &count(&mateo)).await,
        0,
        "nothing was saved"
    );
    // Sent on knowingly, it is about the child it was written for, and so is the page that follows.
    let names = stopped.attributes("main form input", "name");
    let values = stopped.attributes("main form input", "value");
    let mut again: Vec<(&str, String)> = names.iter().map(String::as_str).zip(values).collect();
    again.push(("switch_to", amina.clone()));
    assert_eq!(send(&mother, FORM, &again).await.status, StatusCode::SEE_OTHER);
    assert_eq!((number(&mut conn, &count(&amina)).await, number(&mut conn, &count(&mateo)).await), (1, 0));
    assert_eq!(mother.get("/my/details").await.text(".whom b"), "Amina Khan");
    // A form without a patient, or with one that is not theirs, is nobody's.
    for patient in [String::new(), demo(6, 1), demo(6, 91)] {
        let fields = [("patient", patient.as_str()), ("preferred_name", "x")];
        assert_eq!(mother.post(FORM, &fields).await.status, StatusCode::CONFLICT, "{patient}");
    }
    // What she asked says that she asked it, and as what.
    let said = "SELECT COUNT(*) FROM audit_event WHERE resource_type = 'detail_change' AND details ->> 'acting_for' = 'PARENT'";
    assert_eq!(number(&mut conn, said).await, 1);
    let staff = portal.sign_in("assistant").await;
    let page = staff.get(&format!("/patients/{amina}/detail-changes")).await;
    assert!(page.body.contains("Rosa Lopez, parent"), "{}", page.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_keeps_wishes_as_they_were_asked_and_decided() {
    let portal = Portal::start().await;
    let mut conn = portal.admin.acquire().await.unwrap();
    let add = |patient: u32, field: &str, by: u32| {
        format!(
            "INSERT INTO detail_change (organization_id, id, patient_id, field, asked_enc, created_by_id) VALUES ('{}', gen_random_uuid(), '{}', '{field}', 'x', '{}')",
            demo(1, 1),
            demo(6, patient),
            demo(3, by)
        )
    };
    become_them(&mut conn, 11, "PATIENT", "").await;
    for (sql, code) in [
        (add(4, "PREFERRED_NAME", 11), ""),
        (add(4, "SALARY", 11), "23514"),
        (add(4, "CONTACT_CHANGE", 11), "23514"),
        (add(4, "PHONE", 11), "23505"),
        (add(4, "PREFERRED_NAME", 2), "42501"),
        (add(1, "PREFERRED_NAME", 11), "42501"),
        (format!("UPDATE detail_change SET status = 'ACCEPTED' WHERE id = '{}'", demo(610, 3)), "42501"),
        ("UPDATE detail_change SET asked_enc = 'y'".to_owned(), "42501"),
        (format!("UPDATE detail_change SET status = 'WITHDRAWN' WHERE id = '{}'", demo(610, 1)), "AL409"),
        (format!("UPDATE detail_change SET status = 'WITHDRAWN' WHERE id = '{}'", demo(610, 3)), ""),
    ] {
        assert_eq!(refusal(&mut conn, &sql).await, code, "{sql}");
    }
    run(&mut *conn, "ROLLBACK").await;
    become_them(&mut conn, 2, "MEDICAL_ASSISTANT", &demo(2, 1)).await;
    for (sql, code) in [
        (add(4, "PREFERRED_NAME", 2), "42501"),
        (format!("UPDATE detail_change SET status = 'REFUSED' WHERE id = '{}'", demo(610, 3)), "AL409"),
        (format!("UPDATE detail_change SET status = 'REFUSED', reason = 'No.' WHERE id = '{}'", demo(610, 3)), ""),
        (format!("UPDATE detail_change SET status = 'WITHDRAWN' WHERE id = '{}'", demo(610, 3)), "42501"),
        (format!("UPDATE detail_change SET status = 'ACCEPTED' WHERE id = '{}'", demo(610, 2)), "AL409"),
    ] {
        assert_eq!(refusal(&mut conn, &sql).await, code, "{sql}");
    }
    run(&mut *conn, "ROLLBACK").await;
}
