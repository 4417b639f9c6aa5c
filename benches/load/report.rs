//! The figures, for the terminal and for `docs/performance.md`.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::CALM;
use super::files;
use super::ingestion::{self, Ingestion, SENDERS};
use super::measure::Figures;
use super::races::{self, Race};
use super::weights::Weight;

/// The figures stand between these two lines of the document.
const BEGIN: &str = "<!-- figures: written by script/bench -->";
const END: &str = "<!-- end of figures -->";

/// One scenario on the large database.
pub struct Line {
    pub label: &'static str,
    pub portal: Figures,
    /// With [`CALM`] connections.
    pub calm: Option<Figures>,
    pub pgbench: Option<Figures>,
}

/// Everything that was found.
#[derive(Default)]
pub struct Report {
    pub lines: Vec<Line>,
    /// The same scenarios at a twentieth of the data.
    pub small: Vec<Figures>,
    /// Resident and highest memory of the portal, in MB.
    pub memory: (u64, u64),
    pub start: Duration,
    pub weights: Vec<Weight>,
    pub plans: String,
    pub files: Vec<files::Line>,
    pub race: Option<Race>,
    pub ingestion: Option<Ingestion>,
}

impl Report {
    fn table(&self) -> String {
        let mut text = format!(
            "| Page | Requests/s | p50 | p99 | {CALM} at a time, p99 | Processor, portal + PostgreSQL | pgbench, same statements | Ratio | At 1/20 of the data | Times faster there |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
        );
        for (number, line) in self.lines.iter().enumerate() {
            let small = self.small.get(number);
            let (pgbench, ratio) = line.pgbench.map_or(("–".into(), "–".into()), |pgbench| {
                (
                    format!("{:.0}/s, p99 {:.1} ms", pgbench.rate, pgbench.p99),
                    format!("{:.2}", line.portal.rate / pgbench.rate),
                )
            });
            let (at_small, faster) = small.map_or(("–".into(), "–".into()), |small| {
                (format!("{:.0}/s", small.rate), format!("{:.2}", small.rate / line.portal.rate))
            });
            let calm = line.calm.map_or("–".into(), |calm| format!("{:.1} ms", calm.p99));
            let Figures { rate, p50, p99, processor: (portal, database), .. } = line.portal;
            writeln!(
                text,
                "| {} | {rate:.0} | {p50:.1} ms | {p99:.1} ms | {calm} | {portal:.2} + {database:.2} ms | {pgbench} | {ratio} | {at_small} | {faster} |",
                line.label
            )
            .unwrap_or_default();
        }
        writeln!(
            text,
            "\nMemory of the portal: {} MB at the end, {} MB at its highest. Start of an initialised instance: {} ms.",
            self.memory.0,
            self.memory.1,
            self.start.as_millis()
        )
        .unwrap_or_default();
        text.push_str(
            "\n| Page on the wire, gzip | HTML (warm) | Budget | Cold, requests | Budget |\n|---|--:|--:|--:|--:|\n",
        );
        for Weight { label, html, cold, requests, warm_budget, cold_budget } in &self.weights {
            let kb = |bytes: &usize| format!("{}.{} kB", bytes / 1000, bytes % 1000 / 100);
            writeln!(
                text,
                "| {label} | {} | {} | {}, {requests} | {} |",
                kb(html),
                kb(warm_budget),
                kb(cold),
                kb(cold_budget)
            )
            .unwrap_or_default();
        }
        text.push_str(&self.documents());
        text.push_str(&self.others());
        text
    }

    /// What is no page.
    fn others(&self) -> String {
        let mut text = String::new();
        if let Some(Race { booked, tried, overlaps }) = self.race {
            writeln!(
                text,
                "\n| {} writers for {} slots | Bookings/s | Tries/s, with those too late | Overlaps |\n|---|--:|--:|--:|\n| Each slot by everybody at once | {booked:.0} | {tried:.0} | {overlaps} |",
                races::WRITERS,
                races::SLOTS
            )
            .unwrap_or_default();
        }
        if let Some(Ingestion { figures, behind }) = self.ingestion {
            let Figures { rate, p50, p99, processor: (portal, database), .. } = figures;
            writeln!(
                text,
                "\n| Readings from another system, {} in a message | Readings/s | p50 | p99 | Processor of a message, portal + PostgreSQL | Rules done after the last |\n|---|--:|--:|--:|--:|--:|\n| {SENDERS} messages at once | {rate:.0} | {p50:.0} ms | {p99:.0} ms | {portal:.0} + {database:.0} ms | {behind:.1} s |",
                ingestion::BATCH
            )
            .unwrap_or_default();
        }
        text
    }

    fn documents(&self) -> String {
        if self.files.is_empty() {
            return String::new();
        }
        let mut text = String::from(
            "\n| One document of 104,857,600 bytes | MB/s | `cat` through loopback | Ratio | Memory before | At its highest | Above | Budget |\n|---|--:|--:|--:|--:|--:|--:|--:|\n",
        );
        for files::Line { label, rate, cat, memory: (idle, highest) } in &self.files {
            writeln!(
                text,
                "| {label} | {rate:.0} | {cat:.0} | {:.2} | {idle} MB | {highest} MB | {} MB | 64 MB |",
                rate / cat,
                highest.saturating_sub(*idle)
            )
            .unwrap_or_default();
        }
        text
    }

    /// Prints the figures of documents only.
    pub fn print_documents(&self) {
        println!("{}", self.documents());
    }

    /// Prints the figures.
    pub fn print(&self) {
        println!("{}", self.table());
    }

    /// Puts the figures into the document, between their marks.
    pub fn write(&self, path: &Path) -> Result<()> {
        let old = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let (before, rest) = old.split_once(BEGIN).context("the document has no place for figures")?;
        let (_, after) = rest.split_once(END).context("the place for figures does not end")?;
        std::fs::write(path, format!("{before}{BEGIN}\n{}\n{END}{after}", self.table()))?;
        println!("Wrote {}.", path.display());
        Ok(())
    }
}
