//! The form of a patient's record: what it asks, and what is accepted.

use chrono::NaiveDate;
use uuid::Uuid;

use super::dates::Span;
use super::fields::{Field, Input, Reader, Typed};
use super::model::{PatientStatus, Sex};
use super::record::Record;
use crate::facilities::Facility;
use crate::web::form::FormErrors;

/// What the form offers to choose from.
#[derive(Clone, Debug, Default)]
pub struct Offers {
    /// Places within reach.
    pub facilities: Vec<Facility>,
    /// Members of staff: id and name.
    pub clinicians: Vec<(Uuid, String)>,
}

/// A record as it was typed and accepted.
#[derive(Clone, Debug)]
pub struct PatientInput {
    pub facility: Uuid,
    pub first_name: String,
    pub last_name: String,
    pub title: Option<String>,
    pub preferred_name: Option<String>,
    pub date_of_birth: Option<NaiveDate>,
    pub deceased_on: Option<NaiveDate>,
    pub sex: Sex,
    pub gender: Option<String>,
    pub language: Option<String>,
    pub interpreter: bool,
    pub medical_record_number: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub address: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    pub zip_code: Option<String>,
    pub height_cm: Option<String>,
    pub clinician: Option<Uuid>,
    pub status: PatientStatus,
}

/// The fields, in the order of the page. A new record also asks for its status, which later changes by itself.
#[must_use]
pub fn fields(offers: &Offers, new: bool) -> Vec<Field> {
    let sexes = Sex::ALL.iter().map(|sex| (sex.as_str(), sex.label()));
    let statuses = PatientStatus::ALL.iter().map(|status| (status.as_str(), status.label()));
    let places = offers.facilities.iter().map(|place| (place.id.to_string(), place.name.clone()));
    let clinicians = offers.clinicians.iter().map(|(id, name)| (id.to_string(), name.clone()));
    let mut fields = vec![
        Field::new("title", "Title", Input::Line("w8", "")).hint("For example, Ms or Dr").optional(),
        Field::line("last_name", "Family name"),
        Field::line("first_name", "Given name"),
        Field::line("preferred_name", "Likes to be called").optional(),
        Field::new("date_of_birth", "Date of birth", Input::Date),
        Field::new("sex", "Sex", Input::Select("Choose one")).choices(sexes),
        Field::line("gender", "Gender, in their own words").optional(),
        Field::line("language", "Language spoken best").optional(),
        Field::new("interpreter", "Needs an interpreter", Input::Tick),
        Field::new("medical_record_number", "Record number", Input::Line("w16", "")).optional(),
        Field::new("phone", "Phone", Input::Line("w16", "tel")).optional(),
        Field::new("email", "E-mail", Input::Line("w32", "email")).optional(),
        Field::new("address", "Street and house", Input::Text).optional(),
        Field::new("city", "Town", Input::Line("w16", "")).optional(),
        Field::new("state", "County or state", Input::Line("w16", "")).optional(),
        Field::new("zip_code", "Postcode", Input::Line("w8", "")).optional(),
        Field::new("height_cm", "Height in centimetres", Input::Line("w8", "decimal")).optional(),
        Field::new("facility_id", "Place", Input::Select("Choose one")).choices(places),
        Field::new("clinician_id", "Clinician in charge", Input::Select("Nobody yet")).choices(clinicians).optional(),
        Field::new("deceased_on", "Date of death", Input::Date).hint("Only for somebody who has died").optional(),
    ];
    if new {
        let hint = "Only people on the waiting list may be without a date of birth";
        fields.push(Field::new("status", "Status", Input::Select("")).choices(statuses).hint(hint));
    }
    fields
}

/// What the fields of a new record hold before anybody has typed.
#[must_use]
pub fn blank(offers: &Offers) -> Typed {
    let only = match offers.facilities.as_slice() {
        [only] => only.id.to_string(),
        _ => String::new(),
    };
    Typed::default().put("facility_id", only).put("status", PatientStatus::Active.as_str())
}

/// A stored record, as the fields show it.
#[must_use]
pub fn typed(record: &Record) -> Typed {
    let (stored, opened, demographics) = (&record.stored, &record.opened, record.demographics());
    Typed::default()
        .put_some("title", demographics.title.as_deref())
        .put("last_name", &stored.last_name)
        .put("first_name", &stored.first_name)
        .put_some("preferred_name", demographics.preferred_name.as_deref())
        .put_date("date_of_birth", stored.date_of_birth)
        .put("sex", demographics.sex().as_str())
        .put_some("gender", demographics.gender.as_deref())
        .put_some("language", demographics.language.as_deref())
        .put_tick("interpreter", demographics.interpreter)
        .put_some("medical_record_number", opened.medical_record_number.as_deref())
        .put_some("phone", opened.phone.as_deref())
        .put_some("email", opened.email.as_deref())
        .put_some("address", opened.address.as_deref())
        .put_some("city", opened.city.as_deref())
        .put_some("state", opened.state.as_deref())
        .put_some("zip_code", opened.zip_code.as_deref())
        .put_some("height_cm", stored.height_cm.as_deref())
        .put("facility_id", stored.facility_id.to_string())
        .put("clinician_id", stored.assigned_clinician_id.map(|id| id.to_string()).unwrap_or_default())
        .put_date("deceased_on", demographics.deceased_on)
        .put("row_version", stored.row_version.to_string())
}

