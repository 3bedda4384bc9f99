//! Keeps the orders that reach an amount, and marks how they were chosen.
//!
//! Start here: change the settings, then `process`. `cargo test` runs the tests below natively, in no time;
//! `kafka-do plugin build` makes the component.

use kafka_do_sdk::json::{self, Field};
use kafka_do_sdk::{Batch, Context, Description, Failure, NewRecord, Output, Processor, Record};
use serde::Deserialize;

/// What a deployment sets. The host checks it against the schema in `describe` before it opens the plugin.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    amount_min: f64,
}

/// One value lives per partition. Its fields are a cache: the host may replace it between two calls. What must last belongs
/// in a state table (`kafka_do_sdk::state::Table`, declared in `describe`).
struct LargeOrders {
    settings: Settings,
    amount: json::Path,
}

impl Processor for LargeOrders {
    type Settings = Settings;

    fn describe() -> Description {
        Description::new("Keeps the orders that reach an amount.").with_settings_schema(
            r#"{
                "type": "object",
                "properties": { "amount_min": { "type": "number" } },
                "required": ["amount_min"],
                "additionalProperties": false
            }"#,
        )
    }

    fn open(context: Context<Settings>) -> Result<Self, Failure> {
        Ok(Self {
            settings: context.settings,
            amount: "amount".into(),
        })
    }

    /// What goes to `output` and the batch's offsets commit together: no order is lost and none is kept twice.
    ///
    /// An `Err` is about the whole call: `Failure::retry` to be called again, `Failure::fatal` to stop.
    fn process(&mut self, batch: Batch, output: &mut Output) -> Result<(), Failure> {
        for record in batch.records {
            match self.amount_of(&record) {
                Ok(amount) if amount >= self.settings.amount_min => {
                    output.emit(NewRecord::from(record).with_header("chosen-by", "amount"));
                }
                Ok(_) => {}
                // One record that cannot be read goes to the dead-letter topic with the reason; the others go on.
                Err(reason) => output.reject(&record, reason),
            }
        }
        Ok(())
    }
}

impl LargeOrders {
    fn amount_of(&self, record: &Record) -> Result<f64, String> {
        let value = record.value.as_deref().ok_or("the record has no value")?;
        match self.amount.find(value).map_err(|error| error.to_string())? {
            Some(Field::Number(amount)) => Ok(amount.as_f64()),
            _ => Err(format!("{} is not a number", self.amount.as_str())),
        }
    }
}

// The one thing that this component exports.
kafka_do_sdk::export_processor!(LargeOrders);

#[cfg(test)]
mod tests {
    use kafka_do_sdk::testing::{Harness, record};

    use super::*;

    #[test]
    fn keeps_large_orders_and_rejects_what_has_no_amount() {
        let mut harness = Harness::<LargeOrders>::new(r#"{ "amount_min": 100 }"#);
        let large = record()
            .with_key("order-1")
            .with_value(r#"{ "amount": 250.5 }"#);
        let small = record()
            .with_key("order-2")
            .with_value(r#"{ "amount": 99 }"#);
        let broken = record().with_key("order-3").with_value("{}");

        let outcome = harness
            .process([large.clone(), small, broken])
            .expect("the call succeeds");

        assert_eq!(
            outcome.records,
            [NewRecord::from(large).with_header("chosen-by", "amount")]
        );
        assert_eq!(outcome.rejections.len(), 1);
        assert_eq!(outcome.rejections[0].reason, "amount is not a number");
    }
}
