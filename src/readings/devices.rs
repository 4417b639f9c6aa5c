//! Devices, and accounts with their makers, that send readings: linked, expired, revoked.

use askama::Template;
use axum::http::StatusCode;
use chrono::{NaiveDate, TimeZone as _};
use chrono_tz::Tz;
use serde_json::json;

use super::model::Vendor;
use crate::access::Permission;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, By, Event};
use crate::ids::{DeviceConnectionId, OrganizationId, PatientId};
use crate::patients::fields::Typed;
use crate::patients::record::{self, REFUSED, Record};
use crate::web::Ctx;
use crate::web::ctx::Page;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id, Ids};
use crate::web::nav::Area;
use crate::web::shell::Shell;
use crate::web::ui::{Banner, Choice, Tab};
use crate::web::whom::{self, Scope, Whom};

/// The longest token.
const TOKEN_CHARS: usize = 4_000;

/// A device of a patient.
#[derive(Debug)]
pub struct Device {
    /// Which.
    pub id: DeviceConnectionId,
    /// Its maker.
    pub vendor: Vendor,
    /// What the maker calls it.
    pub external_id: String,
    /// When its access ends.
    pub expires_at: Option<Timestamp>,
    /// The latest moment of which it sent a reading.
    pub last_reading_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Whether a token is kept for it.
    pub has_token: bool,
    /// Whether its access has ended by itself.
    pub expired: bool,
}

impl Device {
    /// `linked`, `expired` or `revoked`: shape and word.
    #[must_use]
    pub const fn state(&self) -> (&'static str, &'static str) {
        match (self.revoked_at.is_some(), self.expired) {
            (true, _) => ("none", "Revoked"),
            (false, true) => ("warn", "Expired"),
            (false, false) => ("ok", "Linked"),
        }
    }
}

#[derive(Debug, Template)]
#[template(path = "readings/devices.html")]
struct DevicesPage {
    shell: Shell,
    banner: Banner,
    sections: Vec<Tab>,
    here: String,
    vitals: String,
    devices: Vec<Device>,
    vendors: Vec<Choice>,
    typed: Typed,
    errors: FormErrors,
    may_link: bool,
    zone: Tz,
}

#[derive(Debug, Template)]
#[template(path = "readings/my_devices.html")]
struct MyDevicesPage {
    shell: Shell,
    own: Whom,
    devices: Vec<Device>,
    zone: Tz,
}

/// `GET /patients/{id}/devices`
pub(super) async fn list(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>) -> Page {
    let record = record::open(&ctx, &mut tx, id, Action::View, "devices").await?;
    show(&ctx, tx, &record, Typed::default(), FormErrors::default()).await
}

/// `POST /patients/{id}/devices`
pub(super) async fn link(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>, Form(typed): Form<Typed>) -> Page {
    let record = record::open(&ctx, &mut tx, id, Action::View, "devices").await?;
    if record.stored.deleted_at.is_some() {
        return Err(Error::Conflict("This record is deleted. Restore it before changing it.".to_owned()));
    }
    let new = match NewDevice::read(&typed, ctx.actor.zone, ctx.now()) {
        Ok(new) => new,
        Err(errors) => return show(&ctx, tx, &record, typed, errors).await,
    };
    store(&ctx, &mut tx, id, &new).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&record.href("devices"), Some(&Flash::ok("The device is linked."))))
}

/// `POST /patients/{id}/devices/{device}/revocation`
pub(super) async fn revoke(ctx: Ctx, mut tx: Tx, Ids(id, device): Ids<PatientId, DeviceConnectionId>) -> Page {
    record::open(&ctx, &mut tx, id, Action::View, "devices").await?;
    shut_out(&mut tx, &ctx.by(), id, device).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&format!("/patients/{id}/devices"), Some(&Flash::ok("Revoked. Its tokens are deleted."))))
}

