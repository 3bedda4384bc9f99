//! The newer version that a swap of `filter-json` moves to: the same settings and results, and a header that tells the two
//! apart.

use kafka_do_sdk::json::Condition;
use kafka_do_sdk::{NewRecord, Record, Reject};

kafka_do_sdk::filter_map! {
    summary: "Keeps the records whose JSON field compares as asked, and says which version kept them.",
    settings: Condition,
    settings_schema: include_str!("../../../../plugins/filter-json/settings.schema.json"),
    function: keep,
}

fn keep(record: Record, condition: &Condition) -> Result<Option<NewRecord>, Reject> {
    let Some(value) = &record.value else {
        return Ok(None);
    };
    let holds = condition.holds(value)?;
    Ok(holds.then(|| NewRecord::from(record).with_header("filter-version", "2")))
}

#[cfg(test)]
mod tests {
    use kafka_do_sdk::testing::{Harness, record};

    use super::*;

    #[test]
    fn adds_its_header_to_what_it_keeps() {
        let mut harness = Harness::<Plugin>::new(r#"{"path":"n","comparison":"equal","operand":1}"#);
        let one = record().with_value(r#"{"n":1}"#).with_header("a", "b");
        let outcome = harness.process([one.clone(), record().with_value(r#"{"n":2}"#)]).expect("succeeds");
        assert_eq!(outcome.records, [NewRecord::from(one).with_header("filter-version", "2")]);
    }
}
