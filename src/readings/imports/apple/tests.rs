use proptest::prelude::*;

use super::*;

fn read(xml: &[u8]) -> Result<Vec<Found>, Unreadable> {
    let mut found = Vec::new();
    parse(xml, &mut |one| {
        found.push(one);
        Ok(())
    })?;
    Ok(found)
}

fn export(records: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE HealthData [
<!-- HealthKit Export Version: 13 -->
<!ELEMENT HealthData (ExportDate,Me,(Record|Correlation)*)>
<!ATTLIST Record type CDATA #REQUIRED>
]>
<HealthData locale="en_GB">
 <ExportDate value="2026-11-20 09:00:00 +0000"/>
 <Me HKCharacteristicTypeIdentifierDateOfBirth="1980-02-03" HKCharacteristicTypeIdentifierBiologicalSex="HKBiologicalSexFemale"/>
{records}
</HealthData>"#
    )
}

fn record(kind: &str, unit: &str, value: &str, device: &str, start: &str, end: &str) -> String {
    format!(
        r#"<Record type="{kind}" sourceName="{device}" unit="{unit}" creationDate="{end}" startDate="{start}" endDate="{end}" value="{value}"/>"#
    )
}

fn quantity(kind: &str, unit: &str, value: &str) -> String {
    let at = "2026-11-01 08:30:00 +0100";
    record(&format!("HKQuantityTypeIdentifier{kind}"), unit, value, "Apple&#160;Watch &amp; co", at, at)
}

fn readings(xml: &str) -> Vec<Raw> {
    let found = read(xml.as_bytes()).expect("an export");
    found.into_iter().filter_map(|one| if let Found::Reading(raw) = one { Some(raw) } else { None }).collect()
}

fn left(xml: &str) -> Vec<(String, String, u64)> {
    let found = read(xml.as_bytes()).expect("an export");
    let left =
        |one| if let Found::Left(why, place, count) = one { Some((why.into_owned(), place, count)) } else { None };
    found.into_iter().filter_map(left).collect()
}

#[test]
fn records_are_read_with_unit_zone_and_maker() {
    let found = readings(&export(
        &[
            quantity("HeartRate", "count/min", "72"),
            quantity("BodyMass", "lb", "170"),
            quantity("OxygenSaturation", "%", "0.97"),
            quantity("BloodGlucose", "mmol&lt;180.1558800000541&gt;/L", "5.6"),
            quantity("HeartRateVariabilitySDNN", "ms", "48.2"),
        ]
        .concat(),
    ));
    let values: Vec<_> = found.iter().map(|raw| (raw.metric, raw.value.0)).collect();
    assert_eq!(
        values,
        [
            (Metric::HeartRate, 72.0),
            (Metric::Weight, 77.1107),
            (Metric::Spo2, 97.0),
            (Metric::Glucose, 5.6),
            (Metric::HrvSdnn, 48.2)
        ]
    );
    assert!(
        found.iter().all(|raw| raw.at.to_rfc3339() == "2026-11-01T07:30:00+00:00" && raw.vendor == Some(Vendor::Apple))
    );
    assert_eq!(found[1].given, Some((170.0, "lb")));
}

