//! Lists with their filters and order, under a name: for oneself or for the team.

mod queries;

use serde::Deserialize;
use serde::de::DeserializeOwned;

pub use queries::{SavedView, all};

use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::SavedViewId;
use crate::web::Ctx;
use crate::web::form::FormErrors;

/// The longest name of a view.
const NAME_CHARS: usize = 80;

/// The longest filter that can be kept.
const QUERY_CHARS: usize = 2_000;

/// What was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawView {
    /// The name.
    pub name: String,
    /// The filter.
    pub query: String,
    /// `true` to share it.
    pub shared: String,
    /// `true` to open the list with it.
    pub is_default: String,
    /// Whether words were typed, which a view does not keep.
    #[serde(skip)]
    pub words: bool,
}

/// A view to be kept.
#[derive(Debug)]
pub struct NewView {
    /// Its name.
    pub name: String,
    /// The filter.
    pub query: String,
    /// Whether colleagues get it too.
    pub shared: bool,
    /// Whether the list opens with it.
    pub is_default: bool,
}

impl RawView {
    /// The name, which every view has.
    #[must_use]
    pub fn name(&self, errors: &mut FormErrors) -> String {
        let name = errors.required("name", &self.name, "Give the view a name");
        if name.chars().count() > NAME_CHARS {
            errors.add("name", "Use 80 characters or fewer");
        }
        name
    }

    /// The filter, in the words of its list.
    ///
    /// # Errors
    /// Where it is not what the list's own form sends.
    pub fn filter<T: DeserializeOwned>(&self) -> Result<T> {
        serde_html_form::from_str(&self.query)
            .map_err(|_| Error::BadRequest("This filter cannot be read. Open the list and try again."))
    }

    /// The view, with the filter as its list writes it: what is kept can be opened again.
    ///
    /// # Errors
    /// Where the filter is too long.
    pub fn view(&self, name: String, query: String) -> Result<NewView> {
        if query.len() > QUERY_CHARS {
            return Err(Error::Unprocessable("This filter is too long to be kept.".to_owned()));
        }
        Ok(NewView { name, query, shared: self.shared == "true", is_default: self.is_default == "true" })
    }
}

/// Keeps a view of `page` and writes that down.
///
/// # Errors
/// Where the database does not answer or refuses it.
pub async fn keep(ctx: &Ctx, tx: &mut Tx, page: &str, view: &NewView) -> Result<SavedViewId> {
    let id = queries::keep(tx, &ctx.by(), ctx.actor.user, page, view).await?;
    events::record(tx, &ctx.by(), Event::new(Action::Create, "saved_view").of(id)).await?;
    Ok(id)
}

/// Takes an own view of `page` away and writes that down.
///
/// # Errors
/// Not found where it is not one's own.
pub async fn remove(ctx: &Ctx, tx: &mut Tx, page: &str, id: SavedViewId) -> Result<()> {
    queries::remove(tx, ctx.actor.organization, ctx.actor.user, page, id).await?;
    events::record(tx, &ctx.by(), Event::new(Action::Delete, "saved_view").of(id)).await?;
    Ok(())
}
