//! Finding patients.

use axum::http::{HeaderName, HeaderValue};
use chrono::NaiveDate;
use uuid::Uuid;

use crate::access::Permission;
use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Action, Audited, Event};
use crate::facilities::{self, Facility};
use crate::ids::PatientId;
use crate::patients::find::{self, Search};
use crate::patients::lately::Lately;
use crate::patients::list::{List, PAGE, RawList, RawSearch, Step};
use crate::patients::pages::{HeaderIndex, HeaderRow, Index, PatientRow};
use crate::patients::{names, queries};
use crate::phi::Keyring;
use crate::web::badges::Badges;
use crate::web::ctx::Page;
use crate::web::form::{Form, Query};
use crate::web::nav::Area;
use crate::web::shell::Shell;
use crate::web::{Ctx, format, ui};

/// Counts stop here: nobody acts on the difference between 412 and 413.
const CAP: usize = 100;

/// `GET /patients`
pub async fn list(ctx: Ctx, tx: Tx, Query(raw): Query<RawList>) -> Page {
    show(&ctx, tx, &List::parse(raw)?).await
}

/// `POST /patients/search`: what was typed becomes a sealed token; see [`find`].
pub async fn search(ctx: Ctx, mut tx: Tx, Form(raw): Form<RawSearch>) -> Page {
    let keys = ctx.app.keys(&mut tx, ctx.actor.organization).await?;
    let find = find::seal(keys, &ctx.actor, &raw.q)?;
    let list = List { find, ..List::parse(raw.into())? };
    if ctx.hx.partial { show(&ctx, tx, &list).await } else { Ok(ctx.redirect(&list.href("/patients"), None)) }
}

async fn show(ctx: &Ctx, tx: Tx, list: &List) -> Page {
    let mut response = if ctx.actor.may(Permission::ViewPatients) {
        records(ctx, tx, list).await?
    } else {
        headers(ctx, tx, list).await?
    };
    if ctx.hx.partial {
        let here =
            HeaderValue::from_str(&list.href("/patients")).unwrap_or_else(|_| HeaderValue::from_static("/patients"));
        response.headers_mut().insert(HeaderName::from_static("hx-push-url"), here);
    }
    Ok(response)
}

/// The list for those who may open records.
async fn records(ctx: &Ctx, mut tx: Tx, list: &List) -> Page {
    let keys = ctx.app.keys(&mut tx, ctx.actor.organization).await?;
    let facilities = facilities::within_reach(&mut tx, &ctx.actor).await?;
    let looked_for = LookedFor::read(ctx, keys, list)?;
    let found = matching(&mut tx, &wanted(ctx, list, &facilities, CAP), looked_for.search.as_ref(), list).await?;
    let ids: Vec<PatientId> = found.iter().take(PAGE).map(|(id, _)| *id).collect();
    let readings = ctx.actor.may(Permission::ViewReadings) && !list.deleted;
    let rows = queries::list::rows(&mut tx, ctx.actor.organization, &ids, readings).await?;
    let audited = record_view(ctx, &mut tx, ids, "patients", looked_for.kind()).await?;
    let today = ctx.today();
    let rows = rows.into_iter().map(|row| PatientRow::new(row, ctx, keys, today, &audited)).collect::<Result<_>>()?;
    let clinicians =
        if ctx.hx.partial { Vec::new() } else { queries::list::clinicians(&mut tx, ctx.actor.organization).await? };
    let shell = shell(ctx, &mut tx, &facilities).await?;
    tx.commit().await?;
    let page =
        Index::new(shell, ctx, list, looked_for.typed, &facilities, &clinicians, (rows, readings), pager(list, &found));
    ctx.page(&page, page.as_found())
}