/// `GET /my/readings/devices`
pub(super) async fn mine(ctx: Ctx, mut tx: Tx) -> Page {
    let own = whom::current_for(&mut tx, &ctx.actor, Scope::Readings).await?;
    let event = Event::new(Action::View, "device_connection").about(Some(own.patient)).at(Some(own.facility_id));
    events::record(&mut tx, &ctx.by(), event.with(json!({ "page": "portal devices" }))).await?;
    let devices = of(&mut tx, ctx.actor.organization, own.patient).await?;
    let shell = ctx.shell(&mut tx, "Devices", Area::MyReadings).await?;
    tx.commit().await?;
    ctx.whole_page(StatusCode::OK, &MyDevicesPage { shell, own, devices, zone: ctx.actor.zone })
}

/// `POST /my/readings/devices/{device}/revocation`
pub(super) async fn revoke_mine(
    ctx: Ctx,
    mut tx: Tx,
    Id(device): Id<DeviceConnectionId>,
    Form(typed): Form<Typed>,
) -> Page {
    let own = whom::current_for(&mut tx, &ctx.actor, Scope::Readings).await?;
    own.agrees(typed.get("patient"))?;
    shut_out(&mut tx, &ctx.by(), own.patient, device).await?;
    tx.commit().await?;
    Ok(ctx.redirect("/my/readings/devices", Some(&Flash::ok("Done. It cannot send readings any more."))))
}

async fn show(ctx: &Ctx, mut tx: Tx, record: &Record, typed: Typed, errors: FormErrors) -> Page {
    let devices = of(&mut tx, ctx.actor.organization, record.id()).await?;
    let shell = record.shell(ctx, &mut tx, "devices").await?;
    tx.commit().await?;
    let status = if errors.is_empty() { StatusCode::OK } else { REFUSED };
    let choice = |vendor: &Vendor| Choice::new(vendor.as_str(), vendor.label(), vendor.as_str() == typed.get("vendor"));
    let page = DevicesPage {
        shell,
        banner: record.banner(ctx),
        sections: record.sections(ctx, "vitals"),
        here: record.href("devices"),
        vitals: record.href("vitals"),
        devices,
        vendors: Vendor::ALL.iter().map(choice).collect(),
        may_link: ctx.actor.may(Permission::CorrectReadings) && record.stored.deleted_at.is_none(),
        typed,
        errors,
        zone: ctx.actor.zone,
    };
    ctx.whole_page(status, &page)
}

