//! The letter that invites somebody: shown once, in plain words, with the link as a picture for phones.

use askama::Template;
use chrono::NaiveDate;
use qrcode::{Color, EcLevel, QrCode};

use crate::accounts::tokens::Token;
use crate::web::Ctx;
use crate::web::shell::Shell;

/// Modules left empty around the picture, so that cameras find it.
const MARGIN: usize = 4;

#[derive(Template)]
#[template(path = "portal/letter.html")]
pub(super) struct Letter {
    pub shell: Shell,
    pub back: String,
    /// To whom.
    pub name: String,
    /// With which e-mail address they will sign in.
    pub email: String,
    /// About whom; none for the patient's own pages.
    pub patient: Option<String>,
    /// Who invites.
    pub facility: String,
    pub link: String,
    pub picture: Picture,
    /// The last day.
    pub until: NaiveDate,
    pub today: NaiveDate,
    /// Whether they have a password already.
    pub known: bool,
}

/// A QR code as one path.
pub(super) struct Picture {
    pub size: usize,
    pub path: String,
}

/// The address in the letter. Where nobody said which address people use, it is the one this request came to.
pub(super) fn link(ctx: &Ctx, host: Option<&str>, token: &Token) -> String {
    let base = ctx.app.public_base().or_else(|| host.map(|host| format!("http://{host}"))).unwrap_or_default();
    format!("{base}/invitation/{}", token.text())
}

/// The picture of a link.
pub(super) fn picture(link: &str) -> anyhow::Result<Picture> {
    use std::fmt::Write as _;
    let code = QrCode::with_error_correction_level(link, EcLevel::M)?;
    let width = code.width();
    let mut path = String::new();
    for (index, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            write!(path, "M{} {}h1v1h-1z", index % width + MARGIN, index / width + MARGIN)?;
        }
    }
    Ok(Picture { size: width + 2 * MARGIN, path })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_link_becomes_a_square_with_a_margin() {
        let picture = super::picture(&format!("https://portal.example.org/invitation/{}", "x".repeat(43))).unwrap();
        assert!(picture.size > 40 && picture.path.starts_with("M4 4h1v1h-1z"));
    }
}
