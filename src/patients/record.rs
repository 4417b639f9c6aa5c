//! One patient's record, opened: shown only after the view is in the audit.

use axum::http::StatusCode;
use uuid::Uuid;

use super::handlers::opened;
use super::model::{self, Allergy, AllergySeverity, Demographics};
use super::queries;
pub(crate) use super::queries::record::{ActivityItem, Stored};
use crate::access::Permission;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Audited, Event};
use crate::ids::PatientId;
use crate::phi::Keyring;
use crate::web::nav::Area;
use crate::web::shell::Shell;
use crate::web::ui::{Banner, Tab};
use crate::web::{Ctx, format};

/// A record that may be shown: its view has been recorded.
#[derive(Debug)]
pub struct Record {
    /// As stored.
    pub(crate) stored: Stored,
    /// The protected columns.
    pub opened: Opened,
    /// The proof that the view is in the audit.
    pub audited: Audited,
}

/// The protected columns of a patient in clear. Wiped with the page, never written anywhere else.
#[derive(Debug, Default)]
pub struct Opened {
    /// Record number.
    pub medical_record_number: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Street and house.
    pub address: Option<String>,
    /// Town.
    pub city: Option<String>,
    /// County or state.
    pub state: Option<String>,
    /// Postcode.
    pub zip_code: Option<String>,
}

/// Somebody to call, in clear.
#[derive(Debug)]
pub struct Contact {
    /// Their name.
    pub name: String,
    /// Their telephone.
    pub phone: Option<String>,
    /// What they are to the patient.
    pub relationship: String,
    /// Whether to call in an emergency.
    pub is_emergency: bool,
}

/// Opens a record for `page`, and writes that down. Not visible is not found; so is a deleted record for those who
/// could not restore it and do not oversee.
///
/// # Errors
/// Where there is no such record to see, or the database or the keys fail.
pub async fn open(ctx: &Ctx, tx: &mut Tx, id: PatientId, action: Action, page: &'static str) -> Result<Record> {
    let keys = ctx.app.keys(tx, ctx.actor.organization).await?;
    let stored = queries::record::find(tx, ctx.actor.organization, id).await?.ok_or(Error::NotFound)?;
    if stored.deleted_at.is_some() && !may_see_deleted(ctx) {
        return Err(Error::NotFound);
    }
    let event = Event::new(action, "patient")
        .of(id)
        .about(Some(id))
        .at(Some(stored.facility_id))
        .with(serde_json::json!({ "page": page }));
    let audited = events::record(tx, &ctx.by(), event).await?;
    let opened = Opened::of(&stored, ctx, keys, &audited)?;
    Ok(Record { stored, opened, audited })
}

/// The same for the page of something that belongs to a record, whose view of it is written down already.
///
/// # Errors
/// As [`open`].
pub async fn open_seen(ctx: &Ctx, tx: &mut Tx, id: PatientId, audited: Audited) -> Result<Record> {
    let keys = ctx.app.keys(tx, ctx.actor.organization).await?;
    let stored = queries::record::find(tx, ctx.actor.organization, id).await?.ok_or(Error::NotFound)?;
    let opened = Opened::of(&stored, ctx, keys, &audited)?;
    Ok(Record { stored, opened, audited })
}

fn may_see_deleted(ctx: &Ctx) -> bool {
    ctx.actor.may(Permission::EditPatients) || ctx.actor.may(Permission::ViewAudit)
}

impl Opened {
    fn of(stored: &Stored, ctx: &Ctx, keys: &Keyring, audited: &Audited) -> Result<Self> {
        let open = |column, sealed: &Option<Vec<u8>>| -> Result<Option<String>> {
            let value = opened(keys, &ctx.actor, stored.id, column, sealed.as_deref())?;
            Ok(value.map(|value| value.reveal(audited).clone()))
        };
        Ok(Self {
            medical_record_number: open("medical_record_number", &stored.medical_record_number_enc)?,
            phone: open("phone", &stored.phone_enc)?,
            email: open("email", &stored.email_enc)?,
            address: open("address", &stored.address_enc)?,
            city: open("city", &stored.city_enc)?,
            state: open("state", &stored.state_enc)?,
            zip_code: open("zip_code", &stored.zip_code_enc)?,
        })
    }
}

impl Record {
    /// Which.
    #[must_use]
    pub const fn id(&self) -> PatientId {
        self.stored.id
    }

    /// What the record says of the person.
    #[must_use]
    pub const fn demographics(&self) -> &Demographics {
        &self.stored.demographics.0
    }

    /// The address of a page of this chart; the summary where `section` is empty.
    #[must_use]
    pub fn href(&self, section: &str) -> String {
        if section.is_empty() {
            format!("/patients/{}", self.id())
        } else {
            format!("/patients/{}/{section}", self.id())
        }
    }

    /// The people to call first.
    ///
    /// # Errors
    /// Where a name does not open.
    pub fn contacts(&self, ctx: &Ctx) -> Result<Vec<Contact>> {
        let keys = ctx.app.keyring();
        let open = |row: Uuid, column, sealed: &str| -> Result<String> {
            let sealed = hex::decode(sealed).map_err(anyhow::Error::from)?;
            let value = keys.open(ctx.actor.organization, "patient_contact", column, row, &sealed);
            Ok(value.map_err(anyhow::Error::from)?.reveal(&self.audited).clone())
        };
        let contact = |item: &queries::record::ContactItem| -> Result<Contact> {
            Ok(Contact {
                name: open(item.id, "name", &item.name)?,
                phone: item.phone.as_deref().map(|phone| open(item.id, "phone", phone)).transpose()?,
                relationship: item.relationship.clone(),
                is_emergency: item.is_emergency,
            })
        };
        self.stored.contacts.0.iter().map(contact).collect()
    }