async fn of(tx: &mut Tx, organization: OrganizationId, patient: PatientId) -> Result<Vec<Device>> {
    Ok(sqlx::query_as!(
        Device,
        r#"SELECT id AS "id: DeviceConnectionId", vendor AS "vendor: Vendor", external_id, expires_at AS "expires_at: Timestamp",
                  last_reading_at AS "last_reading_at: Timestamp", revoked_at AS "revoked_at: Timestamp",
                  access_token_enc IS NOT NULL AS "has_token!", COALESCE(expires_at <= NOW(), false) AS "expired!"
             FROM device_connection WHERE organization_id = $1 AND patient_id = $2 AND deleted_at IS NULL
            ORDER BY revoked_at IS NOT NULL, vendor, external_id LIMIT 200"#,
        organization.uuid(),
        patient.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// A device as it was typed.
struct NewDevice {
    vendor: Vendor,
    external_id: String,
    access_token: Option<String>,
    refresh_token: Option<String>,
    expires_at: Option<Timestamp>,
}

impl NewDevice {
    fn read(typed: &Typed, zone: Tz, now: Timestamp) -> std::result::Result<Self, FormErrors> {
        let mut errors = FormErrors::default();
        let vendor = typed.get("vendor").parse::<Vendor>().ok();
        if vendor.is_none() {
            errors.add("vendor", "Choose the maker");
        }
        let external_id =
            errors.required("external_id", typed.get("external_id"), "Enter what the maker calls the device");
        let mut token = |field: &'static str| {
            let text = typed.get(field).trim();
            if text.len() > TOKEN_CHARS || text.chars().any(char::is_control) {
                errors.add(field, "This is not a token");
            }
            Some(text.to_owned()).filter(|text| !text.is_empty())
        };
        let (access_token, refresh_token) = (token("access_token"), token("refresh_token"));
        let expires_at = match typed.get("expires_on").trim() {
            "" => None,
            text => {
                let end = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().and_then(|day| day.and_hms_opt(23, 59, 59));
                let end = end.and_then(|end| zone.from_local_datetime(&end).latest()).map(|end| end.to_utc());
                if end.is_none_or(|end| end <= now || end > now + chrono::TimeDelta::days(3_660)) {
                    errors.add("expires_on", "Enter a day to come, within ten years");
                }
                end
            }
        };
        match vendor {
            Some(vendor) if errors.is_empty() => {
                Ok(Self { vendor, external_id, access_token, refresh_token, expires_at })
            }
            _ => Err(errors),
        }
    }
}

/// Links the device: a new one, or one that was revoked or expired before.
async fn store(ctx: &Ctx, tx: &mut Tx, patient: PatientId, new: &NewDevice) -> Result<()> {
    let organization = ctx.actor.organization;
    let known = sqlx::query_scalar!(
        r#"SELECT id AS "id: DeviceConnectionId" FROM device_connection
            WHERE organization_id = $1 AND patient_id = $2 AND vendor = $3 AND external_id = $4"#,
        organization.uuid(),
        patient.uuid(),
        new.vendor.as_str(),
        new.external_id,
    )
    .fetch_optional(&mut **tx)
    .await?;
    let id = known.unwrap_or_else(DeviceConnectionId::new);
    let keys = ctx.app.keys(tx, organization).await?;
    let seal = |column: &'static str, token: &Option<String>| {
        token
            .as_ref()
            .map(|token| keys.seal(organization, "device_connection", column, id, token))
            .transpose()
            .map_err(anyhow::Error::from)
    };
    let (access, refresh) = (seal("access_token", &new.access_token)?, seal("refresh_token", &new.refresh_token)?);
    sqlx::query!(
        "INSERT INTO device_connection (organization_id, id, patient_id, vendor, external_id, access_token_enc, refresh_token_enc, expires_at, created_by_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8::timestamptz, $9)
             ON CONFLICT (organization_id, patient_id, vendor, external_id) DO UPDATE
            SET status = 'LINKED', revoked_at = NULL, revoked_by_id = NULL, expires_at = excluded.expires_at,
                access_token_enc = excluded.access_token_enc, refresh_token_enc = excluded.refresh_token_enc",
        organization.uuid(),
        id.uuid(),
        patient.uuid(),
        new.vendor.as_str(),
        new.external_id,
        access,
        refresh,
        new.expires_at as _,
        ctx.actor.user.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    let event = Event::new(Action::Create, "device_connection").of(id).about(Some(patient));
    events::record(tx, &ctx.by(), event.with(json!({ "vendor": new.vendor, "token": access.is_some() }))).await?;
    Ok(())
}

/// Revokes a device: its tokens go, and what it sends is refused.
async fn shut_out(tx: &mut Tx, by: &By, patient: PatientId, device: DeviceConnectionId) -> Result<()> {
    let revoked = sqlx::query!(
        "UPDATE device_connection SET status = 'REVOKED', revoked_at = NOW(), revoked_by_id = $4, access_token_enc = NULL, refresh_token_enc = NULL
          WHERE organization_id = $1 AND patient_id = $2 AND id = $3 AND status = 'LINKED' AND deleted_at IS NULL",
        by.organization.uuid(),
        patient.uuid(),
        device.uuid(),
        by.id,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    if revoked == 0 {
        return Err(Error::NotFound);
    }
    let event = Event::new(Action::Update, "device_connection").of(device).about(Some(patient));
    events::record(tx, by, event.with(json!({ "to": "REVOKED" }))).await?;
    Ok(())
}
