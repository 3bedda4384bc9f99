//! Keeps the records whose JSON value satisfies a condition, as they came.

use kafka_do_sdk::json::{Condition, Error};
use kafka_do_sdk::{NewRecord, Record, Reject};

kafka_do_sdk::filter_map! {
    summary: "Keeps the records whose JSON field compares as asked.",
    settings: Condition,
    settings_schema: include_str!("../settings.schema.json"),
    function: keep,
}

fn keep(record: Record, condition: &Condition) -> Result<Option<NewRecord>, Reject> {
    Ok(holds(&record, condition)?.then(|| record.into()))
}

/// A tombstone has no field to compare.
fn holds(record: &Record, condition: &Condition) -> Result<bool, Error> {
    record.value.as_deref().map_or(Ok(false), |value| condition.holds(value))
}

#[cfg(test)]
mod tests {
    use kafka_do_sdk::testing::{Harness, record};
    use proptest::prelude::*;

    use super::*;

    const LONG_FLIGHTS: &str = r#"{"path":"distance","comparison":"greater","operand":1000}"#;

    #[test]
    fn keeps_matching_records_as_they_came() {
        let flight = record()
            .with_key("UA")
            .with_value(r#"{"carrier":"UA","distance":1400}"#)
            .with_timestamp_ms(1_357_034_400_000)
            .with_header("source", "bts");
        let short = record().with_value(r#"{"carrier":"UA","distance":200}"#);

        let outcome = Harness::<Plugin>::new(LONG_FLIGHTS).process([short, flight.clone()]).expect("succeeds");

        assert_eq!(outcome.records, [NewRecord::from(flight)]);
        assert_eq!(outcome.rejections, []);
    }

    #[test]
    fn drops_tombstones_and_rejects_what_is_not_json() {
        let outcome = Harness::<Plugin>::new(LONG_FLIGHTS)
            .process([record(), record().with_value("{"), record().with_value(r#"{"distance":1001}"#)])
            .expect("succeeds");

        assert_eq!(outcome.records.len(), 1);
        let [rejection] = outcome.rejections.as_slice() else { panic!("one rejection: {outcome:?}") };
        assert_eq!((rejection.topic.as_str(), rejection.partition, rejection.offset), ("input", 0, 1));
        assert!(rejection.reason.starts_with("not JSON: "), "{}", rejection.reason);
    }

    #[test]
    fn refuses_settings_it_does_not_know() {
        for settings in [
            "{}",
            r#"{"path":"a","comparison":"above","operand":1}"#,
            r#"{"path":"a","comparison":"less","operand":[]}"#,
        ] {
            assert!(Harness::<Plugin>::try_new(settings).is_err(), "{settings}");
        }
    }

    proptest! {
        #[test]
        fn keeps_numbers_as_plain_arithmetic_does(values in prop::collection::vec(any::<i64>(), 1..20), operand: i64) {
            let settings = format!(r#"{{"path":"n","comparison":"less-or-equal","operand":{operand}}}"#);
            let records = values.iter().map(|n| record().with_value(format!(r#"{{"n":{n}}}"#)));
            let outcome = Harness::<Plugin>::new(&settings).process(records).expect("succeeds");

            let kept: Vec<_> = values.iter().filter(|n| **n <= operand).map(|n| format!(r#"{{"n":{n}}}"#).into_bytes()).collect();
            let emitted: Vec<_> = outcome.records.into_iter().filter_map(|record| record.value).collect();
            prop_assert_eq!(emitted, kept);
        }

        #[test]
        fn each_record_is_kept_dropped_or_rejected(values in prop::collection::vec(any::<Option<Vec<u8>>>(), 1..20)) {
            let records = values.iter().map(|value| Record { value: value.clone(), ..record() });
            let outcome = Harness::<Plugin>::new(LONG_FLIGHTS).process(records).expect("succeeds");
            prop_assert!(outcome.records.len() + outcome.rejections.len() <= values.len());
        }
    }
}
