//! The world of webhooks.

wit_bindgen::generate!({
    world: "receiving",
    path: "wit",
    additional_derives: [PartialEq, Eq],
    pub_export_macro: true,
    export_macro_name: "__export_receiving",
    default_bindings_module: "kafka_do_sdk::bindings::receiving",
    with: {
        "kafka-do:plugin/types@0.1.0": crate::bindings::kafka_do::plugin::types,
        "kafka-do:plugin/log@0.1.0": crate::bindings::kafka_do::plugin::log,
        "kafka-do:plugin/clock@0.1.0": crate::bindings::kafka_do::plugin::clock,
    },
});
