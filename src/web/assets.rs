//! Static files, carried inside the binary.
//!
//! At first use every file gets a name that holds a hash of its content (`/static/css/almoner.3f2a….css`), so that
//! browsers may keep it for ever, and a gzip copy, so that no request waits for compression. Stylesheets that sit in
//! a folder (`css/almoner/*.css`) are joined, in the order of their names, into one file named after the folder.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    io::Write,
    sync::LazyLock,
};

use axum::{
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use super::squeeze::{merge_layers, squeeze_css, squeeze_js};

/// Where the router must mount [`serve`]: `/static/{*path}`.
pub const PREFIX: &str = "/static/";

/// The name says which content it is, so a copy never goes stale.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Bytes of the content hash in a file name, printed as hexadecimal.
const HASH_BYTES: usize = 6;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/static"]
struct Files;

struct Asset {
    content_type: &'static str,
    body: Bytes,
    gzip: Option<Bytes>,
}

struct Assets {
    /// `css/almoner.css` to `/static/css/almoner.3f2a….css`.
    urls: HashMap<String, String>,
    /// `css/almoner.3f2a….css` to its content.
    files: HashMap<String, Asset>,
}

static ASSETS: LazyLock<Assets> = LazyLock::new(Assets::load);

/// The address of a static file, for templates: `{{ crate::web::assets::asset("css/almoner.css") }}`.
///
/// A test looks up every name that the templates use, so an unknown one does not reach a reader.
pub fn asset(name: &str) -> &'static str {
    ASSETS.urls.get(name).map_or("/static/unknown", String::as_str)
}

/// The address of the icon sprite, asked for so often that it has its own short cut.
pub fn icons() -> &'static str {
    static ICONS: LazyLock<&'static str> = LazyLock::new(|| asset("icons.svg"));
    *ICONS
}

/// Does the hashing and compressing now rather than in the first request.
pub fn prepare() {
    LazyLock::force(&ASSETS);
}

/// Answers `GET /static/{*path}`.
pub async fn serve(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = ASSETS.files.get(&path) else {
        return (StatusCode::NOT_FOUND, "No such file.\n").into_response();
    };
    let mut response = match &asset.gzip {
        Some(gzip) if accepts_gzip(&headers) => ([(header::CONTENT_ENCODING, "gzip")], gzip.clone()).into_response(),
        _ => asset.body.clone().into_response(),
    };
    let sent = response.headers_mut();
    sent.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    sent.insert(header::CACHE_CONTROL, FOR_EVER);
    sent.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    response
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            parts.next() == Some("gzip")
                && !parts.any(|weight| matches!(weight, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
        })
}

impl Assets {
    fn load() -> Self {
        let mut assets = Self { urls: HashMap::new(), files: HashMap::new() };
        let (sheets, others): (BTreeMap<_, _>, BTreeMap<_, _>) =
            sources().into_iter().partition(|(name, _)| name.starts_with("css/"));
        // Stylesheets last: they name the fonts, whose hashed addresses must be known by then.
        for (name, body) in others {
            let ours = name.starts_with("js/") && name != "js/htmx.js";
            assets.add(&name, if ours { squeeze_js(&String::from_utf8_lossy(&body)).into() } else { body });
        }
        for (name, body) in sheets {
            let css = merge_layers(&squeeze_css(&String::from_utf8_lossy(&body)));
            let css = assets.point_to_hashed_names(&name, &css);
            assets.add(&name, css.into());
        }
        assets
    }

    fn add(&mut self, name: &str, body: Bytes) {
        let Some((stem, extension)) = name.rsplit_once('.') else { return };
        let Some((content_type, compress)) = content_type(extension) else { return };
        let hash = hex::encode(&Sha256::digest(&body)[..HASH_BYTES]);
        let hashed = format!("{stem}.{hash}.{extension}");
        let gzip = compress.then(|| gzip(&body)).flatten();
        self.urls.insert(name.to_owned(), format!("{PREFIX}{hashed}"));
        self.files.insert(hashed, Asset { content_type, body, gzip });
    }

    /// Replaces each `url(../fonts/x.woff2)` of a stylesheet in `css/` by the hashed address.
    fn point_to_hashed_names(&self, sheet: &str, css: &str) -> String {
        let mut parts = css.split("url(");
        let mut result = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (target, rest) = part.split_once(')').unwrap_or((part, ""));
            let name = target.trim_matches(['"', '\'']).trim_start_matches("../");
            let url = self.urls.get(name).map_or_else(
                || {
                    tracing::error!("Stylesheet {sheet} names {target}, which is not among the static files");
                    target
                },
                String::as_str,
            );
            result.extend(["url(", url, ")", rest]);
        }
        result
    }
}

/// All embedded files by name, with the stylesheets of a folder joined into one.
fn sources() -> BTreeMap<String, Bytes> {
    let mut names: Vec<_> = Files::iter().collect();
    names.sort_unstable();
    let mut sources: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for name in names {
        let Some(file) = Files::get(&name) else { continue };
        let served_as = match name.strip_prefix("css/").and_then(|rest| rest.split_once('/')) {
            Some((folder, _)) => Cow::Owned(format!("css/{folder}.css")),
            None => name,
        };
        sources.entry(served_as.into_owned()).or_default().extend_from_slice(&file.data);
    }
    sources.into_iter().map(|(name, body)| (name, body.into())).collect()
}

