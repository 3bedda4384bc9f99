//! The world of sinks, and WASI's HTTP, which sources share.

wit_bindgen::generate!({
    world: "sinking",
    path: "wit",
    additional_derives: [PartialEq, Eq],
    // It may hold a resource, which compares to nothing.
    additional_derives_ignore: ["stream-error"],
    pub_export_macro: true,
    export_macro_name: "__export_sinking",
    default_bindings_module: "kafka_do_sdk::bindings::sinking",
    with: {
        "kafka-do:plugin/types@0.1.0": crate::bindings::kafka_do::plugin::types,
        "kafka-do:plugin/log@0.1.0": crate::bindings::kafka_do::plugin::log,
        "kafka-do:plugin/clock@0.1.0": crate::bindings::kafka_do::plugin::clock,
        "kafka-do:plugin/state@0.1.0": crate::bindings::kafka_do::plugin::state,
    },
    generate_all,
});