/// The list for those who may know names and record numbers only.
async fn headers(ctx: &Ctx, mut tx: Tx, list: &List) -> Page {
    let keys = ctx.app.keys(&mut tx, ctx.actor.organization).await?;
    let facilities = facilities::within_reach(&mut tx, &ctx.actor).await?;
    let looked_for = LookedFor::read(ctx, keys, list)?;
    let most = i32::try_from(PAGE).unwrap_or(i32::MAX);
    let found = match &looked_for.search {
        None => queries::list::headers_by_name(&mut tx, "", most).await?,
        Some(Search::Name(key)) => queries::list::headers_by_name(&mut tx, key, most).await?,
        Some(Search::Number { record, .. }) => queries::list::header_by_number(&mut tx, record).await?,
        Some(Search::Email(_) | Search::Nothing) => Vec::new(),
    };
    let audited =
        record_view(ctx, &mut tx, found.iter().map(|row| row.id).collect(), "patients", looked_for.kind()).await?;
    let full = found.len() == PAGE;
    let rows = found.into_iter().map(|row| HeaderRow::new(row, ctx, keys, &audited)).collect::<Result<_>>()?;
    let shell = shell(ctx, &mut tx, &facilities).await?;
    tx.commit().await?;
    let people = facilities::people(facilities::person_term(&facilities));
    let page = HeaderIndex { shell, people, typed: looked_for.typed, rows, full };
    ctx.page(&page, page.as_found())
}

/// What the token in the address asks for.
pub struct LookedFor {
    /// What was typed.
    pub typed: String,
    /// What that looks for.
    pub search: Option<Search>,
}

impl LookedFor {
    /// Opens the token.
    pub fn read(ctx: &Ctx, keys: &Keyring, list: &List) -> Result<Self> {
        let Some(token) = &list.find else { return Ok(Self { typed: String::new(), search: None }) };
        match find::open(keys, &ctx.actor, token) {
            Some(typed) => Ok(Self { search: Some(find::search(keys, &ctx.actor, &typed)?), typed }),
            // A token of somebody else finds nothing, rather than everything.
            None => Ok(Self { typed: String::new(), search: Some(Search::Nothing) }),
        }
    }

    /// The kind of search, for the audit.
    pub fn kind(&self) -> Option<&'static str> {
        self.search.as_ref().map(Search::kind)
    }
}

/// What the list asks of the database.
pub fn wanted(ctx: &Ctx, list: &List, facilities: &[Facility], limit: usize) -> queries::list::Wanted {
    let reach = facilities.iter().map(|facility| facility.id.uuid());
    queries::list::Wanted {
        organization: ctx.actor.organization,
        facilities: reach.filter(|id| list.facility.is_none_or(|only| only == *id)).collect(),
        deleted: list.deleted && ctx.actor.may(Permission::EditPatients),
        statuses: list.wanted_statuses(),
        clinician: list.clinician,
        flag: list.flag.clone(),
        after: list.trail.last().map_or(Uuid::nil(), |step| step.after),
        limit: i64::try_from(limit).unwrap_or(i64::MAX),
    }
}

/// The patients that match, each with whether it was found by the given name.
pub async fn matching(
    tx: &mut Tx,
    wanted: &queries::list::Wanted,
    search: Option<&Search>,
    list: &List,
) -> Result<Vec<(PatientId, bool)>> {
    let everything = names::prefix_range("");
    let family = |ids: Vec<PatientId>| ids.into_iter().map(|id| (id, false)).collect::<Vec<_>>();
    Ok(match search {
        None if list.backwards => family(queries::list::by_name_backwards(tx, wanted, &everything).await?),
        None => family(queries::list::by_name(tx, wanted, &everything).await?),
        Some(Search::Name(key)) => by_either_name(tx, wanted, &names::prefix_range(key), list).await?,
        Some(Search::Number { record, phone }) => family(queries::list::by_number(tx, wanted, record, phone).await?),
        Some(Search::Email(email)) => family(queries::list::by_email(tx, wanted, email).await?),
        Some(Search::Nothing) => Vec::new(),
    })
}