/// The content type, and whether compression helps. Notes and licences (`.md`, `.txt`) are not served.
fn content_type(extension: &str) -> Option<(&'static str, bool)> {
    match extension {
        "css" => Some(("text/css; charset=utf-8", true)),
        "js" => Some(("text/javascript; charset=utf-8", true)),
        "svg" => Some(("image/svg+xml", true)),
        "woff2" => Some(("font/woff2", false)),
        "png" => Some(("image/png", false)),
        _ => None,
    }
}

fn gzip(body: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).ok()?;
    let packed = encoder.finish().ok()?;
    (packed.len() < body.len()).then(|| packed.into())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn served(name: &str) -> &'static Asset {
        &ASSETS.files[asset(name).strip_prefix(PREFIX).expect("an address under the prefix")]
    }

    fn text(name: &str) -> String {
        String::from_utf8(served(name).body.to_vec()).expect("text")
    }

    async fn get(path: &str, accept: &'static str) -> Response {
        let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(accept))]);
        serve(Path(path.to_owned()), headers).await
    }

    #[test]
    fn the_stylesheets_and_the_script_keep_to_their_budgets() {
        let size = |name| served(name).body.len();
        assert!(size("css/almoner.css") <= 30_000, "almoner.css has {} bytes", size("css/almoner.css"));
        assert!(size("css/portal.css") <= 6_000, "portal.css has {} bytes", size("css/portal.css"));
        assert!(size("js/app.js") <= 6_000, "app.js has {} bytes", size("js/app.js"));
        assert!(size("js/session.js") <= 2_500, "session.js has {} bytes", size("js/session.js"));
    }

    #[test]
    fn our_script_has_no_string_that_spans_lines() {
        for name in ["js/app.js", "js/session.js"] {
            let script = Files::get(name).expect("the script");
            for line in String::from_utf8_lossy(&script.data).lines() {
                assert!(line.matches('`').count().is_multiple_of(2), "{line}");
            }
        }
    }

    #[test]
    fn addresses_inside_stylesheets_are_hashed_and_known() {
        let css = text("css/almoner.css");
        let targets: Vec<_> = css.split("url(").skip(1).filter_map(|part| part.split(')').next()).collect();
        assert!(!targets.is_empty());
        for target in targets {
            let path = target.strip_prefix(PREFIX).expect("an absolute address");
            assert!(ASSETS.files.contains_key(path), "{target}");
        }
    }

    #[test]
    fn joined_stylesheets_start_with_the_order_of_the_layers() {
        let css = text("css/almoner.css");
        assert!(css.starts_with("@layer reset,tokens,base,layout,parts,pages,util,print;"), "{}", &css[..80]);
    }

    #[test]
    fn no_file_asks_a_third_party_for_anything() {
        for (path, file) in &ASSETS.files {
            let content = String::from_utf8_lossy(&file.body);
            assert!(!content.contains("url(http") && !content.contains("@import"), "{path}");
        }
    }

    #[tokio::test]
    async fn a_file_is_sent_packed_and_for_ever() {
        let path = asset("css/almoner.css").strip_prefix(PREFIX).expect("an address under the prefix");
        let response = get(path, "br, gzip;q=0.8").await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/css; charset=utf-8");
        assert_eq!(response.headers()[header::CACHE_CONTROL], FOR_EVER);
    }

    #[tokio::test]
    async fn a_reader_without_gzip_gets_it_plain() {
        let path = asset("css/almoner.css").strip_prefix(PREFIX).expect("an address under the prefix");
        for accept in ["", "br", "gzip;q=0", "identity"] {
            let response = get(path, accept).await;
            assert_eq!(response.headers().get(header::CONTENT_ENCODING), None, "{accept}");
        }
    }

    #[tokio::test]
    async fn unknown_and_unhashed_names_are_not_found() {
        for path in ["css/almoner.css", "VENDORED.md", "../Cargo.toml", "", "css/almoner.000000000000.css"] {
            assert_eq!(get(path, "gzip").await.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    /// Every `asset("…")` and every icon named in a template exists.
    #[test]
    fn templates_name_only_files_and_icons_that_exist() {
        let sprite = text("icons.svg");
        for (path, template) in templates(concat!(env!("CARGO_MANIFEST_DIR"), "/templates")) {
            for name in quoted_after(&template, "asset(\"") {
                assert!(ASSETS.urls.contains_key(name), "{path} asks for {name}");
            }
            for name in quoted_after(&template, "icon(\"") {
                assert!(sprite.contains(&format!("id=\"{name}\"")), "{path} asks for the icon {name}");
            }
        }
    }

    /// A strict content security policy forbids these; the browser would only say so in its console.
    #[test]
    fn templates_hold_no_inline_style_or_script() {
        for (path, template) in templates(concat!(env!("CARGO_MANIFEST_DIR"), "/templates")) {
            for banned in [" style=", "<style", "<script>", " onclick=", "hx-on", "javascript:"] {
                assert!(!template.contains(banned), "{path} holds {banned}");
            }
        }
    }

    fn quoted_after<'a>(text: &'a str, start: &'a str) -> impl Iterator<Item = &'a str> {
        text.split(start).skip(1).filter_map(|part| part.split('"').next())
    }

    fn templates(folder: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).expect("the folder of templates") {
            let path = entry.expect("an entry").path();
            let name = path.display().to_string();
            if path.is_dir() {
                found.extend(templates(&name));
            } else {
                found.push((name, fs::read_to_string(&path).expect("a template")));
            }
        }
        found
    }
}