/// Reads the form. `status` is that of the stored record, none for a new one.
///
/// # Errors
/// What is wrong, field by field.
pub fn parse(
    typed: &Typed,
    offers: &Offers,
    today: NaiveDate,
    status: Option<PatientStatus>,
) -> Result<PatientInput, FormErrors> {
    let mut read = Reader::new(typed, today);
    let status = status.or_else(|| read.choice("status", PatientStatus::from_name, "Choose a status"));
    let date_of_birth = read.date("date_of_birth", Span::Past);
    if date_of_birth.is_none() && status != Some(PatientStatus::Waitlist) {
        read.errors.add("date_of_birth", "Enter the date of birth");
    }
    let deceased_on = read.date("deceased_on", Span::Past);
    if let (Some(born), Some(died)) = (date_of_birth, deceased_on)
        && died < born
    {
        read.errors.add("deceased_on", "Enter a date that is not before the date of birth");
    }
    let place = |id: &str| offers.facilities.iter().map(|place| place.id.uuid()).find(|place| place.to_string() == id);
    let known = |id: &str| offers.clinicians.iter().map(|(known, _)| *known).find(|known| known.to_string() == id);
    let clinician = if typed.get("clinician_id").is_empty() {
        None
    } else {
        read.choice("clinician_id", known, "Choose somebody from the list")
    };
    let input = PatientInput {
        facility: read.choice("facility_id", place, "Choose a place").unwrap_or_default(),
        first_name: read.required("first_name", "Enter the given name"),
        last_name: read.required("last_name", "Enter the family name"),
        title: read.line("title"),
        preferred_name: read.line("preferred_name"),
        date_of_birth,
        deceased_on,
        sex: read.choice("sex", Sex::from_name, "Choose one; there is one for not known").unwrap_or(Sex::Unknown),
        gender: read.line("gender"),
        language: read.line("language"),
        interpreter: read.ticked("interpreter"),
        medical_record_number: record_number(&mut read),
        phone: read.phone("phone"),
        email: read.email("email"),
        address: read.text("address"),
        city: read.line("city"),
        state: read.line("state"),
        zip_code: read.line("zip_code"),
        height_cm: height(&mut read),
        clinician,
        status: status.unwrap_or(PatientStatus::Active),
    };
    for (field, name) in [("first_name", &input.first_name), ("last_name", &input.last_name)] {
        if !name.is_empty() && super::names::search_key(name).is_none() {
            read.errors.add(field, "Enter a name with at least one letter");
        }
    }
    read.finish(input)
}

fn record_number(read: &mut Reader<'_>) -> Option<String> {
    let number = read.line("medical_record_number")?;
    if !number.chars().any(char::is_alphanumeric) {
        read.errors.add("medical_record_number", "Enter a number with at least one digit or letter");
    }
    Some(number)
}

/// Centimetres with at most one decimal.
fn height(read: &mut Reader<'_>) -> Option<String> {
    let height = read.line("height_cm")?.replace(',', ".");
    let digits = height.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let centimetres = height.parse::<f64>().ok().filter(|cm| digits && (20.0..=280.0).contains(cm));
    if centimetres.is_none() {
        read.errors.add("height_cm", "Enter a height between 20 and 280 centimetres, like 172");
    }
    centimetres.map(|cm| format!("{cm:.1}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::FacilityId;

    fn offers() -> Offers {
        let place = Facility {
            id: FacilityId::from(Uuid::from_u128(1)),
            name: "Northgate".into(),
            person_term: "Patient".into(),
        };
        Offers { facilities: vec![place], clinicians: vec![(Uuid::from_u128(2), "Dr M. Haas".into())] }
    }

    fn ada() -> Typed {
        blank(&offers())
            .put("last_name", "Okafor")
            .put("first_name", "Adaeze")
            .put("sex", "FEMALE")
            .put("date_of_birth_day", "14")
            .put("date_of_birth_month", "7")
            .put("date_of_birth_year", "1958")
    }

    fn wrong(typed: &Typed) -> Vec<&'static str> {
        let today = NaiveDate::from_ymd_opt(2026, 11, 24).expect("a date");
        parse(typed, &offers(), today, None)
            .map_or_else(|errors| errors.iter().map(|(field, _)| field).collect(), |_| Vec::new())
    }

    #[test]
    fn a_name_a_birth_a_sex_and_a_place_are_enough() {
        assert_eq!(wrong(&ada()), Vec::<&str>::new());
    }

    #[test]
    fn each_mistake_is_named_beside_its_field() {
        for (name, value) in [
            ("last_name", ""),
            ("first_name", "–"),
            ("sex", "female"),
            ("facility_id", "00000000-0000-0000-0000-000000000009"),
            ("clinician_id", "x"),
            ("status", "GONE"),
            ("email", "nobody"),
            ("phone", "12"),
            ("medical_record_number", "--"),
            ("height_cm", "0"),
            ("height_cm", "-172"),
            ("height_cm", "1.72"),
            ("height_cm", "1e2"),
            ("height_cm", "tall"),
        ] {
            assert_eq!(wrong(&ada().put(name, value)), [name], "{name}={value}");
        }
        assert_eq!(wrong(&ada().put("first_name", "x".repeat(256))), ["first_name"]);
        assert_eq!(wrong(&ada().put("date_of_birth_year", "2958")), ["date_of_birth"]);
        assert_eq!(wrong(&ada().put("height_cm", "172,5")), Vec::<&str>::new());
    }

    #[test]
    fn only_the_waiting_list_takes_somebody_without_a_date_of_birth() {
        let unborn = ada().put("date_of_birth_day", "").put("date_of_birth_month", "").put("date_of_birth_year", "");
        assert_eq!(wrong(&unborn), ["date_of_birth"]);
        assert_eq!(wrong(&unborn.put("status", "WAITLIST")), Vec::<&str>::new());
    }
}
