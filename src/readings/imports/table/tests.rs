use proptest::prelude::*;

use super::*;

const ZONE: Tz = chrono_tz::Europe::London;

fn read(table: &str) -> Result<Vec<Found>, Unreadable> {
    let mut found = Vec::new();
    parse(table.as_bytes(), ZONE, &mut |one| {
        found.push(one);
        Ok(())
    })?;
    Ok(found)
}

fn readings(table: &str) -> Vec<(Metric, (f64, Option<f64>), String)> {
    let written = |raw: Raw| (raw.metric, raw.value, raw.at.to_rfc3339());
    read(table)
        .expect("a table")
        .into_iter()
        .filter_map(|one| if let Found::Reading(raw) = one { Some(written(raw)) } else { None })
        .collect()
}

fn left(table: &str) -> Vec<(String, String)> {
    read(table)
        .expect("a table")
        .into_iter()
        .filter_map(|one| if let Found::Left(why, place, 1) = one { Some((why.into_owned(), place)) } else { None })
        .collect()
}

#[test]
fn what_monitors_and_scales_write_is_read() {
    let omron = "\u{feff}Date,Time,Systolic (mmHg),Diastolic (mmHg),Pulse (bpm),Notes\r\n2026-07-01,08:30,152,94,71,after tea\r\n2026-07-02,8:31 PM,,,70,\r\n";
    let at = "2026-07-01T07:30:00+00:00".to_owned();
    assert_eq!(
        readings(omron),
        [
            (Metric::BloodPressure, (152.0, Some(94.0)), at.clone()),
            (Metric::HeartRate, (71.0, None), at),
            (Metric::HeartRate, (70.0, None), "2026-07-02T19:31:00+00:00".to_owned()),
        ]
    );
    let scale = "Date;Weight (lb)\n24 Nov 2026;170\n2026-11-25 07:00:05;171.5\n";
    assert_eq!(
        readings(scale),
        [
            (Metric::Weight, (77.1107, None), "2026-11-24T12:00:00+00:00".to_owned()),
            (Metric::Weight, (77.7911, None), "2026-11-25T07:00:05+00:00".to_owned()),
        ]
    );
}

#[test]
fn our_own_tables_come_back() {
    let ours = "Metric,Time (UTC),Local time,Value,Second value,Unit,Interpretation,Source,Device,Derived by,Entered in error\n\
                Blood pressure,2026-11-24T08:30:00Z,24 Nov,152,94,mmHg,High,Patient,,,\n\
                Body mass index,2026-11-24T08:30:00Z,24 Nov,25.25,,kg/m²,,Patient,,kg/m²,\n\
                Weight,2026-11-24T08:30:00Z,24 Nov,800,,kg,,Patient,,,typed twice\n\
                Shoe size,2026-11-24T08:30:00Z,24 Nov,42,,EU,,Patient,,,\n";
    assert_eq!(readings(ours).len(), 1);
    let reasons: Vec<_> = left(ours).into_iter().map(|(_, place)| place).collect();
    assert_eq!(reasons, ["line 3", "line 4", "Shoe size"]);
}

#[test]
fn nothing_is_guessed() {
    let of = |line: &str| left(&format!("Time,Metric,Value,Unit\n{line}\n")).remove(0).0;
    assert!(of("03/04/2026 08:00,Weight,80,kg").contains("two ways"));
    assert!(of("yesterday,Weight,80,kg").contains("cannot be read"));
    assert!(of("2026-03-29 01:30,Weight,80,kg").contains("clocks went forward"));
    assert!(of("2026-03-01 01:30,Weight,80,").contains("without its unit"));
    assert!(of("2026-03-01 01:30,Weight,80,furlong").contains("not known"));
    assert!(of("2026-03-01 01:30,Weight,\"80,5\",kg").contains("with a point"));
    assert!(of("2026-03-01 01:30,Weight,NaN,kg").contains("number"));
    assert!(of(",Weight,80,kg").contains("No time"));
    for head in ["Weight (kg)", "Time,Shoes", "Time,Weight", "Time,Weight (furlong)", ""] {
        assert!(read(&format!("{head}\n1,2\n")).is_err(), "{head}");
    }
}

#[test]
fn a_line_without_an_end_is_not_kept_in_memory() {
    let mut table = b"Time,Weight (kg)\n2026-11-24 08:00,\"".to_vec();
    table.resize(2_000_000, b'8');
    let mut none = |_| Ok(());
    let error = parse(std::io::BufReader::new(table.as_slice()), ZONE, &mut none).unwrap_err();
    assert!(error.0.contains("longer than any reading"), "{error:?}");
}

proptest! {
    #[test]
    fn whatever_a_table_holds_is_read_or_refused(text in "\\PC{0,200}", cells in "[0-9,;\\n\": /.-]{0,200}") {
        let _ = read(&text);
        let _ = read(&format!("Time,Metric,Value,Unit\n{cells}"));
        let _ = read(&format!("Date,Time,Systolic,Diastolic\n{cells}"));
    }
}

#[test]
fn a_cell_full_of_blanks_is_left_at_once() {
    let begun = std::time::Instant::now();
    let day = "2 ".repeat(100_000) + "x";
    assert_eq!(left(&format!("Date,Weight (kg)\n{day},80\n{}", format!("{day},80\n").repeat(20))).len(), 21);
    assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{:?}", begun.elapsed());
}