/// Family names first, then given names, without anybody twice.
async fn by_either_name(
    tx: &mut Tx,
    wanted: &queries::list::Wanted,
    range: &(String, String),
    list: &List,
) -> Result<Vec<(PatientId, bool)>> {
    let mut found = Vec::new();
    let mut rest = wanted.clone();
    if !list.trail.last().is_some_and(|step| step.given) {
        let by_family = if list.backwards {
            queries::list::by_name_backwards(tx, wanted, range).await?
        } else {
            queries::list::by_name(tx, wanted, range).await?
        };
        found.extend(by_family.into_iter().map(|id| (id, false)));
        rest.after = Uuid::nil();
        rest.limit -= i64::try_from(found.len()).unwrap_or(i64::MAX);
    }
    if rest.limit > 0 {
        let by_given = queries::list::by_given_name(tx, &rest, range).await?;
        found.extend(by_given.into_iter().map(|id| (id, true)));
    }
    Ok(found)
}

pub async fn record_view(
    ctx: &Ctx,
    tx: &mut Tx,
    shown: Vec<PatientId>,
    page: &'static str,
    search: Option<&'static str>,
) -> Result<Audited> {
    let event = Event::new(Action::View, "patient")
        .showing(shown)
        .at(ctx.actor.home_facility())
        .with(serde_json::json!({ "page": page, "search": search }));
    events::record(tx, &ctx.by(), event).await
}

async fn shell(ctx: &Ctx, tx: &mut Tx, facilities: &[Facility]) -> Result<Shell> {
    let title = facilities::people(facilities::person_term(facilities));
    if ctx.hx.partial {
        return Ok(ctx.shell_with(title, Area::Patients, Badges::default()));
    }
    ctx.shell(tx, title, Area::Patients).await
}

fn pager(list: &List, found: &[(PatientId, bool)]) -> ui::Pager {
    let before = list.trail.len() * PAGE;
    let shown = found.len().min(PAGE);
    let of = if found.len() >= CAP { format!("{}+", before + CAP - 1) } else { (before + found.len()).to_string() };
    let last = found.get(PAGE - 1).filter(|_| found.len() > PAGE);
    ui::Pager {
        range: if shown == 0 { "None".to_owned() } else { format!("{} to {} of {of}", before + 1, before + shown) },
        previous: list.previous().map(|list| list.href("/patients")),
        next: last.map(|(id, given)| list.next(Step { after: id.uuid(), given: *given }).href("/patients")),
    }
}

impl PatientRow {
    pub fn new(
        row: queries::list::Row,
        ctx: &Ctx,
        keys: &Keyring,
        today: NaiveDate,
        audited: &Audited,
    ) -> Result<Self> {
        let lately = Lately::of(&row, ctx.actor.zone);
        let demographics = row.demographics.0;
        let mrn =
            super::opened(keys, &ctx.actor, row.id, "medical_record_number", row.medical_record_number_enc.as_deref())?;
        Ok(Self {
            href: format!("/patients/{}", row.id),
            name: format::person(&row.last_name, &row.first_name, demographics.title.as_deref()),
            born: row.date_of_birth.map(|born| format!("{} ({})", format::date(born), format::age(born, today))),
            sex: demographics.sex().label(),
            died: demographics.deceased_on.is_some(),
            mrn: mrn.map(|mrn| format::grouped(mrn.reveal(audited))),
            status: row.status,
            flags: row.flags.iter().map(|code| crate::patients::model::flag(code)).collect(),
            clinician: row.clinician,
            facility: row.facility,
            lately,
        })
    }
}

impl HeaderRow {
    pub fn new(row: queries::list::Header, ctx: &Ctx, keys: &Keyring, audited: &Audited) -> Result<Self> {
        let mrn =
            super::opened(keys, &ctx.actor, row.id, "medical_record_number", row.medical_record_number_enc.as_deref())?;
        Ok(Self {
            name: format::person(&row.last_name, &row.first_name, None),
            mrn: mrn.map(|mrn| format::grouped(mrn.reveal(audited))),
        })
    }
}
