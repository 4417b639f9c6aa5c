//! What a page weighs on the wire, compressed, cold and warm.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};

use super::http::Connection;

/// A page, its size, and what it may weigh, in bytes.
#[derive(Clone, Debug)]
pub struct Weight {
    pub label: &'static str,
    pub html: usize,
    pub cold: usize,
    pub requests: usize,
    pub warm_budget: usize,
    pub cold_budget: usize,
}

/// Weighs the pages that are measured.
pub async fn weigh(connection: &mut Connection, chart: &str) -> Result<Vec<Weight>> {
    let pages = [
        ("Alerts, 12 rows and preview", "/alerts", 15_000, 100_000),
        ("Alerts, 50 rows and preview", "/alerts?rows=50", 15_000, 100_000),
        ("Chart summary, 500 alerts", chart, 15_000, 90_000),
    ];
    let mut weights = Vec::new();
    for (label, path, warm_budget, cold_budget) in pages {
        let html = fetch(connection, path, "accept-encoding: gzip\r\n").await?.0;
        let plain = fetch(connection, path, "").await?.1;
        let mut wanted = assets(&plain);
        // Fonts are named by the style sheets; only the Latin one is needed by every page.
        for sheet in wanted.clone().iter().filter(|path| path.contains(".css")) {
            let css = fetch(connection, sheet, "").await?.1;
            wanted.extend(css.split("url(").skip(1).filter_map(|rest| {
                let name = rest.split(')').next()?.trim_matches(['"', '\'']);
                (name.contains("woff2") && !name.contains("ext")).then(|| absolute(sheet, name))
            }));
        }
        let mut cold = html;
        for path in &wanted {
            cold += fetch(connection, path, "accept-encoding: gzip\r\n").await?.0;
        }
        weights.push(Weight { label, html, cold, requests: wanted.len() + 1, warm_budget, cold_budget });
    }
    Ok(weights)
}

async fn fetch(connection: &mut Connection, path: &str, headers: &str) -> Result<(usize, String)> {
    let request = connection.get(path, headers);
    let reply = connection.exchange(&request).await?;
    ensure!(reply.status == 200, "{path} answered {}", reply.status);
    let text = if headers.is_empty() { connection.text(reply).1 } else { String::new() };
    Ok((Connection::size(reply), text))
}

/// Style sheets, scripts, icons and preloaded fonts of a page.
fn assets(html: &str) -> BTreeSet<String> {
    let named = html
        .split(['<', '>'])
        .filter(|tag| tag.starts_with("link ") || tag.starts_with("script ") || tag.starts_with("use "));
    let paths = named.filter_map(|tag| {
        let (_, value) = tag.split_once("href=\"").or_else(|| tag.split_once("src=\""))?;
        let path = value.split(['"', '#']).next()?;
        (path.starts_with("/static/") && !path.contains("manifest")).then(|| path.to_owned())
    });
    paths.collect()
}

fn absolute(sheet: &str, name: &str) -> String {
    if name.starts_with('/') {
        return name.to_owned();
    }
    let folder = sheet.rsplit_once('/').map_or("", |(folder, _)| folder);
    match name.strip_prefix("../") {
        Some(rest) => format!("{}/{rest}", folder.rsplit_once('/').map_or("", |(parent, _)| parent)),
        None => format!("{folder}/{}", name.trim_start_matches("./")),
    }
}
