//! A plain function is a plugin: what it answers is emitted in order, and what it refuses is refused alone.
#![allow(clippy::unwrap_used, reason = "a test fails where it must")]

use kafka_do_sdk::testing::{Harness, Outcome, record};
use kafka_do_sdk::{Branches, NewRecord, Record, Reject};

fn values(outcome: &Outcome) -> Vec<&str> {
    outcome.records.iter().map(|record| std::str::from_utf8(record.value.as_deref().unwrap()).unwrap()).collect()
}

mod several {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Settings {
        separator: char,
    }

    kafka_do_sdk::flat_map! {
        summary: "Makes a record of each part.",
        settings: Settings,
        settings_schema: r#"{"type":"object"}"#,
        function: parts,
    }

    fn parts(record: Record, settings: &Settings) -> Result<Vec<NewRecord>, Reject> {
        let text = String::from_utf8(record.value.ok_or_else(|| Reject::new("the record has no value"))?)?;
        Ok(text.split_terminator(settings.separator).map(NewRecord::new).collect())
    }

    #[test]
    fn a_record_becomes_none_or_several_in_order() {
        let mut harness = Harness::<Plugin>::new(r#"{"separator":","}"#);
        let records = [record().with_value("a,b"), record().with_value(""), record().with_value("c")];
        let outcome = harness.process(records).unwrap();
        assert_eq!(values(&outcome), ["a", "b", "c"]);
        assert_eq!(outcome.rejections, []);
    }

    #[test]
    fn what_is_refused_leaves_the_others() {
        let mut harness = Harness::<Plugin>::new(r#"{"separator":","}"#);
        let outcome = harness.process([record().with_value("a"), record(), record().with_value("b")]).unwrap();
        assert_eq!(values(&outcome), ["a", "b"]);
        let [rejection] = outcome.rejections.as_slice() else { panic!("one rejection: {outcome:?}") };
        assert_eq!((rejection.offset, rejection.reason.as_str()), (1, "the record has no value"));
    }
}

mod branches {
    use super::*;

    kafka_do_sdk::filter_map! { summary: "Splits by the first letter.", function: split }

    fn split(record: Record) -> Result<Option<NewRecord>, Reject> {
        let begins = |letter: &'static [u8]| {
            move |record: &Record| match &record.value {
                Some(value) => Ok(value.starts_with(letter)),
                None => Err(Reject::new("the record has no value")),
            }
        };
        Branches::default()
            .branch("a", begins(b"a"))
            .branch("ab", begins(b"ab"))
            .branch("b", begins(b"b"))
            .route(record)
    }

    #[test]
    fn the_first_branch_that_takes_a_record_decides() {
        let flight = record().with_key("k").with_value("b").with_timestamp_ms(7).with_header("h", "v");
        let records = [record().with_value("ab"), flight.clone(), record().with_value("c"), record()];
        let outcome = Harness::<Plugin>::new("{}").process(records).unwrap();
        let expected =
            [NewRecord::from(record().with_value("ab")).with_topic("a"), NewRecord::from(flight).with_topic("b")];
        assert_eq!(outcome.records, expected);
        let [rejection] = outcome.rejections.as_slice() else { panic!("one rejection: {outcome:?}") };
        assert_eq!(rejection.offset, 3);
    }
}