    /// Who the page is about: on every page of the chart.
    #[must_use]
    pub fn banner(&self, ctx: &Ctx) -> Banner {
        let stored = &self.stored;
        let demographics = self.demographics();
        let until = demographics.deceased_on.unwrap_or_else(|| ctx.today());
        let aged = |on| stored.date_of_birth.map(|born| format::age(born, on)).filter(|age| !age.is_empty());
        Banner {
            href: self.href(""),
            name: format::person(&stored.last_name, &stored.first_name, None),
            title: demographics.title.clone(),
            initials: format::initials(&stored.first_name, &stored.last_name),
            born: match (stored.date_of_birth, demographics.deceased_on) {
                (Some(born), None) => format!("{} ({})", format::date(born), format::age(born, until)),
                (Some(born), Some(_)) => format::date(born),
                (None, _) => "not known".to_owned(),
            },
            sex: demographics.sex().label().to_owned(),
            mrn: self.opened.medical_record_number.as_deref().map_or_else(|| "none".to_owned(), format::grouped),
            phone: self.opened.phone.clone(),
            provider: stored.clinician.clone(),
            flags: self.flags(),
            allergies: model::allergies(stored.allergy_status, self.allergy_list()),
            died: demographics.deceased_on.map(|day| match aged(day) {
                Some(age) => format!("{} ({age})", format::date(day)),
                None => format::date(day),
            }),
            restricted: stored.deleted_at.map(|_| "Deleted record".to_owned()),
            watch: Some((stored.id.to_string(), ctx.now().timestamp_micros())),
        }
    }

    fn allergy_list(&self) -> Vec<Allergy> {
        let severity = |name: &str| AllergySeverity::from_name(name).unwrap_or(AllergySeverity::Unknown);
        let item = |item: &queries::record::AllergyItem| Allergy {
            substance: item.substance.clone(),
            reaction: item.reaction.clone(),
            severity: severity(&item.severity),
        };
        self.stored.allergies.0.iter().map(item).collect()
    }

    fn flags(&self) -> Vec<crate::web::ui::Flag> {
        let mut flags: Vec<_> = self.stored.flags.0.iter().map(|item| model::flag(&item.code)).collect();
        let plain = |icon, word| crate::web::ui::Flag { tone: crate::web::ui::Tone::None, icon, word };
        if self.stored.status != model::PatientStatus::Active {
            flags.insert(0, plain("info", self.stored.status.label().to_owned()));
        }
        flags.extend(self.demographics().interpreter_words().map(|words| plain("languages", words)));
        flags
    }

    /// The sections of the chart that this person may open.
    #[must_use]
    pub fn sections(&self, ctx: &Ctx, current: &str) -> Vec<Tab> {
        SECTIONS
            .iter()
            .filter(|(_, _, permission)| ctx.actor.may(*permission))
            .map(|(section, label, _)| Tab {
                href: self.href(section),
                label: (*label).to_owned(),
                count: None,
                current: *section == current,
            })
            .collect()
    }

    /// The frame of a page of this chart. The title names the page, never the person.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn shell(&self, ctx: &Ctx, tx: &mut Tx, page: &str) -> Result<Shell> {
        ctx.shell(tx, format!("Chart – {page}"), Area::Patients).await
    }
}

/// Sections that are tabs in a wide window, where the person may open them; what comes after them is in a menu.
pub const TABS: usize = 8;

/// The same on a phone.
pub const TABS_ON_A_PHONE: usize = 3;

/// The sections of a chart, those that are looked at most first: the end of the address, the words, and who may open it.
const SECTIONS: &[(&str, &str, Permission)] = &[
    ("", "Summary", Permission::ViewPatients),
    ("alerts", "Alerts", Permission::ViewAlerts),
    ("vitals", "Vitals", Permission::ViewReadings),
    ("messages", "Messages", Permission::UseMessages),
    ("tasks", "Tasks", Permission::ViewPatients),
    ("documents", "Documents", Permission::ViewChartDocuments),
    ("conditions", "Problems", Permission::ViewPatients),
    ("allergies", "Allergies", Permission::ViewPatients),
    ("details", "Details", Permission::ViewPatients),
    ("contacts", "Contacts", Permission::ViewPatients),
    ("coverage", "Cover", Permission::ViewPatients),
    ("care-team", "Care team", Permission::ViewPatients),
    ("flags", "Flags", Permission::ViewPatients),
    ("weeks", "Weeks", Permission::ViewWeeklySummaries),
    ("reading", "Reading", Permission::ViewContent),
    ("rules", "Rules", Permission::ViewRules),
    ("portal", "Portal", Permission::ViewPortalAccounts),
    ("access-log", "Access log", Permission::ViewAccessLog),
];

/// The status of a page that shows a form again: what was typed cannot be saved.
pub const REFUSED: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;
