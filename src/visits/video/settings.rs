//! How patients reach a facility when they have a video visit: the number to call, and the provider of video where it is not the portal itself.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::reach::{self, Place, Reach};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::FacilityId;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors};
use crate::web::nav::Area;
use crate::web::shell::Shell;
use crate::web::{Ctx, Page};

const PAGE: &str = "/admin/video";

/// What the form sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawReach {
    /// Which facility.
    pub facility: String,
    /// The number to call.
    pub phone: String,
    /// The address at the provider.
    pub video_url: String,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "admin/video.html")]
pub struct Settings {
    /// The frame.
    pub shell: Shell,
    /// The facilities.
    pub places: Vec<Place>,
    /// What was typed and refused.
    pub form: RawReach,
    /// What is wrong with it.
    pub errors: FormErrors,
}

impl Settings {
    fn is_wrong(&self, place: &Place) -> bool {
        !self.errors.is_empty() && self.form.facility == place.id.to_string()
    }

    fn field_id(&self, place: &Place, field: &str) -> String {
        // The summary of what is wrong leads to the plain name.
        if self.is_wrong(place) { field.to_owned() } else { format!("{field}-{}", place.id) }
    }

    fn phone<'a>(&'a self, place: &'a Place) -> &'a str {
        if self.is_wrong(place) { &self.form.phone } else { place.phone.as_deref().unwrap_or_default() }
    }

    fn video_url<'a>(&'a self, place: &'a Place) -> &'a str {
        if self.is_wrong(place) { &self.form.video_url } else { place.video_url.as_deref().unwrap_or_default() }
    }

    fn error(&self, place: &Place, field: &str) -> Option<&str> {
        self.errors.get(field).filter(|_| self.is_wrong(place))
    }
}

async fn page(ctx: &Ctx, mut tx: Tx, form: RawReach, errors: FormErrors) -> Result<Response> {
    let places = reach::places(&mut tx, ctx.actor.organization).await?;
    let shell = ctx.shell(&mut tx, "Video visits", Area::Video).await?;
    tx.commit().await?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    ctx.whole_page(status, &Settings { shell, places, form, errors })
}

/// `GET /admin/video`
pub async fn show(ctx: Ctx, tx: Tx) -> Page {
    page(&ctx, tx, RawReach::default(), FormErrors::default()).await
}

/// `POST /admin/video`: one facility.
pub async fn save(ctx: Ctx, mut tx: Tx, Form(raw): Form<RawReach>) -> Page {
    let id: FacilityId = raw.facility.parse().map_err(|_| Error::NotFound)?;
    let mut errors = FormErrors::default();
    let phone = errors.line("phone", &raw.phone);
    let url = errors.line("video_url", &raw.video_url);
    if !phone.is_empty() && !is_number(&phone) {
        errors.add("phone", "Enter a telephone number, such as 020 7946 0100");
    }
    if !url.is_empty() && !is_room(&url) {
        errors.add("video_url", "Enter an https address with {room} in it, such as https://video.example.org/{room}");
    }
    if !errors.is_empty() {
        return page(&ctx, tx, raw, errors).await;
    }
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    let reach = Reach { phone: some(phone), video_url: some(url) };
    if !reach::set_reach(&mut tx, ctx.actor.organization, id, &reach).await? {
        return Err(Error::NotFound);
    }
    let event = Event::new(Action::Update, "facility").of(id).at(Some(id));
    let changes = json!({ "phone": { "after": reach.phone }, "video_url": { "after": reach.video_url } });
    events::record(&mut tx, &ctx.by(), event.changing(changes)).await?;
    tx.commit().await?;
    Ok(ctx.redirect(PAGE, Some(&Flash::ok("Saved"))))
}

/// The same as `facility_phone_shape` in the schema.
fn is_number(text: &str) -> bool {
    let rest = text.strip_prefix('+').unwrap_or(text);
    (3..=30).contains(&rest.len())
        && rest.starts_with(|c: char| c.is_ascii_digit())
        && rest.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '(' | ')' | '-'))
}

/// The same as `facility_video_url_shape`: https, the name of the room once and nothing else that would be filled in.
fn is_room(text: &str) -> bool {
    let Some((host, path)) = text.strip_prefix("https://").and_then(|rest| rest.split_once('/')) else { return false };
    let (name, port) = host.split_once(':').unwrap_or((host, "443"));
    let Some((before, after)) = path.split_once("{room}") else { return false };
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._~?=&%#+-".contains(c);
    text.len() <= 255
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-')
        && (1..=5).contains(&port.len())
        && port.chars().all(|c| c.is_ascii_digit())
        && before.chars().chain(after.chars()).all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_a_room_is_https_and_holds_nothing_but_the_room() {
        for right in ["https://video.example.org/{room}", "https://meet.example:8443/a/{room}?lang=en#config"] {
            assert!(is_room(right), "{right}");
        }
        for wrong in [
            "http://video.example.org/{room}",
            "https://video.example.org/",
            "https://video.example.org/{room}/{patient}",
            "https://{room}.example.org/",
            "https://user@video.example.org/{room}",
            "https:///{room}",
            "javascript:alert(1)/{room}",
            "https://video.example.org/{room}\"",
        ] {
            assert!(!is_room(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_number_is_a_number() {
        assert!(is_number("+44 (0)20 7946-0100") && is_number("999"));
        assert!(!is_number("call us") && !is_number("020x") && !is_number(""));
    }
}
