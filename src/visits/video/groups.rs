//! Group visits by video: everybody meets at the external service of the facility. The room that is built in is for one patient, whom the clinician
//! lets in; a group in it would show its members to each other one by one, each at the cost of one more call for every browser.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sqlx::PgConnection;

use super::reach;
use crate::app::App;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{FacilityId, OrganizationId};
use crate::visits::model::Mode;
use crate::visits::queries::visits::VisitRow;

/// Why a group is not seen by video here.
pub const NO_SERVICE: &str = "Groups meet by video at an external service, and this facility has none. Choose a time in person, or ask an administrator to set one up";

/// Octets of the random name of a room.
const NAME: usize = 24;

/// Whether a visit is one of several patients by video.
#[must_use]
pub fn is_by_video(visit: &VisitRow) -> bool {
    visit.is_group && visit.mode == Mode::Virtual
}

/// Whether a group can be seen like this at a facility.
///
/// # Errors
/// Where the database does not answer.
pub async fn possible(
    conn: &mut PgConnection,
    organization: OrganizationId,
    facility: FacilityId,
    mode: Mode,
) -> Result<bool> {
    Ok(mode != Mode::Virtual || reach::reach(conn, organization, facility).await?.video_url.is_some())
}

/// Where a group meets, while its visit is not over; none where it is no group by video, or the service was taken away. The name of the room is drawn
/// from the organization's key, so that nobody guesses it and everybody is told the same.
///
/// # Errors
/// Where the database or the key does not answer.
pub async fn address(app: &App, tx: &mut Tx, organization: OrganizationId, visit: &VisitRow) -> Result<Option<String>> {
    if !is_by_video(visit) || !visit.status.is_open() {
        return Ok(None);
    }
    let Some(url) = reach::reach(tx, organization, visit.facility_id).await?.video_url else { return Ok(None) };
    let keys = app.keys(tx, organization).await?;
    let name = keys.blind_index(organization, "visit", "video_room", &visit.id.to_string());
    let mut name = name.map_err(anyhow::Error::from)?;
    name.truncate(NAME);
    Ok(Some(url.replace("{room}", &BASE64_URL_SAFE_NO_PAD.encode(name))))
}