#[test]
fn a_pressure_is_a_pair_and_its_halves_are_not_counted_again() {
    let halves =
        [quantity("BloodPressureSystolic", "mmHg", "152"), quantity("BloodPressureDiastolic", "mmHg", "94")].concat();
    let pair = format!(
        r#"<Correlation type="HKCorrelationTypeIdentifierBloodPressure" sourceName="Withings" startDate="2026-11-01 08:30:00 +0000" endDate="x">{halves}</Correlation>"#
    );
    let whole = export(&format!("{halves}{pair}"));
    assert_eq!(readings(&whole).iter().map(|raw| raw.value).collect::<Vec<_>>(), [(152.0, Some(94.0))]);
    assert!(left(&whole).is_empty());
    assert_eq!(left(&export(&halves))[0].2, 1);
    let broken = pair.replace(r#"value="94""#, r#"value="many""#);
    assert!(readings(&export(&broken)).is_empty());
}

#[test]
fn of_steps_and_sleep_the_device_that_counted_most_stands_for_the_day() {
    let steps = |device, from, to, value| record(STEPS, "count", value, device, from, to);
    let asleep = |from, to| record(SLEEP, "", "HKCategoryValueSleepAnalysisAsleepCore", "Apple Watch", from, to);
    let found = readings(&export(
        &[
            steps("iPhone", "2026-11-01 09:00:00 +0000", "2026-11-01 09:30:00 +0000", "1000"),
            steps("Apple Watch", "2026-11-01 09:00:00 +0000", "2026-11-01 09:20:00 +0000", "1100"),
            steps("Apple Watch", "2026-11-01 18:00:00 +0000", "2026-11-01 18:20:00 +0000", "900"),
            steps("iPhone", "2026-11-20 08:00:00 +0000", "2026-11-20 08:20:00 +0000", "50"),
            asleep("2026-11-01 23:30:00 +0000", "2026-11-02 03:00:00 +0000"),
            asleep("2026-11-02 03:30:00 +0000", "2026-11-02 07:00:00 +0000"),
            record(
                SLEEP,
                "",
                "HKCategoryValueSleepAnalysisInBed",
                "iPhone",
                "2026-11-01 22:00:00 +0000",
                "2026-11-02 08:00:00 +0000",
            ),
        ]
        .concat(),
    ));
    let values: Vec<_> = found.iter().map(|raw| (raw.metric, raw.value.0, raw.at.to_rfc3339())).collect();
    assert_eq!(
        values,
        [
            (Metric::Sleep, 7.0, "2026-11-02T07:00:00+00:00".to_owned()),
            (Metric::Steps, 2000.0, "2026-11-01T18:20:00+00:00".to_owned()),
        ],
        "and the day on which the file was made is not over"
    );
}

#[test]
fn what_is_left_is_named() {
    let left = left(&export(
        &[
            quantity("ActiveEnergyBurned", "kcal", "3"),
            quantity("BodyMass", "furlong", "3"),
            quantity("BodyMass", "kg", "heavy"),
            quantity("HeartRate", "count/min", "70").replace("2026-11-01 08:30:00 +0100", "today"),
        ]
        .concat(),
    ));
    let places: Vec<&str> = left.iter().map(|(_, place, _)| place.as_str()).collect();
    assert_eq!(places, ["ActiveEnergyBurned", "record 2", "record 3", "record 4"]);
}

#[test]
fn hostile_files_are_refused_by_name() {
    let entity = export("").replace("<!ELEMENT", "<!ENTITY a \"aaaaaaaaaa\"><!ELEMENT");
    assert_eq!(read(entity.as_bytes()), Err(ENTITIES));
    assert_eq!(read(export(&quantity("HeartRate", "count/min", "&lol;")).as_bytes()), Err(ENTITIES));
    let deep = export(&"<a>".repeat(100_000));
    assert_eq!(read(deep.as_bytes()), Err(DEEP));
    let long = export(&quantity("HeartRate", "count/min", &"7".repeat(3_000_000)));
    let mut none = |_| Ok(());
    let error = parse(std::io::BufReader::new(long.as_bytes()), &mut none).unwrap_err();
    assert!(error.0.contains("longer than any reading"), "{error:?}");
    assert_eq!(read(b"<gpx></gpx>"), Err(NOT_APPLE));
    assert_eq!(read(b"<HealthData></Health>"), Err(NOT_XML));
    assert!(read(b"\xff\xfe<\0H\0").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_file_that_was_cut_is_refused(cut in 1usize..900) {
        let whole = export(&quantity("HeartRate", "count/min", "72").repeat(3));
        let bytes = &whole.as_bytes()[..whole.len() - cut.min(whole.len() - 1)];
        prop_assert!(read(bytes).is_err());
    }

    #[test]
    fn no_changed_byte_does_harm(at in 0usize..2000, byte in any::<u8>()) {
        let mut bytes = export(&quantity("HeartRate", "count/min", "72").repeat(3)).into_bytes();
        let length = bytes.len();
        bytes[at % length] = byte;
        let _ = read(&bytes);
    }
}

#[test]
fn years_past_the_end_of_time_are_left() {
    const KINDS: [(&str, &str, &str); 2] = [(SLEEP, "", ASLEEP), (STEPS, "count", "12")];
    for (kind, unit, value) in KINDS {
        for at in ["+262142-12-31 23:59:59 +0000", "-262143-01-01 00:00:00 +0000", "9999-12-31 23:59:59 -0100"] {
            let found = left(&export(&record(kind, unit, value, "Watch", at, at)));
            assert_eq!(
                found.iter().map(|(why, ..)| why.as_str()).collect::<Vec<_>>(),
                ["A time that cannot be read"],
                "{at}"
            );
        }
    }
}

#[test]
fn a_device_is_known_by_the_beginning_of_its_name() {
    let at = "2026-11-01 08:30:00 +0100";
    let long = "é".repeat(300);
    let pieces =
        [format!("{long}a"), format!("{long}b")].map(|name| record(STEPS, "count", "100", &name, at, at)).concat();
    assert_eq!(readings(&export(&pieces)).iter().map(|raw| raw.value.0).collect::<Vec<_>>(), [200.0]);
}
